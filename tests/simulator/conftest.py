"""What the simulator's tests stand on: an engine without a clock of its own, and a running process."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from simulator import schema
from simulator.engine import Application, Call, Engine, Notification, Party
from simulator.faults import Faults
from simulator.people import Person, load_directory

from .process import Running, Webhook, start, stop


@dataclass
class Desk:
    """Hold an engine, a clock to turn and what was told to the application."""

    engine: Engine
    faults: Faults
    told: list[Notification]
    clock: list[datetime]
    app: Application = field(init=False)

    def __post_init__(self) -> None:
        """Make the application that the lines belong to."""
        tenant = self.engine.directory.tenants[0]
        self.app = Application(tenant, tenant.client_id, frozenset(tenant.roles))

    def pass_time(self, **amount: float) -> None:
        """Let time go by, timer after timer, as a clock would."""
        end = self.clock[0] + timedelta(**amount)
        while (due := self.engine.timers.next_due()) and due <= end:
            self.clock[0] = max(due, self.clock[0])
            self.engine.advance()
        self.clock[0] = end

    def ring(self, line: str = "main", caller: Party | None = None) -> Call:
        """Let somebody ring a line."""
        found = self.engine.directory.line(line)
        assert found
        return self.engine.ring(caller or Party("phone", "+442079460101"), *found)

    def person(self, upn: str) -> Person:
        """Return a person by the first part of the sign-in name."""
        found = self.app.tenant.find_person(f"{upn}@contoso.example")
        assert found
        return found

    def news(self, call: Call) -> list[tuple[str, str]]:
        """Return what was told of a call: change type and state, the audio's state, or what else it was about."""
        return [(item["changeType"], word(item["resourceData"])) for item in self.items(call)]

    def items(self, call: Call, part: str = "") -> list[dict[str, Any]]:
        """Return the notifications of a call, or of a part of it."""
        found = [told.body["value"][0] for told in self.told if told.call_id == call.id]
        return [item for item in found if f"{call.id}{part}" in item["resourceUrl"]]

    def rosters(self, call: Call) -> list[Any]:
        """Return every roster that was told."""
        return [item["resourceData"] for item in self.items(call, "/participants")]

    def operations(self, call: Call) -> list[dict[str, Any]]:
        """Return every operation that was told to have ended."""
        items = self.items(call, "/operations/")
        assert all(item["changeType"] == "deleted" for item in items)
        return [item["resourceData"] for item in items]


def word(data: Any) -> str:
    """Return what a resourceData is about."""
    if isinstance(data, list):
        return f"roster of {len(data)}"
    kind = str(data["@odata.type"]).removeprefix("#microsoft.graph.")
    if kind != "call":
        return f"{kind} {data['status']}" if "status" in data else kind
    if "mediaState" in data:
        return f"audio {data['mediaState']['audio']}"
    return str(data.get("state", ""))


def numbered_ids() -> Callable[[], str]:
    """Return ids that are the same in every run."""
    numbers = count(1)
    return lambda: str(UUID(int=next(numbers)))


@pytest.fixture
def desk() -> Desk:
    """Return an engine at a fixed time; every notification is held against the schema."""
    clock = [datetime(2026, 3, 2, 9, 0, tzinfo=UTC)]
    told: list[Notification] = []
    faults = Faults()

    def deliver(notification: Notification) -> None:
        schema.require("commsNotifications", notification.body)
        if notification.legacy:
            schema.require("legacyIncomingCall", notification.legacy)
        told.append(notification)

    engine = Engine(
        load_directory(),
        faults,
        now=lambda: clock[0],
        deliver=deliver,
        new_id=numbered_ids(),
        webhook="https://portal.example/webhooks/graph/calls",
    )
    return Desk(engine, faults, told, clock)


@pytest.fixture(scope="session")
def webhook() -> Iterator[Webhook]:
    """Run a server that takes notifications."""
    server = Webhook()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def process(webhook: Webhook, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run the simulator as its own process on free ports, in the quiet scenario."""
    folder = tmp_path_factory.mktemp("simulator")
    child, base = start(folder, webhook.url)
    yield Running(base, folder)
    assert stop(child) == 0


@pytest.fixture
def simulator(process: Running, webhook: Webhook) -> Iterator[Running]:
    """Return the running simulator with every switch at rest and nothing remembered by the webhook."""
    before = process.faults()
    roles = process.get("/api/permissions")
    webhook.clear(row["id"] for row in process.get("/api/calls?limit=10000")["results"])
    yield process
    process.put("/api/faults", before)
    process.put("/api/permissions", roles)
