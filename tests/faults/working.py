"""A worker in this process, with all its threads, on the tests' database."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from commsportal.worker import Worker, duties

SOON = 60  # seconds; far longer than anything here takes
LOOK = 0.02
DUTIES = ("deliveries", "operations", "clocks", "checks")


@pytest.fixture
def working(transactional_db: None) -> Iterator[Worker]:
    """Run a worker that sees to calls during the test."""
    worker = Worker([duty for duty in duties() if duty.name in DUTIES])
    worker.start()
    yield worker
    assert worker.stop()


def wait_until(holds: Callable[[], object]) -> None:
    """Wait until the database shows something.

    :raises AssertionError: it does not come.
    """
    until = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < until
        time.sleep(LOOK)


class Gate:
    """Holds requests up until it opens."""

    def __init__(self) -> None:
        self.is_open = threading.Event()
        self.count = 0
        self.lock = threading.Lock()

    def __call__(self) -> None:
        with self.lock:
            self.count += 1
        connection.close()
        assert self.is_open.wait(SOON)
