"""A disk on which nothing more can be written."""

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from django.db import connection

from webhooks.storage import SqliteStore

LIMIT = 64 * 1024  # bytes of any one file
TRIGGER = """
CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER disk_full BEFORE INSERT ON webhooks_delivery EXECUTE FUNCTION disk_full();
CREATE TRIGGER disk_full BEFORE INSERT ON audit_entry EXECUTE FUNCTION disk_full();
"""
AWAY = """
DROP TRIGGER disk_full ON webhooks_delivery; DROP TRIGGER disk_full ON audit_entry; DROP FUNCTION disk_full();
"""


@contextmanager
def files_end() -> Iterator[None]:
    """Have the system refuse to make any file longer (I/O error)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def pages_end() -> Iterator[None]:
    """Have SQLite refuse to take another page (database or disk is full), on each connection."""
    usual = SqliteStore._connect

    def end(own: sqlite3.Connection) -> None:
        pages = own.execute("PRAGMA page_count").fetchone()[0]
        own.execute(f"PRAGMA max_page_count={pages}")

    def connect(store: SqliteStore) -> sqlite3.Connection:
        own = usual(store)
        end(own)
        return own

    connection.ensure_connection()
    end(connection.connection)
    SqliteStore._connect = connect  # type: ignore[method-assign]
    try:
        yield
    finally:
        SqliteStore._connect = usual  # type: ignore[method-assign]
        connection.close()


@contextmanager
def server_says_so() -> Iterator[None]:
    """Have PostgreSQL answer as it does when it cannot extend a file; no test may fill the disk it runs on."""
    with connection.cursor() as cursor:
        cursor.execute(TRIGGER)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(AWAY)


Disk = Callable[[], AbstractContextManager[None]]
WAYS = {"sqlite": (files_end, pages_end), "postgresql": (server_says_so,)}


@pytest.fixture(params=WAYS[connection.vendor], ids=lambda way: way.__name__)
def full(request: pytest.FixtureRequest) -> Disk:
    """Return each way in which the disk of the tests' database can be full."""
    return request.param
