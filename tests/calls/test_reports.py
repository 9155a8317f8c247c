"""What Graph reports, twice, late, out of order, odd, or about somebody else's call."""

import itertools
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Entry
from audit.trail import MICROSOFT
from calls import cards, commands, notifications
from calls.models import Call, Operation, Participant
from commsportal import worker
from directory.models import User
from routing.models import Line
from tests.calls.service import Service, incoming, state, tell
from webhooks.models import Delivery


def card(call: Call) -> dict[str, Any]:
    return cards.cards([call.pk])[call.pk].card


def entries(call: Call) -> list[str]:
    return list(Entry.objects.filter(call_id=call.pk).order_by("seq").values_list("kind", flat=True))


def new_id() -> str:
    return str(uuid.uuid4())


@pytest.mark.case(2)
@pytest.mark.control("W6")
def test_the_same_content_under_another_message_id_has_one_effect(
    ringing: Call, rita: User, service: Service
) -> None:
    commands.answer(ringing.pk, rita)
    worker.run_pending()
    service.states[ringing.graph_id] = "established"
    for _ in range(100):
        tell(ringing.graph_id, "updated", state("established"))
    worker.run_pending()
    kinds = entries(ringing)
    assert kinds.count("call.state") == 1
    assert kinds.count("operation.done") == 1
    assert len(service.made("answer")) == 1


@pytest.mark.case(3)
@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
@pytest.mark.parametrize("together", [True, False])
def test_any_order_of_a_whole_life_ends_terminated_and_all_of_it_is_on_record(
    service: Service, main: Line, clock: Any, order: tuple[int, ...], together: bool
) -> None:
    call_id = new_id()
    service.states[call_id] = "terminated"
    life = [
        ("created", incoming()),
        ("updated", state("establishing")),
        ("updated", state("established")),
        ("deleted", state("terminated", 200, 4521)),
    ]
    for n in order:
        tell(call_id, *life[n])
        if not together:
            worker.run_pending()
    worker.run_pending()
    call = Call.objects.get()
    assert call.state == "terminated" and call.line == main and call.caller_phone == "+14255550123"
    assert (call.result_code, call.result_subcode) == (200, 4521)
    assert not Delivery.objects.exclude(status="applied").exists()
    assert sorted(told_states(call)) == ["established", "establishing", "incoming", "terminated"]


def told_states(call: Call) -> list[str]:
    """Return the states that Microsoft told, as far as the call's entries keep them."""
    kept = {
        "call.incoming": lambda data: "incoming",
        "call.adopted": lambda data: data["state"],
        "call.state": lambda data: data["to"],
        "call.ended": lambda data: "terminated",
        "call.ignored": lambda data: data["told"],
    }
    entries = Entry.objects.filter(call_id=call.pk, kind__in=kept, actor=MICROSOFT)
    return [word for entry in entries if (word := kept[entry.kind](entry.data))]


@pytest.mark.case(5)
def test_calls_of_one_batch_do_not_mix_and_a_bad_item_harms_no_other(
    service: Service, main: Line, sales: Line, clock: Any
) -> None:
    first, second = service.ring("main"), service.ring("sales", phone="+14255550188")
    bad = tell("not a call", "updated", state("established"))
    worker.run_pending()
    assert Call.objects.get(graph_id=first).line == main
    assert Call.objects.get(graph_id=second).line == sales
    bad.refresh_from_db()
    assert bad.status == "applied" and Call.objects.count() == 2


@pytest.mark.case(6)
@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ([state("established")], "established"),
        ({"state": "unknownFutureValue"}, "incoming"),
        ({"state": "ringing"}, "incoming"),
        ({"state": 7}, "incoming"),
        ({"@odata.type": "#microsoft.graph.somethingNew", "state": "terminated"}, "incoming"),
        ([], "incoming"),
        ([1, None], "incoming"),
    ],
)
def test_odd_content_is_applied_without_harm(
    ringing: Call, service: Service, resource: Any, expected: str
) -> None:
    row = tell(ringing.graph_id, "updated", resource)
    worker.run_pending()
    row.refresh_from_db()
    assert row.status == "applied"
    assert card(ringing)["state"] == expected


@pytest.mark.case(7)
def test_the_same_call_under_other_spellings_of_its_id_and_path(ringing: Call, service: Service) -> None:
    service.states[ringing.graph_id] = "established"
    row = tell(ringing.graph_id.replace("-", "").upper(), "updated", state("established"))
    Delivery.objects.filter(pk=row.pk).update(body=row.body.replace("/communications/calls", "/app/calls"))
    worker.run_pending()
    assert Call.objects.get().state == "established"


