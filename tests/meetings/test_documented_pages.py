"""What Microsoft documents of meetings, events and free time is shown: word for word through worker and pages."""

import html
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator

from commsportal import worker
from directory.models import User
from graph import conf
from graph.calendar_values import Event
from graph.client import GraphClient
from graph.meeting_values import Meeting
from graph.transport import Answer
from graph.values import instant
from meetings import commands, zone_names
from meetings.models import OnlineMeeting, Organizer
from meetings.rules.patterns import Pattern, Range, Recurrence
from meetings.rules.plan import Guest, Plan
from meetings.rules.series_phrases import ENGLISH, said
from meetings.rules.times import Weekday
from tests.calls.service import Tokens, answer, error
from tests.clock import Clock
from tests.directory.walk import browser_of
from tests.graph.test_documented_examples import SHARED
from tests.meetings.conftest import make_organizer
from tests.people import api, make_person, tenant_id

JSON = dict[str, Any]
ABSENT = "the documented examples are not beside this checkout"
ABOUT = re.compile(r"onlineMeeting|attendanceRe|isOnlineMeeting|recurrence|workingHours")
FILES = [
    file for file in sorted((SHARED / "examples").glob("[!_]*.json")) if ABOUT.search(file.read_text("utf-8"))
]
pytestmark = [pytest.mark.django_db, pytest.mark.skipif(not FILES, reason=ABSENT)]

LINK = "https://teams.example/as-documented"
OURS = {"id": "meeting-1", "joinWebUrl": LINK, "subject": "Ours", "chatInfo": {"threadId": "19:a@thread.v2"}}
PATH = re.compile(
    r"https://graph\.test/v1\.0/users/[^/]+/(?P<what>onlineMeetings|events|calendar)(?:/(?P<id>[^/?]+))?"
    r"(?:/(?P<part>instances|attendanceReports))?(?:/(?P<report>[^/?]+)/attendanceRecords)?(?:\?.*)?"
)
HREF = re.compile(r'href="([^"]*)"')
ATTENDANCE = ("meetingAttendanceReport", "attendanceRecord")


def answers(*kinds: str) -> list[Any]:
    """Return the documented answers of these kinds, one parameter each."""
    found = []
    for file in FILES:
        for number, step in enumerate(json.loads(file.read_text("utf-8"))["steps"]):
            if step["kind"] == "response" and step.get("type") in kinds and step.get("body"):
                found.append(pytest.param(step["body"], id=f"{file.stem[:60]}#{number}"))
    return found


def is_of_teams(case: Any) -> bool:
    """Tell whether an event that is answered is an online meeting."""
    return case.values[0].get("isOnlineMeeting") is True


MEETINGS = answers("onlineMeeting")
EVENTS = [case for case in answers("event") if is_of_teams(case)]
LINKED = [case for case in EVENTS if case.values[0].get("onlineMeeting") and case.values[0].get("id")]
UNLINKED = [case for case in EVENTS if case not in LINKED]
NAMED = [case for case in answers("event") if case.values[0].get("id")]
DATES = [
    case
    for case in answers("Collection(event)")
    if any(one["type"] == "exception" for one in case.values[0]["value"])
]
SCHEDULES = answers("Collection(scheduleInformation)")
REPORTS = answers("Collection(meetingAttendanceReport)", "meetingAttendanceReport")


class Documented:
    """Graph, where the network would be: answers what is laid out for it, whatever is asked of that kind."""

    def __init__(self, **told: Any) -> None:
        self.told: JSON = told
        self.asked: list[str] = []

    def client(self, tenant: str = "") -> GraphClient:
        """Stand in for `graph.conf.client`."""
        return GraphClient("https://graph.test/v1.0", tenant or tenant_id(), Tokens(), self)  # type: ignore[arg-type]

    def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        repeatable: bool = False,
        limit: int = 0,
    ) -> Answer:
        """Answer one request."""
        found = PATH.fullmatch(url)
        assert found, url
        kind = found["part"] or found["what"]
        if found["report"]:
            kind = "attendanceRecords"
        self.asked.append(f"{method} {kind}")
        told = self.told.get(f"{method} {kind}", self.told.get(kind))
        if told is None:
            return answer(200, {"value": []}) if kind == "instances" else error(404, "NotFound")
        if kind == "onlineMeetings" and method == "GET" and not found["id"]:
            told = {"value": [told]}
        return answer(201 if method == "POST" else 200, told)


