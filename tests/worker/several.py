"""Several worker processes beside each other, at a simulator; web runs in a thread of the test's."""

import itertools
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

from calls import commands
from calls.models import Call
from commsportal.models import Beat
from directory.models import User
from graph import conf
from routing.models import Line
from tests.calls.simulation import PATIENCE, Here, Simulation, connection_of, portal, wait_for, web
from tests.webhooks.processes import ROOT, environment

# A process that has the portal loaded, and becomes a worker, and another, as often as it is told to.
NURSERY = """
import logging, os, sys
import django
django.setup()
from django.core.management import call_command
for line in sys.stdin:
    word, _, rest = line.strip().partition(" ")
    if word == "wait":
        print(os.waitstatus_to_exitcode(os.waitpid(int(rest), 0)[1]), flush=True)
        continue
    pid = os.fork()
    if pid == 0:
        output = os.open(rest, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        call_command("worker")
        logging.shutdown()
        os._exit(0)
    print(pid, flush=True)
"""


class Nursery:
    """Starts worker processes quickly, on the tests' database."""

    def __init__(self, simulation: Simulation, folder: Path) -> None:
        told = connection_of(simulation)
        told |= {name: ",".join(value) for name, value in told.items() if isinstance(value, list)}
        told["GRAPH_TENANT_ID"] = told["GRAPH_TENANT_IDS"]
        self.folder, self.numbers = folder, itertools.count(1)
        command, environ = [sys.executable, "-c", NURSERY], environment(folder, **told)
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=ROOT, env=environ, stdin=pipe, stdout=pipe, text=True)

    def _ask(self, line: str) -> int:
        assert self.process.stdin and self.process.stdout
        print(line, file=self.process.stdin, flush=True)
        return int(self.process.stdout.readline())

    def start(self) -> int:
        """Return the process id of another worker, which works already."""
        pid = self._ask(f"start {self.folder / f'worker-{next(self.numbers)}'}")
        wait_for(lambda: Beat.objects.filter(kind="worker", name__endswith=f" {pid}").exists(), "sign of life")
        return pid

    def end(self, pid: int, number: signal.Signals) -> int:
        """Send a signal; return the exit status."""
        os.kill(pid, number)
        return self._ask(f"wait {pid}")

    def stop(self) -> None:
        """End."""
        self.process.communicate(timeout=PATIENCE)


class Desk:
    """A line with its receptionist, a simulator to ring from, and workers."""

    def __init__(self, simulation: Simulation, here: Here, nursery: Nursery) -> None:
        self.simulation, self.here, self.nursery = simulation, here, nursery
        self.numbers = itertools.count(1)
        self.workers: list[int] = []
        self.receptionist, self.line = self._staffed()

    def _staffed(self) -> tuple[User, Line]:
        people = self.simulation.ask("GET", "people")
        tenant, line = settings.GRAPH_TENANT_IDS[0], self.simulation.ask("GET", "lines")[0]
        known = {"tenant_id": tenant, "roles": ["receptionist"]}
        rita = User.objects.create_user("rita", name="Rita", oid=people[0]["id"], **known)
        fallback = {"fallback": "voicemail", "fallback_kind": "user", "fallback_target": people[1]["id"]}
        names = ("name", "phone", "instance_id")
        made = Line.objects.create(tenant_id=tenant, **{name: line[name] for name in names}, **fallback)
        made.staff.set([rita])
        return rita, made

    def start(self) -> None:
        """Start another worker."""
        self.workers.append(self.nursery.start())

    def kill(self) -> None:
        """Kill the oldest worker."""
        self.nursery.end(self.workers.pop(0), signal.SIGKILL)

    def ring(self, count: int = 1) -> list[Call]:
        """Have callers ring, and wait until the portal has heard of them and Graph has confirmed them."""
        rung = [self.simulation.ring(self.line.name, f"+1425555{next(self.numbers):04}") for _ in range(count)]
        calls = Call.objects.filter(graph_id__in=rung, unconfirmed=False)
        wait_for(lambda: len(calls.all()) == count, "calls in the portal")
        return list(calls.all())

    def talk(self, count: int = 1) -> list[Call]:
        """Have calls answered; wait until they are established."""
        calls = self.ring(count)
        for call in calls:
            commands.answer(call.pk, self.receptionist)
        talking = Call.objects.filter(pk__in=[call.pk for call in calls], state="established")
        wait_for(lambda: len(talking.all()) == count, "conversations")
        return list(talking.all())

    def requests(self) -> list[dict[str, Any]]:
        """Return what Graph was asked since the desk opened, in its order."""
        rows = self.simulation.ask("GET", "requests")["results"]
        own = (row for row in rows if self.here.is_of_now(row["at"]))
        return sorted(own, key=lambda row: str(row["at"]))

    def count(self, call: Call | None = None) -> Counter[str]:
        """Return how often each action was asked for, of one call or all."""
        rows = (row for row in self.requests() if call is None or row["call"] == call.graph_id)
        return Counter(row["action"] for row in rows)


@contextmanager
def desk(simulation: Simulation, nursery: Nursery, workers: int) -> Iterator[Desk]:
    """Open a desk with so many workers; at the end every invariant holds, and all workers end as asked."""
    with portal(simulation, web) as here:
        conf.warm_up(PATIENCE)
        made = Desk(simulation, here, nursery)
        try:
            for _ in range(workers):
                made.start()
            yield made
            for call in Call.objects.live():
                simulation.ask("POST", f"calls/{call.graph_id}/hang-up")
            wait_for(lambda: not Call.objects.live().exists(), "end of all calls")
            wait_for(here.is_settled, "quiet")
        except BaseException:
            for pid in made.workers:
                nursery.end(pid, signal.SIGKILL)
            raise
        assert [nursery.end(pid, signal.SIGTERM) for pid in made.workers] == [0] * len(made.workers)
