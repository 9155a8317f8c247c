"""A clock that tests turn."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone


class Clock:
    """The portal's clock: it stands until a test moves it."""

    def __init__(self) -> None:
        self.at = datetime.now(tz=UTC)

    def __call__(self) -> datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock that every module of the portal reads."""
    made = Clock()
    monkeypatch.setattr(timezone, "now", made)
    return made
