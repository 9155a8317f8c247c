"""From a signed POST to the calls that it makes: the intake and the worker together."""

import asyncio
import json
from typing import Any

import pytest
from django.test import Client

from audit.models import Entry
from calls.models import Call, Timer
from commsportal import worker
from commsportal.clock import now
from graph import conf
from routing.models import Line
from tests.calls.service import Service, incoming
from tests.webhooks.issuer import OTHER_TENANT, TENANT, Issuer
from tests.webhooks.notifications import body, item, new_call
from tests.webhooks.posting import post, post_now
from webhooks import deliveries
from webhooks.intake import Intake
from webhooks.models import Delivery

BOT = {"endpointId": new_call(), "participantId": new_call(), "languageId": "en-US", "endPointType": "default"}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    """Return Graph, in which every call that a test rings is alive."""
    made = Service()
    monkeypatch.setattr(conf, "client", made.client)
    return made


def ring(service: Service, line: str = "main", **facts: Any) -> dict[str, Any]:
    """Return the item that announces a call to `line`, which Graph knows."""
    call = new_call()
    service.states[call] = "incoming"
    told = {"@odata.type": "#microsoft.graph.call", "id": call} | incoming(line, **facts)
    return item(call, resourceData=told)


def id_of(told: dict[str, Any]) -> str:
    found: str = told["resourceData"]["id"]
    return found


def foreign_call() -> Call:
    """Make a call of another tenant, which rings."""
    at = now()
    known = {"direction": "incoming", "state": "incoming", "received_at": at, "last_seen_at": at}
    return Call.objects.create(tenant_id=OTHER_TENANT, graph_id=new_call(), **known)


@pytest.mark.case(5)
@pytest.mark.control("W4")
def test_one_post_with_several_calls_another_tenants_and_a_malformed_item_harms_none_of_the_good(
    intake: Intake, issuer: Issuer, service: Service, main: Line, sales: Line
) -> None:
    theirs = foreign_call()
    first, last = ring(service), ring(service, "sales", phone="+14255550188")
    claims_another = ring(service, tenantId=OTHER_TENANT)
    ends_theirs = item(theirs.graph_id, "terminated", "deleted")
    answers_first = item(id_of(first), "established", "updated")
    told = body(first, "malformed", claims_another, ends_theirs, last, answers_first)
    assert post_now(intake, told, issuer.token()).status == 202
    service.states[id_of(first)] = "established"
    worker.run_pending()
    statuses = Delivery.objects.order_by("index").values_list("status", flat=True)
    assert list(statuses) == ["applied", "dead", "dead", "dead", "applied", "applied"]
    ours = Call.objects.filter(tenant_id=TENANT).order_by("line__name")
    assert [(call.graph_id, call.line, call.state) for call in ours] == [
        (id_of(first), main, "established"),
        (id_of(last), sales, "incoming"),
    ]
    theirs.refresh_from_db()
    assert (theirs.state, theirs.version) == ("incoming", 0)
    assert Call.objects.count() == 3 and not Entry.objects.filter(call_id=theirs.pk).exists()
    dead = Delivery.objects.filter(status="dead")
    assert Entry.objects.filter(kind="delivery.dead").count() == 3 and all(row.error for row in dead)


def legacy(call: str) -> dict[str, Any]:
    """Return the older format of an incoming call (REFERENCE 14.4)."""
    caller = BOT | {"identity": f"8:orgid:{new_call()}", "originator": True}
    return {
        "id": call,
        "callState": "incoming",
        "participants": [caller | {"tenantId": TENANT, "region": "emea", "isHidden": False}],
        "isMultiparty": False,
        "presentedModalityTypes": ["audio"],
        "tenantId": TENANT,
    }


@pytest.mark.case(8)
def test_the_legacy_format_makes_no_call_and_its_repetition_in_graphs_makes_it_once(
    intake: Intake, issuer: Issuer, service: Service, main: Line
) -> None:
    told = ring(service)
    for message in ("1", "2"):
        answer = post_now(intake, legacy(id_of(told)), issuer.token(), ("X-Microsoft-Skype-Message-ID", message))
        assert (answer.status, answer.body) == (204, b"")
    worker.run_pending()
    assert not (Delivery.objects.exists() or Call.objects.exists() or Timer.objects.exists())
    for _ in range(2):
        assert post_now(intake, body(told), issuer.token(), ("X-Microsoft-Skype-Message-ID", "3")).status == 202
    assert post_now(intake, legacy(id_of(told)), issuer.token()).status == 204
    worker.run_pending()
    call = Call.objects.get()
    assert (call.graph_id, call.state, call.line, call.adopted) == (id_of(told), "incoming", main, False)
    assert Entry.objects.filter(kind="call.incoming").count() == 1


def figures(client: Client) -> dict[str, float]:
    """Return the figures that /metrics tells, by name and labels."""
    lines = client.get("/metrics").content.decode().splitlines()
    return {name: float(value) for name, value in (one.rsplit(" ", 1) for one in lines if one[:1] != "#")}


@pytest.mark.case(53)
def test_a_burst_is_acknowledged_while_the_worker_stands_still_and_applied_when_another_works(
    intake: Intake, issuer: Issuer, main: Line, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "LEASE_SECONDS", 0.0)  # so that nobody need wait for the end of one
    token, rung = issuer.token(), [new_call() for _ in range(401)]

    async def all_at_once(calls: list[str]) -> list[int]:
        posts = (post(intake, body(item(call)), token) for call in calls)
        return [answer.status for answer in await asyncio.gather(*posts)]

    assert asyncio.run(all_at_once(rung[:1])) == [202]
    (held,) = deliveries.claim(1)  # and here that worker stands
    for start in range(1, len(rung), 100):
        assert set(asyncio.run(all_at_once(rung[start : start + 100]))) == {202}
    lagging = figures(client)
    assert lagging['portal_deliveries{status="pending"}'] == len(rung)
    assert lagging['portal_apply_lag_seconds{of="oldest waiting"}'] > 0
    assert not Call.objects.exists()
    while claimed := deliveries.claim(1):
        for rows in claimed:
            deliveries.apply(rows)
    deliveries.apply(held)  # too late: somebody else has done it
    assert figures(client)['portal_deliveries{status="pending"}'] == 0
    assert set(Call.objects.values_list("graph_id", flat=True)) == set(rung)
    assert Entry.objects.filter(kind="call.incoming").count() == len(rung)


@pytest.mark.case(54)
def test_bodies_that_make_no_call_leave_no_trace_of_what_was_in_them(
    intake: Intake, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    marker = "canary-4711"
    for raw in (b"{" + marker.encode(), json.dumps({"note": marker}).encode(), json.dumps([marker]).encode()):
        assert post_now(intake, raw, issuer.token()).status in (204, 400)
    assert marker not in caplog.text and not Delivery.objects.exists()
