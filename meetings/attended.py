"""Who was in a meeting, put together from what was kept of its sessions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from commsportal.clock import now
from meetings.attendance import snapshot
from meetings.models import AttendanceFetch, AttendanceRecord, AttendanceReport, OnlineMeeting
from meetings.rules.attendance import Stay
from meetings.rules.roll import Expected, RollEntry, roll
from meetings.rules.times import Interval

TOLERANCE: Final = 5  # minutes that nobody is blamed for, unless somebody says otherwise
MOST_TOLERANCE: Final = 120


@dataclass(frozen=True)
class Session:
    """One session: its row, and how many people it names."""

    report: AttendanceReport
    people: int

    @property
    def is_complete(self) -> bool:
        """Tell whether it names as many people as Microsoft counts."""
        return (self.report.participant_count or 0) <= self.people


@dataclass(frozen=True)
class Attended:
    """All that is known of a meeting's attendance; `entries` without a verdict while nobody can say."""

    fetch: AttendanceFetch | None
    sessions: Sequence[Session]
    entries: Sequence[RollEntry]

    @property
    def is_pending(self) -> bool:
        """Tell whether somebody has asked for it and it is being read."""
        fetch = self.fetch
        return fetch is not None and fetch.asked_at is not None and not fetch.error_title

    @property
    def unnamed(self) -> int:
        """Return how many people Microsoft counts and does not name."""
        return sum(max((one.report.participant_count or 0) - one.people, 0) for one in self.sessions)


def of(meeting: OnlineMeeting, tolerance: int) -> Attended:
    """Return who was in a meeting, read with three queries beside its attendees.

    :param tolerance: minutes.
    """
    reports = list(meeting.attendance_reports.prefetch_related("records"))
    sessions = [Session(report, len(report.records.all())) for report in reports]
    entries = roll(
        expected(meeting),
        [stay for report in reports for row in report.records.all() for stay in stays(row)],
        Interval(meeting.starts_at, meeting.ends_at),
        tolerance,
        is_known=bool(reports) and now() >= meeting.ends_at,
    )
    return Attended(AttendanceFetch.objects.filter(meeting=meeting).first(), sessions, entries)


def expected(meeting: OnlineMeeting) -> list[Expected]:
    """Return who is to be in a meeting: its organiser, then whoever is invited."""
    organizer = meeting.organizer
    others = [one for one in meeting.attendees.all() if one.oid != organizer.oid]
    return [
        Expected("organizer", organizer.oid, "", organizer.name),
        *(Expected(one.role, one.oid, one.address, one.name) for one in others),
    ]


def stays(row: AttendanceRecord) -> list[Stay]:
    """Return when somebody was in a session."""
    told = snapshot(row)
    return [Stay(one, told.oid, told.email, told.name) for one in told.intervals]
