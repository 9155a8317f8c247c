"""From the notification on the wire to the card on a console's socket, at fifty notifications a second."""

import asyncio
import re
import time
import uuid
from collections import deque

from tests.bench import rig
from tests.bench.clients import Posted, Poster, open_socket
from tests.bench.notifications import Requests
from tests.bench.report import milliseconds, say

RATE = 50.0
SECONDS = 10
CONSOLES = 20
GRAPH_ID = re.compile(rb'"graph_id":"([0-9a-f-]{36})"')
RINGING = 25  # calls at a time: each ends one second after it rang


async def measure() -> None:
    """Measure both databases and both servers."""
    say(f"ring to browser: {RATE:.0f} notifications a second for {SECONDS} s, {CONSOLES} consoles, one timed")
    found = rig.postgresql()
    for server in (None, found) if found else (None,):
        with rig.database(server) as on:
            seeded = rig.seed(on, CONSOLES)
            for kind in ("uvicorn", "daphne"):
                with rig.serving(kind, on) as served, rig.working(on):
                    latencies, lost = await rings(served.port, seeded["tokens"], seeded["instance_id"])
                note = f"  {lost} never came" if lost else ""
                say(f"  {on.kind + ', ' + kind:<50}{milliseconds(latencies)}{note}")


class Watch:
    """Notes when the card of each call arrives."""

    def __init__(self) -> None:
        self.heard_at: dict[str, float] = {}
        self.rest = b""

    def hear(self, data: bytes) -> None:
        """Look for cards, also across the border of two pieces; the first of a call counts."""
        at = time.perf_counter()
        text = self.rest + data
        for found in GRAPH_ID.finditer(text):
            self.heard_at.setdefault(found[1].decode(), at)
        self.rest = text[-100:]


async def rings(port: int, tokens: list[str], instance_id: str) -> tuple[list[float], int]:
    """Return the time that each ring took, and how many did not come."""
    watch, requests = Watch(), Requests(instance_id)
    sockets = [await open_socket(port, tokens[0], watch.hear)]
    sockets += [await open_socket(port, token, len) for token in tokens[1:]]
    await warm(port, requests, watch)
    sent_at = await send_steadily(port, requests)
    end = time.monotonic() + 10
    while len(sent_at.keys() - watch.heard_at.keys()) and time.monotonic() < end:
        await asyncio.sleep(0.05)
    for socket in sockets:
        socket.transport.abort()  # type: ignore[attr-defined]
    arrived = [watch.heard_at[call_id] - at for call_id, at in sent_at.items() if call_id in watch.heard_at]
    return arrived, len(sent_at) - len(arrived)


async def warm(port: int, requests: Requests, watch: Watch) -> None:
    """Ring until the worker has started and a ring comes through."""
    end = time.monotonic() + 60
    while not watch.heard_at and time.monotonic() < end:
        await post(port, requests.ring(str(uuid.uuid4())))
        await asyncio.sleep(0.2)
    await asyncio.sleep(1)


async def send_steadily(port: int, requests: Requests) -> dict[str, float]:
    """Send rings and ends in turn, whether or not the earlier ones are answered; return when each ring left."""
    sent_at: dict[str, float] = {}
    began, tasks, live = time.perf_counter(), [], deque[str]()
    for number in range(int(RATE * SECONDS)):
        await asyncio.sleep(max(0.0, began + number / RATE - time.perf_counter()))
        if number % 2 and len(live) >= RINGING:
            request = requests.end(live.popleft())
        else:
            live.append(str(uuid.uuid4()))
            request = requests.ring(live[-1])
            sent_at[live[-1]] = time.perf_counter()
        tasks.append(asyncio.create_task(post(port, request)))
    await asyncio.gather(*tasks)
    return sent_at


async def post(port: int, request: bytes) -> None:
    """Send one request over a connection of its own."""
    loop = asyncio.get_running_loop()
    end = loop.create_future()
    await loop.create_connection(lambda: Poster(iter([request]), Posted(), end), "127.0.0.1", port)
    await end
