"""A real demo on free ports and a folder of its own, as `make demo` starts it, driven from outside."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import requests

from tests import leftovers
from tests.logged import Line, read_log, told, unexpected
from tests.watching import Watcher

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")
# What the supervisor says of a process that nobody killed or asked to end.
UNASKED = re.compile(r"^\w+ ended \((?!signal SIGKILL|signal SIGTERM|status 0).*|.*did not end in time.*", re.M)
Behave = Callable[[str, str], None]  # a person by name, and how they react when they are called


def wait_for(look: Callable[[], T], what: str, seconds: float = 60) -> T:
    """Return what `look` returns once it is true-ish.

    :raises AssertionError: when that takes longer than `seconds`; a limit against hanging, not a measurement.
    """
    until = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < until, f"no {what} within {seconds} s"
        time.sleep(0.05)
    return seen


def free_ports(count: int) -> list[int]:
    """Return ports on which nobody listens now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [entry.getsockname()[1] for entry in sockets]
    for entry in sockets:
        entry.close()
    return ports


def listens(port: int) -> bool:
    """Tell whether somebody listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def alive(pid: int) -> bool:
    """Tell whether a process exists that is not merely unburied."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rsplit(")", 1)[1].split()[0] != "Z"


def findings(doctor: subprocess.CompletedProcess[str]) -> list[str]:
    """Return what `manage.py doctor` found, each with the id of its invariant in front."""
    assert doctor.returncode in (0, 1), doctor.stderr
    found = [line.strip() for line in doctor.stdout.splitlines() if re.match(r"  I\d+: ", line)]
    assert bool(found) is bool(doctor.returncode), doctor.stdout + doctor.stderr
    return found


