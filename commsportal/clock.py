"""The one place that tells the time, so that tests and failure rigs can shift it.

A machine's clock may be set while calls ring. A clock that jumps would decide for callers too early, or keep
leases and claims for an hour; so a jump is taken over little by little, by all processes of a data folder alike.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from commsportal import elapsed

JUMP_SECONDS = 0.5  # a smaller step is taken over at once
CATCH_UP = 0.05  # seconds of a jump that each second takes over: 12 s to decide stay more than 11
KEPT = "clock.json"
SLOW_READING = 0.1  # between two readings of the clocks; what lies between them says nothing then

logger = logging.getLogger(__name__)


class Jumps:
    """How far the machine's clock is to be corrected because it was set. Safe to share between threads.

    The last jump is kept in the file `kept`, so that a process that starts after it agrees with the others.
    """

    def __init__(
        self, kept: Path, wall: Callable[[], float] = time.time, steady: Callable[[], float] = elapsed.seconds
    ) -> None:
        self._kept, self._wall, self._steady = kept, wall, steady
        self._lock = threading.Lock()
        self._at = steady()
        self._apart = wall() - self._at
        self._seconds = 0.0
        self._recall()

    def seconds(self) -> float:
        """Return what to add to the machine's clock: exactly 0 as long as nobody sets it."""
        with self._lock:
            before, wall, at = self._steady(), self._wall(), self._steady()
            if at - before <= SLOW_READING:
                self._look(wall - at, at)
            return self._seconds

    def _look(self, apart: float, at: float) -> None:
        self._catch_up(at)
        step, self._apart = apart - self._apart, apart
        if abs(step) >= JUMP_SECONDS:
            self._seconds -= step
            logger.warning(
                "the machine's clock was set by %+.1f s: taken over little by little, or at once by a restart",
                step,
            )
            self._keep()

    def _catch_up(self, at: float) -> None:
        most, self._at = (at - self._at) * CATCH_UP, at
        if abs(self._seconds) <= most:
            self._seconds = 0.0
        else:
            self._seconds -= most if self._seconds > 0 else -most

    def _keep(self) -> None:
        own = self._kept.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            own.write_text(json.dumps([self._apart, self._at, self._seconds]))
            own.replace(self._kept)

    def _recall(self) -> None:
        """Take up a jump that other processes are catching up on; one of before the last start is none."""
        with suppress(OSError, ValueError, TypeError):
            apart, at, seconds = map(float, json.loads(self._kept.read_text()))
            if abs(apart - self._apart) < JUMP_SECONDS and at <= self._at:
                now_at, self._at, self._seconds = self._at, at, seconds
                self._catch_up(now_at)


@cache
def _jumps() -> Jumps:
    return Jumps(Path(settings.DATA_DIR) / KEPT)


def begin_anew(folder: Path) -> None:
    """Take the machine's clock as it is, before any process of a data folder has been started."""
    (folder / KEPT).unlink(missing_ok=True)


def now() -> datetime:
    """Return the present instant in UTC; it does not jump while the portal runs."""
    seconds = _jumps().seconds()
    return timezone.now() + timedelta(seconds=seconds) if seconds else timezone.now()
