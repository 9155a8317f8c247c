"""A thousand consoles on one server: ten do not read, then the server dies and all return at once."""

import asyncio
from pathlib import Path

import pytest

from directory import tokens
from tests.bench.clients import Socket
from tests.faults.consoles import allow_many_files, connect, serving, until
from tests.live import world
from tests.live.conftest import database, environment, free_port

__all__ = ["database", "environment"]
PEOPLE, EACH, STALLED = 50, 20, 10
SCOPES, RINGS = 3, 5
pytestmark = [pytest.mark.timeout(180), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def _django_db_helper(database: None) -> None:
    """Let the server see what the test commits, as the tests of the live feed do."""


class Listener:
    """One console: which calls it was told of, and how many snapshots it got."""

    def __init__(self) -> None:
        self.text = bytearray()
        self.socket: Socket | None = None

    def hear(self, data: bytes) -> None:
        self.text += data

    def has(self, *ids: str) -> bool:
        return all(one.encode() in self.text for one in ids)


@pytest.mark.control("R16")
@pytest.mark.control("R17")
def test_the_others_are_on_time_and_all_who_return_share_what_they_get(
    database: None, environment: dict[str, str], tmp_path: Path
) -> None:
    allow_many_files()
    lines = [world.line(), world.line()]
    places = (lines[:1], lines[1:], lines)
    people = [world.person() for _ in range(PEOPLE)]
    for number, person in enumerate(people):
        for line in places[number % SCOPES]:
            line.staff.add(person)
    keys = [tokens.issue(person) for person in people] * EACH
    port, counted = free_port(), tmp_path / "snapshots"
    environ = environment | {"SNAPSHOTS": str(counted)}

    async def first_life() -> None:
        consoles = await connect(port, keys, 20, Listener)
        await until(lambda: all(console.has('"snapshot"') for console in consoles))
        stalled, readers = consoles[:STALLED], consoles[STALLED:]
        for console in stalled:
            console.socket.transport.pause_reading()  # type: ignore[union-attr,attr-defined]
        rung = [await asyncio.to_thread(world.ring, lines[number % 2]) for number in range(RINGS)]
        wanted = [[str(call.pk) for call in rung if call.line in places[n % SCOPES]] for n in range(SCOPES)]
        numbered = list(enumerate(consoles))[STALLED:]
        await until(lambda: all(console.has(*wanted[n % PEOPLE % SCOPES]) for n, console in numbered))
        assert all(console.socket and console.socket.is_open for console in readers)
        for console in stalled:
            assert not console.has(*(str(call.pk) for call in rung))

    async def second_life() -> None:
        consoles = await connect(port, keys, len(keys), Listener)
        await until(lambda: all(console.has('"snapshot"') for console in consoles))
        assert all(console.text.count(b'"snapshot"') == 1 for console in consoles)
        for console in consoles:
            console.socket.transport.abort()  # type: ignore[union-attr,attr-defined]

    with serving(port, environ, "counting"):
        asyncio.run(first_life())
    counted.write_bytes(b"")
    with serving(port, environ, "counting"):
        asyncio.run(second_life())
    assert counted.stat().st_size == SCOPES
