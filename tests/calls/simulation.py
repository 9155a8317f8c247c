"""The simulator as a process of its own, and the portal's web and worker parts in threads of the test's."""

import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import uvicorn
from django.conf import settings
from django.db import connection
from prometheus_client import generate_latest

from commsportal import worker
from commsportal.clock import now
from commsportal.invariants import violations
from commsportal.logs import JsonFormatter
from graph import conf
from tests.invariants import Sides, assert_holds
from webhooks import intake

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 100  # seconds; limits against hanging, far longer than anything here takes
RETRIES = 5  # so often a notification comes again that was answered 503: SQLite has one writer at a time


def free_ports(count: int) -> list[int]:
    """Return ports on which nobody listens now."""
    listening = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in listening]
    for one in listening:
        one.close()
    return ports


def wait_for(look: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Return what `look` returns once it is true; the limit only keeps a broken test from hanging."""
    until = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < until, f"no {what} within {seconds} s"
        time.sleep(0.05)
    return seen


class Simulation:
    """The running simulator: people to be rung from, and what Graph knows."""

    def __init__(self, folder: Path) -> None:
        self.port, self.tls_port, self.web_port = free_ports(3)
        self.url = f"http://localhost:{self.port}"
        environ = {
            name: value for name, value in os.environ.items() if not name.startswith(("DATABASE", "DJANGO"))
        }
        environ |= {
            "SIM_PORT": str(self.port),
            "SIM_TLS_PORT": str(self.tls_port),
            "DATA_DIR": str(folder),
            "SCENARIO": "quiet",
            "SIM_WEBHOOK_URL": f"{self.portal_url}/webhooks/graph/calls",
            "SIM_ALLOW_HTTP_CALLBACKS": "1",
        }
        command = [sys.executable, "-m", "simulator"]
        self.process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert "ready" in self.process.stdout.readline()
        self.connection = self.ask("GET", "connection")
        self.ask("PUT", "faults", {"callback_retries": RETRIES})

    @property
    def portal_url(self) -> str:
        """Return where the portal is to listen."""
        return f"http://localhost:{self.web_port}"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Use the simulator's plain interface."""
        answer = requests.request(method, f"{self.url}/api/{path}", json=body, timeout=PATIENCE)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def ring(self, line: str, phone: str = "+14255550190") -> str:
        """Ring a line; return Graph's id of the call."""
        return self.ask("POST", "calls", {"from": {"phone": phone}, "to": line})["id"]

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait(timeout=PATIENCE)


class Here(logging.Handler, Sides):
    """The simulator, and the portal in this process; what is logged is kept."""

    def __init__(self, simulation: Simulation) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(JsonFormatter())
        self.simulation, self.since = simulation, now()
        self.lines: list[tuple[str, str]] = []
        self.expected_log: list[str] = []  # patterns of lines that the run is meant to log at level ERROR

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append((record.levelname, self.format(record)))

    def told(self, path: str) -> Any:
        """Return what the simulator answers."""
        return self.simulation.ask("GET", path.removeprefix("/api/"))

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def doctor(self) -> list[str]:
        """Return what the doctor finds."""
        return violations()

    def log(self) -> Iterator[tuple[str, str]]:
        """Yield what was logged."""
        yield from self.lines.copy()

    def secrets(self) -> dict[str, str]:
        """Return what the portal keeps to itself."""
        return {"the secret key": settings.SECRET_KEY, "the client's secret": settings.GRAPH_CLIENT_SECRET}

    def figures(self) -> str:
        """Return what `/metrics` tells."""
        return generate_latest().decode()


@contextmanager
def portal(simulation: Simulation, parts: Callable[[Simulation], Any] | None = None) -> Iterator[Here]:
    """Run web and worker (or other `parts`) on the tests' database; show at the end that every invariant holds."""
    here = Here(simulation)
    logging.getLogger().addHandler(here)
    try:
        with (parts or processes)(simulation):
            yield here
            assert_holds(here, expected_log=here.expected_log)
    finally:
        logging.getLogger().removeHandler(here)


@contextmanager
def processes(simulation: Simulation) -> Iterator[None]:
    """Run web and worker in threads."""
    at_work = worker.Worker()
    with web(simulation):
        at_work.start()
        try:
            yield
        finally:
            at_work.stop()


@contextmanager
def web(simulation: Simulation) -> Iterator[None]:
    """Run web in a thread."""
    from commsportal.asgi import Application

    config = uvicorn.Config(Application(), port=simulation.web_port, log_config=None, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    intake.application.given_verifier = conf.verifier()  # by itself it keeps the first of a process
    thread.start()
    try:
        wait_for(lambda: server.started, "web server")
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=PATIENCE)
        intake.application.given_verifier = None


def connection_of(simulation: Simulation) -> dict[str, Any]:
    """Return the settings of a portal that is connected to a simulator."""
    told = simulation.connection
    login = told["authority"].rsplit("/", 1)[0]
    return {
        "GRAPH_URL": told["graph"],
        "GRAPH_LOGIN_URL": login,
        "GRAPH_CA_FILE": told["ca"],
        "GRAPH_TENANT_IDS": [told["tenant"]],
        "GRAPH_CLIENT_ID": told["client_id"],
        "GRAPH_CLIENT_SECRET": told["client_secret"],
        "CALLBACK_AUDIENCE": told["client_id"],
        "CALLBACK_OPENID_URLS": [f"{login}/v1/.well-known/OpenIdConfiguration"],
        "CALLBACK_URL": f"{simulation.portal_url}/webhooks/graph/calls",
    }


def connect(simulation: Simulation, settings: Any) -> None:
    """Set what a deployment sets."""
    for name, value in connection_of(simulation).items():
        setattr(settings, name, value)
