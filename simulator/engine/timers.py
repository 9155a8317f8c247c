"""Timers as data: a heap that somebody else looks at, so that no test has to wait."""

import heapq
from collections.abc import Callable
from datetime import datetime
from itertools import count


class Timers:
    """Keep what is due when; equal times fire in the order they were set."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()
        self.on_sooner: Callable[[], object] = lambda: None

    def set(self, due: datetime, action: Callable[[], None]) -> None:
        """Have the action run at that time; it must check by itself that it is still wanted."""
        sooner = not self._heap or due < self._heap[0][0]
        heapq.heappush(self._heap, (due, next(self._order), action))
        if sooner:
            self.on_sooner()

    def __len__(self) -> int:
        """Count them."""
        return len(self._heap)

    def next_due(self) -> datetime | None:
        """Return the time of the next timer."""
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: datetime) -> Callable[[], None] | None:
        """Take the next timer off the heap if its time has come."""
        if self._heap and self._heap[0][0] <= now:
            return heapq.heappop(self._heap)[2]
        return None
