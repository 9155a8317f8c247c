"""Pages: who was in a meeting, and the same as tables to keep."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST, require_safe

from audit.trail import Event, append
from commsportal import tables
from commsportal.clock import now
from commsportal.errors import PortalError
from commsportal.tables import Cell, Sheet
from directory.models import User
from directory.roles import SCHEDULE, SEE
from meetings import attended, commands, words
from meetings.access import found, may
from meetings.attended import MOST_TOLERANCE, TOLERANCE, Attended
from meetings.calendars import wall
from meetings.models import OnlineMeeting
from meetings.rules.plan import zone_of
from meetings.rules.roll import RollEntry

MOST: Final = 500  # people that one page shows; the tables have all
TOLERANCES: Final = (0, 5, 10, 15, 30)
PEOPLE: Final = (
    *("Name", "Address", "Object id", "Part", "First joined", "Last left", "Minutes", "Rejoins"),
    "Kept to the plan",
)
STAYS: Final = ("Session", "Name", "Address", "Object id", "Role in Teams", "Joined", "Left", "Minutes")


def _tolerance(request: HttpRequest) -> int:
    """Return the minutes that nobody is blamed for: as asked, else the usual."""
    asked = request.GET.get("tolerance", "")
    is_number = asked.isascii() and asked.isdecimal() and len(asked) < 4
    return min(int(asked), MOST_TOLERANCE) if is_number else TOLERANCE


@require_safe
def meeting_attendance(request: HttpRequest, meeting_id: UUID) -> HttpResponse:
    """Show who was in a meeting, when, and how they kept to the plan."""
    user = may(request, SEE)
    meeting = found(OnlineMeeting.objects.visible_to(user).without_drafts(), meeting_id)
    zone, tolerance = zone_of(meeting.zone), _tolerance(request)
    seen = attended.of(meeting, tolerance, request.GET.get("day", ""))
    context = {
        "page": "meetings",
        "meeting": meeting,
        "begins": wall(seen.date.starts_at, zone),
        "ends": wall(seen.date.ends_at, zone),
        "is_over": now() >= seen.date.ends_at,
        "dates": _dates(meeting, zone),
        "seen": seen,
        "sessions": [_session_row(one, zone) for one in seen.sessions],
        "rows": [_row(entry, zone) for entry in seen.entries[:MOST]],
        "more": len(seen.entries) - MOST if len(seen.entries) > MOST else 0,
        "count": len(seen.entries),
        "tally": words.tally(seen.entries),
        "tolerance": tolerance,
        "tolerances": sorted({*TOLERANCES, tolerance}),
        "may_fetch": bool(meeting.graph_id)
        and not meeting.is_cancelled
        and OnlineMeeting.objects.changeable_by(user).filter(pk=meeting.pk).exists(),
    }
    return render(request, "meetings/attendance.html", context)


def _dates(meeting: OnlineMeeting, zone: ZoneInfo) -> list[tuple[date, datetime]]:
    """Return the dates of a series that have begun, the latest first: the day of each and when it begins there."""
    if not meeting.recurrence:
        return []
    begun = meeting.occurrences.held().filter(starts_at__lte=now()).order_by("-starts_at")
    return [(row.day, wall(row.starts_at, zone)) for row in begun]


def _session_row(session: attended.Session, zone: ZoneInfo) -> dict[str, Any]:
    report = session.report
    begins, ends = (wall(at, zone) if at else None for at in (report.starts_at, report.ends_at))
    return {"session": session, "report": report, "begins": begins, "ends": ends}


def _row(entry: RollEntry, zone: ZoneInfo) -> dict[str, Any]:
    there = entry.attendance
    return {
        "entry": entry,
        "part": words.PARTS[entry.part],
        "came": wall(there.first_join, zone) if there else None,
        "went": wall(there.last_leave, zone) if there else None,
        "minutes": round(there.seconds / 60) if there else None,
        "verdicts": words.verdicts(entry),
    }


@require_POST
def meeting_attendance_fetch(request: HttpRequest, meeting_id: UUID) -> HttpResponse:
    """Have all that Microsoft tells read anew."""
    user = may(request, SCHEDULE)
    meeting = found(OnlineMeeting.objects.changeable_by(user), meeting_id)
    try:
        commands.fetch_attendance(user, meeting_id)
    except PortalError as error:
        messages.error(request, str(error))
    return redirect("meeting-attendance", meeting.pk)


@require_GET
def meeting_attendance_csv(request: HttpRequest, meeting_id: UUID) -> HttpResponse:
    """Hand out the people of a meeting as CSV."""
    meeting, seen = _exported(request, meeting_id, "csv")
    return tables.attachment(tables.csv_of(people_sheet(meeting, seen)), _name(meeting, seen), "csv")


@require_GET
def meeting_attendance_xlsx(request: HttpRequest, meeting_id: UUID) -> HttpResponse:
    """Hand out the people of a meeting and each of their stays as a workbook."""
    meeting, seen = _exported(request, meeting_id, "xlsx")
    book = tables.xlsx_of(people_sheet(meeting, seen), stays_sheet(meeting, seen))
    return tables.attachment(book, _name(meeting, seen), "xlsx")


def _exported(request: HttpRequest, meeting_id: UUID, kind: str) -> tuple[OnlineMeeting, Attended]:
    """Return what is handed out, and put on record to whom."""
    user = may(request, SEE)
    meeting = found(OnlineMeeting.objects.visible_to(user).without_drafts(), meeting_id)
    seen = attended.of(meeting, _tolerance(request), request.GET.get("day", ""))
    _record(user, meeting, format=kind, day=seen.date.day.isoformat(), people=len(seen.entries))
    return meeting, seen


@transaction.atomic
def _record(user: User, meeting: OnlineMeeting, **data: Any) -> None:
    about = {"meeting": str(meeting.pk), "organizer": meeting.organizer.oid}
    tenant_id = meeting.organizer.tenant_id
    append([Event("meeting.attendance_exported", user.username, tenant_id, data=about | data)])


def _name(meeting: OnlineMeeting, seen: Attended) -> str:
    """Return the name of a file: the day and the meeting's id, nothing that anybody has typed."""
    day = seen.date.starts_at.astimezone(zone_of(meeting.zone)).date()
    return f"attendance-{day.isoformat()}-{str(meeting.pk)[:8]}"


