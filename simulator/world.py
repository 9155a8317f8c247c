"""Everything the process holds, wired once: people, engine, keys, delivery, logs."""

import asyncio
import logging
from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from simulator import certificates
from simulator.changes import Changes
from simulator.config import Config, from_environment
from simulator.delivery import Delivery
from simulator.engine import Engine
from simulator.faults import Faults
from simulator.people import load_directory
from simulator.quotas import Quotas
from simulator.signing import CallbackSigner, KeyRing

log = logging.getLogger(__name__)

REQUESTS_KEPT = 20_000
AT_ONCE = 20  # timers in a row before requests and deliveries get their turn


@dataclass(frozen=True)
class Asked:
    """Record one request to Graph, and whether it took effect."""

    at: str
    method: str
    action: str
    call: str
    status: int
    effect: bool
    request_id: str
    client_request_id: str
    scenario_id: str


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def new_id() -> str:
    """Make an id that no earlier run has given out."""
    return str(uuid4())


class World:
    """Hold the one engine and what surrounds it."""

    def __init__(self, config: Config) -> None:
        self.config = config
        certificates.ensure(config.folder)
        self.directory = load_directory()
        self.faults = Faults()
        self.quotas = Quotas()
        self.directory_keys = KeyRing(config.folder / "directory-keys.json")
        self.callback_keys = KeyRing(config.folder / "callback-keys.json")
        signer = CallbackSigner(self.callback_keys, utc_now)
        self.delivery = Delivery(signer, self.faults, utc_now, lambda call_id: self.engine.delivered(call_id))
        self.engine = Engine(
            self.directory,
            self.faults,
            now=utc_now,
            deliver=self.delivery.offer,
            new_id=new_id,
            webhook=config.webhook,
        )
        self.changes = Changes(self.engine.subscriptions, new_id, utc_now)
        self.engine.subscriptions.send = self.changes.offer
        self.requests: deque[Asked] = deque(maxlen=REQUESTS_KEPT)
        self.presence_quotas = Quotas()
        self.scenario = config.scenario
        self.ready = False

    async def run(self) -> None:
        """Do what time brings, until cancelled."""
        changed = asyncio.Event()
        self.engine.timers.on_sooner = changed.set
        while True:
            try:
                self.engine.advance(AT_ONCE)
            except Exception:
                log.exception("a timer failed")
            await asyncio.sleep(0)
            await wait_until(changed, self.engine.timers.next_due())

    def asked(self, call_id: str = "") -> list[dict[str, Any]]:
        """List the requests to Graph, about one call or all."""
        return [asdict(request) for request in self.requests if call_id in ("", request.call)]


async def wait_until(changed: asyncio.Event, due: datetime | None) -> None:
    """Wait for a time, or for a sooner one to turn up."""
    seconds = None if due is None else max(0.0, (due - utc_now()).total_seconds())
    try:
        await asyncio.wait_for(changed.wait(), seconds)
    except TimeoutError:
        return
    changed.clear()


_worlds: list[World] = []


def world() -> World:
    """Return the world of this process, made at first use."""
    if not _worlds:
        _worlds.append(World(from_environment()))
    return _worlds[0]
