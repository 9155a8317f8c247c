"""Subscriptions to events: proved, told, renewed and ended, through the portal's own client (REFERENCE 12)."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from graph.calendar_values import EventAttendee, EventSettings, ZonedTime
from graph.client import GraphClient
from graph.errors import Forbidden, NotFound, Refused
from graph.subscriptions import Subscription

from .process import PATIENCE, Running
from .test_calendars_over_http import emptied
from .test_online_meetings_over_http import ada, client

__all__ = ["ada", "client", "emptied"]

NINE = ZonedTime(datetime(2027, 3, 1, 9))
TEN = ZonedTime(datetime(2027, 3, 1, 10))
OMAR = (EventAttendee("omar@contoso.example"),)
ROUNDS = EventSettings(subject="Rounds", start=NINE, end=TEN)
Answer = tuple[int, str, bytes]


class Listener:
    """Take change notifications; validation is answered as `prove` says, the rest by the statuses laid out."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.proofs = 0
        self.statuses: list[int] = []
        self.prove: Callable[[str], Answer] = lambda token: (200, "text/plain; charset=utf-8", token.encode())
        self._news = threading.Condition()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                token = parse_qs(urlsplit(self.path).query).get("validationToken")
                status, kind, text = listener.take(token[0] if token else "", body)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *arguments: object) -> None:
                """Keep quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/changes?subscription=1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, token: str, body: bytes) -> Answer:
        """Answer one POST."""
        with self._news:
            if token:
                self.proofs += 1
                return self.prove(token)
            status = self.statuses.pop(0) if self.statuses else 202
            if status == 202:
                self.items += json.loads(body)["value"]
            self._news.notify_all()
            return status, "text/plain", b""

    def wait(self, count: int) -> list[dict[str, Any]]:
        """Wait until so many items have come, and return them."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.items) >= count, PATIENCE), self.items
            return list(self.items)


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Run somebody who wants to be told."""
    made = Listener()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(autouse=True)
def ended(client: GraphClient) -> Iterator[None]:
    """Leave no subscription behind."""
    yield
    for one in client.subscriptions.all():
        client.subscriptions.delete(one.id)


def soon(minutes: int = 60) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=minutes)


def subscribe(client: GraphClient, mailbox: str, url: str, **changes: Any) -> Subscription:
    kinds = changes.pop("kinds", ("created", "updated", "deleted"))
    told = {"notification_url": url, "client_state": "s" * 128, "expires_at": soon()} | changes
    return client.subscriptions.create(told.pop("resource", f"/users/{mailbox}/events"), kinds, **told)


def test_what_happens_to_events_is_told_in_order_and_without_content(
    client: GraphClient, listener: Listener, ada: str
) -> None:
    made = subscribe(client, ada, listener.url)
    assert listener.proofs == 1
    event = client.calendars.create(ada, ROUNDS)
    client.calendars.update(ada, event.id, EventSettings(subject="Secret"))
    client.calendars.delete(ada, event.id)
    items = listener.wait(3)
    assert [item["changeType"] for item in items] == ["created", "updated", "deleted"]
    assert {item["subscriptionId"] for item in items} == {made.id}
    assert {item["clientState"] for item in items} == {"s" * 128}
    assert {item["tenantId"] for item in items} == {client.tenant_id}
    assert {item["resource"] for item in items} == {f"Users/{ada}/Events/{event.id}"}
    assert items[0]["resourceData"]["@odata.type"] == "#Microsoft.Graph.Event"
    assert "Secret" not in json.dumps(items)


def test_attendees_are_told_of_their_own_copies(
    client: GraphClient, simulator: Running, listener: Listener, ada: str
) -> None:
    omar = simulator.person("omar")["id"]
    subscribe(client, omar, listener.url, kinds=("created",))
    client.calendars.create(ada, ROUNDS)  # nobody is invited
    invited = client.calendars.create(ada, EventSettings(start=NINE, end=TEN, attendees=OMAR))
    (item,) = listener.wait(1)
    copy = client.calendars.get(omar, item["resourceData"]["id"])
    assert (copy.uid, copy.is_organizer) == (invited.uid, False)


def test_what_was_not_taken_comes_again(client: GraphClient, listener: Listener, ada: str) -> None:
    subscribe(client, ada, listener.url)
    listener.statuses += [503, 500]
    event = client.calendars.create(ada, ROUNDS)
    client.calendars.delete(ada, event.id)
    assert [item["changeType"] for item in listener.wait(2)] == ["created", "deleted"]


@pytest.mark.parametrize(
    "proof",
    [
        lambda token: (200, "text/html", token.encode()),
        lambda token: (200, "text/plain", b"other"),
        lambda token: (200, "text/plain", token.replace("<", "&lt;").encode()),
        lambda token: (202, "text/plain", token.encode()),
        lambda token: (404, "text/plain", token.encode()),
    ],
)
def test_an_address_proves_itself(
    client: GraphClient, listener: Listener, ada: str, proof: Callable[[str], Answer]
) -> None:
    listener.prove = proof
    with pytest.raises(Refused, match="validation request failed"):
        subscribe(client, ada, listener.url)
    assert client.subscriptions.all() == []


def test_an_address_where_nobody_is_proves_nothing(client: GraphClient, ada: str) -> None:
    with pytest.raises(Refused, match="validation request failed"):
        subscribe(client, ada, "http://127.0.0.1:9/changes")


@pytest.mark.parametrize(
    "changes",
    [
        {"notification_url": "http://portal.example/changes"},
        {"notification_url": "ftp://127.0.0.1/changes"},
        {"expires_at": datetime(2020, 1, 1, tzinfo=UTC)},
        {"expires_at": datetime(2099, 1, 1, tzinfo=UTC)},
        {"resource": "/communications/callRecords"},
        {"resource": "/users/00000000-0000-4000-8000-000000000000/events"},
    ],
)
def test_what_cannot_be_is_refused(
    client: GraphClient, listener: Listener, ada: str, changes: dict[str, Any]
) -> None:
    with pytest.raises((Refused, NotFound)):
        subscribe(client, ada, changes.pop("notification_url", listener.url), **changes)
    assert listener.proofs == 0


def test_a_role_is_needed(client: GraphClient, simulator: Running, listener: Listener, ada: str) -> None:
    simulator.put("/api/permissions", {client.tenant_id: ["User.Read.All"]})
    with pytest.raises(Forbidden):
        subscribe(client, ada, listener.url)


def test_a_subscription_lives_longer_when_it_is_renewed(client: GraphClient, listener: Listener, ada: str) -> None:
    made = subscribe(client, ada, listener.url)
    later = soon(4_000)
    assert client.subscriptions.renew(made.id, later).expires_at == later
    with pytest.raises(Refused):
        client.subscriptions.renew(made.id, soon(4_300))
    (one,) = client.subscriptions.all()
    assert (one.id, one.expires_at, one.resource) == (made.id, later, f"/users/{ada}/events")
    client.subscriptions.delete(made.id)
    client.subscriptions.delete(made.id)
    with pytest.raises(NotFound):
        client.subscriptions.renew(made.id, later)


def test_what_becomes_of_a_subscription_is_told(
    client: GraphClient, simulator: Running, listener: Listener, ada: str
) -> None:
    made = subscribe(client, ada, listener.url)
    for event in ("reauthorizationRequired", "missed", "subscriptionRemoved"):
        simulator.post(f"/api/subscriptions/{made.id}/lifecycle", {"event": event}, 202)
    items = listener.wait(3)
    assert [item["lifecycleEvent"] for item in items] == [
        "reauthorizationRequired",
        "missed",
        "subscriptionRemoved",
    ]
    assert client.subscriptions.all() == []
    for key, body, status in ((made.id, {"event": "missed"}, 404), ("x", {"event": "more"}, 400)):
        address = f"{simulator.base}/api/subscriptions/{key}/lifecycle"
        assert simulator.plain.post(address, json=body).status_code == status
    assert [row["what"] for row in simulator.get("/api/subscriptions")["told"]][-1] == "subscriptionRemoved"
