"""What is measured: databases of the bench's own, the portal's processes on them, and how to ask the system."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from commsportal import servers
from tests.bench import keys

ROOT = Path(__file__).parents[2]
START_SECONDS = 30
NOWHERE = {"GRAPH_URL": "https://127.0.0.1:9/v1.0", "GRAPH_LOGIN_URL": "https://127.0.0.1:9"}
GUESSES = ("postgresql:///postgres", "postgresql://127.0.0.1:5432/postgres")


@dataclass(frozen=True)
class Database:
    """A database that was made for the bench, migrated, and the environment that points to it."""

    kind: str  # SQLite or PostgreSQL
    url: str  # empty: SQLite in DATA_DIR
    environment: dict[str, str]

    @property
    def data_dir(self) -> Path:
        """Return the folder of the portal's data."""
        return Path(self.environment["DATA_DIR"])


def postgresql() -> str | None:
    """Return the address of a PostgreSQL server that answers, None if there is none."""
    given = [os.environ.get(name, "") for name in ("BENCH_DATABASE_URL", "DATABASE_URL")]
    for address in [*(url for url in given if url.startswith("postgres")), *GUESSES]:
        with contextlib.suppress(psycopg.Error), psycopg.connect(address, connect_timeout=2):
            return address
    return None


@contextlib.contextmanager
def database(server: str | None = None) -> Iterator[Database]:
    """Make a database (SQLite without a `server`), migrate it, and remove it afterwards."""
    with tempfile.TemporaryDirectory(prefix="commsportal-bench-") as folder, contextlib.ExitStack() as stack:
        url = stack.enter_context(created(server, "bench")) if server else ""
        environment = os.environ | keys.environment() | {"DATA_DIR": folder, "DATABASE_URL": url}
        environment |= {"PYTHONPATH": str(ROOT), "LOG_LEVEL": "ERROR"} | NOWHERE
        command = [sys.executable, "manage.py", "migrate", "-v", "0", "--skip-checks"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        yield Database("PostgreSQL" if server else "SQLite", url, environment)


@contextlib.contextmanager
def created(server: str, purpose: str) -> Iterator[str]:
    """Make an empty database on a PostgreSQL server, give its address, and drop it afterwards."""
    name = f"commsportal_{purpose}_{os.getpid()}_{time.monotonic_ns() % 10**6}"
    with psycopg.connect(server, autocommit=True) as own:
        own.execute(f'CREATE DATABASE "{name}"')
        info = own.info
        who = quote(info.user, safe="") + (f":{quote(info.password, safe='')}" if info.password else "")
        address = f"postgres://{who}@{quote(info.host, safe='')}:{info.port}/{name}"
        try:
            yield address
        finally:
            own.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def seed(on: Database, people: int) -> dict[str, Any]:
    """Make people and a line; return their tokens and the line's bot."""
    command = [sys.executable, "-m", "tests.bench.seed", str(people)]
    done = subprocess.run(command, cwd=ROOT, env=on.environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


@dataclass(frozen=True)
class Served:
    """A server that answers."""

    port: int
    process: subprocess.Popen[bytes]

    def memory(self) -> int:
        """Return the bytes of memory the process holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS"))

    def processor_time(self) -> float:
        """Return the seconds of processor time it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def serving(kind: str, on: Database, application: str = "tests.bench.portal:application") -> Iterator[Served]:
    """Serve the portal as `manage.py serve` does, or by daphne."""
    port = free_port()
    arguments = servers.uvicorn("127.0.0.1", port, []) if kind == "uvicorn" else servers.daphne("127.0.0.1", port)
    with running(["-m", *arguments[:-1], application], on.environment, port) as served:
        yield served


@contextlib.contextmanager
def running(arguments: list[str], environment: dict[str, str], port: int) -> Iterator[Served]:
    """Run a process that listens at `port`."""
    process = start(arguments, environment)
    try:
        wait_until(lambda: _answers(port) or process.poll() is not None)
        yield Served(port, process)
    finally:
        stop(process)


@contextlib.contextmanager
def working(on: Database) -> Iterator[None]:
    """Run one worker that applies deliveries."""
    process = start(["-m", "tests.bench.applier"], on.environment)
    try:
        yield
    finally:
        stop(process)


def start(arguments: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a process whose complaints (there is no Graph here) go to a file of the data folder."""
    with (Path(environment["DATA_DIR"]) / "errors.log").open("ab") as log:
        return subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=environment, stderr=log)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process that we started."""
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(reached: Callable[[], bool], seconds: float = START_SECONDS, every: float = 0.05) -> None:
    """Wait for something.

    :raises TimeoutError: when it does not come.
    """
    end = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s in vain")
        time.sleep(every)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def pgbench() -> str | None:
    """Return where pgbench is, None if it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))
    return shutil.which("pgbench") or (str(found[-1]) if found else None)
