"""Ten of a thousand consoles stop reading: they are let go, everybody else gets everything, and memory stays."""

import asyncio
import http.client
import re
from pathlib import Path

import pytest

from directory import tokens
from routing.models import Line
from tests.bench.clients import Socket
from tests.faults.consoles import allow_many_files, connect, serving, until
from tests.faults.working import SOON
from tests.live import world
from tests.live.conftest import database, environment, free_port

__all__ = ["database", "environment"]
PEOPLE, EACH, STALLED = 50, 20, 10
LOUD, SIZE = 480, 100_000  # messages for the line of those who stall, and of some who do not
QUIET = 24  # small messages for everybody else
AT_A_TIME, UNASKED = 8, 24  # less than may wait for one socket, and than one may have on its way unanswered
MOST_GROWTH = 24 * 1024 * 1024  # all that is loud together takes twice as much
ENDED = 'portal_sockets_closed_total{why="stalled"}'
NUMBER = re.compile(rb'"number":(\d+),')
pytestmark = [
    pytest.mark.control("R16"),
    pytest.mark.timeout(240),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def _django_db_helper(database: None) -> None:
    """Let the server see what the test commits, as the tests of the live feed do."""


class Reader:
    """One console: the numbers that it was told, in their order."""

    def __init__(self) -> None:
        self.socket: Socket | None = None
        self.numbers: list[int] = []
        self.is_shown = False
        self.rest = b""
        self.asked = 0

    def hear(self, data: bytes) -> None:
        self.asked += data.count(b'"heartbeat"')
        self.is_shown = self.is_shown or b'"snapshot"' in data
        text = self.rest + data
        found = list(NUMBER.finditer(text))
        self.numbers += [int(one[1]) for one in found]
        self.rest = text[found[-1].end() :][-40:] if found else text[-40:]

    @property
    def is_open(self) -> bool:
        return self.socket is not None and self.socket.is_open


def ask(port: int, path: str) -> str:
    own = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    own.request("GET", path, headers={"Host": "localhost"})
    answer = own.getresponse()
    assert answer.status == 200
    told = answer.read().decode()
    own.close()
    return told


def figure(port: int, name: str) -> float:
    """Return one figure of the server."""
    lines = [line for line in ask(port, "/metrics").splitlines() if line.startswith(f"{name} ")]
    return float(lines[0].rpartition(" ")[2]) if lines else 0.0


def memory(pid: int, line: str = "VmRSS") -> int:
    """Return the bytes of memory that a process holds, or the most that it held (`VmHWM`)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(told.split()[1]) * 1024 for told in status.splitlines() if told.startswith(f"{line}:"))


async def tell(port: int, line: Line, readers: list[Reader], count: int, size: int) -> None:
    """Publish for one line, a few messages at a time, as fast as those who read may be told and answer."""
    for first in range(0, count, AT_A_TIME):
        address = f"/publish?line={line.pk}&first={first}&count={AT_A_TIME}&size={size}"
        last = first + AT_A_TIME - 1
        asked = min(one.asked for one in readers)
        await asyncio.to_thread(ask, port, address)
        await until(lambda last=last: all(one.numbers[-1:] == [last] or not one.is_open for one in readers))
        if size == SIZE and (last + 1) % UNASKED == 0:
            await until(lambda asked=asked: all(one.asked > asked or not one.is_open for one in readers))


def test_they_are_let_go_and_nobody_else_notices(database: None, environment: dict[str, str]) -> None:
    allow_many_files()
    loud, quiet = world.line(), world.line()
    people = [world.person() for _ in range(PEOPLE)]
    loud.staff.add(people[0])
    quiet.staff.add(*people[1:])
    keys = [key for key in map(tokens.issue, people) for _ in range(EACH)]
    port = free_port()

    async def day(pid: int) -> None:
        consoles = await connect(port, keys, 20, Reader)
        await until(lambda: all(console.is_shown for console in consoles))
        stalled, near, far = consoles[:STALLED], consoles[STALLED:EACH], consoles[EACH:]
        for console in stalled:
            console.socket.transport.pause_reading()  # type: ignore[union-attr,attr-defined]
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # from here on it counts how much there ever was
        before = memory(pid)
        await tell(port, quiet, far, QUIET, 200)
        await tell(port, loud, near, LOUD, SIZE)
        growth = memory(pid, "VmHWM") - before
        assert growth < MOST_GROWTH, f"{growth / 1024 / 1024:.0f} MB more"
        async with asyncio.timeout(SOON * 2):
            while await asyncio.to_thread(figure, port, ENDED) < STALLED:
                await asyncio.sleep(0.3)
        assert sum(console.is_open for console in (*near, *far)) == len(near) + len(far)
        assert figure(port, "portal_sockets") == len(near) + len(far)
        assert figure(port, 'portal_queue_length{queue="messages to sockets"}') == 0
        assert all(console.is_open and console.numbers == list(range(LOUD)) for console in near)
        assert all(console.is_open and console.numbers == list(range(QUIET)) for console in far)
        for console in consoles:
            console.socket.transport.abort()  # type: ignore[union-attr,attr-defined]

    with serving(port, environment, "publishing") as process:
        asyncio.run(day(process.pid))
