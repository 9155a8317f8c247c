"""The intake's own way into the database: one statement and one commit for all notifications in flight."""

import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, Protocol

import orjson
import psycopg
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from commsportal.wakeups import CHANNEL

BUSY_SECONDS = 0.8  # the sender is to have its 503 within a second
POLL_SECONDS = 0.002  # shorter than the worker's pause between two transactions
COUNT_SECONDS = 0.1  # a repetition of what is being applied at the moment is not waited for any longer
# Of SQLite's log. A worker's commits clear it at 1,000 already, so that no caller waits for that.
CHECKPOINT_PAGES = 8000
TABLE = "webhooks_delivery"
CONFLICT = (
    'ON CONFLICT (tenant_id, message_key, "index") '
    f"DO UPDATE SET duplicates = {TABLE}.duplicates + 1 + excluded.duplicates"
)


class Row(NamedTuple):
    """One delivery to store."""

    received_at: datetime
    tenant_id: str
    message_key: str
    position: int
    call_key: str
    is_ring: bool
    scenario_id: str
    query: str
    body: str
    duplicates: int = 0


class RowRefused(Exception):
    """The database is there and does not take this row."""


class Store(Protocol):
    """Where rows go. Any other exception than RowRefused means that the database is not there."""

    def insert(self, rows: Sequence[Row]) -> None:
        """Insert all rows and commit, or none; count a row that is there already as its duplicate."""

    def close(self) -> None:
        """Drop the connection; the next insert makes a new one."""


def open_store() -> "Store":
    """Return the store for the database of the settings."""
    wrapper = connections["default"]
    return PostgresStore(wrapper) if wrapper.vendor == "postgresql" else SqliteStore(wrapper)


def fold(rows: Sequence[Row]) -> list[Row]:
    """Make one row of several with the same key: one statement may not meet a row twice."""
    found: dict[tuple[str, str, int], Row] = {}
    for row in rows:
        key = (row.tenant_id, row.message_key, row.position)
        first = found.get(key)
        found[key] = row if first is None else first._replace(duplicates=first.duplicates + 1)
    return list(found.values())


class SqliteStore:
    """A connection of its own that waits for other writers no longer than the sender may wait."""

    MOST_AT_ONCE = 64  # so few that the connection keeps a prepared statement for each number

    def __init__(self, wrapper: BaseDatabaseWrapper) -> None:
        self._name = str(wrapper.settings_dict["NAME"])
        self._adapt = wrapper.ops.adapt_datetimefield_value
        self._own: sqlite3.Connection | None = None

    def insert(self, rows: Sequence[Row]) -> None:
        """Insert all rows in one transaction, which is one statement as long as that takes them all."""
        own = self._own or self._connect()
        folded = fold(rows)
        if not folded:
            return  # to be connected was all
        try:
            if len(folded) <= self.MOST_AT_ONCE:
                self._insert_some(own, folded)
            else:
                self._insert_many(own, folded)
        except (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.ProgrammingError) as error:
            raise RowRefused(str(error)) from error

    def _insert_many(self, own: sqlite3.Connection, rows: Sequence[Row]) -> None:
        _as_the_one_writer(own, "BEGIN IMMEDIATE")
        try:
            for start in range(0, len(rows), self.MOST_AT_ONCE):
                self._insert_some(own, rows[start : start + self.MOST_AT_ONCE])
            own.execute("COMMIT")
        except sqlite3.Error:
            with suppress(sqlite3.Error):
                own.execute("ROLLBACK")
            raise

    def _insert_some(self, own: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """Insert by one statement: after each, the writer waits for its turn while requests are read."""
        values: list[Any] = []
        for row in rows:
            at = self._adapt(row.received_at)
            values += (at, at, *row[1:])
        _as_the_one_writer(own, _insert_into_sqlite(len(rows)), values)

    def close(self) -> None:
        """Drop the connection."""
        if self._own:
            self._own.close()
            self._own = None

    def _connect(self) -> sqlite3.Connection:
        # The file must be there: an empty one made here would hide that the folder is wrong.
        own = sqlite3.connect(f"file:{self._name}?mode=rw", uri=True, timeout=BUSY_SECONDS, isolation_level=None)
        own.execute("PRAGMA synchronous=FULL")
        own.execute("PRAGMA busy_timeout=0")  # from here on `_as_the_one_writer` waits
        own.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        self._own = own
        return own


@cache
def _insert_into_sqlite(count: int) -> str:
    values = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'call', 0, 'pending', '')"] * count)
    return (
        f'INSERT INTO {TABLE} (received_at, due_at, tenant_id, message_key, "index", call_key, is_ring, '  # noqa: S608
        f"scenario_id, query, body, duplicates, kind, attempts, status, error) VALUES {values} " + CONFLICT
    )


