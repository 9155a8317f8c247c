"""Two organisations with the same names and numbers, busy at once: neither hears a word of the other."""

import asyncio
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient
from websockets.exceptions import ConnectionClosed

from calls.models import Call, Operation
from commsportal.clock import now
from commsportal.invariants import violations
from commsportal.worker import Worker, duties
from directory import search
from directory.models import Person, User
from graph import conf
from graph.signatures import Verifier
from routing.models import Line
from tests.calls.service import Service, incoming
from tests.directory import walk
from tests.faults.working import DUTIES, wait_until
from tests.live.conftest import serving
from tests.live.console import Console
from tests.people import INSTANCES, NUMBERS, OIDS, api
from tests.webhooks.issuer import AUDIENCE, ISSUER, OTHER_TENANT, TENANT, Issuer
from tests.webhooks.notifications import body, item, new_call
from tests.webhooks.posting import post
from webhooks import storage, writer
from webhooks.intake import Intake
from webhooks.models import Delivery
from webhooks.writer import Writer

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.control("Z7"),
    pytest.mark.control("I12"),
    pytest.mark.timeout(300),
]
CALLS = 12  # of each organisation
CALLER = "+14255550123"
messages = count(1)


@dataclass
class House:
    """An organisation: what it has is named as in the other, and marked in what the names do not show."""

    tenant: str
    mark: str
    person: User
    line: Line
    client: APIClient
    graph_ids: list[str] = field(default_factory=list)

    def marks(self) -> list[str]:
        """Return what nobody of the other house may ever be told."""
        calls = Call.objects.filter(tenant_id=self.tenant)
        ids = [*calls.values_list("pk", flat=True), *self._operations().values_list("pk", flat=True)]
        return [self.mark, self.tenant, *map(str, ids), *self.graph_ids]

    def _operations(self) -> Any:
        return Operation.objects.filter(call__tenant_id=self.tenant)


def house(tenant: str, mark: str) -> House:
    known = {"tenant_id": tenant, "oid": OIDS["rita"]}
    person = User.objects.create_user(f"rita-{mark}", name=f"Rita {mark}", roles=["receptionist"], **known)
    same = {"phone": NUMBERS["main"], "instance_id": INSTANCES["main"], "fallback": "reject"}
    line = Line.objects.create(tenant_id=tenant, name="main", **same)
    line.staff.set([person])
    told = Person(**known, name="Dagny", business_phone=NUMBERS["sales"], department=mark, synced_at=now())
    told.search_text = search.text_of(told)
    told.save()
    return House(tenant, mark, person, line, api(person))


@pytest.fixture
def houses(database: None, settings: Any) -> list[House]:
    settings.GRAPH_TENANT_IDS = [TENANT, OTHER_TENANT]
    return [house(TENANT, "alpha"), house(OTHER_TENANT, "omega")]


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    made = Service()
    monkeypatch.setattr(conf, "client", made.client)
    return made


@pytest.fixture
def intake(database: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Intake, Issuer]]:
    monkeypatch.setattr(writer, "ANSWER_SECONDS", 60.0)
    monkeypatch.setattr(storage, "BUSY_SECONDS", 60.0)
    issuer = Issuer()
    verifier = Verifier([issuer.openid_url], [ISSUER], AUDIENCE, [TENANT, OTHER_TENANT], 60, issuer.fetch)
    verifier.warm(60)
    made = Intake(verifier, Writer())
    yield made, issuer
    made.stop()


@pytest.fixture
def at_work(houses: list[House], service: Service) -> Iterator[Worker]:
    made = Worker([duty for duty in duties() if duty.name in DUTIES])
    made.start()
    yield made
    assert made.stop()


@pytest.fixture(scope="module")
def server(environment: dict[str, str]) -> Iterator[str]:
    with serving("uvicorn", environment) as address:
        yield address


class Listener(threading.Thread):
    """A console that stays open, and keeps every message."""

    def __init__(self, server: str, person: User) -> None:
        super().__init__(daemon=True)
        self.console = Console(server, person)
        self.texts: list[str] = []
        self.is_over = threading.Event()

    def run(self) -> None:
        with suppress(ConnectionClosed):
            while not self.is_over.is_set():
                with suppress(TimeoutError):
                    self.texts.append(str(self.console.read(0.2)))


@pytest.fixture
def listeners(server: str, houses: list[House]) -> Iterator[list[Listener]]:
    made = [Listener(server, house.person) for house in houses]
    for one in made:
        one.start()
    yield made
    for one in made:
        one.is_over.set()
        one.join(60)
        one.console.__exit__(None, None, None)


def ring(of: House, service: Service) -> dict[str, Any]:
    call = new_call()
    of.graph_ids.append(call)
    service.states[call] = "incoming"
    told = incoming("main", phone=CALLER, tenantId=of.tenant)
    told["source"]["identity"]["phone"]["displayName"] = f"Dana {of.mark}"
    return item(call, resourceData={"@odata.type": "#microsoft.graph.call", "id": call} | told)


def roster(of: House, call: str) -> dict[str, Any]:
    identity = {"user": {"id": OIDS["max"], "displayName": f"Guest {of.mark}"}}
    told = {"@odata.type": "#microsoft.graph.participant", "id": "p1", "info": {"identity": identity}}
    address = f"/communications/calls/{call}/participants"
    return item(call, change="updated", resourceUrl=address, resourceData=[told])


