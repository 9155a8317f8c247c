"""Real servers on a database that this process writes to, and consoles that listen to them."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import leftovers, logged
from tests.live.console import Console
from tests.torture.expected import CUT_OFF, LOCKED

ROOT = Path(__file__).parents[2]
QUICK = "tests.live.quick:application"
GRACE = ("--timeout-graceful-shutdown", "30")
COMMANDS = {
    "uvicorn": ["-m", "uvicorn", QUICK, "--log-level", "warning", *GRACE, "--host", "127.0.0.1", "--port"],
    "daphne": ["-m", "daphne", QUICK, "--verbosity", "0", "--bind", "127.0.0.1", "--port"],
}
START_SECONDS = 90


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
    """Run a server until the end of the block; give its address.

    Its end is looked at, and what it wrote. The other invariants are not: these tests write calls and entries as
    they need them, without reports, requests or another side, and compare the cards themselves.
    """
    port, log = free_port(), Path(environment["DATA_DIR"]) / f"{kind}.log"
    command = [sys.executable, *COMMANDS[kind], str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        wait_for(port, process)
        yield f"127.0.0.1:{port}"
    finally:
        status = end(process)
        sys.stderr.write(log.read_text(errors="replace"))
    assert_ended_well(status, log, Path(environment["DATA_DIR"]), {"the secret key": environment["SECRET_KEY"]})


def end(process: subprocess.Popen[bytes]) -> int:
    """Ask a server to end; return the exit status."""
    process.terminate()
    try:
        return process.wait(START_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def assert_ended_well(status: int, log: Path, folder: Path, secrets: dict[str, str]) -> None:
    """Show that a server ended as asked, wrote no error and no secret, and left nothing running (I15, I13).

    uvicorn sends itself the signal again once it has done what it asks.
    """
    lines = list(logged.read_log(log.read_text(errors="replace").splitlines()))
    expected = (*logged.WITHOUT_MICROSOFT, CUT_OFF, LOCKED)  # consoles leave while they are let in, too
    faults = [*logged.unexpected(lines, expected), *logged.told(lines, secrets), *leftovers.found(folder)]
    assert (status in (0, -signal.SIGTERM), faults) == (True, [])


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
