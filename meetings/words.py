"""A meeting in words, for pages: which colour, icon and word its status has, and what was changed in Teams."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from meetings import facts
from meetings.models import OnlineMeeting
from meetings.rules import plan as rules


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
