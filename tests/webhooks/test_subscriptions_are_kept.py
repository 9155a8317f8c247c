"""Subscriptions are made once, renewed ahead of their end, made anew when lost, ended when nobody wants them."""

import itertools
import json
import re
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from audit.models import Entry
from commsportal.clock import now
from graph import conf
from graph.client import GraphClient
from graph.errors import OutcomeUnknown
from graph.transport import Answer
from tests.calls.service import Tokens, answer, error
from tests.clock import Clock
from tests.webhooks.issuer import TENANT
from tests.webhooks.test_changes_are_judged import Told, told
from webhooks import changes, renewal
from webhooks.changes import Change, NobodyListens
from webhooks.models import Subscription

__all__ = ["told"]
pytestmark = pytest.mark.django_db

RESOURCE = "/users/57f9dacc-71bf-4743-b413-53f7b9e1a2c1/events"
PATH = re.compile(r"https://graph.test/v1.0/subscriptions(?:/(?P<id>[^/?]+))?")
Fault = Answer | Exception | Callable[[], None]


class Microsoft:
    """Graph, as far as subscriptions go; a fault takes the place of an answer, before or after the work."""

    def __init__(self) -> None:
        self.all: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.before: deque[Fault] = deque()
        self.after: deque[Fault] = deque()
        self.states: list[str] = []
        self.numbers = itertools.count(1)

    def client(self, tenant: str = "") -> GraphClient:
        """Stand in for `graph.conf.client`."""
        return GraphClient("https://graph.test/v1.0", tenant or TENANT, Tokens(), self)  # type: ignore[arg-type]

    def exchange(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None, **rest: Any
    ) -> Answer:
        """Answer one request."""
        self.asked.append(method)
        early = self._fault(self.before)
        if early:
            return early
        done = self._do(method, url, json.loads(body or b"{}"))
        return self._fault(self.after) or done

    def _fault(self, faults: deque[Fault]) -> Answer | None:
        fault = faults.popleft() if faults else None
        if isinstance(fault, Exception):
            raise fault
        if callable(fault):
            fault()
            return None
        return fault

    def _do(self, method: str, url: str, told: dict[str, Any]) -> Answer:
        found = PATH.match(url)
        assert found, url
        key = found["id"]
        if method == "POST":
            key = str(uuid.UUID(int=next(self.numbers)))
            self.states.append(told.pop("clientState"))
            self.all[key] = told | {"id": key}
            return answer(201, self.all[key])
        if key is None:
            return answer(200, {"value": list(self.all.values())})
        if key not in self.all:
            return error(404, "ResourceNotFound")
        if method == "DELETE":
            del self.all[key]
            return answer(204)
        self.all[key] |= told
        return answer(200, self.all[key])


