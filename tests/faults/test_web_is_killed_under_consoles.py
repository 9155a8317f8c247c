"""Web is killed, again and again, under two hundred consoles that are told of calls all the while."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest

from audit.models import Entry
from calls.models import Call
from commsportal import servers
from directory import tokens
from tests.live import world
from tests.live.conftest import ROOT, database, environment, free_port
from tests.torture.consoles import Room, Way, room

__all__ = ["database", "environment"]
CONSOLES, PEOPLE = 200, 50
KILLS = int(os.environ.get("WEB_KILLS", "2"))
SEED = int(os.environ.get("KILL_SEED", "20261121"))
AGAIN_SECONDS = (0.5, 2.0)
SOON, LOOK = 180.0, 0.1
pytestmark = [pytest.mark.timeout(900), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def _django_db_helper(database: None) -> None:
    """Let the server see what the test commits, as the tests of the live feed do."""


class Office:
    """Three lines and those who staff them; calls come, are claimed, change and end as one seed says."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.lines = [world.line() for _ in range(3)]
        self.people = [world.person() for _ in range(PEOPLE)]
        for number, person in enumerate(self.people):
            for line in self.lines[: 1 + number % 3]:
                line.staff.add(person)
        self.calls: list[UUID] = []

    def headers(self) -> dict[str, str]:
        """Return what lets each person in."""
        return {person.username: f"Bearer {tokens.issue(person)}" for person in self.people}

    def is_busy(self) -> None:
        """Have several things happen at once."""
        for _ in range(self.random.randint(1, 10)):
            self.random.choice((self._ring, self._change, self._claim, self._finish))()

    def _drawn(self) -> Call:
        if not self.calls:
            self._ring()
        self.random.shuffle(self.calls)
        return Call.objects.get(pk=self.calls[-1])

    def _ring(self) -> None:
        self.calls.append(world.ring(self.random.choice(self.lines)).pk)

    def _change(self) -> None:
        world.change(self._drawn(), state="established", line=self.random.choice(self.lines))

    def _claim(self) -> None:
        world.claim(self._drawn(), self.random.choice(self.people))

    def _finish(self) -> None:
        world.finish(self._drawn(), self.random.choice((timedelta(), timedelta(minutes=61))))
        self.calls.pop()


@contextmanager
def web(kind: str, port: int, environ: dict[str, str]) -> Iterator[Callable[[], None]]:
    """Run a web process on a port; give a way to kill it and start another."""
    arguments = {"uvicorn": servers.uvicorn("127.0.0.1", port, []), "daphne": servers.daphne("127.0.0.1", port)}
    command = [sys.executable, "-m", *arguments[kind]]
    processes = [subprocess.Popen(command, cwd=ROOT, env=environ)]

    def replace() -> None:
        processes[-1].kill()
        processes[-1].wait()
        processes.append(subprocess.Popen(command, cwd=ROOT, env=environ))

    try:
        yield replace
    finally:
        processes[-1].kill()
        processes[-1].wait()


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until the consoles have come so far."""
    until = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < until
        time.sleep(LOOK)


def newest() -> int:
    """Return how far the trail is."""
    return Entry.objects.order_by("-seq").values_list("seq", flat=True)[0]


def all_know(consoles: Room) -> bool:
    """Tell whether each console has been told how far the trail is."""
    last = newest()
    return all((one.seq or 0) >= last for one in consoles.consoles)


class Places:
    """How often each console had come back, and how far the trail was, when web was killed."""

    def __init__(self, consoles: Room) -> None:
        self.consoles = consoles.consoles
        self.returns = [one.returns for one in self.consoles]
        self.newest = newest()

    def are_left_behind(self) -> bool:
        """Tell whether each console was lost since, and has been told of what came after."""
        pairs = zip(self.consoles, self.returns, strict=True)
        return all(one.returns > before and (one.seq or 0) > self.newest for one, before in pairs)


@pytest.mark.control("R4")
@pytest.mark.control("I7")
@pytest.mark.parametrize("kind", ["uvicorn", "daphne"])
def test_two_hundred_consoles_come_back_and_miss_nothing(
    database: None, environment: dict[str, str], kind: str
) -> None:
    office, port = Office(SEED), free_port()
    way = Way(f"http://127.0.0.1:{port}", SEED, AGAIN_SECONDS)
    with web(kind, port, environment) as replace, room(way, office.headers(), CONSOLES) as consoles:
        office.is_busy()
        wait_until(lambda: all_know(consoles))
        for _ in range(KILLS):
            places = Places(consoles)
            office.is_busy()
            replace()
            office.is_busy()
            wait_until(places.are_left_behind)
        wait_until(lambda: all_know(consoles))
        assert consoles.faults() == []
        assert consoles.differing() == []