class Demo:
    """One demo in a process of its own."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.folder = folder
        self.ports = free_ports(3)
        self.url = f"http://localhost:{self.ports[0]}"
        self.simulator_url = f"http://localhost:{self.ports[1]}"
        names = zip(("PORT", "SIM_PORT", "SIM_TLS_PORT"), map(str, self.ports), strict=True)
        dropped = ("DATABASE_URL", "PUBLIC_URL", "DJANGO_SETTINGS_MODULE", "GRAPH_TENANT_ID", "GRAPH_CLIENT_ID")
        kept = {name: value for name, value in os.environ.items() if name not in dropped}
        self.environ = kept | dict(names) | {"DATA_DIR": str(folder), "SCENARIO": "quiet"} | environ
        self.output = folder.with_name(f"{folder.name}.out")
        self.process: subprocess.Popen[bytes] | None = None
        self.clients: list[Portal] = []
        self.starts = 0
        self.heard_strangers = False  # what somebody else than the simulator has sent to its webhook
        self.expected_log: list[str] = []  # patterns of lines that this run is meant to write

    def start(self, command: list[str] | None = None) -> "Demo":
        """Start it and wait until it has greeted."""
        self.starts += 1
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                command or [sys.executable, "-m", "demo"],
                cwd=ROOT,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_for(self.greeted, f"greeting of the demo:\n{self.said()}", 120)
        return self

    def greeted(self) -> bool:
        """Tell whether the demo said that it is ready.

        :raises AssertionError: when it ended instead.
        """
        assert self.process and self.process.poll() is None, self.said()
        return "Ctrl-C stops everything" in self.said()

    def said(self) -> str:
        """Return what the demo has printed so far."""
        return self.output.read_text() if self.output.exists() else ""

    def log(self, name: str) -> str:
        """Return what one of its processes wrote."""
        return (self.folder / "logs" / f"{name}.log").read_text(errors="replace")

    def written(self) -> Iterator[Line]:
        """Yield what all its processes have written, but for the greeting: it tells people the password."""
        for log in sorted((self.folder / "logs").glob("*.log")):
            yield from read_log(log.read_text(errors="replace").splitlines())
        for line in self.said().splitlines():
            if "Sign in as, with the password" not in line:
                yield from read_log([line])

    def is_running(self) -> bool:
        """Tell whether it was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def faults_of_its_end(self) -> list[str]:
        """End it, if it runs; return what is amiss with its processes' ends and with all they wrote (I15, I13)."""
        status = self.stop() if self.is_running() else 0
        return [
            *([f"I15: the demo ended with status {status}"] if status else []),
            *(f"I15: {said}" for said in UNASKED.findall(self.said())),
            *leftovers.found(self.folder),
            *unexpected(self.written(), self.expected_log),
            *told(self.written(), self.secrets()),
        ]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; return the exit status."""
        assert self.process
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(60)

    def pids(self) -> dict[str, int]:
        """Return the running processes by name."""
        file = self.folder / "demo-processes.json"
        return json.loads(file.read_text()) if file.exists() else {}

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to one process; return its id."""
        pid = self.pids()[name]
        os.kill(pid, number)
        return pid

    @contextmanager
    def paused(self, name: str) -> Iterator[None]:
        """Hold one process still for the length of a block."""
        pid = self.kill(name, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def violations(self) -> dict[str, float]:
        """Return how many violations of the Content-Security-Policy browsers have reported, by directive."""
        text = requests.get(f"{self.url}/metrics", timeout=30).text
        found = re.findall(r'^portal_csp_reports_total\{directive="([^"]+)"\} (\S+)$', text, re.MULTILINE)
        return {directive: float(count) for directive, count in found}

    def is_ready(self) -> bool:
        """Tell whether `/readyz` says so."""
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def answers(self) -> bool:
        """Tell whether the web process answers."""
        try:
            return requests.get(f"{self.url}/healthz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    @property
    def password(self) -> str:
        """Return the password of all its sign-ins."""
        return (self.folder / "demo-password").read_text().strip()

    def manage(self, *arguments: str) -> str:
        """Run a command of `manage.py` with no setting but the data folder; return what it prints."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `manage.py` that may fail."""
        portal = ("PORT", "SIM_PORT", "SIM_TLS_PORT", "SCENARIO")
        environ = {name: value for name, value in self.environ.items() if name not in portal}
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)

    def findings(self) -> list[str]:
        """Return what `manage.py doctor` finds, each with the id of its invariant in front."""
        return findings(self.run("doctor"))

    def figures(self) -> str:
        """Return what `/metrics` tells."""
        answer = requests.get(f"{self.url}/metrics", timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.text

    def secrets(self) -> dict[str, str]:
        """Return what the demo keeps to itself, by what each is."""
        files = {
            "the sign-ins' password": "demo-password",
            "the secret key": "secret-key",
            "the client's secret": "simulator/client-secret",
        }
        kept = {name: (self.folder / path).read_text().strip() for name, path in files.items()}
        return kept | {f"an API token of {one.username}": one.token for one in self.clients}

    def client(self, username: str) -> "Portal":
        """Return an API client with a token of this person."""
        self.clients.append(Portal(self.url, self.manage("token", username).split()[-1], username))
        return self.clients[-1]

    def simulator(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the simulator's plain port; return the parsed answer."""
        answer = requests.request(method, f"{self.simulator_url}{path}", json=body, timeout=30)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def ring(self, line: str = "main", phone: str = "+14255550199") -> str:
        """Ring a line from a number; return Graph's id of the call."""
        return self.simulator("POST", "/api/calls", {"from": {"phone": phone}, "to": line})["id"]

    @cached_property
    def manager(self) -> "Portal":
        """Return an API client that sees every call."""
        return self.client("max")

    def hush(self) -> None:
        """Have everybody hang up, and wait until the portal knows of it."""
        for call in self.simulator("GET", "/api/calls?live=true")["results"]:
            self.simulator("POST", f"/api/calls/{call['id']}/hang-up")
        wait_for(lambda: not self.manager.get("calls/", live="true")["results"], "silence")


class Portal:
    """The portal's API, as one person."""

    def __init__(self, url: str, token: str, username: str) -> None:
        self.url, self.token, self.username = f"{url}/api/v1", token, username
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **query: Any) -> Any:
        """Return the parsed answer of a GET."""
        answer = self.session.get(f"{self.url}/{path}", params=query, timeout=30)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def console(self) -> Watcher:
        """Return this person's console, not yet open."""
        address = self.url.removesuffix("/api/v1").replace("http", "ws", 1)
        return Watcher(f"{address}/ws/console/", self.token)

    def post(self, path: str, body: Any = None) -> requests.Response:
        """Return the answer of a POST."""
        return self.session.post(f"{self.url}/{path}", json=body if body is not None else {}, timeout=30)

    def call(self, graph_id: str) -> dict[str, Any] | None:
        """Return the call with that Graph id, if the portal knows it."""
        found = self.get("calls/", graph_id=graph_id)["results"]
        return found[0] if found else None

    def calls(self) -> list[dict[str, Any]]:
        """Return all calls, page by page."""
        found, query = [], {}
        while True:
            page = self.get("calls/", **query)
            found += page["results"]
            if not page["next"]:
                return found
            query = {"cursor": page["next"]}
