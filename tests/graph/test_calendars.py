"""Events are made, read, changed and cancelled in people's calendars (REFERENCE 23)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graph import calendar
from graph.calendar_values import Event, EventSettings, ZonedTime
from graph.client import GraphClient
from graph.errors import (
    Forbidden,
    GraphError,
    NotFound,
    OutcomeUnknown,
    PreconditionFailed,
    Refused,
    ServerFault,
    Throttled,
)
from simulator import schema
from tests.graph.fake_service import FakeService, Reply
from tests.graph.test_calendar_values import TOLD
from tests.graph.test_online_meetings import no_answer, refusal

ADA = "57f9dacc-71bf-4743-b413-53f7b9e1a2c1"
ALL = f"/v1.0/users/{ADA}/events"
ID = "AAMk/1+2="
ONE = f"{ALL}/AAMk%2F1%2B2%3D"
VIEW = f"/v1.0/users/{ADA}/calendarView"
SCHEDULE = f"/v1.0/users/{ADA}/calendar/getSchedule"
NINE, TEN = datetime(2026, 11, 24, 9, tzinfo=UTC), datetime(2026, 11, 24, 10, tzinfo=UTC)
ROUNDS = EventSettings(subject="Rounds", start=ZonedTime.at(NINE), end=ZonedTime.at(TEN), is_online_meeting=True)
STYLE = 'IdType="ImmutableId", outlook.timezone="UTC"'


def test_an_event_is_made_once_however_often_it_is_asked_for(service: FakeService, graph: GraphClient) -> None:
    service.on("POST", ALL, Reply(503), Reply(201, TOLD))
    transaction = calendar.new_transaction()
    with pytest.raises(ServerFault) as failed:
        graph.calendars.create(ADA, ROUNDS, transaction_id=transaction)
    assert failed.value.retryable
    assert graph.calendars.create(ADA, ROUNDS, transaction_id=transaction) == Event.from_graph(TOLD)
    first, second = service.seen
    assert first.json == second.json
    assert first.json["transactionId"] == transaction
    assert first.headers["prefer"] == STYLE
    schema.require("event.create.request", first.json)


def test_without_a_transaction_an_unknown_outcome_is_not_repeated(
    service: FakeService, graph: GraphClient
) -> None:
    service.on("POST", ALL, Reply(raw=no_answer), Reply(503), Reply(201, {"subject": "x"}))
    for _ in range(3):
        with pytest.raises((OutcomeUnknown, ServerFault)) as failed:
            graph.calendars.create(ADA, ROUNDS)
        assert not failed.value.retryable


def test_an_event_needs_times(graph: GraphClient) -> None:
    with pytest.raises(Refused):
        graph.calendars.create(ADA, EventSettings(subject="Rounds"))
    with pytest.raises(Refused):
        graph.calendars.update(ADA, ID, EventSettings())


def test_an_event_is_read_and_changed_by_the_state_that_was_read(service: FakeService, graph: GraphClient) -> None:
    service.on("GET", ONE, Reply(200, TOLD))
    service.on("PATCH", ONE, Reply(200, TOLD | {"subject": "Ward"}), refusal(412, "ErrorIrresolvableConflict"))
    event = graph.calendars.get(ADA, ID)
    changed = graph.calendars.update(ADA, ID, EventSettings(subject="Ward"), etag=event.etag)
    assert changed.subject == "Ward"
    with pytest.raises(PreconditionFailed) as stale:
        graph.calendars.update(ADA, ID, EventSettings(subject="Ward"), etag=event.etag)
    assert (stale.value.retryable, stale.value.code) == (False, "ErrorIrresolvableConflict")
    assert service.seen[1].headers["if-match"] == event.etag
    assert service.seen[1].json == {"subject": "Ward"}


@pytest.mark.parametrize(("etag", "repeatable"), [("", True), ('W/"1"', False)])
def test_a_change_under_a_condition_is_not_repeated(
    service: FakeService, graph: GraphClient, etag: str, repeatable: bool
) -> None:
    service.on("PATCH", ONE, Reply(503))
    with pytest.raises(ServerFault) as failed:
        graph.calendars.update(ADA, ID, EventSettings(subject="Ward"), etag=etag)
    assert failed.value.retryable is repeatable


def test_what_is_gone_need_not_be_deleted_or_cancelled(service: FakeService, graph: GraphClient) -> None:
    gone = refusal(404, "ErrorItemNotFound")
    service.on("DELETE", ONE, Reply(204), gone)
    service.on("POST", f"{ONE}/cancel", Reply(202), gone, refusal(400, "ErrorInvalidRequest"))
    for _ in range(2):
        graph.calendars.delete(ADA, ID)
        graph.calendars.cancel(ADA, ID, "The ward is closed.")
    with pytest.raises(Refused):
        graph.calendars.cancel(ADA, ID)
    comments = [seen.json for seen in service.seen if seen.method == "POST"]
    assert comments == [{"comment": "The ward is closed."}] * 2 + [{}]


def page(first: int, count: int, link: str = "") -> Reply:
    times = [NINE + timedelta(hours=number) for number in range(first, first + count)]
    rows = [
        {"id": f"e{first + number}", "start": ZonedTime.at(at).to_graph(), "end": ZonedTime.at(at).to_graph()}
        for number, at in enumerate(times)
    ]
    return Reply(200, {"value": rows} | ({"@odata.nextLink": link} if link else {}))


@pytest.mark.parametrize("path", [VIEW, f"{ONE}/instances"])
def test_a_view_is_read_to_its_last_page(service: FakeService, graph: GraphClient, path: str) -> None:
    link = f"{service.url}{path}?$skip=3"
    service.on("GET", path, page(3, 3, link), page(0, 3))
    calendars, end = graph.calendars, NINE + timedelta(days=1)
    found = calendars.view(ADA, NINE, end) if path == VIEW else calendars.instances(ADA, ID, NINE, end)
    assert [event.id for event in found] == [f"e{number}" for number in range(6)]
    first, second = service.seen
    assert first.query["startDateTime"] == ["2026-11-24T09:00:00Z"]
    assert first.query["endDateTime"] == ["2026-11-25T09:00:00Z"]
    assert second.query == {"$skip": ["3"]}
    assert {seen.headers["prefer"] for seen in service.seen} == {STYLE}


def test_a_view_that_leads_elsewhere_or_nowhere_ends(
    service: FakeService, graph: GraphClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.on("GET", VIEW, page(0, 1, "https://evil.example/v1.0/events"))
    with pytest.raises(Refused):
        graph.calendars.view(ADA, NINE, TEN)
    monkeypatch.setattr(calendar, "MOST_PAGES", 3)
    service.on("GET", VIEW, page(0, 1, f"{service.url}{VIEW}?$skip=1"))
    with pytest.raises(OutcomeUnknown):
        graph.calendars.view(ADA, NINE, TEN)
    assert len(service.seen) == 5


def schedules(*addresses: str) -> Reply:
    return Reply(200, {"value": [{"scheduleId": one, "availabilityView": "0"} for one in addresses]})


def test_schedules_of_many_are_several_requests(service: FakeService, graph: GraphClient) -> None:
    people = [f"p{number}@contoso.example" for number in range(45)]
    service.on("POST", SCHEDULE, schedules(*people[:20]), schedules(*people[20:39]), schedules(*people[40:]))
    found = graph.calendars.schedules(ADA, [*people, people[0]], NINE, TEN, slot_minutes=15)
    assert [one.address for one in found] == [*people, people[0]]
    assert [one.error_code for one in found] == ["Untold" if number == 39 else "" for number in range(46)]
    assert [len(seen.json["schedules"]) for seen in service.seen] == [20, 20, 5]
    schema.require("calendar.getSchedule.request", service.seen[0].json)


@pytest.mark.parametrize(
    ("end", "minutes"),
    [(NINE + timedelta(days=42), 30), (TEN, 4), (TEN, 1441), (NINE - timedelta(seconds=1), 30), (None, 30)],
)
def test_windows_and_slots_have_limits(graph: GraphClient, end: datetime | None, minutes: int) -> None:
    until = end or TEN.replace(tzinfo=None)
    with pytest.raises(Refused):
        graph.calendars.schedules(ADA, ["p@contoso.example"], NINE, until, slot_minutes=minutes)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "ErrorAccessDenied", Forbidden),
        (404, "ErrorItemNotFound", NotFound),
        (404, "MailboxNotEnabledForRESTAPI", NotFound),
        (400, "ErrorOccurrenceCrossingBoundary", Refused),
        (412, "ErrorIrresolvableConflict", PreconditionFailed),
        (429, "ApplicationThrottled", Throttled),
    ],
)
def test_errors_are_named(
    service: FakeService, graph: GraphClient, status: int, code: str, kind: type[GraphError]
) -> None:
    service.on("PATCH", ONE, refusal(status, code))
    with pytest.raises(kind) as failed:
        graph.calendars.update(ADA, ID, EventSettings(subject="Ward"))
    assert failed.value.code == code
    assert failed.value.permission == ("Calendars.ReadWrite" if status == 403 else "")


def test_mailboxes_are_named_by_object_id(graph: GraphClient) -> None:
    asks: list[Any] = [graph.calendars.get, graph.calendars.delete]
    for ask in asks:
        with pytest.raises(Refused):
            ask("ada@contoso.example", ID)
