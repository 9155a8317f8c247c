"""A machine whose clock can be set while the portal runs."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.utils import timezone

from commsportal import clock, worker

STEP = 0.25


class Machine:
    """A clock on the wall, which anybody may set, and one that counts on."""

    def __init__(self, kept: Path) -> None:
        self.kept = kept
        self.wall_at, self.steady_at = datetime.now(tz=UTC).timestamp(), 1000.0
        self.jumps = self.started()

    def started(self) -> clock.Jumps:
        """Return the jumps as a process sees them that starts now."""
        return clock.Jumps(self.kept, lambda: self.wall_at, lambda: self.steady_at)

    def now(self) -> datetime:
        """Stand in for `timezone.now`."""
        return datetime.fromtimestamp(self.wall_at, tz=UTC)

    def set_by(self, seconds: float) -> None:
        """Set the clock on the wall."""
        self.wall_at += seconds

    def passes(self, seconds: float, act: Callable[[], object] = worker.run_pending) -> None:
        """Let time pass in small steps, with a worker at it."""
        for _ in range(round(seconds / STEP)):
            self.wall_at += STEP
            self.steady_at += STEP
            act()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Machine]:
    """Return the machine that the portal runs on."""
    made = Machine(tmp_path / "clock.json")
    monkeypatch.setattr(timezone, "now", made.now)
    monkeypatch.setattr(clock, "_jumps", lambda: made.jumps)
    yield made
