"""Two hundred calls while worker and web are killed with -9 again and again.

What was answered 202 is there, what the portal knows ends as in the simulator, and nothing takes effect twice.
"""

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.e2e import databases
from tests.e2e.databases import Database
from tests.e2e.receptionists import Receptionist, at_work
from tests.e2e.reconciling import Books
from tests.e2e.running import Demo, wait_for
from tests.invariants import assert_holds
from tests.watching import watching

CALLS, RATE = 200, 5
LEAST_KILLS = 5  # of each
SEED = int(os.environ.get("KILL_SEED", "20261121"))
VICTIMS = (("web",), ("worker",), ("web", "worker"))
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(params=databases.ENGINES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give a database of the demo's own, on each engine."""
    yield from databases.make(request.param, tmp_path / "data")


@pytest.mark.control("I15")
@pytest.mark.control("I10")
@pytest.mark.control("I7")
@pytest.mark.control("I6")
@pytest.mark.control("I4")
@pytest.mark.control("I2")
@pytest.mark.control("R3")
@pytest.mark.control("R2")
@pytest.mark.control("R1")
@pytest.mark.case(12)
@pytest.mark.case(41)
@pytest.mark.parametrize("retries", [0, 5], ids=["no-retries", "callback-retries"])
def test_kills_lose_nothing_and_double_nothing(
    database: Database, own_demo: Callable[..., Demo], retries: int, capsys: pytest.CaptureFixture[str]
) -> None:
    running = own_demo(database.folder.name, **database.environ()).start()
    books = Books(running, database)
    running.simulator("PUT", "/api/faults", {"seed": SEED, "callback_retries": retries})
    with watching([running.client(name).console() for name in ("rita", "max")]) as consoles:
        with at_work(running, ("rita", "omar"), SEED) as people:
            running.simulator("POST", "/api/load", {"rate": RATE, "count": CALLS, "to": "main"})
            kills = kill_while_it_rings(books, Random(SEED))
            wait_for(running.is_ready, "readiness")
        answers = sum((person.answers for person in people), Counter[str]())
        report = {"seed": SEED, "killed": kills, "decisions": answers, "notified": books.statuses()}
        say(capsys, report)
        assert answers["202"] > 0

        assert [person.broken_promises() for person in people] == [{}, {}]
        wait_for(books.is_settled, "end of all work", 240)
        assert books.dead() == []
        assert promised(people) <= books.operations()
        assert_holds(books, watchers=consoles)
    missed = books.unknown()
    say(capsys, {"calls": len(books.theirs()), "never heard of": missed})
    if retries:
        assert missed == {}


def promised(people: list[Receptionist]) -> set[str]:
    """Return the operations that people were told of."""
    return {asked.operation for person in people for asked in person.asked if asked.operation}


def say(capsys: pytest.CaptureFixture[str], figures: dict[str, Any]) -> None:
    """Print figures of this run, whether it passes or not."""
    plain = {name: dict(value) if isinstance(value, Counter) else value for name, value in figures.items()}
    lines = [f"  {name}: {value}" for name, value in plain.items()]
    with capsys.disabled():
        print("", *lines, sep="\n")


def kill_while_it_rings(books: Books, random: Random) -> Counter[str]:
    """Kill web, worker or both until the last ring; return how often each was.

    Web mostly gets so far that it answers, and sometimes is killed while it starts.
    """
    pause, kills = threading.Event(), Counter[str]()
    while len(books.rung()) < CALLS or min(kills["web"], kills["worker"]) < LEAST_KILLS:
        pause.wait(random.uniform(0.0, 1.5))
        victims = random.choice(VICTIMS)
        kill(books.running, victims)
        kills.update(victims)
        if random.random() < 0.75:
            wait_for(books.running.answers, "answer")
    return kills


def kill(running: Demo, names: tuple[str, ...]) -> None:
    """Kill processes with -9 and wait until others run in their place."""
    killed = {name: running.kill(name) for name in names}
    for name, pid in killed.items():
        wait_for(lambda name=name, pid=pid: running.pids().get(name) not in (None, pid), f"new {name}")
