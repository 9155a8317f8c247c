"""A web process killed at each single step of its live feed: consoles come to the next and miss nothing."""

import asyncio
import itertools
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from audit.models import Entry
from calls.models import Call
from commsportal import servers
from commsportal.clock import now
from directory import tokens
from directory.models import User
from routing.models import Line
from tests.live import world
from tests.torture.consoles import Console, Way, first_difference, of_all
from tests.torture.feed_points import STEPS, FeedPoints, loaded, serve
from tests.torture.points import Child

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(3600)]
CONSOLES = 6
EACH = 23  # of so many points one is taken, unless ALL_POINTS is set
LEAST_POINTS = 70
MESSAGES = {"sending a snapshot", "sending a changed", "sending a heartbeat"}
KINDS = MESSAGES | {label for *_, label in STEPS}
SOON, LOOK = 120.0, 0.005
LONG_AGO = timedelta(minutes=61)
UNHURRIED = timedelta(minutes=5)  # for the first answer; each renewal is of the usual length


class Desk:
    """Two lines, two people with consoles, and the web processes that they listen to, one after the other."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener, self.config = listener, loaded()
        self.rita, self.omar = world.person(), world.person()
        self.both, self.hers = world.line(self.rita, self.omar), world.line(self.rita)
        people = {user.username: f"Bearer {tokens.issue(user)}" for user in (self.rita, self.omar)}
        self.consoles = of_all(people, CONSOLES)
        self.way = Way(f"http://127.0.0.1:{listener.getsockname()[1]}", 1, again=(0.0, 0.01))
        self.calls: list[Call] = []

    @contextmanager
    def web(self, points: FeedPoints) -> Iterator[Child]:
        """Run a web process that is killed at its point, or else at the end of the block."""
        child = Child(lambda _: serve(self.config, self.listener), points)
        try:
            yield child
        finally:
            child.kill()

    def ring(self, line: Line) -> Call:
        """Let a call come in."""
        self.calls.append(world.ring(line))
        return self.calls[-1]

    def forget(self) -> None:
        """Have all calls ended so long ago that nobody is shown them."""
        while self.calls:
            world.finish(Call.objects.get(pk=self.calls.pop().pk), LONG_AGO)


async def wrote(write: Callable[..., Any], *what: Any) -> Any:
    """Write to the database in a thread, which keeps no connection that a fork could meet."""

    def act() -> Any:
        try:
            return write(*what)
        finally:
            connection.close()

    return await asyncio.to_thread(act)


class Life:
    """What consoles go through with one web process; it is cut short when that is killed."""

    def __init__(self, desk: Desk, web: Child) -> None:
        self.desk, self.web = desk, web
        self.was_killed = False
        self.staying: dict[int, asyncio.Task[None]] = {}

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds, or the process is no more."""
        async with asyncio.timeout(SOON):
            while not self.is_over() and not holds():
                await asyncio.sleep(LOOK)

    def is_over(self) -> bool:
        """Tell whether the process is no more."""
        self.was_killed = self.was_killed or self.web.has_been_killed()
        return self.was_killed

    async def all_know(self) -> None:
        """Wait until each console has been told how far the trail is."""
        newest = await wrote(lambda: Entry.objects.order_by("-seq").values_list("seq", flat=True)[0])
        await self.until(lambda: all((one.seq or 0) >= newest for one in self.desk.consoles))

    def come(self) -> None:
        """Have all consoles listen, with what they know."""
        for console in self.desk.consoles:
            self.staying[id(console)] = asyncio.create_task(self.desk.way.stay(console))

    async def go(self, console: Console) -> None:
        """Have one console leave."""
        task = self.staying.pop(id(console))
        task.cancel()
        await asyncio.wait([task])

    async def end(self) -> None:
        """Have all consoles leave."""
        for console in self.desk.consoles:
            await self.go(console)

    async def claimed(self, by: User) -> None:
        """Claim the newest call, and wait until a heartbeat's answer has renewed that."""
        claim = {"claim_owner": by, "claim_until": now() + UNHURRIED, "claim_fence": 1}
        newest = self.desk.calls[-1].pk
        call = await wrote(lambda: world.change(Call.objects.get(pk=newest), "claim.taken", **claim))
        looking = Call.objects.filter(pk=call.pk).exclude(claim_until=call.claim_until)
        async with asyncio.timeout(SOON):
            while not self.is_over() and not await wrote(looking.exists):
                await asyncio.sleep(LOOK)

    async def whole(self) -> None:
        """Ring, change, leave, come back, claim, end."""
        desk = self.desk
        self.come()
        await self.all_know()
        first = await wrote(desk.ring, desk.both)
        await self.all_know()
        await self.go(desk.consoles[-1])
        await wrote(desk.ring, desk.hers)
        await wrote(lambda: world.change(first, state="established"))
        self.staying[id(desk.consoles[-1])] = asyncio.create_task(desk.way.stay(desk.consoles[-1]))
        await self.all_know()
        await self.claimed(desk.rita)
        await wrote(lambda: world.finish(Call.objects.get(pk=first.pk), LONG_AGO))
        await self.all_know()
        await self.end()

    async def goes_on(self) -> list[str]:
        """Come to a new process; return where a console shows something else than a newcomer sees."""
        self.come()
        await wrote(self.desk.ring, self.desk.both)
        await self.all_know()
        await self.claimed(self.desk.omar)
        await self.all_know()
        assert not self.was_killed
        consoles = self.desk.consoles
        fresh = {one.name: await self.desk.way.fresh(one) for one in consoles[:2]}
        await self.end()
        return [
            first_difference(one, fresh[one.name]) for one in self.desk.consoles if one.cards != fresh[one.name]
        ]


@pytest.fixture
def desk(database: None) -> Iterator[Desk]:
    with ExitStack() as stack:
        yield Desk(stack.enter_context(servers.listen("127.0.0.1", 0)))


def struck(desk: Desk, fatal: int | str) -> tuple[str, int]:
    """Kill a web process at one point and see who comes to the next; return its name and how many it passed.

    The name is empty when the process was not killed.
    """
    points, unharmed = FeedPoints(fatal), FeedPoints(0)
    with desk.web(points) as web:
        asyncio.run(Life(desk, web).whole())
    name, passed = points.name(), points.passed()
    at = f"point {fatal}: {name}"
    world.change(desk.ring(desk.both), state="established")  # while nobody listens
    with desk.web(unharmed) as web:
        assert asyncio.run(Life(desk, web).goes_on()) == [], at
    assert [fault for console in desk.consoles for fault in console.faults] == [], at
    desk.forget()
    points.close()
    unharmed.close()
    return name, passed


@pytest.mark.control("R4")
@pytest.mark.control("I7")
def test_consoles_miss_nothing_wherever_their_web_process_is_killed(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    takes_all = bool(os.environ.get("ALL_POINTS"))
    names: list[str] = []
    for fatal in itertools.count(1, 1 if takes_all else EACH):
        name, total = struck(desk, fatal)
        if not name:
            break
        names.append(name)
    if takes_all:  # how many heartbeats come in between differs, so that a number may have passed a kind by
        names += [struck(desk, kind)[0] for kind in sorted(KINDS - set(names))]
        assert set(names) >= KINDS
    with capsys.disabled():
        print(f"\nfeed: killed at {len(names)} of about {total} points on {connection.vendor}")
    assert total >= LEAST_POINTS
