"""A thousand consoles on one server: ten do not read, then the server dies and all return at once."""

import asyncio
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from directory import tokens
from tests.bench.clients import Socket, open_socket
from tests.faults.working import SOON
from tests.live import world
from tests.live.conftest import ROOT, database, environment, free_port, wait_for

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


@contextmanager
def serving(port: int, environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    app = ["-m", "uvicorn", "tests.faults.counting:application", "--log-level", "warning"]
    command = [sys.executable, *app, "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environ)
    try:
        wait_for(port, process)
        yield process
    finally:
        process.kill()
        process.wait()


async def until(holds: Any) -> None:
    async with asyncio.timeout(SOON * 2):
        while not holds():
            await asyncio.sleep(0.05)


async def connect(port: int, keys: list[str], at_once: int) -> list[Listener]:
    """Open a console for each key; who is refused comes again, as pages do."""
    room = asyncio.Semaphore(at_once)

    async def one(key: str) -> Listener:
        async with room:
            while True:
                made = Listener()
                try:
                    made.socket = await open_socket(port, key, made.hear)
                except OSError:
                    await asyncio.sleep(0.2)
                else:
                    return made

    return list(await asyncio.gather(*(one(key) for key in keys)))


@pytest.mark.control("R16")
@pytest.mark.control("R17")
def test_the_others_are_on_time_and_all_who_return_share_what_they_get(
    database: None, environment: dict[str, str], tmp_path: Path
) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
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
        consoles = await connect(port, keys, 20)
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
        consoles = await connect(port, keys, len(keys))
        await until(lambda: all(console.has('"snapshot"') for console in consoles))
        assert all(console.text.count(b'"snapshot"') == 1 for console in consoles)
        for console in consoles:
            console.socket.transport.abort()  # type: ignore[union-attr,attr-defined]

    with serving(port, environ):
        asyncio.run(first_life())
    counted.write_bytes(b"")
    with serving(port, environ):
        asyncio.run(second_life())
    assert counted.stat().st_size == SCOPES
