"""Is the database there: asked every second in a thread of its own, so that open consoles can be told."""

from typing import Final

from django.db import transaction

from audit.models import Entry
from commsportal.worker import Regular

ASK_SECONDS: Final = 1.0


class Pulse(Regular):
    """Asks whether the database can be read and, on SQLite, written; an answer may take long, or never come."""

    def __init__(self) -> None:
        super().__init__("live-pulse", self.ask, ASK_SECONDS)
        self.is_waiting = False  # for an answer, or since one failed
        self._ticks = 0

    def ask(self) -> None:
        """Wait for an answer: on SQLite a transaction begins by taking the lock for writing."""
        self.is_waiting = True
        with transaction.atomic():
            Entry.objects.exists()
        self.is_waiting = False

    def missed(self) -> int:
        """Return for how many ticks in a row there was no answer, this one included.

        Ticks and not seconds: a process that was stopped for a while has nothing to tell anybody when it goes on.
        """
        self._ticks = self._ticks + 1 if self.is_waiting else 0
        return self._ticks
