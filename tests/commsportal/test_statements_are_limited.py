"""What one statement of a web process may take; more is 503. Nobody else's statements are limited."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.db.backends.signals import connection_created
from django.test import Client

from commsportal import statements
from commsportal.environment import BASE_DIR
from directory import tokens
from directory.models import ApiToken, User

pytestmark = pytest.mark.control("H7")
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL limits statements by itself")

COUNTING = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n {}) SELECT count(*) FROM n"
ENDLESS = COUNTING.format("")
LONG = COUNTING.format("WHERE i < 100000")  # many times STEPS, and over at once
AT_ONCE = "from django.conf import settings; settings.WEB_STATEMENT_SECONDS = 0\n"

ASKED = """
import asyncio
from django.db import OperationalError, connection
from commsportal.asgi import application

async def ask():
    await application({"type": "http", "method": "GET", "path": "/webhooks/graph/calls", "headers": []},
        receive, send)

async def receive():
    return {"type": "http.request", "body": b"", "more_body": False}

async def send(message):
    if message["type"] == "http.response.start":
        assert message["status"] == 405

asyncio.run(ask())
"""
SHOW = """
with connection.cursor() as cursor:
    cursor.execute("SHOW statement_timeout" if connection.vendor == "postgresql" else "PRAGMA busy_timeout")
    print(cursor.fetchone()[0])
"""
COUNT = f"""
from django.db import OperationalError, connection
def count():
    with connection.cursor() as cursor:
        try:
            cursor.execute("{LONG}")
            print(cursor.fetchone()[0])
        except OperationalError as error:
            print(error)
"""
WORK = """
import threading
from commsportal.clock import now
from commsportal.worker import Duty, Worker
done, given = threading.Event(), [1]
def run(piece):
    count()
    done.set()
claim, next_due = lambda free: [given.pop()] if given else [], lambda: now() if given else None
worker = Worker([Duty("count", 1, claim, run, next_due)])
worker.start()
assert done.wait(30) and worker.stop()
"""
STORE = f"""
from webhooks.storage import open_store
count()
own = open_store()._connect()
print(own.execute("{LONG}").fetchone()[0])
"""


def make_database(folder: Path) -> None:
    """Make an empty database as a first start leaves it: only one thread can turn its log on."""
    with closing(sqlite3.connect(folder / "portal.sqlite3")) as made:
        made.execute("PRAGMA journal_mode=WAL")


def run(folder: Path, *arguments: str, seconds: int = 5) -> str:
    """Run Python with the portal's settings and an SQLite database of its own; return what it prints."""
    own = {"DATA_DIR": str(folder), "WEB_STATEMENT_SECONDS": str(seconds), "LOG_LEVEL": "ERROR"}
    keys = {"CALLBACK_OPENID_URLS": "https://localhost:1", "DJANGO_SETTINGS_MODULE": "commsportal.settings"}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=BASE_DIR, env=os.environ | own | keys, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def web(settings: Any) -> Iterator[None]:
    """Let this process's next connection be as those of a web process, with a limit of one second."""
    settings.WEB_STATEMENT_SECONDS = 1
    options = connections.settings["default"]["OPTIONS"]
    kept, connection.connection = dict(options), connection.close()
    options.pop("options", None)
    statements.limit()
    yield
    connection.close()
    connection_created.disconnect(dispatch_uid="statements")
    connection.execute_wrappers.clear()
    options.clear()
    options.update(kept)


def test_a_web_process_limits_its_statements(tmp_path: Path) -> None:
    told = run(tmp_path, "-c", ASKED + SHOW, seconds=7)
    assert told == ("7s" if connection.vendor == "postgresql" else "7000")


@on_sqlite
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-c", AT_ONCE + ASKED + COUNT + "count()"], "interrupted"),
        (["-c", AT_ONCE + ASKED + COUNT + STORE], "interrupted\n100000"),
        (["manage.py", "shell", "-v", "0", "-c", AT_ONCE + COUNT + "count()"], "100000"),
        (["-c", "import django; django.setup()\n" + AT_ONCE + COUNT + WORK], "100000"),
    ],
    ids=["web", "the intake's writer", "a command", "a worker"],
)
def test_on_sqlite_web_is_limited_and_nobody_else(tmp_path: Path, arguments: list[str], told: str) -> None:
    make_database(tmp_path)
    assert run(tmp_path, *arguments) == told


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_a_statement_that_takes_too_long_is_503(web: None, rita: User, monkeypatch: pytest.MonkeyPatch) -> None:
    token = tokens.issue(rita)

    def endless(*_: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(ENDLESS)

    monkeypatch.setattr("directory.api.views.MeView.get", endless)
    client = Client(raise_request_exception=False, HTTP_HOST="localhost:8000")
    answer = client.get("/api/v1/me/", HTTP_AUTHORIZATION=f"Bearer {token}")
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "unavailable"
    assert ApiToken.objects.exists(), "the connection is of use for the next request"


class Time:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_time_between_statements_counts_for_none(web: None, rita: User) -> None:
    """A transaction may last, and its end is never what is given up."""
    time, rows = Time(), tokens.ApiToken.objects
    connection.ensure_connection()
    (watch,) = connection.execute_wrappers
    watch.clock = time  # type: ignore[attr-defined]
    for _ in range(3):
        with transaction.atomic():
            tokens.issue(rita)
            time.at += 3600
        time.at += 3600
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(LONG)
            assert cursor.fetchone()[0] == 100_000
            time.at += 3600
    assert rows.count() == 3


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_what_reads_the_rows_is_part_of_the_statement(web: None) -> None:
    time = Time()
    connection.ensure_connection()
    (watch,) = connection.execute_wrappers
    watch.clock = time  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute(ENDLESS.replace("count(*)", "i"))
        assert cursor.fetchone() == (1,)
        time.at += 3600
        with pytest.raises(OperationalError, match="interrupted"):
            cursor.fetchall()
