"""Subscriptions to changes are made, renewed, listed and ended (REFERENCE 12)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from graph.client import GraphClient
from graph.errors import Forbidden, NotFound, OutcomeUnknown, Refused, ServerFault
from graph.subscriptions import Subscription
from simulator import schema
from tests.graph.fake_service import FakeService, Reply
from tests.graph.test_online_meetings import no_answer, refusal

ALL = "/v1.0/subscriptions"
ID = "7f105c7d-2dc5-4530-97cd-4e7ae6534c07"
ONE = f"{ALL}/{ID}"
URL = "https://portal.example/webhooks/graph/changes/?subscription=1"
SOON = datetime(2026, 11, 26, 9, tzinfo=UTC)
TOLD: dict[str, Any] = {
    "id": ID.upper(),
    "resource": "/users/1/events",
    "changeType": "created, updated",
    "notificationUrl": URL,
    "expirationDateTime": "2026-11-26T09:00:00.0000000Z",
    "clientState": None,
}
READ = Subscription(ID, "/users/1/events", ("created", "updated"), URL, SOON)


def create(graph: GraphClient, **changes: Any) -> Subscription:
    told = {"notification_url": URL, "client_state": "secret", "expires_at": SOON, "permission": "Calendars.Read"}
    resource, kinds = changes.pop("resource", "/users/1/events"), changes.pop("kinds", ("created", "updated"))
    return graph.subscriptions.create(resource, kinds, **(told | changes))


def test_a_subscription_is_made(service: FakeService, graph: GraphClient) -> None:
    service.on("POST", ALL, Reply(201, TOLD))
    assert create(graph) == READ
    (asked,) = service.seen
    schema.require("subscription.create.request", asked.json)
    assert asked.headers["prefer"] == 'IdType="ImmutableId"'
    assert asked.json == {
        "changeType": "created,updated",
        "notificationUrl": URL,
        "lifecycleNotificationUrl": URL,
        "resource": "/users/1/events",
        "expirationDateTime": "2026-11-26T09:00:00Z",
        "clientState": "secret",
    }


@pytest.mark.parametrize("reply", [Reply(raw=no_answer), Reply(503), Reply(201, {}), Reply(201, {"id": ID})])
def test_an_unknown_outcome_is_not_repeated(service: FakeService, graph: GraphClient, reply: Reply) -> None:
    service.on("POST", ALL, reply)
    with pytest.raises((OutcomeUnknown, ServerFault)) as failed:
        create(graph)
    assert not failed.value.retryable


@pytest.mark.parametrize(
    "changes",
    [
        {"client_state": ""},
        {"client_state": "x" * 129},
        {"kinds": ()},
        {"kinds": ("moved",)},
        {"expires_at": SOON.replace(tzinfo=None)},
    ],
)
def test_what_cannot_be_is_not_sent(graph: GraphClient, changes: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        create(graph, **changes)


def test_a_missing_role_is_named(service: FakeService, graph: GraphClient) -> None:
    service.on("POST", ALL, refusal(403, "ErrorAccessDenied"))
    with pytest.raises(Forbidden) as refused:
        create(graph)
    assert refused.value.permission == "Calendars.Read"


def test_a_subscription_is_renewed_until_it_is_over(service: FakeService, graph: GraphClient) -> None:
    service.on("PATCH", ONE, Reply(200, TOLD), refusal(404, "ResourceNotFound"))
    assert graph.subscriptions.renew(ID, SOON) == READ
    assert service.seen[0].json == {"expirationDateTime": "2026-11-26T09:00:00Z"}
    with pytest.raises(NotFound):
        graph.subscriptions.renew(ID, SOON)
    with pytest.raises(Refused):
        graph.subscriptions.renew("../users", SOON)


def test_what_is_over_need_not_be_deleted(service: FakeService, graph: GraphClient) -> None:
    service.on("DELETE", ONE, Reply(204), refusal(404, "ResourceNotFound"))
    for _ in range(2):
        graph.subscriptions.delete(ID)


def test_all_are_listed(service: FakeService, graph: GraphClient) -> None:
    link = f"{service.url}{ALL}?$skiptoken=2"
    service.on("GET", ALL, Reply(200, {"value": [TOLD], "@odata.nextLink": link}), Reply(200, {"value": [TOLD]}))
    assert graph.subscriptions.all() == [READ, READ]
