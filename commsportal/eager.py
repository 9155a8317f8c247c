"""Coroutines that mostly have nothing to wait for, run on the spot: a task, wake-up or timer would cost more."""

import types
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Begun(Generic[T]):
    """A coroutine that has run as far as it goes without waiting: `is_done` with its `result`, else see `rest`.

    What the coroutine raises on the way is raised here.
    """

    __slots__ = ("_coroutine", "_waits_for", "is_done", "result")

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine
        self._waits_for: Any = None
        self.is_done = False
        self.result: T
        try:
            self._waits_for = coroutine.send(None)
        except StopIteration as end:
            self.is_done, self.result = True, end.value

    @types.coroutine
    def rest(self) -> Generator[Any, Any, T]:
        """Go on where it waits; to be awaited once, and only if it is not done."""
        try:
            yield self._waits_for
        except BaseException:
            self._coroutine.close()
            raise
        result: T = yield from self._coroutine
        return result
