"""Simulator, web and worker side by side: started, watched, restarted and stopped together."""

import json
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path

from commsportal import clock, servers
from commsportal.children import Child, Children, StopRequest
from demo.contoso import SIGN_INS, person
from demo.place import DemoError, Place, write_private

READY_SECONDS = 120
HOPELESS_DEATHS = 5  # in a row, before the demo was ready once
TAIL_LINES = 15


class Supervisor:
    """The processes of one demo."""

    def __init__(self, place: Place, stop: StopRequest) -> None:
        self.place = place
        self.stop = stop
        self.noted: dict[str, int] = {}
        self.simulator = self.child("simulator", "simulator")
        self.listener: socket.socket | None = None
        self.portal = [self.web(place.ports["PORT"]), self.child("worker", "manage.py", "worker")]
        self.children = Children([self.simulator])

    def web(self, port: int) -> Child:
        """Return the web process, on a socket that stays while it is started anew; daphne takes its own."""
        if self.place.web_server() == "daphne":
            return self.child("web", *servers.daphne("127.0.0.1", port))
        self.listener = servers.listen("127.0.0.1", port)
        web = self.child("web", *servers.uvicorn_on(self.listener, []))
        web.inherited = [self.listener.fileno()]
        return web

    def child(self, name: str, *arguments: str) -> Child:
        """Return a process of the demo that writes to a log of its own."""
        log = self.place.folder / "logs" / f"{name}.log"
        return Child(name, arguments, self.place.environment(), log)

    def run(self) -> None:
        """Start everything, say where it is, and keep it running.

        :raises DemoError: when it does not become ready.
        """
        self.place.write_settings()
        empty(self.place.folder / "logs")
        clock.begin_anew(self.place.folder)
        try:
            self.seed()
            self.children.children.extend(self.portal)
            self.become_ready()
            if not self.stop:
                print(greeting(self.place), flush=True)
            while not self.stop:
                self.tend()
        finally:
            if self.listener:
                self.listener.close()
            self.children.stop()
            self.place.pids_file.unlink(missing_ok=True)

    def tend(self) -> None:
        """Restart who died, note who runs, and wait a moment."""
        self.children.tend()
        running = {child.name: child.process.pid for child in self.children.children if child.process}
        if running != self.noted:
            write_private(self.place.pids_file, json.dumps(running))
            self.noted = running
        time.sleep(0.1)

    def seed(self) -> None:
        """Migrate and seed beside the starting simulator, unless that was done before.

        :raises DemoError: when it fails.
        """
        if self.place.is_seeded():
            return
        seed = self.child("seed", "manage.py", "seed", "--migrate")
        self.children.start_once(seed)
        while seed.is_running() and not self.stop:
            self.tend()
        if seed.status == 0:
            self.place.note_seeded()
        elif not self.stop:
            raise DemoError(f"The database could not be prepared:\n{tail(seed)}")

    def become_ready(self) -> None:
        """:raises DemoError: when a process keeps dying or the portal does not answer in time."""
        until = time.monotonic() + READY_SECONDS
        while not self.stop and not is_ready(self.place):
            self.tend()
            dead = [child for child in self.children.children if child.deaths >= HOPELESS_DEATHS]
            late = self.children.children if time.monotonic() > until else []
            if dead or late:
                logs = "\n".join(tail(child) for child in dead or late)
                raise DemoError(f"The demo does not become ready:\n{logs}")


def empty(logs: Path) -> None:
    """Make the folder of logs, without those of the last demo."""
    logs.mkdir(mode=0o700, exist_ok=True)
    for log in logs.glob("*.log"):
        log.unlink()


def is_ready(place: Place) -> bool:
    """Tell whether web, worker and simulator answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{place.ports['PORT']}/readyz", timeout=3) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def tail(child: Child) -> str:
    """Return the last lines that a process wrote."""
    lines = child.log.read_text(errors="replace").splitlines() if child.log else []
    return "\n".join([f"--- {child.log}", *lines[-TAIL_LINES:]])


def greeting(place: Place) -> str:
    """Return what the person at the terminal needs to know."""
    password = place.folder / "demo-password"
    people = [(username, person(username)) for username in SIGN_INS]
    rows = [f"    {name:6}{entry['name']:16}{' '.join(entry['app_roles']) or 'no role'}" for name, entry in people]
    return "\n".join(
        [
            "",
            f"  Console     {place.portal_url}/console/",
            f"  Softphone   {place.simulator_url}/",
            "",
            f"  Sign in as, with the password {password.read_text().strip()} (kept in {password}):",
            *rows,
            "",
            f"  Logs in {place.folder / 'logs'}. Ctrl-C stops everything.",
        ]
    )
