"""Processes of the portal, started on the tests' database and on ports of their own."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

PATIENCE = 60  # seconds; a start takes two or three
ROOT = Path(settings.BASE_DIR)


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """Return the environment of a process whose data folder is `folder` and whose database is the tests'."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GRAPH_", "CALLBACK_"))}
    own = {"DJANGO_SETTINGS_MODULE": "commsportal.settings", "DATA_DIR": str(folder), "LOG_LEVEL": "INFO"}
    return kept | own | _database(folder) | settings


def _database(folder: Path) -> dict[str, str]:
    made = connection.settings_dict
    if connection.vendor == "sqlite":
        (folder / "portal.sqlite3").symlink_to(made["NAME"])
        return {"DATABASE_URL": ""}
    login = f"{made['USER']}:{made['PASSWORD']}" if made["PASSWORD"] else made["USER"]
    return {"DATABASE_URL": f"postgres://{login}@{made['HOST']}:{made['PORT']}/{made['NAME']}"}


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except FileNotFoundError:  # closed meanwhile
        return ""


class Process:
    """A Python process with its output in a file."""

    def __init__(self, arguments: list[str], environ: Mapping[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as output:
            self.child = subprocess.Popen(
                [sys.executable, *arguments], cwd=ROOT, env=dict(environ), stdout=output, stderr=output
            )

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def memory(self, line: str = "VmRSS") -> int:
        """Return the bytes of memory that it holds, or the most that it ever held (`VmHWM`)."""
        status = Path(f"/proc/{self.child.pid}/status").read_text()
        return next(int(told.split()[1]) * 1024 for told in status.splitlines() if told.startswith(f"{line}:"))

    def forget_the_most(self) -> int:
        """Let `VmHWM` begin anew at what is held now; return that."""
        Path(f"/proc/{self.child.pid}/clear_refs").write_text("5")
        return self.memory()

    def unnamed_files(self) -> int:
        """Return how many temporary files it holds open: they have no name and go when they are closed."""
        held = Path(f"/proc/{self.child.pid}/fd").iterdir()
        return sum(_target(one).endswith("(deleted)") for one in held)

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds.

        :raises AssertionError: when the process ends before, or it takes too long.
        """
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert self.child.poll() is None, self.output()
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.02)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        with suppress(ProcessLookupError):
            self.child.send_signal(number)
        return self.child.wait(PATIENCE)


class Server(Process):
    """A web server with the portal in it."""

    def __init__(self, arguments: list[str], environ: Mapping[str, str], log: Path, port: int) -> None:
        super().__init__(arguments, environ, log)
        self.port = port

    def is_up(self) -> bool:
        with suppress(OSError):
            return self.ask("GET", "/healthz")[0] == 200
        return False

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
        """Send one request on a connection of its own; return status and body."""
        own = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            own.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = own.getresponse()
            return answer.status, answer.read()
        finally:
            own.close()

    def send(self, path: str, body: bytes, token: str, **headers: str) -> tuple[int, bytes]:
        """POST a notification as a patient sender does: who is told 503 comes again."""
        for _ in range(50):
            answer = self.ask("POST", path, body, Authorization=f"Bearer {token}", **headers)
            if answer[0] != 503:
                break
        return answer
