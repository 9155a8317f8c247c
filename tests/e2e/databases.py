"""The database of one demo, read from outside: SQLite in its folder, or one of its own on a PostgreSQL server."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.bench import rig

ENGINES = ("sqlite", "postgresql")
NOWHERE = "no PostgreSQL answers (BENCH_DATABASE_URL, DATABASE_URL, the local socket, 127.0.0.1:5432)"


@dataclass(frozen=True)
class Database:
    """Where a demo on `folder` keeps its rows; without a `url` in the folder itself."""

    folder: Path
    url: str = ""

    def environ(self) -> dict[str, str]:
        """Return what tells the demo so."""
        return {"DATABASE_URL": self.url} if self.url else {}

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with closing(self.connect()) as connection:
            return connection.execute(statement).fetchall()

    def connect(self) -> "sqlite3.Connection | psycopg.Connection[Any]":
        """Return a connection that only reads."""
        if self.url:
            return psycopg.connect(self.url, options="-c default_transaction_read_only=on")
        return sqlite3.connect(f"file:{self.folder}/portal.sqlite3?mode=ro", uri=True, timeout=30)


def make(engine: str, folder: Path) -> Iterator[Database]:
    """Give a database for a demo on `folder`; what is on a server is dropped afterwards."""
    if engine == "sqlite":
        yield Database(folder)
        return
    with rig.created(server(), "kills") as url:
        yield Database(folder, url)


def server() -> str:
    """Return the address of a PostgreSQL server; one that is named has to be there, another need not."""
    if found := rig.postgresql():
        return found
    if os.environ.get("DATABASE_URL"):
        pytest.fail(NOWHERE)
    pytest.skip(NOWHERE)
