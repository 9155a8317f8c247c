"""Many consoles without a browser: they come back with the `seq` they have, and note what no console may see."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

AGAIN_SECONDS = (0.05, 0.5)
OPEN_SECONDS = 60  # browsers are as patient; who gives up and comes again only makes the queue longer
Cards = dict[str, dict[str, Any]]


@dataclass
class Console:
    """One socket's worth of cards, kept as a page keeps them."""

    name: str
    authorization: str
    cards: Cards = field(default_factory=dict)
    seq: int | None = None
    versions: dict[str, int] = field(default_factory=dict)  # the newest seen of each card
    returns: int = 0
    faults: list[str] = field(default_factory=list)

    def take(self, message: dict[str, Any]) -> None:
        """Apply one message and note if it is older than what came before."""
        if self.seq is not None and message["seq"] < self.seq:
            self.faults.append(f"{self.name}: {message['type']} {message['seq']} after {self.seq}")
        self.seq = message["seq"]
        if message["type"] == "snapshot":
            self.cards.clear()
        for card in message.get("cards", []):
            self._put(card)
        for gone in message.get("gone", []):
            self.cards.pop(gone, None)

    def _put(self, card: dict[str, Any]) -> None:
        key, version = card["id"], card["version"]
        if version < self.versions.get(key, 0):
            self.faults.append(f"{self.name}: card {key} {version} after {self.versions[key]}")
        self.versions[key] = version
        self.cards[key] = shown(card)


def shown(card: dict[str, Any]) -> dict[str, Any]:
    """Return a card without the end of its claim, which renewals move unannounced."""
    claim = card["claim"] and {name: value for name, value in card["claim"].items() if name != "until"}
    return card | {"claim": claim}


class Way:
    """How consoles come to a portal, again and again."""

    def __init__(self, url: str, seed: int, again: tuple[float, float] = AGAIN_SECONDS) -> None:
        self.address = url.replace("http", "ws", 1) + "/ws/console/"
        self.random = Random(f"{seed}:consoles")
        self.again = again

    async def stay(self, console: Console) -> None:
        """Be a console that comes back with what it has whenever it is lost."""
        while True:
            try:
                async with self._connection(console, console.seq) as socket:
                    await self._listen(console, socket)
            except (OSError, TimeoutError, InvalidHandshake, WebSocketException):
                console.returns += 1
            await asyncio.sleep(self.random.uniform(*self.again))

    def _connection(self, console: Console, since: int | None) -> connect:
        query = "" if since is None else f"?since={since}"
        headers = {"Authorization": console.authorization}
        return connect(
            self.address + query,
            additional_headers=headers,
            open_timeout=OPEN_SECONDS,
            compression=None,
            max_size=None,
            proxy=None,
        )

    async def _listen(self, console: Console, socket: ClientConnection) -> None:
        async for text in socket:
            message = json.loads(text)
            console.take(message)
            if message["type"] == "heartbeat":
                await socket.send(json.dumps({"type": "seen", "seq": message["seq"]}))

    async def fresh(self, like: Console) -> Cards:
        """Return the cards that somebody who has just come is shown."""
        console = Console(like.name, like.authorization)
        async with self._connection(console, None) as socket:
            console.take(json.loads(await socket.recv()))
        return console.cards


def of_all(people: dict[str, str], count: int) -> list[Console]:
    """Return `count` consoles, of all `people` (name: authorization) in turn."""
    names = [list(people)[number % len(people)] for number in range(count)]
    return [Console(name, people[name]) for name in names]


class Room(threading.Thread):
    """Consoles in one event loop of their own, connected again and again until `leave`."""

    def __init__(self, way: Way, people: dict[str, str], count: int) -> None:
        super().__init__(name="consoles", daemon=True)
        self.way = way
        self.consoles = of_all(people, count)
        self.loop = asyncio.new_event_loop()
        self.over = asyncio.Event()

    def run(self) -> None:
        """Hold all consoles until told to leave."""
        self.loop.run_until_complete(self._hold())
        self.loop.close()

    def leave(self) -> None:
        """Close them all and wait for that."""
        self.loop.call_soon_threadsafe(self.over.set)
        self.join()

    async def _hold(self) -> None:
        tasks = [self.loop.create_task(self.way.stay(console)) for console in self.consoles]
        await self.over.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def fresh(self, console: Console) -> Cards:
        """Return the cards that somebody who has just come is shown."""
        return asyncio.run_coroutine_threadsafe(self.way.fresh(console), self.loop).result(60)

    def differing(self) -> list[str]:
        """Return which consoles show something else than a newcomer of that name sees, with one card of each."""
        one_each = {console.name: console for console in self.consoles}
        expected = {name: self.fresh(console) for name, console in one_each.items()}
        pairs = [(console, expected[console.name]) for console in self.consoles]
        return [first_difference(console, cards) for console, cards in pairs if console.cards != cards]

    def faults(self) -> list[str]:
        """Return what any console saw that it may not see."""
        return [fault for console in self.consoles for fault in console.faults]

    def returns(self) -> int:
        """Return how often consoles had to come back."""
        return sum(console.returns for console in self.consoles)


def first_difference(console: Console, expected: Cards) -> str:
    """Return one card that a console shows otherwise than `expected`, with what it shows."""
    for key in sorted(console.cards.keys() | expected.keys()):
        mine, other = console.cards.get(key), expected.get(key)
        if mine != other:
            names = sorted({*(mine or {}), *(other or {})})
            odd = {n: ((mine or {}).get(n), (other or {}).get(n)) for n in names}
            return f"{console.name} {key}: { {n: pair for n, pair in odd.items() if pair[0] != pair[1]} }"
    return ""


@contextmanager
def room(way: Way, people: dict[str, str], count: int) -> Iterator[Room]:
    """Have `count` consoles, of all `people` (name: authorization), listen for as long as the block lasts."""
    made = Room(way, people, count)
    made.start()
    try:
        yield made
    finally:
        made.leave()
