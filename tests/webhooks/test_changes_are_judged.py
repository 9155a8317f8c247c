"""Notifications of changes: whose they are is judged item by item, and stored before the answer (W13)."""

import hmac
import json
import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from django.test import Client

from commsportal.clock import now
from tests.webhooks.issuer import TENANT
from webhooks import bodies, changes, deliveries, renewal, views
from webhooks.changes import Change, Listener
from webhooks.models import Delivery, Subscription

pytestmark = pytest.mark.django_db

PATH = "/webhooks/graph/changes/"
STATE = "the-secret-that-microsoft-repeats"
GRAPH_ID = "7f105c7d-2dc5-4530-97cd-4e7ae6534c07"


class Told:
    """A listener that notes what it is told."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.fails = False

    def __call__(self, subscription: Subscription, found: Sequence[Change]) -> None:
        if self.fails:
            raise ValueError("not now")
        self.changes += found


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """Return who listens to subscriptions of the kind `tests`."""
    listener = Told()
    monkeypatch.setitem(changes._listeners, "tests", Listener(listener, "Calendars.Read"))
    return listener


@pytest.fixture
def held(told: Told) -> Subscription:
    """Return a subscription that Microsoft has."""
    return make()


def make(graph_id: str = GRAPH_ID, state: str = STATE, **fields: Any) -> Subscription:
    given = {
        "kind": "tests",
        "tenant_id": TENANT,
        "resource": f"/users/{uuid.uuid4()}/events",
        "asked": True,
        "graph_id": graph_id,
        "state_digest": renewal.digest(state),
        "expires_at": now(),
        "created_at": now(),
        "due_at": now(),
    }
    return Subscription.objects.create(**given | fields)


def item(change: str = "updated", event: str = "e1", **members: Any) -> dict[str, Any]:
    resource = f"Users/1/Events/{event}"
    data = {"@odata.type": "#Microsoft.Graph.Event", "@odata.id": resource, "@odata.etag": 'W/"k"', "id": event}
    told: dict[str, Any] = {
        "subscriptionId": GRAPH_ID,
        "clientState": STATE,
        "changeType": change,
        "resource": resource,
        "subscriptionExpirationDateTime": "2026-11-26T09:00:00Z",
        "tenantId": TENANT,
        "resourceData": data,
    }
    return {name: value for name, value in (told | members).items() if value is not None}


def post(*items: object, **options: Any) -> Any:
    body = options.pop("raw", None) or json.dumps({"value": list(items)})
    return Client().post(options.pop("path", PATH), body, content_type="application/json", **options)


def apply() -> None:
    """Have the worker apply what is stored."""
    while batches := deliveries.claim(1):
        for rows in batches:
            deliveries.apply(rows)


def test_what_is_ours_is_stored_before_it_is_answered_and_then_told(held: Subscription, told: Told) -> None:
    answer = post(item("created"), item("updated"), item("updated"), item("deleted", "e2"))
    assert (answer.status_code, answer.content) == (202, b"")
    rows = Delivery.objects.order_by("pk")
    assert [(row.kind, row.call_key, row.tenant_id, row.index) for row in rows] == [
        ("change", str(held.pk), TENANT, index) for index in range(4)
    ]
    apply()
    one, two = "Users/1/Events/e1", "Users/1/Events/e2"
    assert told.changes == [
        Change("created", one, "e1", 'W/"k"'),
        Change("updated", one, "e1", 'W/"k"'),
        Change("deleted", two, "e2", 'W/"k"'),
    ]
    assert not Delivery.objects.exclude(status="applied").exists()


def test_a_change_may_say_that_it_is_no_news_of_a_life(held: Subscription, told: Told) -> None:
    assert post(item() | {"lifecycleEvent": None, "encryptedContent": None}).status_code == 202
    apply()
    assert [change.kind for change in told.changes] == ["updated"]


def test_the_secret_is_kept_nowhere(held: Subscription) -> None:
    assert post(item()).status_code == 202
    (row,) = Delivery.objects.all()
    assert "clientState" not in row.body and STATE not in row.body
    assert STATE not in str(Subscription.objects.values().get())


@pytest.mark.control("W13")
@pytest.mark.parametrize(
    "members",
    [
        {"subscriptionId": str(uuid.uuid4())},
        {"subscriptionId": None},
        {"subscriptionId": 7},
        {"subscriptionId": "' OR 1=1 --"},
        {"clientState": None},
        {"clientState": ""},
        {"clientState": STATE + "x"},
        {"clientState": STATE[:-1]},
        {"clientState": STATE.upper()},
        {"clientState": renewal.digest(STATE)},
        {"clientState": [STATE]},
        {"clientState": {"$ne": ""}},
        {"tenantId": str(uuid.uuid4())},
    ],
)
def test_forged_and_unknown_items_leave_nothing(held: Subscription, told: Told, members: dict[str, Any]) -> None:
    answer = post(item(**members))
    assert answer.status_code == 403
    assert answer.json()["code"] == "unknown_subscription"
    assert STATE not in answer.content.decode()
    assert not Delivery.objects.exists()


@pytest.mark.control("W13")
def test_a_lifecycle_notification_is_judged_alike(held: Subscription) -> None:
    wrong = item(None, clientState="guess", lifecycleEvent="subscriptionRemoved")
    assert post(wrong).status_code == 403
    held.refresh_from_db()
    assert held.graph_id == GRAPH_ID


@pytest.mark.control("W13")
def test_of_a_mixed_body_only_what_is_ours_is_stored(held: Subscription, told: Told) -> None:
    other = make(str(uuid.uuid4()), "another secret")
    crossed = item(subscriptionId=other.graph_id)  # the secret of another subscription of ours
    before = views.ITEMS.labels("refused")._value.get()
    assert post(crossed, item("created"), item(clientState="guess"), 7, None).status_code == 202
    assert views.ITEMS.labels("refused")._value.get() == before + 2
    assert [row.call_key for row in Delivery.objects.all()] == [str(held.pk)]


@pytest.mark.control("W13")
def test_secrets_are_compared_in_constant_time_also_where_there_is_no_subscription(
    held: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[str, str]] = []
    real = hmac.compare_digest

    def compare(told: str, known: str) -> bool:
        compared.append((told, known))
        return real(told, known)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    post(item(), item(subscriptionId=str(uuid.uuid4())))
    assert [known for _, known in compared] == [held.state_digest, views.NO_DIGEST]
    assert {len(told) for told, _ in compared} == {64}


# The validation token


@pytest.mark.control("W13")
@pytest.mark.parametrize(
    "token",
    [
        "Validation: Testing client application reachability for subscription Request-Id: 1",
        "<script>alert(1)</script>",
        "<!doctype html><html><body onload=alert(1)>",
        "a b+c%20ä\r\nX-Injected: yes",
        "",
        "x" * 4096,
    ],
)
def test_a_validation_token_comes_back_as_text(token: str) -> None:
    answer = Client().post(PATH, query_params={"subscription": "1", "validationToken": token})
    assert answer.status_code == 200
    assert answer.content.decode() == token
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "X-Injected" not in answer.headers
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert not Delivery.objects.exists()


@pytest.mark.control("W13")
def test_no_token_is_endless_and_none_is_shown_to_who_reads() -> None:
    assert Client().post(PATH, query_params={"validationToken": "x" * 4097}).status_code == 413
    assert Client().get(PATH, query_params={"validationToken": "x"}).status_code == 405


# Bodies


@pytest.mark.parametrize("raw", [b"{", b"[]", b"7", b"{}", b'{"value": 7}', b" ", b"\xff\xfe"])
def test_what_is_no_notification_is_refused(held: Subscription, raw: bytes) -> None:
    assert post(raw=raw).status_code == 400
    assert not Delivery.objects.exists()


def test_long_bodies_and_long_lists_are_refused(held: Subscription) -> None:
    assert post(item(padding="x" * bodies.LONGEST_BODY)).status_code == 413
    assert post(*[item()] * (bodies.MOST_ITEMS + 1)).status_code == 413
    assert post().status_code == 403


def test_encrypted_content_is_refused_with_what_to_do(held: Subscription) -> None:
    content = {"data": "x", "dataKey": "x", "dataSignature": "x", "encryptionCertificateId": "x"}
    answer = post(item(), item(encryptedContent=content))
    assert (answer.status_code, answer.json()["code"]) == (400, "encrypted_content")
    assert "includeResourceData" in answer.json()["detail"]
    assert not Delivery.objects.exists()


@pytest.mark.control("W13")
def test_who_is_refused_fills_no_log(held: Subscription, caplog: pytest.LogCaptureFixture) -> None:
    views.complaints.silent_until = 0.0
    for _ in range(20):
        post(item(clientState="guess\nforged line"))
    lines = [record for record in caplog.records if "notification refused" in record.getMessage()]
    assert len(lines) == 1
    assert "guess" not in caplog.text


# What becomes of subscriptions


def lifecycle(event: str, **members: Any) -> dict[str, Any]:
    return item(None, lifecycleEvent=event, resourceData=None, **members)


def test_what_was_missed_is_told(held: Subscription, told: Told) -> None:
    assert post(lifecycle("missed")).status_code == 202
    apply()
    assert told.changes == [Change("missed")]


def test_a_removed_subscription_is_made_anew_at_once(held: Subscription, told: Told) -> None:
    later = now() + renewal.LONGEST_RETRY
    Subscription.objects.update(due_at=later, lease=uuid.uuid4(), lease_until=later)
    post(lifecycle("subscriptionRemoved"))
    apply()
    held.refresh_from_db()
    assert (held.graph_id, held.expires_at, held.asked, held.lease) == ("", None, True, None)
    assert held.due_at is not None and held.due_at < later
    assert told.changes == []


def test_news_of_a_former_subscription_touch_no_later_one(held: Subscription, told: Told) -> None:
    post(lifecycle("subscriptionRemoved"))
    newer = str(uuid.uuid4())
    Subscription.objects.update(graph_id=newer)
    apply()
    held.refresh_from_db()
    assert held.graph_id == newer


def test_an_authorization_that_ends_is_renewed_at_once(held: Subscription, told: Told) -> None:
    later = now() + renewal.LONGEST_RETRY
    Subscription.objects.update(due_at=later)
    post(lifecycle("ReauthorizationRequired"))
    apply()
    held.refresh_from_db()
    assert held.graph_id == GRAPH_ID
    assert held.due_at is not None and held.due_at < later


def test_who_unsubscribed_is_told_nothing_more(held: Subscription, told: Told) -> None:
    changes.unsubscribe(held.kind, held.tenant_id, held.resource)
    assert post(item()).status_code == 202
    apply()
    assert told.changes == []


def test_a_listener_that_fails_is_told_again(held: Subscription, told: Told) -> None:
    told.fails = True
    post(item())
    apply()
    (row,) = Delivery.objects.all()
    assert (row.status, row.attempts) == ("pending", 1)
    assert "not now" in row.error
    told.fails = False
    Delivery.objects.update(due_at=now())
    apply()
    assert len(told.changes) == 1


def test_an_unknown_kind_of_change_is_passed_over(held: Subscription, told: Told) -> None:
    assert post(item("renamed"), lifecycle("celebrated")).status_code == 202
    apply()
    assert told.changes == []
    assert Delivery.objects.filter(status="applied").count() == 2