@pytest.fixture
def desk(max_: User) -> Client:
    return browser_of(max_)


def hear(monkeypatch: pytest.MonkeyPatch, **told: Any) -> Documented:
    """Have Graph answer so from now on."""
    service = Documented(**told)
    monkeypatch.setattr(conf, "client", service.client)
    return service


def plan(begins: datetime, **changes: Any) -> Plan:
    told = {"subject": "Ours", "starts_at": begins, "ends_at": begins + timedelta(minutes=30), "zone": "UTC"}
    return Plan(**told | {"attendees": (Guest(address="guest@fabrikam.example"),)} | changes)


def soon(clock: Clock) -> datetime:
    return clock.at.replace(minute=0, second=0, microsecond=0) + timedelta(days=1)


def brought(meeting: OnlineMeeting) -> OnlineMeeting:
    worker.run_pending()
    meeting.refresh_from_db()
    return meeting


def texts(value: Any) -> Iterator[str]:
    """Return every text of an answer."""
    if isinstance(value, str):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(one)


def pages(desk: Client, user: User, meeting: OnlineMeeting, told: Any = None) -> dict[str, str]:
    """Return every page about a meeting by its path; none crashes, and none shows what is not for people."""
    own, day = f"/meetings/{meeting.pk}/", meeting.starts_at.date()
    weeks = [f"/meetings/?view={view}&day={day}&zone=UTC" for view in ("agenda", "week", "month")]
    paths = [own, f"{own}?all", f"{own}room/", f"{own}edit/", f"{own}attendance/", *weeks]
    found = {path: desk.get(path) for path in paths}
    read = [f"/api/v1{own}{path}" for path in ("", "room/", "attendance/", "occurrences/", "invitations/")]
    found |= {path: api(user).get(path) for path in read}
    assert {path: one.status_code for path, one in found.items()} == dict.fromkeys(found, 200)
    shown = {path: one.content.decode() for path, one in found.items()}
    for text in texts(told):
        is_markup = "<" in text or "@odata" in text
        assert not is_markup or not any(text in page for path, page in shown.items() if path not in read)
    passcode = ((told or {}).get("joinMeetingIdSettings") or {}).get("passcode") or "aB3xyz"
    assert not any(passcode in page for page in shown.values())
    return shown


def links(page: str) -> set[str]:
    return {html.unescape(found) for found in HREF.findall(page)}


