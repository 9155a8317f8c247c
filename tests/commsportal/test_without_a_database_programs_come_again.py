"""The API while somebody holds the database: reads are answered, writes are told to come again."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import InterfaceError, InternalError, OperationalError, connection, connections
from django.test import Client, RequestFactory

from commsportal import errors, failures
from commsportal.locks import without_waiting
from directory import tokens
from directory.models import ApiToken, User

DONE = 30  # seconds; nothing here waits so long


@contextmanager
def held(row: ApiToken) -> Iterator[threading.Event]:
    """Have another connection hold a write lock: on SQLite on the database, on PostgreSQL on the token.

    Gives what is set once the lock is free: after the block, or after DONE seconds.
    """
    locked, release = threading.Event(), threading.Event()

    def hold() -> None:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE" if connection.vendor == "sqlite" else "BEGIN")
            cursor.execute("UPDATE directory_apitoken SET name = name WHERE id = %s", [row.pk])
            locked.set()
            release.wait(DONE)
            cursor.execute("ROLLBACK")
            release.set()
        connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    assert locked.wait(DONE)
    try:
        yield release
    finally:
        release.set()
        holder.join(DONE)


@contextmanager
def waiting(milliseconds: int) -> Iterator[None]:
    """Have this connection wait so long for locks in the block; whoever gets it from the pool next, as usual."""
    is_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute(f"{'PRAGMA busy_timeout' if is_sqlite else 'SET lock_timeout'}={milliseconds}")
    own = connection.connection  # the pool may have it back by the end of the block
    try:
        yield
    finally:
        if not is_sqlite:
            own.execute("RESET lock_timeout")
        connection.close()


def timeout() -> Any:
    """Return how long this connection waits for locks."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout" if connection.vendor == "sqlite" else "SHOW lock_timeout")
        return cursor.fetchone()[0]


@pytest.mark.control("R7")
@pytest.mark.django_db(transaction=True)
def test_a_token_is_good_while_its_use_cannot_be_noted(rita: User) -> None:
    token = tokens.issue(rita)
    with waiting(60_000):
        usual = timeout()
        with held(ApiToken.objects.get()) as release:
            assert tokens.authenticate(token) == rita
            assert not release.is_set(), "it has waited until the lock was free"
        assert ApiToken.objects.get().last_used_at is None and timeout() == usual
        tokens.authenticate(token)
        assert ApiToken.objects.get().last_used_at is not None


@pytest.mark.django_db(transaction=True)
def test_who_does_not_wait_leaves_the_connection_as_it_was(rita: User) -> None:
    tokens.issue(rita)
    usual = timeout()
    with held(ApiToken.objects.get()), pytest.raises(OperationalError), without_waiting():
        ApiToken.objects.update(name="mine")
    assert timeout() == usual
    with without_waiting():
        ApiToken.objects.update(name="mine")
    assert ApiToken.objects.get().name == "mine" and timeout() == usual


@pytest.mark.control("R7")
@pytest.mark.parametrize("kind", [OperationalError, InterfaceError])
def test_a_database_that_cannot_be_asked_is_503_and_come_again(kind: type[Exception]) -> None:
    answer = errors.exception_handler(kind("database is locked"), {})
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert answer.content_type == "application/problem+json"
    assert (answer.data["status"], answer.data["code"]) == (503, "unavailable")
    assert "locked" not in answer.data["detail"]


@pytest.mark.control("R8")
@pytest.mark.parametrize(
    ("sqlstate", "is_away"), [("XX000", True), ("XX001", True), ("25P02", False), (None, False)]
)
def test_a_failure_within_the_database_is_no_fault_of_what_was_asked(sqlstate: str | None, is_away: bool) -> None:
    error = InternalError("could not extend file")
    error.__cause__ = psycopg.InternalError() if sqlstate is None else psycopg.errors.lookup(sqlstate)()
    assert errors.is_no_database(error) is is_away
    assert errors.exception_handler(error, {}).status_code == (503 if is_away else 500)


@pytest.mark.control("R7")
@pytest.mark.django_db
@pytest.mark.parametrize(("path", "kind"), [("/api/v1/me/", "application/problem+json"), ("/calls/", "text/html")])
def test_a_session_that_cannot_be_read_is_503_too(
    rita: User, monkeypatch: pytest.MonkeyPatch, path: str, kind: str
) -> None:
    browser = Client(HTTP_HOST="localhost:8000", raise_request_exception=False)
    browser.force_login(rita)

    def locked(session: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", locked)
    answer = browser.get(path)
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert answer["Content-Type"].partition(";")[0] == kind


def test_any_other_failure_stays_one() -> None:
    try:
        raise ValueError("a bug")
    except ValueError:
        answer = failures.failed(RequestFactory().get("/api/v1/me/"))
    assert answer.status_code == 500 and not answer.has_header("Retry-After")


@pytest.mark.django_db(transaction=True)
def test_a_write_that_waits_in_vain_is_503(rita: User, monkeypatch: pytest.MonkeyPatch) -> None:
    token = tokens.issue(rita)
    monkeypatch.setattr("directory.api.views.MeView.get", lambda *_: ApiToken.objects.update(name="x"))
    with waiting(50), held(ApiToken.objects.get()):
        answer = Client(raise_request_exception=False).get(
            "/api/v1/me/", HTTP_AUTHORIZATION=f"Bearer {token}", HTTP_HOST="localhost:8000"
        )
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
