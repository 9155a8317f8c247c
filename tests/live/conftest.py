"""Real servers on a database that this process writes to, and consoles that listen to them."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.console import Console

ROOT = Path(__file__).parents[2]
QUICK = "tests.live.quick:application"
COMMANDS = {
    "uvicorn": ["-m", "uvicorn", QUICK, "--log-level", "warning", "--host", "127.0.0.1", "--port"],
    "daphne": ["-m", "daphne", QUICK, "--verbosity", "0", "--bind", "127.0.0.1", "--port"],
}
START_SECONDS = 30


@pytest.fixture(scope="module")
def database(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Open the tests' database for a whole module: its servers must find what its tests commit."""
    from django.core.management import call_command
    from django.db import connection

    with django_db_blocker.unblock():
        yield
        call_command("flush", interactive=False, verbosity=0)
        connection.close()


@pytest.fixture
def _django_db_helper(database: None) -> None:
    """Replace pytest-django's emptying after each test: a server would not understand that the trail is gone."""


@pytest.fixture(scope="module")
def environment(database: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment that makes a server use the tests' database and secrets."""
    from django.conf import settings
    from django.db import connection

    data_dir, kept = tmp_path_factory.mktemp("server"), connection.settings_dict
    own = {"DATA_DIR": str(data_dir), "SECRET_KEY": settings.SECRET_KEY, "PUBLIC_URL": settings.PUBLIC_URL}
    if connection.vendor == "postgresql":
        account = kept["USER"] + (f":{kept['PASSWORD']}" if kept["PASSWORD"] else "")
        own["DATABASE_URL"] = f"postgres://{account}@{kept['HOST']}:{kept['PORT'] or 5432}/{kept['NAME']}"
    else:
        (data_dir / "portal.sqlite3").symlink_to(kept["NAME"])
        own["DATABASE_URL"] = ""
    return os.environ | own | {"DJANGO_SETTINGS_MODULE": "commsportal.settings", "PYTHONPATH": str(ROOT)}


@contextlib.contextmanager
def serving(kind: str, environment: dict[str, str]) -> Iterator[str]:
    """Run a server until the end of the block; give its address."""
    port = free_port()
    command = [sys.executable, *COMMANDS[kind], str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        wait_for(port, process)
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return once the port answers."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    pytest.fail(f"the server did not start (exit status {process.poll()})")


@pytest.fixture(scope="module", params=["uvicorn", "daphne"])
def server(request: pytest.FixtureRequest, environment: dict[str, str]) -> Iterator[str]:
    """Run each of the two servers."""
    with serving(request.param, environment) as address:
        yield address


@pytest.fixture
def connect(server: str) -> Iterator[Callable[..., Console]]:
    """Return a way to open consoles, which are closed after the test."""
    with contextlib.ExitStack() as stack:

        def open_console(user: Any, **how: Any) -> Console:
            return stack.enter_context(Console(server, user, **how))

        yield open_console
