"""Fan-out to a thousand consoles, 1 % of them stalled, against a bare `websockets` broadcast; memory of each."""

import asyncio
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from tests.bench import rig
from tests.bench.bare import MESSAGE
from tests.bench.clients import Crowd
from tests.bench.report import middle, ratio, say

SOCKETS = 1000
STALLED = 10
PEOPLE = 60  # one person holds twenty sockets at most
ROUNDS = 3
BURSTS = 3
MESSAGES = {"bare": 60, "uvicorn": 60, "daphne": 20}
AIMS = {"uvicorn": 0.60, "daphne": 0.15}
MOST_MEMORY = 30_000
SETTLE_SECONDS = 2.0


async def measure() -> None:
    """Measure the three servers in turns, so that they share the machine's good and bad moments."""
    say(f"fan-out: {SOCKETS} sockets, {STALLED} stalled, {len(MESSAGE)} bytes, median of {ROUNDS * BURSTS} bursts")
    rates: dict[str, list[float]] = {kind: [] for kind in MESSAGES}
    costs: dict[str, list[float]] = {kind: [] for kind in MESSAGES}
    memory: dict[str, float] = {}
    with rig.database() as on:
        tokens = rig.seed(on, PEOPLE)["tokens"]
        for _ in range(ROUNDS):
            for kind in MESSAGES:
                async with crowd(kind, on, tokens, memory) as (people, served):
                    for _ in range(BURSTS):
                        await measure_one(people, served, MESSAGES[kind], rates[kind], costs[kind])
    bare, cost = middle(rates["bare"]), middle(costs["bare"])
    say(f"  {'websockets.broadcast':<50}{bare:8.0f}/s                        {cost:5.1f} µs of processor each")
    for kind, aim in AIMS.items():
        ours, each = middle(rates[kind]), middle(costs[kind])
        share = f"{each:5.1f} µs, {cost / each:.0%} as fast by that"
        say(f"  {kind:<50}{ours:8.0f}/s {ratio(ours, bare, aim)}  {share}")
    for kind, each in memory.items():
        note = (
            ""
            if kind == "bare"
            else f"  (aim < {MOST_MEMORY / 1000:.0f} KB{', MISSED' if each >= MOST_MEMORY else ''})"
        )
        say(f"  {'memory per idle socket, ' + kind:<50}{each / 1000:8.1f} KB{note}")


@asynccontextmanager
async def crowd(
    kind: str, on: rig.Database, tokens: list[str], memory: dict[str, float]
) -> AsyncIterator[tuple[Crowd, rig.Served]]:
    """Open all sockets at a fresh server, noting what they cost in memory."""
    with server(kind, on) as served:
        first, people = Crowd(), Crowd()
        await first.open(served.port, tokens, 20)
        first.close()
        before = served.memory()
        try:
            await people.open(served.port, tokens, SOCKETS, STALLED)
            await asyncio.sleep(SETTLE_SECONDS)
            memory[kind] = (served.memory() - before) / SOCKETS
            yield people, served
        finally:
            people.close()


@contextmanager
def server(kind: str, on: rig.Database) -> Iterator[rig.Served]:
    """Run the bare server or the portal."""
    if kind != "bare":
        with rig.serving(kind, on) as served:
            yield served
        return
    port = rig.free_port()
    with rig.running(["-m", "tests.bench.bare", str(port)], on.environment, port) as served:
        yield served


async def measure_one(
    people: Crowd, served: rig.Served, messages: int, rates: list[float], costs: list[float]
) -> None:
    """Note deliveries a second over all who read, and the server's microseconds for each.

    The second figure hardly depends on what else the machine does.
    """
    loop = asyncio.get_running_loop()

    def publish(count: int) -> None:
        address = f"http://127.0.0.1:{served.port}/publish?count={count}"
        loop.run_in_executor(None, urllib.request.urlopen, address)

    await people.hear_all(2, lambda: publish(2))
    before = served.processor_time()
    seconds = await people.hear_all(messages, lambda: publish(messages))
    deliveries = messages * len(people.sockets)
    rates.append(deliveries / seconds)
    costs.append((served.processor_time() - before) / deliveries * 1e6)