@pytest.mark.case(14)
def test_an_unknown_call_is_adopted_and_read(service: Service, main: Line, clock: Any) -> None:
    call_id = new_id()
    service.states[call_id] = "established"
    tell(call_id, "updated", state("established"))
    worker.run_pending()
    call = Call.objects.get()
    assert call.adopted and not call.unconfirmed
    assert (call.graph_id, call.state) == (call_id, "established")
    assert entries(call) == ["call.adopted", "call.confirmed"]
    assert ("get", call_id, {}) in service.requests


@pytest.mark.case(14)
def test_what_comes_to_be_known_of_an_adopted_call_is_on_record_for_the_consoles(
    service: Service, main: Line, clock: Any
) -> None:
    call_id = new_id()
    service.states[call_id] = "established"
    tell(call_id, "updated", {"mediaState": {"audio": "active"}})
    worker.run_pending()
    tell(call_id, "updated", incoming() | state("established"))
    worker.run_pending()
    call = Call.objects.get()
    assert call.line == main and call.caller_phone == "+14255550123"
    assert Entry.objects.get(kind="call.facts").line_id == main.pk


@pytest.mark.case(14)
@pytest.mark.case(15)
@pytest.mark.parametrize(
    ("part", "resource"),
    [
        ("/participants", [{"@odata.type": "#microsoft.graph.participant", "id": "p1"}]),
        ("/operations/o1", {"@odata.type": "#microsoft.graph.playPromptOperation", "clientContext": ""}),
        ("/operations/o1", {"@odata.type": "#microsoft.graph.commsOperation", "clientContext": "foreign"}),
    ],
)
def test_news_of_an_unknown_calls_parts_adopts_it_too(
    service: Service, main: Line, clock: Any, part: str, resource: Any
) -> None:
    call_id = new_id()
    service.states[call_id] = "established"
    row = tell(call_id, "updated", resource, part=part)
    worker.run_pending()
    row.refresh_from_db()
    assert row.status == "applied"
    call = Call.objects.get()
    assert call.adopted and call.state == "established"


@pytest.mark.control("W6")
def test_an_invented_call_rings_unconfirmed_and_is_closed_by_reading(
    service: Service, main: Line, clock: Any
) -> None:
    tell(new_id(), "created", incoming())
    from webhooks import deliveries

    for rows in deliveries.claim(1):
        deliveries.apply(rows)
    call = Call.objects.get()
    assert card(call)["unconfirmed"] is True and card(call)["lane"] == "ringing"
    worker.run_pending()
    assert Call.objects.get().state == "incoming"  # one 404 may be too early
    clock.forward(3.1)
    worker.run_pending()
    assert Call.objects.get().state == "terminated"
    clock.forward(13)
    worker.run_pending()
    assert service.made("redirect") == service.made("reject") == []
    assert not Operation.objects.exists()


