"""`manage.py serve`: what production runs."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import leftovers
from tests.e2e.databases import Database
from tests.e2e.running import ROOT, UNASKED, alive, findings, free_ports, listens, wait_for
from tests.invariants import Sides, assert_holds
from tests.logged import WITHOUT_MICROSOFT, Line, read_log, unexpected

pytestmark = pytest.mark.timeout(240)
TENANT, CLIENT = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


class Serving:
    """One `manage.py serve` on a migrated folder."""

    def __init__(self, folder: Path, *arguments: str, **environ: str) -> None:
        self.port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = {
            "PATH": "/usr/bin:/bin",
            "DATA_DIR": str(folder),
            "PORT": str(self.port),
            "GRAPH_TENANT_ID": TENANT,
            "GRAPH_CLIENT_ID": CLIENT,
        } | environ
        self.run("migrate")
        self.folder = folder
        self.output = folder.with_name(f"{folder.name}.out")
        with self.output.open("wb") as output:
            command = [sys.executable, "manage.py", "serve", *arguments]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environ, stdout=output, stderr=output)

    def run(self, *arguments: str) -> None:
        """Run another command with the same settings."""
        done = self.ask(*arguments)
        assert done.returncode == 0, done.stderr

    def ask(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command that may fail."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environ, capture_output=True, text=True, check=False)

    def is_alive(self) -> bool:
        """Tell whether web answers."""
        try:
            return requests.get(f"{self.url}/healthz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def missing(self) -> set[str]:
        """Return the parts that are not ready, as told to this machine."""
        return set(requests.get(f"{self.url}/readyz", timeout=30).json().get("missing", ()))

    def children(self) -> list[int]:
        """Return the processes that it has started."""
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True
        )
        return [int(pid) for pid in listed.stdout.split()]

    def stop(self) -> int:
        """Ask it to end; return the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


class Alone(Sides):
    """A portal that nobody notifies: what can be told without another side."""

    def __init__(self, serving: Serving) -> None:
        self.serving = serving

    def told(self, path: str) -> Any:
        """Return nothing: there is no simulator."""
        return {"results": []}

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return Database(self.serving.folder).rows(statement)

    def doctor(self) -> list[str]:
        """Return what `manage.py doctor` finds."""
        return findings(self.serving.ask("doctor"))

    def log(self) -> Iterator[Line]:
        """Yield what all its processes have written, which is in one place."""
        yield from read_log(self.serving.output.read_text(errors="replace").splitlines())

    def secrets(self) -> dict[str, str]:
        """Return what it keeps to itself."""
        file, names = self.serving.folder / "secret-key", ("SECRET_KEY", "GRAPH_CLIENT_SECRET")
        made = {"the secret key that it made": file.read_text().strip()} if file.exists() else {}
        return made | {name: self.serving.environ.get(name, "") for name in names}

    def figures(self) -> str:
        """Return what `/metrics` tells to this machine, which in production is nothing."""
        return requests.get(f"{self.serving.url}/metrics", timeout=30).text


def ends_well(serving: Serving) -> None:
    """Show that every invariant holds of who serves, and that its processes end without a fault and a trace."""
    sides, serves = Alone(serving), serving.process.poll() is None
    try:
        if serves:
            wait_for(serving.is_alive, "web")
            assert_holds(sides, expected_log=WITHOUT_MICROSOFT)
    finally:
        status = serving.stop()
    faults = [*UNASKED.findall(serving.output.read_text()), *leftovers.found(serving.folder)]
    if serves:  # else it refused to start, which it says as an error
        faults += [
            *unexpected(sides.log(), WITHOUT_MICROSOFT),
            *([f"it ended with status {status}"] if status else []),
        ]
    assert not faults, "\n".join(faults)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Serving]]:
    """Return a function that serves; each that still does at the end is looked at, stopped, and ends well."""
    made: list[Serving] = []

    def start(*arguments: str, **environ: str) -> Serving:
        made.append(Serving(tmp_path / "data", *arguments, **environ))
        return made[-1]

    yield start
    for serving in made:
        ends_well(serving)


def test_web_and_worker_run_and_end_without_a_trace(serve: Callable[..., Serving]) -> None:
    serving = serve()
    wait_for(serving.is_alive, "web")
    wait_for(lambda: "worker" not in serving.missing(), "worker")
    children = serving.children()
    assert len(children) == 2
    assert serving.stop() == 0
    assert [pid for pid in children if alive(pid)] == []
    assert not listens(serving.port)


def test_workers_may_run_elsewhere(serve: Callable[..., Serving]) -> None:
    serving = serve("--no-worker")
    wait_for(serving.is_alive, "web")
    assert len(serving.children()) == 1
    assert "worker" in serving.missing()


@pytest.mark.control("R21")
@pytest.mark.case(41)
def test_who_calls_while_web_is_started_anew_waits_and_is_answered(serve: Callable[..., Serving]) -> None:
    serving = serve("--no-worker")
    wait_for(serving.is_alive, "web")
    (web,) = serving.children()
    os.kill(web, signal.SIGKILL)
    wait_for(lambda: not alive(web), "end of web")
    assert requests.get(f"{serving.url}/healthz", timeout=60).status_code == 200
    assert serving.children() != [web]


@pytest.mark.control("P1")
@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("SIMULATOR_URL", "http://localhost:8100"),
        ("GRAPH_CA_FILE", "/etc/ssl/certs/private.pem"),
        ("GRAPH_URL", "https://localhost:8143/v1.0"),
        ("GRAPH_LOGIN_URL", "https://127.0.0.1:8143"),
        ("CALLBACK_OPENID_URLS", "https://10.0.0.7/.well-known/OpenIdConfiguration"),
        ("PUBLIC_URL", "http://desk.example.com"),
        ("ALLOWED_HOSTS", "*"),
    ],
)
def test_production_refuses_what_belongs_to_a_demo(
    serve: Callable[..., Serving], setting: str, value: str
) -> None:
    production = {"DEPLOYMENT": "production", "PUBLIC_URL": "https://desk.example.com", "SECRET_KEY": "s" * 64}
    serving = serve(**(production | {setting: value}))
    assert serving.process.wait(60) != 0
    assert setting in serving.output.read_text()
    assert not listens(serving.port)


@pytest.mark.control("P1")
def test_production_starts_with_settings_that_are_fit_for_it(serve: Callable[..., Serving]) -> None:
    secret = {"GRAPH_CLIENT_SECRET": "a-secret-of-the-registration"}
    serving = serve(DEPLOYMENT="production", PUBLIC_URL="https://desk.example.com", **secret)
    wait_for(lambda: serving.is_alive() or serving.process.poll() is not None, "web or an end")
    assert serving.process.poll() is None, serving.output.read_text()
