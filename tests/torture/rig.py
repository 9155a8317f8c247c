"""One run: a demo under load, faults drawn from a seed, then everything compared with the other side."""

import signal
import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e import databases
from tests.e2e.databases import Database
from tests.e2e.receptionists import Receptionist, at_work
from tests.e2e.reconciling import Books
from tests.e2e.running import Demo, wait_for
from tests.invariants import disagreements
from tests.logged import told
from tests.torture.consoles import Room, Way, room
from tests.torture.expected import EXPECTED
from tests.torture.faults import Faults, Helper

PEOPLE = ("rita", "omar")
CALLS_EACH, RATE = 40, 4
CONSOLES = 45  # of three people, of whom none may hold more than 20
SETTLED_SECONDS = 240


@dataclass(frozen=True)
class Plan:
    """What is to be done; the same plan draws the same faults."""

    engine: str
    kills: int
    seed: int
    retries: int = 5  # of the simulator, when a notification is not answered 202
    calls: int = 0  # at least so many, however soon the faults are over
    consoles: int = CONSOLES


@dataclass
class Report:
    """What was done, and what was found: nothing, if all is well."""

    plan: Plan
    figures: dict[str, Any] = field(default_factory=dict)
    checked: dict[str, Any] = field(default_factory=dict)  # each check with the evidence against it

    @property
    def violations(self) -> dict[str, Any]:
        """Return the checks that failed."""
        return {name: evidence for name, evidence in self.checked.items() if evidence}

    def lines(self) -> Iterator[str]:
        """Yield the report for people."""
        plan = self.plan
        yield f"{plan.engine}: {plan.kills} faults, seed {plan.seed}, {plan.retries} retries"
        for name, value in self.figures.items():
            yield f"  {name}: {dict(value) if isinstance(value, Counter) else value}"
        for name, evidence in self.checked.items():
            yield f"  {'VIOLATED' if evidence else 'none'}: {name}{f': {evidence}' if evidence else ''}"


def run(plan: Plan, folder: Path) -> Report:
    """Run a plan on a new demo in `folder`.

    :raises AssertionError: when something that has to happen does not, however long it is waited for.
    """
    report = Report(plan)
    with contextmanager(databases.make)(plan.engine, folder / "data") as database:
        with demo(database) as running:
            running.simulator("PUT", "/api/faults", {"seed": plan.seed, "callback_retries": plan.retries})
            live_through(plan, report, running, database)
        running.expected_log = list(EXPECTED[plan.engine])
        report.checked["what is amiss with ends and logs"] = running.faults_of_its_end()
    return report


def live_through(plan: Plan, report: Report, running: Demo, database: Database) -> None:
    """Have people work and faults strike, and look at everything that can be looked at while the demo runs."""
    with ExitStack() as stack:
        helper = stack.enter_context(helping(running)) if database.url else None
        people = stack.enter_context(at_work(running, PEOPLE, plan.seed))
        portals = {person.name: person.portal for person in people} | {"max": running.manager}
        tokens = {name: str(portal.session.headers["Authorization"]) for name, portal in portals.items()}
        listening = stack.enter_context(room(Way(running.url, plan.seed), tokens, plan.consoles))
        books, faults = Books(running, database), Faults(running, database, plan.seed, helper)
        strike(plan, books, faults)
        for person in people:
            person.over.set()
        note(report, books, faults, people, listening)
        examine(report, books, faults, people, listening)


@contextmanager
def demo(database: Database) -> Iterator[Demo]:
    """Run a demo on a database of its own until the end of the block."""
    running = Demo(database.folder, **database.environ())
    try:
        yield running.start()
    finally:
        status = running.stop() if running.is_running() else None
    assert status == 0, f"the demo ended with status {status}"


@contextmanager
def helping(running: Demo) -> Iterator[Helper]:
    """Run a second worker until the end of the block, when it is asked to end."""
    helper = Helper(running)
    try:
        yield helper
    finally:
        status = helper.end(signal.SIGTERM)
    assert status == 0, f"the second worker ended with status {status}"


def strike(plan: Plan, books: Books, faults: Faults) -> None:
    """Have callers ring, and faults strike, until there were enough of both; then wait for the last ring."""
    kinds = list(faults.kinds())  # each at least once, in long runs and in short ones
    due = 0
    while sum(faults.done.values()) < plan.kills or due < plan.calls:
        if len(books.rung()) >= due:
            faults.running.simulator("POST", "/api/load", {"rate": RATE, "count": CALLS_EACH, "to": "main"})
            due += CALLS_EACH
        faults.strike(kinds.pop() if kinds else "")
    wait_for(lambda: len(books.rung()) >= due, "last ring")
    wait_for(faults.running.is_ready, "readiness")


def note(report: Report, books: Books, faults: Faults, people: list[Receptionist], listening: Room) -> None:
    """Put what was done into the report."""
    report.figures = {
        "survived": faults.done,
        "calls": len(books.theirs()),
        "notified, by status": books.statuses(),
        "decisions, by answer": sum((person.answers for person in people), Counter[str]()),
        "consoles": len(listening.consoles),
        "times that consoles came back": listening.returns(),
        "seconds until web answered again": spread(faults.back),
        "seconds from a kill to full service": spread(faults.whole),
        "seconds from a ring to its card": spread(books.delays()),
    }


def spread(seconds: Sequence[float]) -> str:
    """Return the middle and the worst of some durations."""
    return f"median {statistics.median(seconds):.2f}, longest {max(seconds):.2f}" if seconds else "none"


def examine(report: Report, books: Books, faults: Faults, people: list[Receptionist], listening: Room) -> None:
    """Wait until all work is done, then look for whatever may not be."""
    checked = report.checked
    checked["promises that are not kept"] = [broken for person in people if (broken := person.broken_promises())]
    checked["work without end"] = in_vain(books.is_settled, "end of all work") and {
        "open": books.has_open_work(),
        "states here and there": books.differences(),
    }
    checked["promised operations that are not there"] = promised(people) - books.operations()
    checked["dead deliveries"] = books.dead()
    checked["calls never heard of"] = books.unknown() if report.plan.retries else {}
    checked["invariants that do not hold (manage.py doctor, tests/invariants.py)"] = in_vain(
        lambda: not disagreements(books), "agreement of both sides"
    ) and disagreements(books)
    checked["cards older than others before"] = listening.faults()
    checked["consoles that show what is not so"] = (
        in_vain(lambda: not listening.differing(), "agreement of all consoles") and listening.differing()
    )
    figures = [("", line) for line in books.figures().splitlines()]
    checked["secrets in logs or among the figures"] = set(told([*books.log(), *figures], books.secrets()))
    checked["processes that ended by themselves"] = faults.unasked()


def in_vain(holds: Callable[[], object], what: str) -> bool:
    """Wait until something holds; tell whether it never did."""
    try:
        wait_for(holds, what, SETTLED_SECONDS)
    except AssertionError:
        return True
    return False


def promised(people: list[Receptionist]) -> set[str]:
    """Return the operations that people were told of."""
    return {asked.operation for person in people for asked in person.asked if asked.operation}
