"""On SQLite one process writes at a time: a worker with much to apply must not keep notifications out."""

import sqlite3
import threading
import time
from collections.abc import Iterator

import pytest
from django.db import connection

from commsportal.clock import now
from webhooks.models import Delivery
from webhooks.storage import Row, SqliteStore

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL locks rows, not the database"),
]

HELD, PAUSE = 0.15, 0.004  # seconds, about what a worker takes for a batch and between two


@pytest.fixture
def busy_writer() -> Iterator[None]:
    """Hold the database's one lock for writing again and again, with short pauses."""
    ended, holding = threading.Event(), threading.Event()

    def hold() -> None:
        other = sqlite3.connect(str(connection.settings_dict["NAME"]), timeout=5, isolation_level=None)
        while not ended.is_set():
            other.execute("BEGIN IMMEDIATE")
            holding.set()
            ended.wait(HELD)
            other.execute("ROLLBACK")
            time.sleep(PAUSE)
        other.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert holding.wait(5)
    yield
    ended.set()
    thread.join()


def test_every_notification_is_stored_in_one_of_the_pauses(busy_writer: None) -> None:
    store = SqliteStore(connection)
    for number in range(10):
        store.insert([Row(now(), "t", f"message {number}", 0, "call", True, "", "", "{}")])
    store.close()
    assert Delivery.objects.count() == 10