def said_of(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%d %b %Y %H:%M")


def test_there_are_examples_of_each_kind() -> None:
    counts = {name: len(found) for name, found in (("meetings", MEETINGS), ("events", EVENTS), ("dates", DATES))}
    assert all(counts.values()) and LINKED and UNLINKED and SCHEDULES, counts


@pytest.mark.parametrize("told", MEETINGS)
def test_a_documented_meeting_is_shown_with_the_ways_into_it(
    told: JSON, dana: Organizer, desk: Client, max_: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Pages on reading and changing leave the chat out, with which every meeting is made.
    made = told if "chatInfo" in told else OURS | {"id": told["id"]}
    hear(monkeypatch, onlineMeetings=told, **{"POST onlineMeetings": made})
    meeting = brought(commands.schedule(max_, dana.pk, plan(soon(clock))))
    assert (meeting.sent, meeting.error_title, meeting.theirs) == (meeting.version, "", None)
    read, shown = Meeting.from_graph(told), pages(desk, max_, meeting, told)
    own = shown[f"/meetings/{meeting.pk}/"]
    if read.join_url.startswith("https://"):
        assert read.join_url in links(own) and read.join_url in links(shown[f"/meetings/{meeting.pk}/room/"])
        assert desk.get(f"/meetings/{meeting.pk}/room/code.svg").status_code == 200
        if read.audio_conferencing:
            audio = read.audio_conferencing
            assert f"{audio.toll_number}, conference {audio.conference_id}" in html.unescape(own)
    else:  # a placeholder stands where the link would be
        assert "has not said yet how to join" in own and read.join_url not in links(own)
        assert desk.get(f"/meetings/{meeting.pk}/room/code.svg").status_code == 404
    if read.join_meeting_id and read.join_url.startswith("https://"):
        assert read.join_meeting_id in own
    answered = api(max_).get(f"/api/v1/meetings/{meeting.pk}/").json()
    assert (answered["join_url"], answered["is_held"]) == (read.join_url, True)
    calendar = desk.get(f"/meetings/{meeting.pk}/meeting.ics")
    assert calendar.status_code == 200 and b"BEGIN:VEVENT" in calendar.content


@pytest.mark.parametrize("told", MEETINGS)
def test_a_meeting_that_is_found_as_documented_was_changed_there_and_is_shown_so(
    told: JSON, dana: Organizer, desk: Client, max_: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    begins = soon(clock)
    times = {"startDateTime": begins.isoformat(), "endDateTime": (begins + timedelta(minutes=30)).isoformat()}
    hear(monkeypatch, onlineMeetings=OURS | {"id": told["id"]} | times)
    meeting = brought(commands.schedule(max_, dana.pk, plan(begins)))
    hear(monkeypatch, onlineMeetings=told)
    commands.change(max_, meeting.pk, plan(begins, subject="Ours anew"), version=1)
    assert brought(meeting).theirs is not None
    own = html.unescape(pages(desk, max_, meeting, told)[f"/meetings/{meeting.pk}/"])
    assert "Changed in Teams as well" in own and (told["subject"] or "nothing") in own
    for name in ("startDateTime", "endDateTime"):
        at = instant(told[name])
        assert at and said_of(at) in own


@pytest.mark.parametrize("told", LINKED)
def test_a_documented_event_is_shown_with_its_link(
    told: JSON, dana: Organizer, desk: Client, max_: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = told["onlineMeeting"]
    audio = {"tollNumber": reached["tollNumber"], "conferenceId": reached["conferenceId"]}
    found = {"id": "meeting-1", "joinWebUrl": reached["joinUrl"], "audioConferencing": audio}
    service = hear(monkeypatch, events=told, onlineMeetings=found)
    meeting = brought(commands.schedule(max_, dana.pk, plan(soon(clock), on_calendar=True)))
    assert (meeting.sent, meeting.error_title, meeting.event_id) == (1, "", told["id"])
    assert service.asked[:3] == ["POST events", "PATCH events", "GET onlineMeetings"]
    shown = pages(desk, max_, meeting, told)
    own = shown[f"/meetings/{meeting.pk}/"]
    assert reached["joinUrl"] in links(own) and reached["joinUrl"] in links(shown[f"/meetings/{meeting.pk}/room/"])
    assert f"{reached['tollNumber']}, conference {reached['conferenceId']}" in html.unescape(own)


@pytest.mark.parametrize("told", UNLINKED)
def test_a_documented_event_without_a_link_or_an_id_is_waited_for_and_said(
    told: JSON, dana: Organizer, desk: Client, max_: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear(monkeypatch, events=told)
    meeting = brought(commands.schedule(max_, dana.pk, plan(soon(clock), on_calendar=True)))
    assert meeting.sent == 0 and meeting.due_at is not None
    own = pages(desk, max_, meeting, told)[f"/meetings/{meeting.pk}/"]
    assert html.escape(meeting.error_title) in own and "Tried again" in own and "has not said yet" in own


@pytest.mark.parametrize("told", NAMED)
def test_an_event_that_is_found_as_documented_was_changed_there_and_is_shown_so(
    told: JSON, dana: Organizer, desk: Client, max_: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    begins = soon(clock)
    meeting = brought_event(begins, dana, max_, monkeypatch)
    linked = told | {"isOnlineMeeting": True, "onlineMeeting": {"joinUrl": LINK}}  # ours has one
    hear(monkeypatch, events=linked)
    commands.change(max_, meeting.pk, plan(begins, on_calendar=True, subject="Ours anew"), version=1)
    assert brought(meeting).theirs is not None
    own = html.unescape(pages(desk, max_, meeting, told)[f"/meetings/{meeting.pk}/"])
    assert "Changed in Teams as well" in own and told["subject"] in own
    read = Event.from_graph(told)
    for at in (zone_names.moment(read.start), zone_names.moment(read.end)):
        assert at and said_of(at) in own
    if read.recurrence:
        series = Recurrence.from_graph(read.recurrence.to_graph())
        assert f"{said(series.pattern, ENGLISH)}, until" in own


def brought_event(
    begins: datetime, dana: Organizer, user: User, monkeypatch: pytest.MonkeyPatch, **changes: Any
) -> OnlineMeeting:
    """Return a meeting that is an event, as Microsoft has it."""
    told = event_of(begins, **changes)
    instances = {"value": list(instances_of(begins, changes["recurrence"]))} if changes else None
    hear(monkeypatch, events=told, onlineMeetings=OURS, instances=instances)
    meeting = brought(commands.schedule(user, dana.pk, plan(begins, on_calendar=True, **changes)))
    assert (meeting.sent, meeting.error_title) == (1, "")
    return meeting


def event_of(begins: datetime, recurrence: Recurrence | None = None) -> JSON:
    return {
        "id": "event-1",
        "subject": "Ours",
        "start": zoned(begins),
        "end": zoned(begins + timedelta(minutes=30)),
        "recurrence": recurrence.to_graph() if recurrence else None,
        "isOnlineMeeting": True,
        "onlineMeeting": {"joinUrl": LINK},
    }


def instances_of(begins: datetime, recurrence: Recurrence) -> Iterator[JSON]:
    for number in range(recurrence.range.count or 0):
        at = begins + timedelta(weeks=number)
        times = {"start": zoned(at), "end": zoned(at + timedelta(minutes=30))}
        yield {"id": f"event-1-{number}", "type": "occurrence", **times}


def zoned(at: datetime) -> JSON:
    return {"dateTime": at.astimezone(UTC).replace(tzinfo=None).isoformat(), "timeZone": "UTC"}


@pytest.mark.parametrize("told", DATES)
def test_documented_dates_of_a_series_are_shown_where_they_are_there(
    told: JSON, dana: Organizer, max_: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = sorted(
        (at, one["type"]) for one in told["value"] if (at := zone_names.moment(Event.from_graph(one).start))
    )
    first = read[0][0]
    clock.at = first - timedelta(days=7)
    days = frozenset({Weekday(first.weekday())})
    weeks = (read[-1][0] - first).days // 7 + 1
    recurrence = Recurrence(Pattern("weekly", days=days), Range(first.date(), count=weeks))
    desk = browser_of(max_)
    meeting = brought_event(first, dana, max_, monkeypatch, recurrence=recurrence)
    hear(monkeypatch, events=event_of(first, recurrence), instances=told, onlineMeetings=OURS)
    ours = plan(first, on_calendar=True, recurrence=recurrence, subject="Ours anew")
    commands.change(max_, meeting.pk, ours, version=1)
    assert brought(meeting).theirs is not None
    own = html.unescape(pages(desk, max_, meeting)[f"/meetings/{meeting.pk}/?all"])
    assert "Changed in Teams as well" in own
    usual = {first.date() + timedelta(weeks=number) for number in range(weeks)}
    gone = usual - {at.date() for at, kind in read if kind == "occurrence"}
    assert gone and all(f"{day:%d %b %Y}" in own for day in gone) and "does not take place" in own


@pytest.mark.parametrize("told", SCHEDULES)
def test_documented_free_and_busy_times_are_told(
    told: JSON, max_: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = [one["scheduleId"] for one in told["value"]]
    organizer = make_organizer("Dana Lee", max_)
    person = make_person("Adele Vance", mail=addresses[0])
    Organizer.objects.filter(pk=organizer.pk).update(oid=person.oid)
    first = zone_names.moment(Event.from_graph(told["value"][0]["scheduleItems"][0]).start)
    assert first is not None
    clock.at = first - timedelta(days=1)
    hear(monkeypatch, calendar=told)
    wanted = {
        "organizer": organizer.pk,
        "day": first.date().isoformat(),
        "begins": first.strftime("%H:%M"),
        "ends": (first + timedelta(minutes=30)).strftime("%H:%M"),
        "zone": "America/Los_Angeles",
        "attendees": [{"address": one} for one in addresses[1:]],
    }
    shown = api(max_).post("/api/v1/meetings/free-busy/", wanted, format="json")
    assert shown.status_code == 200
    people = {one["address"]: one for one in shown.json()["people"]}
    assert list(people) == addresses
    for one in told["value"]:
        items = [Event.from_graph(item) for item in one["scheduleItems"]]
        times = {(zone_names.moment(item.start), zone_names.moment(item.end)) for item in items}
        listed = people[one["scheduleId"]]
        assert listed["is_known"] is True
        spans = [
            tuple(datetime.fromisoformat(part[name]) for name in ("starts_at", "ends_at"))
            for part in listed["busy"]
        ]
        assert set(spans) == times
        assert sorted(part["status"] for part in listed["busy"]) == sorted(
            item["status"] for item in one["scheduleItems"]
        )
        zone = zone_names.iana(one["workingHours"]["timeZone"]["name"])
        assert listed["zone"] == zone and (listed["hours"] is None) == (not zone)
    kept = [item["subject"] for one in told["value"] for item in one["scheduleItems"] if item.get("subject")]
    assert kept and not any(subject in shown.content.decode() for subject in kept)


def stand_in() -> tuple[JSON, list[JSON]]:
    """Return a report in the documented shape: of two people, one of whom came twice.

    Role and records are as the schema and the pages have them: a role is a word of its own with a capital.
    """
    report = {
        "id": "report-1",
        "totalParticipantCount": 2,
        "meetingStartDateTime": "2026-03-02T09:00:00Z",
        "meetingEndDateTime": "2026-03-02T09:30:00.4567891Z",
    }
    return report, [
        record(
            "Frederick Cormier", "frederick@contoso.example", "Presenter", ("09:00", "09:12"), ("09:20", "09:30")
        ),
        record("<i>Tyler</i>", "tyler@contoso.example", "Attendee", ("09:05", "09:30")),
    ]


def record(name: str, address: str, role: str, *stays: tuple[str, str]) -> JSON:
    told = [
        {
            "joinDateTime": f"2026-03-02T{begin}:00Z",
            "leaveDateTime": f"2026-03-02T{end}:00Z",
            "durationInSeconds": 600,
        }
        for begin, end in stays
    ]
    return {
        "id": f"record of {address}",
        "emailAddress": address,
        "totalAttendanceInSeconds": 1200,
        "role": role,
        "identity": {"displayName": name, "id": None},
        "attendanceIntervals": told,
    }


def reports() -> list[tuple[JSON, list[JSON]]]:
    """Return the documented reports with their records; where no page has one, one in the documented shape."""
    whole = [one for case in REPORTS for one in case.values[0].get("value", [case.values[0]])]
    found = [(one, one.get("attendanceRecords") or []) for one in whole]
    return [one for one in found if one[1]] or [stand_in()]


@pytest.mark.parametrize(("kind", "body"), [*zip(ATTENDANCE, (stand_in()[0], stand_in()[1][0]), strict=True)])
def test_the_stand_in_of_a_report_has_the_documented_shape(kind: str, body: JSON) -> None:
    schema = json.loads((SHARED / "schema.json").read_text("utf-8"))
    rules = {"$schema": schema["$schema"], "$ref": f"#/$defs/{kind}", "$defs": schema["$defs"]}
    assert [one.message for one in Draft202012Validator(rules).iter_errors(body)] == []


@pytest.mark.parametrize(("report", "records"), reports())
def test_documented_attendance_is_shown_by_name_and_minutes(
    report: JSON, records: list[JSON], dana: Organizer, max_: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    begins, ends = instant(report["meetingStartDateTime"]), instant(report["meetingEndDateTime"])
    assert begins and ends
    clock.at = begins - timedelta(days=1)
    service = hear(
        monkeypatch,
        onlineMeetings=OURS,
        attendanceReports={"value": [report | {"attendanceRecords": []}]},
        attendanceRecords={"value": records},
    )
    meeting = brought(commands.schedule(max_, dana.pk, plan(begins, ends_at=begins + timedelta(minutes=30))))
    clock.at = ends + timedelta(minutes=10)
    worker.run_pending()
    assert "GET attendanceRecords" in service.asked
    desk = browser_of(max_)
    shown = pages(desk, max_, meeting, {"told": records})[f"/meetings/{meeting.pk}/attendance/"]
    table = desk.get(f"/meetings/{meeting.pk}/attendance.csv").content.decode("utf-8-sig")
    for one in records:
        name = one["identity"]["displayName"]
        assert html.escape(name) in shown and name in table and one["emailAddress"] in table
        minutes = sum((end - begin).total_seconds() for begin, end in stays_of(one)) / 60
        line = next(line for line in table.splitlines() if one["emailAddress"] in line)
        assert str(int(minutes)) in line
    assert begins.strftime("%A") in shown


def stays_of(one: JSON) -> list[tuple[datetime, datetime]]:
    """Return when somebody was there, apart from each other."""
    told = [(instant(each["joinDateTime"]), instant(each["leaveDateTime"])) for each in one["attendanceIntervals"]]
    found = sorted((begin, end) for begin, end in told if begin and end)
    assert all(end <= other for (_, end), (other, _) in pairwise(found))
    return found