@pytest.mark.control("W6")
def test_a_surprising_end_is_asked_about_and_taken_back_with_an_alarm(
    ringing: Call, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    tell(ringing.graph_id, "deleted", state("terminated"))
    worker.run_pending()
    shown = card(ringing)
    assert shown["state"] == "incoming" and shown["lane"] == "ringing"
    assert "call.reopened" in entries(ringing)
    assert any(record.levelname == "ERROR" and "alive" in record.message for record in caplog.records)


def test_a_reopened_ring_still_falls_back(ringing: Call, service: Service, clock: Any) -> None:
    tell(ringing.graph_id, "deleted", state("terminated"))
    worker.run_pending()
    clock.forward(12.1)
    worker.run_pending()
    assert len(service.made("redirect")) == 1


@pytest.mark.control("W6")
def test_an_end_that_we_asked_for_needs_no_question(ringing: Call, rita: User, service: Service) -> None:
    commands.reject(ringing.pk, rita)
    worker.run_pending()
    service.requests.clear()
    tell(ringing.graph_id, "deleted")
    worker.run_pending()
    assert service.requests == [] and card(ringing)["outcome"] == "rejected"


@pytest.mark.control("W4")
@pytest.mark.parametrize(
    ("part", "resource"),
    [
        ("", state("terminated")),
        ("/participants", [{"@odata.type": "#microsoft.graph.participant", "id": "p1"}]),
        ("/operations/o1", {"@odata.type": "#microsoft.graph.playPromptOperation", "status": "failed"}),
    ],
)
def test_one_tenants_signature_does_not_speak_for_anothers_call(
    ringing: Call, service: Service, part: str, resource: Any, caplog: pytest.LogCaptureFixture
) -> None:
    before = entries(ringing)
    row = tell(ringing.graph_id, "updated", resource, part=part, tenant="other")
    own = tell(ringing.graph_id, "updated", {"mediaState": {"audio": "active"}})
    worker.run_pending()
    row.refresh_from_db()
    own.refresh_from_db()
    assert (row.status, own.status) == ("dead", "applied")
    assert "tenant" in row.error
    ringing.refresh_from_db()
    assert ringing.state == "incoming" and not Participant.objects.exists()
    assert entries(ringing) == before and Call.objects.count() == 1
    assert Entry.objects.filter(kind="delivery.dead").count() == 1


@pytest.mark.control("W4")
def test_a_resource_that_names_another_tenant_than_its_signature_is_refused(
    service: Service, main: Line, clock: Any
) -> None:
    row = tell(new_id(), "created", incoming(tenantId="99999999-9999-4999-8999-999999999999"))
    worker.run_pending()
    row.refresh_from_db()
    assert row.status == "dead" and not Call.objects.exists()


@pytest.mark.control("Z7")
def test_two_tenants_with_equal_lines_stay_apart(service: Service, main: Line, clock: Any) -> None:
    other = Line.objects.create(tenant_id="other", name="main", phone=main.phone, instance_id=main.instance_id)
    ours, theirs = service.ring("main"), new_id()
    service.states[theirs] = "incoming"
    tell(theirs, "created", incoming(tenantId="other"), tenant="other")
    worker.run_pending()
    assert Call.objects.get(graph_id=ours).line == main
    assert Call.objects.get(graph_id=theirs).line == other


def participant(id_: str | None, name: str, kind: str = "user", **more: Any) -> dict[str, Any]:
    identity = {kind: {"id": f"id of {name}", "displayName": name}}
    return {"@odata.type": "#microsoft.graph.participant", "id": id_, "info": {"identity": identity}} | more


def names(call: Call) -> list[str]:
    return sorted(call.participants.filter(left_at__isnull=True).values_list("name", flat=True))


def test_a_whole_roster_replaces_and_a_delta_adds_and_removes(ringing: Call, service: Service) -> None:
    def roster(*told: dict[str, Any]) -> None:
        tell(ringing.graph_id, "updated", list(told), part="/participants")
        worker.run_pending()

    roster(participant("p1", "Ann"), participant(None, "Bob", "phone"), participant("p3", "Ann"))
    assert names(ringing) == ["Ann", "Ann", "Bob"]
    roster(participant("p1", "Ann", isMuted=True), participant(None, "Bob", "phone"))
    assert names(ringing) == ["Ann", "Bob"]
    assert ringing.participants.get(graph_id="p1").is_muted
    assert ringing.participants.get(graph_id="p3").left_at is not None
    delta = {
        "@odata.type": "#microsoft.graph.deltaParticipants",
        "sequenceNumber": 2,
        "participants": [
            participant("p1", "Ann", removedState={"reason": "left"}),
            participant("p4", "Cleo", rosterSequenceNumber=2),
        ],
    }
    tell(ringing.graph_id, "updated", delta, part="/participants")
    worker.run_pending()
    assert names(ringing) == ["Bob", "Cleo"]
    assert entries(ringing).count("participants.changed") == 3


def batch_of(calls: list[str], each: list[tuple[str, dict[str, Any]]]) -> list[Delivery]:
    return [tell(call_id, change, resource) for change, resource in each for call_id in calls]


@pytest.mark.parametrize("change", ["created", "updated", "deleted"])
def test_a_batch_of_200_takes_hardly_more_statements_than_one_delivery(
    service: Service, main: Line, sales: Line, clock: Any, change: str
) -> None:
    resource = {"created": incoming(), "updated": state("established"), "deleted": state("terminated")}[change]

    def statements(size: int) -> int:
        ids = [new_id() for _ in range(size)]
        if change != "created":
            apply(batch_of(ids, [("created", incoming())]))
        rows = batch_of(ids, [(change, resource)])
        with CaptureQueriesContext(connection) as queries:
            apply(rows)
        return len(queries)

    one, many = statements(1), statements(200)
    # Django splits long statements for SQLite, which takes fewer parameters at a time.
    assert one <= 14
    assert many <= (one if connection.vendor == "postgresql" else 40)


def apply(rows: list[Delivery]) -> None:
    from django.db import transaction

    with transaction.atomic():
        notifications.handle(rows)


def test_cards_take_three_queries_for_any_number_of_calls(
    service: Service, main: Line, clock: Any, django_assert_num_queries: Any
) -> None:
    for _ in range(10):
        service.ring("main")
    worker.run_pending()
    ids = list(Call.objects.values_list("pk", flat=True))
    with django_assert_num_queries(3):
        found = cards.cards(ids)
    assert len(found) == 10
    row = found[ids[0]]
    assert row.scope == (row.scope[0], main.pk) and row.card["id"] == str(ids[0])