def people_sheet(meeting: OnlineMeeting, seen: Attended) -> Sheet:
    """Return a row for each person; times are the meeting's."""
    zone = zone_of(meeting.zone)
    return Sheet("People", PEOPLE, (_person(entry, zone) for entry in seen.entries))


def _person(entry: RollEntry, zone: ZoneInfo) -> Sequence[Cell]:
    there = entry.attendance
    times: Sequence[Cell] = (
        (
            there.first_join.astimezone(zone),
            there.last_leave.astimezone(zone),
            round(there.seconds / 60, 1),
            there.rejoins,
        )
        if there
        else (None,) * 4
    )
    verdicts = ", ".join(one.word for one in words.verdicts(entry))
    return (entry.name, entry.address, entry.oid, words.PARTS[entry.part], *times, verdicts)


def stays_sheet(meeting: OnlineMeeting, seen: Attended) -> Sheet:
    """Return a row for each time that somebody came, session by session, as Microsoft told it."""
    return Sheet("Stays", STAYS, _stays(seen, zone_of(meeting.zone)))


def _stays(seen: Attended, zone: ZoneInfo) -> Iterator[Sequence[Cell]]:
    for number, session in enumerate(seen.sessions, 1):
        for row in session.report.records.all():
            for stay in attended.stays(row):
                joined, left = (at.astimezone(zone) for at in (stay.interval.start, stay.interval.end))
                minutes = round(stay.interval.length.total_seconds() / 60, 1)
                yield (number, stay.name, stay.email, stay.oid, row.role, joined, left, minutes)
