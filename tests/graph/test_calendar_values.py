"""Events, schedules and recurrences are read as Graph tells them and written as it takes them (REFERENCE 23)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.calendar_values import Event, EventAttendee, EventSettings, OnlineMeetingInfo, ZonedTime
from graph.errors import Refused
from graph.recurrence_values import (
    DAYS,
    INDEXES,
    PATTERNS,
    PatternedRecurrence,
    RecurrencePattern,
    RecurrenceRange,
)
from graph.schedule_values import Busy, Schedule, WorkingHours
from meetings.rules.patterns import Recurrence

NINE, TEN = datetime(2026, 11, 24, 9), datetime(2026, 11, 24, 10)
WEEKLY = PatternedRecurrence(
    RecurrencePattern("weekly", 2, ("tuesday",), "monday"),
    RecurrenceRange("numbered", "2026-11-24", number_of_occurrences=5),
)
TOLD: dict[str, Any] = {
    "@odata.etag": 'W/"k1"',
    "id": "AAMk1=",
    "changeKey": "k1",
    "iCalUId": "0400ABC",
    "type": "seriesMaster",
    "subject": "Rounds",
    "body": {"contentType": "HTML", "content": "<p>Ward 3</p>"},
    "start": {"dateTime": "2026-11-24T09:00:00.0000000", "timeZone": "UTC"},
    "end": {"dateTime": "2026-11-24T10:00:00.0000000", "timeZone": "UTC"},
    "originalStartTimeZone": "W. Europe Standard Time",
    "location": {"displayName": "Ward 3"},
    "organizer": {"emailAddress": {"address": "ada@contoso.example", "name": "Ada"}},
    "attendees": [
        {
            "emailAddress": {"address": "omar@contoso.example", "name": "Omar"},
            "type": "Optional",
            "status": {"response": "Accepted", "time": "2026-11-20T09:00:00Z"},
        }
    ],
    "responseStatus": {"response": "organizer", "time": "0001-01-01T00:00:00Z"},
    "recurrence": {
        "pattern": {
            "type": "Weekly",
            "interval": 2,
            "daysOfWeek": ["Tuesday"],
            "firstDayOfWeek": "monday",
            "month": 0,
            "dayOfMonth": 0,
            "index": "first",
        },
        "range": {
            "type": "numbered",
            "startDate": "2026-11-24",
            "endDate": "0001-01-01",
            "numberOfOccurrences": 5,
            "recurrenceTimeZone": "",
        },
    },
    "showAs": "Busy",
    "isAllDay": False,
    "isCancelled": False,
    "isOrganizer": True,
    "isOnlineMeeting": True,
    "onlineMeeting": {"joinUrl": "https://teams.example/j", "conferenceId": "177", "tollNumber": "+49301"},
    "transactionId": "t-1",
    "lastModifiedDateTime": "2026-11-20T08:00:00Z",
}


def test_an_event_is_read_whole() -> None:
    event = Event.from_graph(TOLD, "r-1")
    assert event == Event(
        id="AAMk1=",
        uid="0400ABC",
        type="seriesMaster",
        subject="Rounds",
        body="<p>Ward 3</p>",
        content_type="html",
        start=ZonedTime(NINE),
        end=ZonedTime(TEN),
        original_zone="W. Europe Standard Time",
        location="Ward 3",
        organizer=EventAttendee("ada@contoso.example", "Ada"),
        attendees=(EventAttendee("omar@contoso.example", "Omar", "optional"),),
        response="organizer",
        recurrence=WEEKLY,
        show_as="busy",
        is_all_day=False,
        is_cancelled=False,
        is_organizer=True,
        is_online_meeting=True,
        online_meeting=OnlineMeetingInfo("https://teams.example/j", "177", "+49301"),
        transaction_id="t-1",
        changed_at=datetime(2026, 11, 20, 8, tzinfo=UTC),
    )
    assert (event.etag, event.request_id, event.attendees[0].response) == ('W/"k1"', "r-1", "accepted")
    assert not event.awaits_link


@pytest.mark.parametrize(
    "told", [None, [], "x", {}, {"start": "soon", "attendees": 7, "recurrence": {"pattern": 1}}]
)
def test_what_cannot_be_read_is_left_out(told: object) -> None:
    event = Event.from_graph(told)
    assert (event.id, event.start, event.attendees, event.recurrence) == ("", None, (), None)


def test_an_event_without_an_etag_is_told_apart_by_its_change_key() -> None:
    told = {name: value for name, value in TOLD.items() if name != "@odata.etag"}
    assert Event.from_graph(told).etag == 'W/"k1"'


def test_a_link_that_is_not_there_yet_is_awaited() -> None:
    assert Event.from_graph(TOLD | {"onlineMeeting": None}).awaits_link
    assert not Event.from_graph(TOLD | {"onlineMeeting": None, "isOnlineMeeting": False}).awaits_link


@pytest.mark.parametrize(
    ("told", "read", "instant"),
    [
        ({"dateTime": "2026-07-01T09:00:00", "timeZone": "Europe/Berlin"}, "2026-07-01T09:00", "2026-07-01T07:00"),
        ({"dateTime": "2026-03-29T02:30:00", "timeZone": "Europe/Berlin"}, "2026-03-29T02:30", "2026-03-29T01:30"),
        ({"dateTime": "2026-07-01T09:00:00.1234567"}, "2026-07-01T09:00:00.123456", "2026-07-01T09:00:00.123456"),
        ({"dateTime": "2026-07-01T09:00:00+02:00", "timeZone": "UTC"}, "2026-07-01T07:00", "2026-07-01T07:00"),
        ({"dateTime": "2026-07-01T09:00:00", "timeZone": "Pacific Standard Time"}, "2026-07-01T09:00", None),
        ({"dateTime": "2026-07-01T09:00:00", "timeZone": "../../etc/passwd"}, "2026-07-01T09:00", None),
        ({"dateTime": "0001-01-01T00:00:00", "timeZone": "Europe/Berlin"}, "0001-01-01T00:00", None),
    ],
)
def test_times_stand_beside_their_zones(told: dict[str, str], read: str, instant: str | None) -> None:
    time = ZonedTime.from_graph(told)
    assert time is not None
    assert time.wall == datetime.fromisoformat(read)
    assert time.instant() == (None if instant is None else datetime.fromisoformat(instant).replace(tzinfo=UTC))


def test_settings_are_written_as_graph_takes_them() -> None:
    berlin = ZonedTime(NINE, "Europe/Berlin")
    settings = EventSettings(
        subject="Rounds",
        body="Ward 3",
        content_type="text",
        start=berlin,
        end=replace(berlin, wall=TEN),
        location="Ward 3",
        attendees=(EventAttendee("omar@contoso.example", "Omar", "optional"), EventAttendee("x@fabrikam.example")),
        recurrence=WEEKLY,
        is_online_meeting=True,
        show_as="busy",
        reminder_minutes=5,
    )
    assert settings.to_graph() == {
        "subject": "Rounds",
        "body": {"contentType": "text", "content": "Ward 3"},
        "start": {"dateTime": "2026-11-24T09:00:00", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2026-11-24T10:00:00", "timeZone": "Europe/Berlin"},
        "location": {"displayName": "Ward 3"},
        "attendees": [
            {"emailAddress": {"address": "omar@contoso.example", "name": "Omar"}, "type": "optional"},
            {"emailAddress": {"address": "x@fabrikam.example"}, "type": "required"},
        ],
        "recurrence": {
            "pattern": {"type": "weekly", "interval": 2, "daysOfWeek": ["tuesday"], "firstDayOfWeek": "monday"},
            "range": {"type": "numbered", "startDate": "2026-11-24", "numberOfOccurrences": 5},
        },
        "isOnlineMeeting": True,
        "onlineMeetingProvider": "teamsForBusiness",
        "showAs": "busy",
        "reminderMinutesBeforeStart": 5,
    }


@pytest.mark.parametrize(
    "settings",
    [
        EventSettings(start=ZonedTime(NINE)),
        EventSettings(end=ZonedTime(TEN)),
        EventSettings(start=ZonedTime(TEN), end=ZonedTime(NINE)),
        EventSettings(start=ZonedTime(NINE.replace(tzinfo=UTC)), end=ZonedTime(TEN)),
        EventSettings(attendees=(EventAttendee("", "Omar"),)),
    ],
)
def test_contradictions_are_not_sent(settings: EventSettings) -> None:
    with pytest.raises(Refused):
        settings.to_graph()


@given(
    st.sampled_from(PATTERNS),
    st.integers(1, 99),
    st.lists(st.sampled_from(DAYS), min_size=1, unique=True),
    st.sampled_from(DAYS),
    st.integers(1, 31),
    st.integers(1, 12),
    st.sampled_from(INDEXES),
)
def test_recurrences_are_the_same_there_and_back_and_to_the_rules_of_meetings(
    type_: str, interval: int, days: list[str], first: str, day: int, month: int, index: str
) -> None:
    in_order = tuple(one for one in ("monday", *DAYS[2:], "sunday") if one in days)
    pattern = RecurrencePattern(type_, interval, in_order, first, day, month, index)
    written = pattern.to_graph()
    filled = {
        "month": 0,
        "dayOfMonth": 0,
        "index": "first",
        "daysOfWeek": [],
        "firstDayOfWeek": "sunday",
    } | written
    assert RecurrencePattern.from_graph(filled).to_graph() == written
    whole = PatternedRecurrence(pattern, RecurrenceRange("noEnd", "2026-03-02"))
    assert Recurrence.from_graph(whole.to_graph()).to_graph() == whole.to_graph()


def test_schedules_say_what_they_know() -> None:
    told = {
        "scheduleId": "omar@contoso.example",
        "availabilityView": "0020",
        "scheduleItems": [
            {
                "status": "Busy",
                "start": TOLD["start"],
                "end": TOLD["end"],
                "subject": "Rounds",
                "location": "Ward 3",
            },
            {"status": "later"},
        ],
        "workingHours": {
            "daysOfWeek": ["monday"],
            "startTime": "08:00:00.0000000",
            "endTime": "17:00:00.0000000",
            "timeZone": {"@odata.type": "#microsoft.graph.customTimeZone", "name": "Customized Time Zone"},
        },
    }
    assert Schedule.from_graph(told) == Schedule(
        "omar@contoso.example",
        "0020",
        (Busy("busy", ZonedTime(NINE), ZonedTime(TEN), "Rounds", "Ward 3"), Busy("later")),
        WorkingHours(("monday",), "08:00:00", "17:00:00", "Customized Time Zone"),
    )
    failed = {
        "scheduleId": "x@y.example",
        "error": {"message": "No.", "responseCode": "ErrorMailRecipientNotFound"},
    }
    assert Schedule.from_graph(failed) == Schedule(
        "x@y.example", error="No.", error_code="ErrorMailRecipientNotFound"
    )
