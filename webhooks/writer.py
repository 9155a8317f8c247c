"""One thread that writes what all requests in flight have brought, in one commit, and then answers each.

The commit is shared, not skipped: a request learns that it is stored after it is.
"""

import asyncio
import enum
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from webhooks.storage import Row, RowRefused, Store, open_store

ANSWER_SECONDS = 0.9
CAPACITY = 500
MOST_ROWS = 500

logger = logging.getLogger(__name__)


class Outcome(enum.Enum):
    """What became of the rows of a request."""

    STORED = 202
    REFUSED = 400
    UNAVAILABLE = 503


class Post(NamedTuple):
    """The rows of one request and who waits for them."""

    rows: Sequence[Row]
    future: "asyncio.Future[Outcome]"


class Writer:
    """Take rows from any event loop; write them in a thread with a connection of its own."""

    def __init__(self, open_store: Callable[[], Store] = open_store, capacity: int = CAPACITY) -> None:
        self._open_store = open_store
        self._store: Store | None = None
        self._capacity = capacity
        self._posts: deque[Post] = deque()
        self._work = threading.Event()  # there are posts, or it is time to stop
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    async def store(self, rows: Sequence[Row]) -> Outcome:
        """Wait until `rows` are committed, but not longer than the sender may wait."""
        if len(self._posts) >= self._capacity:
            return Outcome.UNAVAILABLE
        self.start()
        loop = asyncio.get_running_loop()
        post = Post(rows, loop.create_future())
        self._posts.append(post)
        loop.call_soon(self._work.set)  # after the others of this turn, so that one commit is for all of them
        limit = loop.call_later(ANSWER_SECONDS, settle, post, Outcome.UNAVAILABLE)
        try:
            return await post.future
        finally:
            limit.cancel()

    def start(self) -> None:
        """Start the thread unless it runs."""
        if self._thread is None or not self._thread.is_alive():
            with self._lock:
                if self._thread is None or not self._thread.is_alive():
                    self._stopping = False
                    self._thread = threading.Thread(target=self._run, name="intake writer", daemon=True)
                    self._thread.start()

    def stop(self) -> None:
        """Write what waits, then end the thread."""
        if self._thread and self._thread.is_alive():
            self._stopping = True
            self._work.set()
            self._thread.join(timeout=3)

    def waiting(self) -> int:
        """Return how many requests wait for the writer."""
        return len(self._posts)

    def _run(self) -> None:
        while not self._stopping:
            self._work.wait()
            self._work.clear()
            while self._posts:
                self._store_batch(self._gather())
        if self._store:
            self._store.close()

    def _store_batch(self, batch: Sequence[Post]) -> None:
        try:
            outcomes = self._write(batch)
        except Exception:
            logger.exception("the intake's writer failed")
            outcomes = [Outcome.UNAVAILABLE] * len(batch)
        notify(batch, outcomes)

    def _gather(self) -> list[Post]:
        """Take as many posts as one commit is for, and return those that somebody still waits for."""
        posts, count = [], 0
        while self._posts and count < MOST_ROWS:
            post = self._posts.popleft()
            posts.append(post)
            count += len(post.rows)
        return [post for post in posts if not post.future.done()]

    def _write(self, batch: Sequence[Post]) -> list[Outcome]:
        if not batch:
            return []
        try:
            self._insert([row for post in batch for row in post.rows])
        except RowRefused:
            return [self._write_alone(post) for post in batch]
        except Exception as error:
            self._lose_connection(error)
            return [Outcome.UNAVAILABLE] * len(batch)
        return [Outcome.STORED] * len(batch)

    def _write_alone(self, post: Post) -> Outcome:
        try:
            self._insert(post.rows)
        except RowRefused as error:
            logger.error("a notification cannot be stored: %s", error)
            return Outcome.REFUSED
        except Exception as error:
            self._lose_connection(error)
            return Outcome.UNAVAILABLE
        return Outcome.STORED

    def _insert(self, rows: Sequence[Row]) -> None:
        if self._store is None:
            self._store = self._open_store()
        self._store.insert(rows)

    def _lose_connection(self, error: Exception) -> None:
        logger.warning("notifications cannot be stored: %s", error)
        if self._store:
            self._store.close()


def settle(post: Post, outcome: Outcome) -> None:
    """Tell the request, if it is still there; runs in its event loop."""
    if not post.future.done():
        post.future.set_result(outcome)


def notify(batch: Sequence[Post], outcomes: Sequence[Outcome]) -> None:
    """Settle each post in the loop it came from, by one wake-up for each loop."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[Post, Outcome]]] = {}
    for post, outcome in zip(batch, outcomes, strict=True):
        loops.setdefault(post.future.get_loop(), []).append((post, outcome))
    for loop, settled in loops.items():
        try:
            loop.call_soon_threadsafe(_settle_all, settled)
        except RuntimeError:
            logger.info("the server ended before %d answers", len(settled))


def _settle_all(settled: Sequence[tuple[Post, Outcome]]) -> None:
    for post, outcome in settled:
        settle(post, outcome)
