"""A meeting in words, for pages: the colour, icon and word of its status and of who came, what Teams changed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from commsportal.clock import now
from meetings import facts
from meetings.models import Occurrence, OnlineMeeting
from meetings.rules import plan as rules
from meetings.rules.attendance import Verdict
from meetings.rules.patterns import Recurrence, RecurrenceError
from meetings.rules.recurrence import last_day
from meetings.rules.roll import UNINVITED, RollEntry
from meetings.rules.series_phrases import ENGLISH, said
from meetings.rules.times import day_at


@dataclass(frozen=True)
class Status:
    """How a meeting stands: `tone` and `icon` of the chip, and its word."""

    tone: str
    icon: str
    word: str


def status(meeting: OnlineMeeting, at: datetime) -> Status:
    """Return how a meeting stands at an instant; a series as a whole is planned until it is over."""
    return _standing(meeting, meeting.over_at if meeting.recurrence else meeting.starts_at, meeting.over_at, at)


def status_of_date(one: Occurrence, at: datetime) -> Status:
    """Return how one date of a meeting stands at an instant."""
    if not one.is_held and not one.meeting.is_cancelled:
        return SKIPPED if one.state == Occurrence.State.SKIPPED else CANCELLED
    return _standing(one.meeting, one.starts_at, one.ends_at, at)


CANCELLED = Status("waiting", "cross", "Cancelled")
SKIPPED = Status("waiting", "cross", "Holiday")


def _standing(meeting: OnlineMeeting, starts_at: datetime, ends_at: datetime, at: datetime) -> Status:
    if meeting.is_draft:
        return Status("waiting", "edit", "Draft")
    if meeting.theirs is not None:
        return Status("ringing", "warning", "Decide")
    if meeting.error_title:
        return Status("failed", "alert", "Failed")
    if meeting.is_cancelled:
        return Status("waiting", "cross", "Cancelled" if meeting.sent == meeting.version else "Being cancelled")
    if meeting.sent < meeting.version:
        return Status("pending", "clock", "Asked")
    if at >= ends_at:
        return Status("waiting", "check", "Over")
    if at >= starts_at:
        return Status("active", "live", "Now")
    return Status("hold", "clock", "Planned")


LABELS = {"subject": "Subject", "starts_at": "Begins", "ends_at": "Ends", "recurrence": "Repeats"}
AS_USUAL, NOT_HELD = "as the series has it", "does not take place"
MOST_DATES = 12  # that are named one by one


def theirs(meeting: OnlineMeeting) -> list[tuple[str, str, str]]:
    """Return what was changed in Teams as well: of each, its label, as it is here and as it is there."""
    if meeting.theirs is None:
        return []
    zone, ours = rules.zone_of(meeting.zone), facts.watched(meeting)
    changes = rules.difference(ours, meeting.theirs)
    found = [
        (label, _said(name, here, zone), _said(name, there, zone))
        for name, label in LABELS.items()
        for here, there in [changes.get(name, (None, None))]
        if name in changes
    ]
    return found + _dates(ours.get("dates") or {}, meeting.theirs.get("dates") or {}, zone)


def _said(name: str, value: Any, zone: ZoneInfo) -> str:
    if name == "recurrence":
        return _series(value)
    if name == "subject" or not value:
        return str(value or "nothing")
    return datetime.fromisoformat(value).astimezone(zone).strftime("%d %b %Y %H:%M")


def _series(told: dict[str, Any] | None) -> str:
    """Return on which days a series is and until when."""
    if told is None:
        return "not"
    try:
        read = Recurrence.from_graph(told)
    except RecurrenceError:
        return "in a way that is not known here"
    last = last_day(read)
    return f"{said(read.pattern, ENGLISH)}, {f'until {last:%d %b %Y}' if last else 'without an end'}"


def _dates(ours: dict[str, Any], there: dict[str, Any], zone: ZoneInfo) -> list[tuple[str, str, str]]:
    """Return which dates to come are otherwise in Teams, the first few one by one."""
    today = day_at(now(), zone)
    days = [day for day in sorted({*ours, *there}) if date.fromisoformat(day) > today]
    changed = [day for day in days if ours.get(day, ()) != there.get(day, ())]
    found = [
        (f"{date.fromisoformat(day):%d %b %Y}", _date(ours.get(day, ()), zone), _date(there.get(day, ()), zone))
        for day in changed[:MOST_DATES]
    ]
    more = len(changed) - len(found)
    return [*found, ("Other dates", "", f"{more} more are different")] if more else found


def _date(told: Any, zone: ZoneInfo) -> str:
    if not told:
        return NOT_HELD if told is None else AS_USUAL
    begins, ends = (datetime.fromisoformat(at).astimezone(zone) for at in told)
    until = f"{ends:%H:%M}" if ends.date() == begins.date() else f"{ends:%d %b %Y %H:%M}"
    return f"{begins:%d %b %Y %H:%M} to {until}"


PARTS = {
    "organizer": "Organiser",
    "presenter": "Presenter",
    "attendee": "Invited",
    UNINVITED: "Not invited",
}
VERDICTS = {
    Verdict.ON_TIME: Status("active", "check", "On time"),
    Verdict.LATE: Status("ringing", "clock", "Late"),
    Verdict.LEFT_EARLY: Status("ringing", "clock", "Left early"),
    Verdict.MISSING: Status("failed", "cross", "Missing"),
}


def verdicts(entry: RollEntry) -> list[Status]:
    """Return how somebody kept to the plan."""
    return [status for verdict, status in VERDICTS.items() if verdict in entry.verdicts]


def tally(entries: Iterable[RollEntry]) -> list[tuple[Status, int]]:
    """Return how many people got each verdict, and only those verdicts that somebody got."""
    counts = Counter(verdict for entry in entries for verdict in entry.verdicts)
    return [(status, counts[verdict]) for verdict, status in VERDICTS.items() if counts[verdict]]
