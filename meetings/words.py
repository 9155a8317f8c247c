"""A meeting in words, for pages: the colour, icon and word of its status and of who came, what Teams changed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from meetings import facts
from meetings.models import OnlineMeeting
from meetings.rules import plan as rules
from meetings.rules.attendance import Verdict
from meetings.rules.roll import UNINVITED, RollEntry


@dataclass(frozen=True)
class Status:
    """How a meeting stands: `tone` and `icon` of the chip, and its word."""

    tone: str
    icon: str
    word: str


def status(meeting: OnlineMeeting, at: datetime) -> Status:
    """Return how a meeting stands at an instant."""
    if meeting.theirs is not None:
        return Status("ringing", "warning", "Decide")
    if meeting.error_title:
        return Status("failed", "alert", "Failed")
    if meeting.is_cancelled:
        return Status("waiting", "cross", "Cancelled" if meeting.sent == meeting.version else "Being cancelled")
    if meeting.sent < meeting.version:
        return Status("pending", "clock", "Asked")
    if at >= meeting.ends_at:
        return Status("waiting", "check", "Over")
    if at >= meeting.starts_at:
        return Status("active", "live", "Now")
    return Status("hold", "clock", "Planned")


LABELS = {"subject": "Subject", "starts_at": "Begins", "ends_at": "Ends"}


def theirs(meeting: OnlineMeeting) -> list[tuple[str, ...]]:
    """Return what was changed in Teams as well: of each, its label, as it is here and as it is there."""
    if meeting.theirs is None:
        return []
    ours = {name: facts.plain(getattr(meeting, name)) for name in facts.WATCHED}
    zone = rules.zone_of(meeting.zone)
    changes = rules.difference(ours, meeting.theirs)
    return [
        (LABELS[name], _said(name, here, zone), _said(name, there, zone))
        for name, (here, there) in changes.items()
    ]


def _said(name: str, value: Any, zone: ZoneInfo) -> str:
    if name == "subject" or not value:
        return str(value or "nothing")
    return datetime.fromisoformat(value).astimezone(zone).strftime("%d %b %Y %H:%M")


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
