"""Calendars asked for by the portal's own client over HTTPS (REFERENCE 23)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graph.calendar import new_transaction
from graph.calendar_values import Event, EventAttendee, EventSettings, ZonedTime
from graph.client import GraphClient
from graph.errors import Forbidden, NotFound, PreconditionFailed, Refused
from graph.recurrence_values import PatternedRecurrence, RecurrencePattern, RecurrenceRange
from graph.schedule_values import Busy

from .process import Running
from .test_online_meetings_over_http import ada, client

__all__ = ["ada", "client"]

NINE, TEN = datetime(2027, 3, 1, 9), datetime(2027, 3, 1, 10)
SINCE, UNTIL = datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 5, 1, tzinfo=UTC)
BERLIN = "W. Europe Standard Time"
WEEKLY = PatternedRecurrence(
    RecurrencePattern("weekly", 1, ("monday",)), RecurrenceRange("numbered", "2027-03-01", number_of_occurrences=6)
)
ROUNDS = EventSettings(
    subject="Rounds",
    body="Ward 3",
    content_type="text",
    start=ZonedTime(NINE, BERLIN),
    end=ZonedTime(TEN, BERLIN),
    attendees=(
        EventAttendee("omar@contoso.example", "Omar"),
        EventAttendee("guest@fabrikam.example", "", "optional"),
    ),
    location="Ward 3",
)


@pytest.fixture(autouse=True)
def emptied(simulator: Running) -> Iterator[None]:
    """Leave no event behind: the process is shared."""
    yield
    for name in ("ada", "omar", "rita"):
        path = f"/users/{simulator.person(name)['id']}/events"
        for event in simulator.graph("GET", f"{path}?$top=1000").json()["value"]:
            assert simulator.graph("DELETE", f"{path}/{event['id']}").status_code == 204


@pytest.fixture
def omar(simulator: Running) -> str:
    """Return the object id of somebody who is invited."""
    return str(simulator.person("omar")["id"])


def walls(events: list[Event]) -> list[str]:
    """Return kinds and times, in UTC."""
    return [f"{event.type[:3]} {event.start.wall:%m-%d %H}" for event in events if event.start]


# Making and reading


def test_an_event_is_made_once_and_everybody_gets_a_copy(client: GraphClient, ada: str, omar: str) -> None:
    transaction = new_transaction()
    made = client.calendars.create(ada, ROUNDS, transaction_id=transaction)
    assert client.calendars.create(ada, ROUNDS, transaction_id=transaction) == made
    with pytest.raises(Refused) as refused:
        client.calendars.create(ada, replace(ROUNDS, subject="Other"), transaction_id=transaction)
    assert (refused.value.status, refused.value.code) == (409, "ErrorDuplicateTransactionId")
    assert client.calendars.get(ada, made.id) == made
    assert (made.type, made.response, made.is_organizer, made.transaction_id) == (
        "singleInstance",
        "organizer",
        True,
        transaction,
    )
    assert made.start == ZonedTime(datetime(2027, 3, 1, 8))
    assert (made.original_zone, made.location, made.show_as) == (BERLIN, "Ward 3", "busy")
    assert [(one.address, one.type, one.response) for one in made.attendees] == [
        ("omar@contoso.example", "required", "none"),
        ("guest@fabrikam.example", "optional", "none"),
    ]
    assert "Ward 3" in made.body
    (copy,) = client.calendars.view(omar, SINCE, UNTIL)
    assert (copy.uid, copy.subject, copy.is_organizer, copy.response) == (
        made.uid,
        "Rounds",
        False,
        "notResponded",
    )
    assert copy.id != made.id
    assert copy.transaction_id == ""


def test_an_online_meeting_of_an_event_is_found_by_its_link(client: GraphClient, ada: str) -> None:
    made = client.calendars.create(ada, replace(ROUNDS, is_online_meeting=True, recurrence=WEEKLY))
    assert made.online_meeting is not None
    assert not made.awaits_link
    assert made.online_meeting.join_url in made.body
    meeting = client.meetings.find(ada, join_url=made.online_meeting.join_url)
    assert (meeting.subject, meeting.start) == ("Rounds", datetime(2027, 3, 1, 8, tzinfo=UTC))
    occurrences = client.calendars.instances(ada, made.id, SINCE, UNTIL)
    assert {one.online_meeting for one in occurrences} == {made.online_meeting}
    changed = client.calendars.update(ada, made.id, EventSettings(subject="Visit", is_online_meeting=False))
    assert changed.online_meeting == made.online_meeting  # switching off is ignored
    assert client.meetings.get(ada, meeting.id).subject == "Visit"
    lost = client.calendars.update(ada, made.id, EventSettings(body="No more block."))
    assert (lost.is_online_meeting, lost.online_meeting) == (False, None)
    client.calendars.delete(ada, made.id)
    assert client.meetings.get(ada, meeting.id).id == meeting.id


def test_a_meeting_can_be_added_later(client: GraphClient, ada: str) -> None:
    made = client.calendars.create(ada, ROUNDS)
    assert made.online_meeting is None
    changed = client.calendars.update(ada, made.id, EventSettings(is_online_meeting=True))
    assert changed.online_meeting is not None


# Series


def test_a_series_is_expanded_in_its_own_zone_and_page_by_page(client: GraphClient, ada: str) -> None:
    made = client.calendars.create(ada, replace(ROUNDS, recurrence=WEEKLY))
    assert made.type == "seriesMaster"
    assert made.recurrence == replace(WEEKLY, range=replace(WEEKLY.range, recurrence_time_zone=BERLIN))
    expected = ["03-01 08", "03-08 08", "03-15 08", "03-22 08", "03-29 07", "04-05 07"]
    assert walls(client.calendars.view(ada, SINCE, UNTIL)) == [f"occ {day}" for day in expected]
    found = client.calendars.instances(ada, made.id, SINCE, UNTIL)
    assert {one.series_master_id for one in found} == {made.id}
    assert len({one.id for one in found} | {made.id}) == 7
    assert len({one.uid for one in found}) == 6


def test_occurrences_are_moved_and_cancelled_alone(client: GraphClient, ada: str, omar: str) -> None:
    made = client.calendars.create(ada, replace(ROUNDS, recurrence=WEEKLY))
    first, second, third, *_ = client.calendars.instances(ada, made.id, SINCE, UNTIL)
    at = ZonedTime(datetime(2027, 3, 10, 13))
    until = ZonedTime(datetime(2027, 3, 10, 14))
    moved = client.calendars.update(ada, second.id, EventSettings(start=at, end=until, subject="Once"))
    assert (moved.type, moved.start, moved.recurrence, moved.id) == ("exception", at, None, second.id)
    client.calendars.cancel(ada, third.id, "Closed.")
    for mailbox in (ada, omar):
        found = client.calendars.view(mailbox, SINCE, UNTIL)
        assert walls(found) == ["occ 03-01 08", "exc 03-10 13", "occ 03-22 08", "occ 03-29 07", "occ 04-05 07"]
        assert [one.subject for one in found][:2] == ["Rounds", "Once"]
    with pytest.raises(NotFound):
        client.calendars.get(ada, third.id)
    with pytest.raises(Refused) as refused:
        client.calendars.update(ada, first.id, EventSettings(start=at, end=until))
    assert refused.value.code == "ErrorOccurrenceCrossingBoundary"


def test_masters_tell_which_occurrences_were_deleted(client: GraphClient, simulator: Running, ada: str) -> None:
    made = client.calendars.create(ada, replace(ROUNDS, recurrence=WEEKLY))
    first = client.calendars.instances(ada, made.id, SINCE, UNTIL)[0]
    client.calendars.delete(ada, first.id)
    path = f"/users/{ada}/events/{made.id}?$select=subject,cancelledOccurrences"
    told = simulator.graph("GET", path).json()
    assert told["cancelledOccurrences"] == [first.id]
    assert set(told) == {"@odata.context", "@odata.etag", "id", "subject", "cancelledOccurrences"}


# Changing and ending


def test_a_state_that_has_changed_is_not_overwritten(client: GraphClient, ada: str) -> None:
    made = client.calendars.create(ada, ROUNDS)
    changed = client.calendars.update(ada, made.id, EventSettings(subject="Visit"), etag=made.etag)
    assert changed.etag != made.etag
    with pytest.raises(PreconditionFailed):
        client.calendars.update(ada, made.id, EventSettings(subject="Late"), etag=made.etag)
    assert client.calendars.get(ada, made.id).subject == "Visit"
    assert client.calendars.update(ada, made.id, EventSettings(subject="Last")).subject == "Last"


def test_cancelling_is_seen_by_attendees_until_they_remove_it(client: GraphClient, ada: str, omar: str) -> None:
    made = client.calendars.create(ada, ROUNDS)
    (copy,) = client.calendars.view(omar, SINCE, UNTIL)
    with pytest.raises(Refused) as refused:
        client.calendars.cancel(omar, copy.id)
    assert refused.value.status == 400
    client.calendars.cancel(ada, made.id, "Closed.")
    client.calendars.cancel(ada, made.id, "Closed.")
    assert client.calendars.view(ada, SINCE, UNTIL) == []
    assert client.calendars.get(omar, copy.id).is_cancelled
    (free,) = client.calendars.schedules(ada, ["omar@contoso.example"], SINCE, SINCE + timedelta(days=1))
    assert set(free.availability) == {"0"}
    client.calendars.delete(omar, copy.id)
    assert client.calendars.view(omar, SINCE, UNTIL) == []


def test_who_is_no_longer_invited_sees_it_cancelled(client: GraphClient, ada: str, omar: str) -> None:
    made = client.calendars.create(ada, ROUNDS)
    client.calendars.update(ada, made.id, EventSettings(attendees=(EventAttendee("rita@contoso.example"),)))
    (copy,) = client.calendars.view(omar, SINCE, UNTIL)
    assert copy.is_cancelled
    client.calendars.update(ada, made.id, EventSettings(subject="Secret"))
    assert client.calendars.get(omar, copy.id).subject == "Rounds"


def test_answers_reach_the_organizer(client: GraphClient, simulator: Running, ada: str, omar: str) -> None:
    made = client.calendars.create(ada, ROUNDS)
    (copy,) = client.calendars.view(omar, SINCE, UNTIL)
    for word, said in (
        ("tentativelyAccept", "tentativelyAccepted"),
        ("decline", "declined"),
        ("accept", "accepted"),
    ):
        path = f"/users/{omar}/events/{copy.id}/{word}"
        assert simulator.graph("POST", path, {"comment": "Yes.", "sendResponse": True}).status_code == 202
        assert client.calendars.get(ada, made.id).attendees[0].response == said
        assert client.calendars.get(omar, copy.id).response == said
    assert simulator.graph("POST", f"/users/{ada}/events/{made.id}/accept", {}).status_code == 400


def test_attendees_change_their_own_copy_alone(client: GraphClient, ada: str, omar: str) -> None:
    made = client.calendars.create(ada, ROUNDS)
    (copy,) = client.calendars.view(omar, SINCE, UNTIL)
    assert client.calendars.update(omar, copy.id, EventSettings(show_as="oof")).show_as == "oof"
    assert client.calendars.get(ada, made.id).show_as == "busy"
    with pytest.raises(Forbidden):
        client.calendars.update(omar, copy.id, EventSettings(start=ROUNDS.start, end=ROUNDS.end))


# Free and busy


def test_schedules_come_from_calendars_and_name_who_is_unknown(client: GraphClient, ada: str) -> None:
    client.calendars.create(ada, replace(ROUNDS, show_as="oof"))
    client.calendars.create(ada, replace(ROUNDS, show_as="free", attendees=()))
    since = datetime(2027, 3, 1, 7, tzinfo=UTC)
    people = ["ada@contoso.example", "nobody@contoso.example", "OMAR@contoso.example"]
    mine, nobody, theirs = client.calendars.schedules(
        ada, people, since, since + timedelta(hours=3), slot_minutes=60
    )
    assert (mine.availability, theirs.availability) == ("030", "030")
    assert mine.items == (
        Busy("oof", ZonedTime(datetime(2027, 3, 1, 8)), ZonedTime(datetime(2027, 3, 1, 9)), "Rounds", "Ward 3"),
    )
    assert mine.working_hours is not None
    assert (nobody.availability, nobody.error_code) == ("", "ErrorMailRecipientNotFound")


def test_what_is_private_and_what_is_unanswered(simulator: Running, client: GraphClient, ada: str) -> None:
    body = ROUNDS.to_graph() | {"sensitivity": "Private"}
    assert simulator.graph("POST", f"/users/{ada}/events", body).status_code == 201
    since = datetime(2027, 3, 1, 8, tzinfo=UTC)
    people = ["ada@contoso.example", "omar@contoso.example"]
    mine, theirs = client.calendars.schedules(ada, people, since, since + timedelta(hours=1))
    assert (mine.availability, theirs.availability) == ("22", "11")
    assert [one.subject for one in (*mine.items, *theirs.items)] == ["", ""]


# Who may, and what is refused


def test_roles_are_needed(simulator: Running, client: GraphClient, ada: str) -> None:
    made = client.calendars.create(ada, ROUNDS)
    roles = simulator.get("/api/permissions")[client.tenant_id]
    simulator.put("/api/permissions", {client.tenant_id: [one for one in roles if one != "Calendars.ReadWrite"]})
    with pytest.raises(Forbidden) as refused:
        client.calendars.view(ada, SINCE, UNTIL)
    assert (refused.value.code, refused.value.permission) == ("ErrorAccessDenied", "Calendars.Read")
    simulator.put("/api/permissions", {client.tenant_id: ["Calendars.Read"]})
    assert len(client.calendars.view(ada, SINCE, UNTIL)) == 1
    assert client.calendars.schedules(ada, ["ada@contoso.example"], SINCE, SINCE + timedelta(days=1))
    with pytest.raises(Forbidden) as refused:
        client.calendars.update(ada, made.id, EventSettings(subject="x"))
    assert refused.value.permission == "Calendars.ReadWrite"


def test_nobodys_calendar_is_not_there(client: GraphClient, ada: str, omar: str) -> None:
    with pytest.raises(NotFound):
        client.calendars.view("00000000-0000-4000-8000-000000000000", SINCE, UNTIL)
    made = client.calendars.create(ada, replace(ROUNDS, attendees=()))
    for key in (made.id, "AAMk=", "AAMk~20270301=", "AAMk~soon="):
        with pytest.raises(NotFound):
            client.calendars.get(omar, key)


START, END = ({"dateTime": at.isoformat(), "timeZone": "UTC"} for at in (NINE, TEN))


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "events", {"start": START}, 400),
        ("POST", "events", {"start": END, "end": START}, 400),
        ("POST", "events", {"start": START, "end": {**END, "timeZone": "Nowhere Time"}}, 400),
        ("POST", "events", {"start": START, "end": {**END, "timeZone": "../../etc/localtime"}}, 400),
        ("POST", "events", {"start": START, "end": {"dateTime": "2027-03-01T10:00:00Z"}}, 400),
        ("POST", "events", {"start": START, "end": {"dateTime": "soon"}}, 400),
        ("POST", "events", {"start": START, "end": {**END, "dateTime": "9999-12-31T23:00:00"}}, 400),
        ("POST", "events", {"start": START, "end": END, "isAllDay": True}, 400),
        ("POST", "events", {"start": START, "end": END, "attendees": [{"type": "required"}]}, 400),
        ("POST", "events", {"start": START, "end": END, "showAs": "sleeping"}, 400),
        (
            "POST",
            "events",
            {"start": START, "end": END, "isOnlineMeeting": True, "onlineMeetingProvider": "skypeForBusiness"},
            400,
        ),
        (
            "POST",
            "events",
            {"start": START, "end": END, "attendees": [{"emailAddress": {"address": "a@b"}}] * 501},
            400,
        ),
        ("GET", "calendarView", None, 400),
        ("GET", "calendarView?startDateTime=2027-03-01&endDateTime=2026-03-01", None, 400),
        ("GET", "calendarView?startDateTime=2020-03-01&endDateTime=2027-03-01", None, 400),
        ("GET", "calendarView?startDateTime=2027-03-01&endDateTime=2027-04-01&$top=0", None, 400),
        ("GET", "calendarView?startDateTime=2027-03-01&endDateTime=2027-04-01&$orderby=subject", None, 400),
        ("GET", "calendarView/delta?startDateTime=2027-03-01&endDateTime=2027-04-01", None, 501),
        ("GET", "events?$filter=subject eq 'x'", None, 501),
        ("POST", "findMeetingTimes", {}, 403),
        ("POST", "calendar/getSchedule", {"schedules": [], "startTime": START, "endTime": END}, 400),
        ("POST", "calendar/getSchedule", {"schedules": ["a@b"] * 21, "startTime": START, "endTime": END}, 400),
        ("POST", "calendar/getSchedule", {"schedules": ["a@b"], "startTime": END, "endTime": START}, 400),
        ("POST", "calendar/getSchedule", {"schedules": ["a@b"], "startTime": START}, 400),
        ("PUT", "events", {}, 405),
        ("DELETE", "calendar", None, 405),
        ("GET", "events/AAMk=/attachments", None, 404),
    ],
)
def test_what_cannot_be_is_refused(
    simulator: Running, ada: str, method: str, path: str, body: Any, status: int
) -> None:
    answer = simulator.graph(method, f"/users/{ada}/{path}", body)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["message"]


def test_answers_are_in_the_zone_and_style_that_is_preferred(
    simulator: Running, client: GraphClient, ada: str
) -> None:
    made = client.calendars.create(ada, ROUNDS)
    prefer = 'outlook.timezone="Pacific Standard Time", outlook.body-content-type="text"'
    answer = simulator.graph("GET", f"/users/{ada}/events/{made.id}", headers={"Prefer": prefer})
    assert answer.headers["Preference-Applied"] == prefer
    told = answer.json()
    assert told["start"] == {"dateTime": "2027-03-01T00:00:00.0000000", "timeZone": "Pacific Standard Time"}
    assert told["body"] == {"contentType": "text", "content": "Ward 3"}
    calendar = simulator.graph("GET", f"/users/{ada}/calendar").json()
    assert calendar["allowedOnlineMeetingProviders"] == ["teamsForBusiness"]


def test_whole_days_and_hidden_attendees(simulator: Running, ada: str, omar: str) -> None:
    midnight = {"dateTime": "2027-03-02T00:00:00", "timeZone": "Europe/Berlin"}
    body = {
        "start": midnight,
        "end": {**midnight, "dateTime": "2027-03-03T00:00:00"},
        "isAllDay": True,
        "hideAttendees": True,
        "attendees": [{"emailAddress": {"address": f"{name}@contoso.example"}} for name in ("omar", "rita")],
    }
    assert simulator.graph("POST", f"/users/{ada}/events", body).status_code == 201
    window = "calendarView?startDateTime=2027-03-01T23:00:00Z&endDateTime=2027-03-02T23:00:00Z"
    for mailbox, seen in ((ada, ["omar", "rita"]), (omar, ["omar"])):
        (found,) = simulator.graph("GET", f"/users/{mailbox}/{window}").json()["value"]
        assert found["start"]["dateTime"] == "2027-03-01T23:00:00.0000000"
        assert [one["emailAddress"]["address"].partition("@")[0] for one in found["attendees"]] == seen
