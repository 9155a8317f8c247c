"""`manage.py serve`: what production runs."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.e2e.running import ROOT, alive, free_ports, listens, wait_for

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
        self.output = folder.with_name(f"{folder.name}.out")
        with self.output.open("wb") as output:
            command = [sys.executable, "manage.py", "serve", *arguments]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environ, stdout=output, stderr=output)

    def run(self, *arguments: str) -> None:
        """Run another command with the same settings."""
        subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.environ, check=True)

    def is_alive(self) -> bool:
        """Tell whether web answers."""
        try:
            return requests.get(f"{self.url}/healthz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def missing(self) -> set[str]:
        """Return the parts that are not ready, as told to this machine."""
        return set(requests.get(f"{self.url}/readyz", timeout=10).json().get("missing", ()))

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


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Serving]]:
    """Return a function that serves, and is stopped at the end."""
    made: list[Serving] = []

    def start(*arguments: str, **environ: str) -> Serving:
        made.append(Serving(tmp_path / "data", *arguments, **environ))
        return made[-1]

    yield start
    for serving in made:
        serving.stop()


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
