"""The listener hears commits of other connections, and gets over a lost database."""

import threading
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection, transaction

from commsportal import wakeups
from commsportal.clock import now
from commsportal.models import Beat
from commsportal.wakeups import Listener

SOON = 60


class Bell:
    """Counts how often it was rung."""

    def __init__(self) -> None:
        self.count = 0
        self.changed = threading.Condition()

    def ring(self) -> None:
        with self.changed:
            self.count += 1
            self.changed.notify_all()

    def heard_after(self, count: int) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: self.count > count, SOON)


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def listener(bell: Bell, transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    monkeypatch.setattr(wakeups, "REGARDLESS_SECONDS", 60.0)  # so that only commits ring
    listener = Listener(bell.ring)
    listener.start()
    assert listener.listening.wait(SOON)
    assert bell.heard_after(0)
    yield listener
    listener.stop()
    assert not listener.is_alive()


def commit() -> None:
    with transaction.atomic():
        Beat.objects.update_or_create(pk="x", defaults={"kind": "test", "at": now()})
        wakeups.announce()


def test_each_commit_rings(listener: Listener, bell: Bell) -> None:
    for _ in range(3):
        before = bell.count
        commit()
        assert bell.heard_after(before)


def test_a_rollback_does_not_ring(listener: Listener, bell: Bell) -> None:
    before = bell.count
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        Beat.objects.create(pk="y", kind="test", at=now())
        wakeups.announce()
        _ = 1 / 0
    commit()
    assert bell.heard_after(before)
    assert bell.count == before + 1


@pytest.mark.control("R15")
def test_it_looks_regardless(bell: Bell, transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeups, "REGARDLESS_SECONDS", 0.02)
    listener = Listener(bell.ring)
    listener.start()
    for _ in range(3):
        assert bell.heard_after(bell.count)
    listener.stop()


@pytest.mark.control("R6")
def test_a_terminated_connection_is_made_anew(
    listener: Listener, bell: Bell, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: set DATABASE_URL")
    monkeypatch.setattr(wakeups, "RETRY_SECONDS", 0.01)
    before = bell.count
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND query ILIKE 'LISTEN %'"
        )
    assert bell.heard_after(before + 1)  # once for the loss, once for the new connection
    before = bell.count
    commit()
    assert bell.heard_after(before)


def test_a_callback_that_fails_does_not_end_it(transactional_db: None, caplog: pytest.LogCaptureFixture) -> None:
    bell = Bell()

    def broken() -> None:
        bell.ring()
        raise ValueError("broken callback")

    listener = Listener(broken)
    listener.start()
    assert bell.heard_after(0)
    before = bell.count
    commit()
    assert bell.heard_after(before)
    listener.stop()
    assert "broken callback" in caplog.text
