"""What is ended or stopped, how, and how the rig knows that another has taken its place."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import psycopg

from tests.e2e.databases import Database
from tests.e2e.running import ROOT, UNASKED, Demo, wait_for

LONGEST_PAUSE = 1.5
KILLED = ("web killed", "worker killed", "web and worker killed")
STOPPED_SECONDS = 7.0  # longer than any lease: another worker has the work by then
TERMINATE = (
    "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "ORDER BY md5(pid::text || %s) LIMIT %s) AS victims"
)


class Helper:
    """A second worker beside the demo's own, started again whenever it was ended."""

    def __init__(self, running: Demo) -> None:
        self.running = running
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        portal = ("PORT", "SIM_PORT", "SIM_TLS_PORT", "SCENARIO")
        environ = {name: value for name, value in self.running.environ.items() if name not in portal}
        log = self.running.folder / "logs" / "second-worker.log"
        with log.open("ab") as output:
            command = [sys.executable, "manage.py", "worker"]
            return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=output, stderr=output)

    def end(self, number: int) -> int:
        """Send a signal and wait for the end; return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(60)

    def replace(self, number: int = signal.SIGKILL) -> None:
        """End it and start another."""
        self.end(number)
        self.process = self._start()


@dataclass
class Faults:
    """Ends processes and connections of one demo, as one seed says."""

    running: Demo
    database: Database
    seed: int
    helper: Helper | None = None  # on PostgreSQL, where any number of workers may run
    done: Counter[str] = field(default_factory=Counter)
    back: list[float] = field(default_factory=list)  # seconds from the end of web to its next answer
    whole: list[float] = field(default_factory=list)  # seconds from a kill until all that was killed works again

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self._pause = threading.Event()

    def unasked(self) -> list[str]:
        """Return what the supervisor said of processes that ended otherwise than they were made to."""
        return UNASKED.findall(self.running.said())

    def kinds(self) -> dict[str, tuple[int, Callable[[], None]]]:
        """Return every kind of fault here, with its weight."""
        found = {
            "web killed": (4, lambda: self._kill("web")),
            "worker killed": (4, lambda: self._kill("worker")),
            "web and worker killed": (2, lambda: self._kill("web", "worker")),
            "web asked to end": (1, lambda: self._kill("web", number=signal.SIGTERM)),
            "worker asked to end": (1, lambda: self._kill("worker", number=signal.SIGTERM)),
            "worker stopped past its lease": (1, self._stop_worker),
        }
        if self.helper:
            found["second worker killed"] = (2, self.helper.replace)
            found["connections terminated"] = (4, self._terminate)
        return found

    def strike(self, kind: str = "") -> None:
        """Wait a little, then do one fault, of a given kind or drawn."""
        kinds = self.kinds()
        drawn = self.random.choices(list(kinds), [weight for weight, _ in kinds.values()])[0]
        kind = kind or drawn
        self._pause.wait(self.random.uniform(0.0, LONGEST_PAUSE))
        begun = time.monotonic()
        kinds[kind][1]()
        self.done[kind] += 1
        if self.random.random() < 0.75:  # otherwise the next one may come while it starts
            self._wait_for_service(kind, begun)

    def _wait_for_service(self, kind: str, begun: float) -> None:
        """Wait until web answers, and after a kill until a worker that lives has given a sign of life."""
        wait_for(self.running.answers, "answer")
        if "web" in kind:
            self.back.append(time.monotonic() - begun)
        if kind in KILLED:
            wait_for(self._works, "full service")
            self.whole.append(time.monotonic() - begun)

    def _works(self) -> bool:
        pid = self.running.pids().get("worker", 0)
        return bool(self.database.rows(f"select 1 from commsportal_beat where name like 'worker % {pid}'"))

    def _kill(self, *names: str, number: signal.Signals = signal.SIGKILL) -> None:
        ended = {name: self.running.kill(name, number) for name in names}
        for name, pid in ended.items():
            wait_for(lambda name=name, pid=pid: self.running.pids().get(name) not in (None, pid), f"new {name}")

    def _stop_worker(self) -> None:
        """Hold a worker still until its work was another's to take, then let it go on."""
        pid = self.running.kill("worker", signal.SIGSTOP)
        self._pause.wait(STOPPED_SECONDS)
        os.kill(pid, signal.SIGCONT)

    def _terminate(self) -> None:
        count = self.random.choice((1, 3, 1000))
        with psycopg.connect(self.database.url, autocommit=True) as own:
            own.execute(TERMINATE, [str(self.random.random()), count])