def end(of: House, call: str, service: Service) -> dict[str, Any]:
    service.states[call] = "terminated"
    result = {"code": 500, "subcode": 1, "message": f"gone {of.mark}"}
    told = {"@odata.type": "#microsoft.graph.call", "id": call, "state": "terminated", "resultInfo": result}
    return item(call, change="deleted", resourceData=told)


def notify(intake: tuple[Intake, Issuer], told: list[tuple[House, dict[str, Any]]]) -> None:
    """Post everything at once, each with its own organisation's token, and see it applied."""
    door, issuer = intake
    tokens = {of.tenant: issuer.token(tid=of.tenant) for of, _ in told}

    async def all_at_once() -> list[int]:
        posts = [
            post(door, body(one), tokens[of.tenant], ("x-microsoft-skype-message-id", f"t-{next(messages)}"))
            for of, one in told
        ]
        return [answer.status for answer in await asyncio.gather(*posts)]

    assert set(asyncio.run(all_at_once())) == {202}
    wait_until(lambda: not Delivery.objects.filter(status="pending").exists())


def interleaved(houses: list[House], make: Callable[[House, int], dict[str, Any]]) -> Any:
    return [(of, make(of, n)) for n in range(CALLS) for of in houses]


def told_to(of: House, foreign: list[str]) -> str:
    """Return everything that the person of a house can read over HTTP, asking for the other's ids by name too."""
    client, browser = of.client, walk.browser_of(of.person)
    mine = [row["id"] for row in client.get("/api/v1/calls/?limit=100").json()["results"]]
    paths = [f"/api/v1/calls/{key}/{part}" for key in mine for part in ("", "timeline/")]
    queries = ("Dana", "555-0123", CALLER, "Dagny", NUMBERS["sales"], "main", "alpha", "omega")
    paths += [
        f"/api/v1/{what}/?q={query.replace('+', '%2B')}" for what in ("calls", "people") for query in queries
    ]
    paths += ["/api/v1/me/", "/api/v1/lines/", "/calls/", "/", f"/calls/{mine[0]}/"]
    texts = [client.get("/api/v1/calls/?limit=100").content.decode()]
    for path in paths:
        answer = (client if path.startswith("/api/") else browser).get(path)
        assert answer.status_code in (200, 302), path
        texts.append(answer.content.decode().replace(path.partition("?q=")[2] or "\0", ""))
    for key in foreign:
        for path in (f"/api/v1/calls/{key}/", f"/api/v1/calls/{key}/timeline/", f"/api/v1/operations/{key}/"):
            assert client.get(path).status_code == 404
        assert client.get("/api/v1/calls/", {"graph_id": key}).json()["results"] == []
        assert client.post(f"/api/v1/calls/{key}/answer/").status_code == 404
    return "\n".join(texts)


def patiently(ask: Callable[[], Any]) -> Any:
    """Ask until the database has time."""
    while (answer := ask()).status_code == 503:
        pass
    return answer


def decide(of: House, foreign: list[uuid.UUID]) -> None:
    """Redirect every other call of the house as its person does, and try the same with the other house's."""
    try:
        mine = patiently(lambda: of.client.get("/api/v1/calls/?limit=100")).json()["results"]
        for row, other in zip(mine[::2], foreign[::2], strict=True):
            theirs, ours = f"/api/v1/calls/{other}/redirect/", f"/api/v1/calls/{row['id']}/redirect/"
            assert patiently(lambda path=theirs: of.client.post(path)).status_code == 404
            assert patiently(lambda path=ours: of.client.post(path)).status_code in (202, 409)
    finally:
        connection.close()


def test_what_one_is_told_has_no_mark_of_the_other(
    houses: list[House], service: Service, intake: Any, at_work: Worker, listeners: list[Listener]
) -> None:
    notify(intake, interleaved(houses, lambda of, n: ring(of, service)))
    ids = {of.tenant: list(Call.objects.filter(tenant_id=of.tenant).values_list("pk", flat=True)) for of in houses}
    with ThreadPoolExecutor(2) as people:
        pairs = zip(houses, reversed(houses), strict=True)
        for done in [people.submit(decide, of, ids[other.tenant]) for of, other in pairs]:
            done.result()
    notify(intake, interleaved(houses, lambda of, n: roster(of, of.graph_ids[n])))
    notify(intake, interleaved(houses, lambda of, n: end(of, of.graph_ids[n], service)))
    wait_until(lambda: not Call.objects.live().exists())
    wait_until(lambda: not Operation.objects.filter(status="pending").exists())
    for of, other, listener in zip(houses, reversed(houses), listeners, strict=True):
        assert Call.objects.filter(tenant_id=of.tenant, line=of.line).count() == CALLS
        wait_until(lambda one=listener: all("terminated" in str(c["state"]) for c in one.console.cards.values()))
        heard, read = "\n".join(listener.texts), told_to(of, [*map(str, ids[other.tenant])])
        for text in (heard, read):
            assert [mark for mark in other.marks() if mark in text] == []
            assert of.mark in text and all(str(key) in text for key in ids[of.tenant])
    assert Operation.objects.filter(kind="redirect").exists()
    assert violations() == []