@pytest.fixture
def microsoft(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Microsoft:
    service = Microsoft()
    monkeypatch.setattr(conf, "client", service.client)
    return service


@pytest.fixture
def wanted(told: Told, microsoft: Microsoft) -> Subscription:
    return changes.subscribe("tests", TENANT, RESOURCE)


def work() -> int:
    """Do what is due; return how much that was."""
    rows = renewal.claim(10)
    for row in rows:
        renewal.run(row)
    return len(rows)


def fresh(row: Subscription) -> Subscription:
    row.refresh_from_db()
    return row


def kinds() -> list[str]:
    return list(
        Entry.objects.filter(kind__startswith="subscription.").order_by("seq").values_list("kind", flat=True)
    )


def test_a_wanted_subscription_is_made_and_begins_with_a_look_at_everything(
    wanted: Subscription, microsoft: Microsoft, told: Told
) -> None:
    assert work() == 1
    row = fresh(wanted)
    (held,) = microsoft.all.values()
    assert (row.graph_id, row.error, row.attempts) == (held["id"], "", 0)
    assert held["notificationUrl"] == held["lifecycleNotificationUrl"] == renewal.address(row)
    assert held["notificationUrl"].endswith(f"/webhooks/graph/changes/?subscription={row.pk}")
    assert (held["resource"], held["changeType"]) == (RESOURCE, "created,updated,deleted")
    assert row.expires_at == datetime.fromisoformat(held["expirationDateTime"])
    (state,) = microsoft.states
    assert (len(state), row.state_digest) == (64, renewal.digest(state))
    assert told.changes == [Change("missed")]
    assert kinds() == ["subscription.made"]
    assert work() == 0


def test_it_is_renewed_ahead_of_its_end(
    wanted: Subscription, microsoft: Microsoft, told: Told, clock: Clock
) -> None:
    work()
    first = fresh(wanted).expires_at
    assert first is not None and wanted.due_at is not None
    assert wanted.due_at < first - timedelta(hours=24)
    clock.forward(36 * 3600)
    assert work() == 1
    assert microsoft.asked == ["POST", "PATCH"]
    second = fresh(wanted).expires_at
    assert second is not None and second > first
    assert told.changes == [Change("missed")]


@pytest.mark.parametrize("is_over", [False, True])
def test_what_microsoft_has_lost_is_made_anew(
    wanted: Subscription, microsoft: Microsoft, told: Told, clock: Clock, is_over: bool
) -> None:
    work()
    before = fresh(wanted)
    microsoft.all.clear()
    clock.forward(3600 * (100 if is_over else 36))
    work()
    after = fresh(Subscription.objects.get())
    assert after.graph_id in microsoft.all
    assert after.graph_id != before.graph_id or after.state_digest != renewal.digest(microsoft.states[0])
    assert told.changes == [Change("missed")] * 2
    assert microsoft.asked[1:] == (["GET", "POST"] if is_over else ["PATCH", "GET", "POST"])


def test_one_that_was_made_without_our_hearing_of_it_is_ended_first(
    wanted: Subscription, microsoft: Microsoft, told: Told, clock: Clock
) -> None:
    other = microsoft.client().subscriptions.create(
        RESOURCE, ("created",), notification_url="https://other.example/", client_state="x", expires_at=now()
    )
    microsoft.after.append(OutcomeUnknown("no answer", code="OutcomeUnknown"))
    work()
    assert len(microsoft.all) == 2
    assert fresh(wanted).asked and not wanted.graph_id and "no answer" in wanted.error
    assert told.changes == []
    clock.forward(30)
    work()
    assert set(microsoft.all) == {other.id, fresh(wanted).graph_id}
    assert wanted.error == ""
    assert kinds() == ["subscription.failed", "subscription.made"]


def test_refusals_are_told_once_and_tried_again_later_and_later(
    wanted: Subscription, microsoft: Microsoft, clock: Clock
) -> None:
    microsoft.before += [error(400, "InvalidRequest")] * 6
    waits = []
    for _ in range(6):
        assert work() == 1
        row = fresh(wanted)
        assert row.due_at is not None
        waits.append((row.due_at - now()).total_seconds())
        assert (row.asked, row.graph_id) == (False, "")
        clock.forward(waits[-1] + 1)
    assert waits == [5, 10, 20, 40, 80, 160]
    assert kinds() == ["subscription.failed"]
    assert "InvalidRequest" in wanted.error
    work()
    assert fresh(wanted).graph_id and not wanted.error


def test_a_missing_role_is_named(wanted: Subscription, microsoft: Microsoft, clock: Clock) -> None:
    microsoft.before.append(error(403, "ErrorAccessDenied"))
    work()
    row = fresh(wanted)
    assert "Calendars.Read" in row.error
    assert row.due_at == now() + renewal.UNTIL_PERMITTED


def test_nobody_wants_it_any_more(wanted: Subscription, microsoft: Microsoft) -> None:
    work()
    changes.unsubscribe("tests", TENANT, RESOURCE)
    work()
    assert microsoft.all == {}
    assert not Subscription.objects.exists()
    assert kinds() == ["subscription.made", "subscription.ended"]


def test_what_never_came_to_microsoft_ends_without_asking(wanted: Subscription, microsoft: Microsoft) -> None:
    changes.unsubscribe("tests", TENANT, RESOURCE)
    work()
    assert microsoft.asked == []
    assert not Subscription.objects.exists()


def test_to_want_it_twice_is_to_want_it_once(wanted: Subscription, microsoft: Microsoft) -> None:
    work()
    assert changes.subscribe("tests", TENANT, RESOURCE).pk == wanted.pk
    assert work() == 0
    changes.subscribe("tests", TENANT, RESOURCE, ("updated",))
    work()
    (held,) = microsoft.all.values()
    assert held["changeType"] == "updated"
    with pytest.raises(IntegrityError), transaction.atomic():
        Subscription.objects.create(
            kind="tests", tenant_id=TENANT, resource=RESOURCE, created_at=now(), due_at=now()
        )


def test_to_end_it_while_it_is_made_is_not_forgotten(wanted: Subscription, microsoft: Microsoft) -> None:
    microsoft.after.append(lambda: changes.unsubscribe("tests", TENANT, RESOURCE))
    work()
    assert len(microsoft.all) == 1
    assert work() == 1
    assert microsoft.all == {}


def test_two_workers_make_one(wanted: Subscription, microsoft: Microsoft, told: Told, clock: Clock) -> None:
    (slow,) = renewal.claim(1)
    assert renewal.claim(1) == []
    clock.forward(renewal.LEASE_SECONDS + 1)
    (quick,) = renewal.claim(1)
    renewal.run(slow)
    assert microsoft.asked == []
    renewal.run(quick)
    assert len(microsoft.all) == 1
    assert told.changes == [Change("missed")]


def test_who_lost_it_on_the_way_writes_nothing_and_what_was_left_is_cleared(
    wanted: Subscription, microsoft: Microsoft, told: Told, clock: Clock
) -> None:
    (slow,) = renewal.claim(1)

    def overtaken() -> None:
        clock.forward(renewal.LEASE_SECONDS + 1)
        (quick,) = renewal.claim(1)
        renewal.run(quick)

    microsoft.after.append(overtaken)
    renewal.run(slow)
    row = fresh(wanted)
    assert list(microsoft.all) == [row.graph_id]
    assert row.state_digest == renewal.digest(microsoft.states[-1])
    assert told.changes == [Change("missed")]


def test_nobody_subscribes_for_who_does_not_listen(wanted: Subscription, microsoft: Microsoft) -> None:
    with pytest.raises(NobodyListens):
        changes.subscribe("strangers", TENANT, RESOURCE)
    changes._listeners.pop("tests")
    work()
    assert "nobody listens" in fresh(wanted).error
    assert microsoft.asked == []
