"""How many requests a web process works on at once: those who ask much must not starve the intake beside them.

Threads that look through the database share processor and interpreter with the event loop, which takes the
notifications. A request beyond `AT_ONCE` waits for a place; who would wait for long is told to come again.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from django.http import HttpRequest, HttpResponse

from commsportal import failures, queues

AT_ONCE: Final = 8
WAITING: Final = 200
WAIT_SECONDS: Final = 3.0
# Whether the process lives must be told in any crowd; signing in waits for Microsoft and has its own allowance.
WITHOUT_PLACE: Final = ("/healthz", "/sign-in/microsoft/")


class Places:
    """Places for `at_once` requests, with room for `waiting` more. Safe to share between threads."""

    def __init__(self, at_once: int, waiting: int, seconds: float) -> None:
        self.most = at_once + waiting
        self._seconds = seconds
        self._room = threading.BoundedSemaphore(self.most)
        self._places = threading.BoundedSemaphore(at_once)
        self._count, self._lock = 0, threading.Lock()

    def __len__(self) -> int:
        """Return how many have a place or wait for one."""
        return self._count

    @contextmanager
    def one(self) -> Iterator[bool]:
        """Hold a place during the block; tell whether there was one in time."""
        if not self._room.acquire(blocking=False):
            yield False
            return
        self._add(1)
        granted = self._places.acquire(timeout=self._seconds)
        try:
            yield granted
        finally:
            if granted:
                self._places.release()
            self._add(-1)
            self._room.release()

    def _add(self, number: int) -> None:
        with self._lock:
            self._count += number


places = Places(AT_ONCE, WAITING, WAIT_SECONDS)
queues.register("requests", places.most, lambda: len(places))


class CrowdMiddleware:
    """Let no more requests through to session and view than there are places."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer once there is a place, 503 when there is none in time."""
        if request.path.startswith(WITHOUT_PLACE):
            return self.get_response(request)
        with places.one() as granted:
            return self.get_response(request) if granted else failures.crowded(request)
