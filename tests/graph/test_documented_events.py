"""Every documented exchange about events and free time goes through client and readers (read in place)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from graph.calendar_values import Event, EventAttendee, EventSettings, ZonedTime
from graph.client import GraphClient
from graph.recurrence_values import PatternedRecurrence
from graph.schedule_values import Schedule
from graph.values import instant
from tests.graph.test_documented_examples import GUID, SHARED, Recorder, graph_on, known_errors

FILES = sorted(
    file
    for file in (SHARED / "examples").glob("*.json")
    if re.match(r"(event-|user-post-events|user-list-calendarview|calendar-)", file.name)
)
pytestmark = pytest.mark.skipif(not FILES, reason="the documented examples are not beside this checkout")

JSON = dict[str, Any]
EVENT_PATH = re.compile(
    r"/me(?:/calendar)?/(?P<kind>events|calendarView|getSchedule)(?:/(?P<id>[^/]+))?(?:/(?P<what>\w+))?"
)
# What a page's request holds beside what this client sets: addresses of places, and members that are read-only.
NOT_OURS = {
    "locations",
    "locationType",
    "originalStartTimeZone",
    "originalEndTimeZone",
    "responseStatus",
    "iCalUId",
}
NOT_OURS |= {"categories", "isReminderOn", "availabilityViewInterval", "firstDayOfWeek", "onlineMeetingProvider"}


def steps(kind: str, files: list[Path] = FILES) -> Iterator[Any]:
    for file in files:
        for number, step in enumerate(json.loads(file.read_text(encoding="utf-8"))["steps"]):
            if step["kind"] == kind:
                yield pytest.param(step, f"{file.name}#{number}", id=f"{file.stem[:60]}#{number}")


def settings_of(body: JSON) -> EventSettings:
    text = body.get("body") or {}
    attendees = body.get("attendees")
    return EventSettings(
        subject=body.get("subject"),
        body=text.get("content"),
        content_type=text.get("contentType", "html"),
        start=ZonedTime.from_graph(body.get("start")),
        end=ZonedTime.from_graph(body.get("end")),
        location=(body.get("location") or {}).get("displayName"),
        attendees=tuple(map(EventAttendee.from_graph, attendees)) if attendees else None,
        recurrence=PatternedRecurrence.from_graph(body.get("recurrence")),
        is_online_meeting=body.get("isOnlineMeeting"),
        allow_new_time_proposals=body.get("allowNewTimeProposals"),
        hide_attendees=body.get("hideAttendees"),
        reminder_minutes=body.get("reminderMinutesBeforeStart"),
    )


def bound(query: dict[str, list[str]], name: str) -> Any:
    """Read a bound of a window; one without an offset is UTC (REFERENCE 23.3)."""
    told = query[name][0].replace(" ", "+")
    return instant(told) or instant(f"{told}Z")


def ask(graph: GraphClient, step: JSON) -> Callable[[], object]:
    """Return what makes this client send the documented request."""
    parts = urlsplit(re.sub(r"\{[^}]*\}", GUID, step["url"]))
    query, body = parse_qs(parts.query), step.get("body") or {}
    found = EVENT_PATH.fullmatch(unquote(parts.path).removeprefix("/v1.0"))
    assert found is not None
    calendars, kind, id_ = graph.calendars, found["kind"], found["id"] or ""
    if kind == "calendarView":
        return lambda: calendars.view(GUID, bound(query, "startDateTime"), bound(query, "endDateTime"))
    if kind == "getSchedule":
        start, end = (ZonedTime.from_graph(body[name]) for name in ("startTime", "endTime"))
        assert start is not None and end is not None
        utc = [instant(f"{at.wall.isoformat()}Z") for at in (start, end)]
        assert utc[0] and utc[1]
        return lambda: calendars.schedules(GUID, body["schedules"], utc[0], utc[1])
    if found["what"] == "instances":
        return lambda: calendars.instances(GUID, id_, bound(query, "startDateTime"), bound(query, "endDateTime"))
    if found["what"] == "cancel":
        return lambda: calendars.cancel(GUID, id_, body.get("Comment", body.get("comment", "")))
    known: dict[str, Callable[[], object]] = {
        "POST": lambda: calendars.create(GUID, settings_of(body), transaction_id=body.get("transactionId", "")),
        "GET": lambda: calendars.get(GUID, id_),
        "PATCH": lambda: calendars.update(GUID, id_, settings_of(body)),
        "DELETE": lambda: calendars.delete(GUID, id_),
    }
    return known[step["method"]]


def bare(value: Any) -> Any:
    """Leave out nulls and what this client does not set, and fold what the service reads in any case."""
    if isinstance(value, dict):
        kept = {name: bare(one) for name, one in value.items() if one is not None and name not in NOT_OURS}
        return {name.lower(): one for name, one in kept.items()}
    if isinstance(value, list):
        return [bare(one) for one in value]
    return value.lower() if isinstance(value, str) and value.isalpha() else value


@pytest.mark.parametrize(("step", "name"), list(steps("request")))
def test_our_request_is_the_documented_one(step: JSON, name: str) -> None:
    recorder = Recorder({"id": GUID})
    ask(graph_on(recorder), step)()
    ((method, url, sent),) = recorder.sent
    documented = urlsplit(re.sub(r"\{[^}]*\}", GUID, step["url"]))
    path = unquote(urlsplit(url).path)
    assert method == step["method"]
    own = unquote(documented.path).replace("/me/calendar/calendarView", "/me/calendarView")
    assert path == own.replace("/me/", f"/users/{GUID}/"), name
    asked, wanted = parse_qs(urlsplit(url).query), parse_qs(documented.query)
    for one in {"startDateTime", "endDateTime"} & set(wanted):
        assert bound(asked, one) == bound(wanted, one)
    told = bare(step.get("body") or {})
    if "schedules" in told:  # this client asks for instants, and tells them in UTC
        assert sent["schedules"] == told["schedules"]
    else:
        assert bare(sent or {}) == told, name


def test_every_documented_request_is_met() -> None:
    assert len(list(steps("request"))) >= 12


def check_event(raw: JSON, read: Event) -> None:
    assert (read.id, read.subject) == (raw.get("id", ""), raw.get("subject") or "")
    assert (read.uid, read.type) == (raw.get("iCalUId", ""), raw.get("type", ""))
    assert read.series_master_id == (raw.get("seriesMasterId") or "")
    assert read.etag == raw.get("@odata.etag", "")
    assert read.body == (raw.get("body") or {}).get("content", "")
    for name, time in (("start", read.start), ("end", read.end)):
        if name in raw:
            assert time is not None
            assert time.wall.isoformat() == raw[name]["dateTime"].partition(".")[0]
            assert time.zone == raw[name]["timeZone"]
    people = raw.get("attendees") or []
    assert [one.address for one in read.attendees] == [one["emailAddress"]["address"] for one in people]
    assert [one.response for one in read.attendees] == [one["status"]["response"] for one in people]
    link = (raw.get("onlineMeeting") or {}).get("joinUrl")
    assert (read.online_meeting.join_url if read.online_meeting else None) == link
    check_recurrence(raw.get("recurrence"), read.recurrence)


def check_recurrence(raw: JSON | None, read: PatternedRecurrence | None) -> None:
    if raw is None:
        assert read is None
        return
    assert read is not None
    for part, written in read.to_graph().items():
        assert written == {name: raw[part][name] for name in written}


def check_schedule(raw: JSON, read: Schedule) -> None:
    assert (read.address, read.availability) == (raw["scheduleId"], raw["availabilityView"])
    assert [one.status for one in read.items] == [one["status"] for one in raw["scheduleItems"]]
    assert [one.subject for one in read.items] == [one.get("subject", "") for one in raw["scheduleItems"]]
    assert read.working_hours is not None
    assert read.working_hours.zone == raw["workingHours"]["timeZone"]["name"]
    assert list(read.working_hours.days) == raw["workingHours"]["daysOfWeek"]


@pytest.mark.parametrize(
    ("step", "name"), [case for case in steps("response") if isinstance(case.values[0].get("body"), dict)]
)
def test_a_documented_answer_is_read_without_loss(step: JSON, name: str) -> None:
    inner = re.fullmatch(r"Collection\((.*)\)", step["type"] or "")
    kind = inner.group(1) if inner else step["type"]
    for entity in step["body"]["value"] if inner else [step["body"]]:
        if kind == "scheduleInformation":
            check_schedule(entity, Schedule.from_graph(entity))
        elif name in known_errors():
            assert Event.from_graph(entity).id == entity.get("id", "")
        else:
            check_event(entity, Event.from_graph(entity))