def _as_the_one_writer(own: sqlite3.Connection, statement: str, values: Sequence[Any] = ()) -> None:
    """Execute what needs the lock for writing as soon as that is free, within BUSY_SECONDS.

    SQLite's own waiting sleeps longer each time, up to 0.1 s: a worker that has much to apply, and takes the lock
    again at once, would hardly ever let the intake in.
    """
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            own.execute(statement, values)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(POLL_SECONDS)
        else:
            return


class PostgresStore:
    """A plain autocommit connection: one statement stores all rows and wakes the workers."""

    STORE = (
        f'WITH stored AS (INSERT INTO {TABLE} (received_at, due_at, tenant_id, message_key, "index", '  # noqa: S608
        "call_key, is_ring, scenario_id, query, body, duplicates, kind, attempts, status, error) "
        "SELECT a, a, t, m, i, c, r, s, q, b, d, 'call', 0, 'pending', '' FROM json_to_recordset(%s::json) "
        "AS new(a timestamptz, t text, m text, i smallint, c text, r boolean, s text, q text, b text, d integer) "
    )
    WAKE = f") SELECT pg_notify('{CHANNEL}', '')"
    SQL = STORE + CONFLICT + WAKE
    WITHOUT_COUNT = STORE + "ON CONFLICT DO NOTHING" + WAKE
    NAMES = "atmicrsqbd"

    def __init__(self, wrapper: BaseDatabaseWrapper) -> None:
        self._parameters: dict[str, Any] = wrapper.get_connection_params() | {
            "autocommit": True,
            "prepare_threshold": 1,
            "connect_timeout": 2,
            "keepalives_idle": 2,
            "keepalives_interval": 1,
            "keepalives_count": 3,
            "tcp_user_timeout": 3000,
            "cursor_factory": psycopg.Cursor,
        }
        self._own: psycopg.Connection[Any] | None = None

    def insert(self, rows: Sequence[Row]) -> None:
        """Insert all rows by one statement."""
        own = self._own or self._connect()
        document = orjson.dumps([dict(zip(self.NAMES, row, strict=True)) for row in fold(rows)]).decode()
        try:
            self._store(own, document)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            raise RowRefused(str(error)) from error

    def _store(self, own: psycopg.Connection[Any], document: str) -> None:
        """Store and count; what cannot be counted because a worker has it is stored already."""
        try:
            own.execute(self.SQL, [document])
        except psycopg.errors.LockNotAvailable:
            own.execute(f"SET lock_timeout = {int((BUSY_SECONDS - COUNT_SECONDS) * 1000)}")
            own.execute(self.WITHOUT_COUNT, [document])
            own.execute(f"SET lock_timeout = {int(COUNT_SECONDS * 1000)}")

    def close(self) -> None:
        """Drop the connection."""
        if self._own:
            self._own.close()
            self._own = None

    def _connect(self) -> psycopg.Connection[Any]:
        own = psycopg.connect(**self._parameters)
        limit, short = int(BUSY_SECONDS * 1000), int(COUNT_SECONDS * 1000)
        own.execute(f"SET statement_timeout = {limit}; SET lock_timeout = {short}")
        self._own = own
        return own
