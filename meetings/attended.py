"""Who was in a meeting, put together from what was kept of its sessions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import prefetch_related_objects

from commsportal.clock import now
from meetings import series
from meetings.attendance import snapshot
from meetings.models import AttendanceFetch, AttendanceRecord, AttendanceReport, Occurrence, OnlineMeeting
from meetings.rules.attendance import Stay
from meetings.rules.roll import Expected, RollEntry, roll
from meetings.rules.series import nearest

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
    """All that is known of who was there on a date; `entries` are without a verdict while nobody can say."""

    date: Occurrence
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


def date_of(meeting: OnlineMeeting, asked: str = "") -> Occurrence:
    """Return the date of whose attendance is told: that of the day asked for, else the one that has begun last."""
    return series.of_day(meeting, asked) or series.last_begun(meeting, now()) or series.shown(meeting)


def of(meeting: OnlineMeeting, tolerance: int, asked: str = "") -> Attended:
    """Return who was there on a date of a meeting.

    :param tolerance: minutes.
    :param asked: the day of the date, as ISO 8601 writes it; that which has begun last where there is none such.
    """
    shown = date_of(meeting, asked)
    reports = _reports(meeting, shown)
    sessions = [Session(report, len(report.records.all())) for report in reports]
    entries = roll(
        expected(meeting),
        [stay for report in reports for row in report.records.all() for stay in stays(row)],
        shown.interval,
        tolerance,
        is_known=bool(reports) and now() >= shown.ends_at,
    )
    return Attended(shown, AttendanceFetch.objects.filter(meeting=meeting).first(), sessions, entries)


def _reports(meeting: OnlineMeeting, shown: Occurrence) -> list[AttendanceReport]:
    """Return the sessions of a date: those that began during it, or nearer to it than to any other."""
    reports = list(meeting.attendance_reports.all())
    if meeting.recurrence:
        dates = [(row.day, row.interval) for row in meeting.occurrences.held()]
        reports = [one for one in reports if one.starts_at and nearest(dates, one.starts_at) == shown.day]
    prefetch_related_objects(reports, "records")
    return reports


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
