"""Pages: one date of a series, moved, cancelled or taking place again; and what a form would make."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from commsportal.clock import now
from commsportal.errors import PortalError
from directory.models import User
from directory.roles import SCHEDULE
from meetings import commands, holidays, occurrence_commands, preview, words
from meetings.access import found, may
from meetings.calendars import wall
from meetings.errors import BadPlan
from meetings.forms import CancelForm, DateForm, PlanForm, VersionForm, date_as_it_is
from meetings.models import Occurrence, OnlineMeeting
from meetings.rules import series_phrases
from meetings.rules.plan import zone_of
from meetings.words import Status

MOST_SHOWN = 12  # dates to come that a meeting's page shows unless asked for all


@dataclass(frozen=True)
class DateRow:
    """A date in wall-clock times of its meeting."""

    occurrence: Occurrence
    begins: datetime
    ends: datetime
    status: Status
    is_shown: bool

    @property
    def may_change(self) -> bool:
        """Tell whether it lies ahead."""
        return self.occurrence.ends_at > now()


@dataclass(frozen=True)
class Dates:
    """The dates of a series as its page shows them; `more` are not shown."""

    words: str
    holidays: str  # whose public holidays are skipped
    rows: Sequence[DateRow]
    more: int
    count: int
    last: datetime | None  # when the last of those begins that take place


def dates_of(meeting: OnlineMeeting, shown: Occurrence, *, all_of_them: bool) -> Dates | None:
    """Return what a page shows of the dates of a series, those over left out unless all are wanted."""
    recurrence = meeting.series
    if recurrence is None:
        return None
    at, zone = now(), zone_of(meeting.zone)
    rows = list(meeting.occurrences.all())
    ahead = [row for row in rows if row.ends_at > at]
    chosen = rows if all_of_them or not ahead else ahead[:MOST_SHOWN]
    for row in rows:
        row.meeting = meeting
    said = series_phrases.sentence(recurrence.pattern, series_phrases.ENGLISH)
    made = [_row(row, zone, at, is_shown=row == shown) for row in chosen]
    free = dict(holidays.places()).get(meeting.holidays, meeting.holidays)
    held = [row for row in rows if row.is_held]
    last = wall(held[-1].starts_at, zone) if held else None
    return Dates(said, free, made, len(rows) - len(made), len(held), last)


def _row(row: Occurrence, zone: ZoneInfo, at: datetime, *, is_shown: bool) -> DateRow:
    begins, ends = wall(row.starts_at, zone), wall(row.ends_at, zone)
    return DateRow(row, begins, ends, words.status_of_date(row, at), is_shown)


@require_http_methods(["GET", "HEAD", "POST"])
def meeting_date(request: HttpRequest, meeting_id: UUID, day: str) -> HttpResponse:
    """Move one date of a series."""
    user, (meeting, row) = may(request, SCHEDULE), _date(request, meeting_id, day)
    if request.method != "POST":
        return _form(request, meeting, row, DateForm(initial=date_as_it_is(meeting, row)))
    form = DateForm(request.POST)
    if form.is_valid():
        try:
            occurrence_commands.move(user, meeting_id, row.day, **form.wanted(meeting))
        except BadPlan as error:
            form.add_error("begins", str(error))
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            return redirect(_page(meeting, row))
    return _form(request, meeting, row, form)


def _form(request: HttpRequest, meeting: OnlineMeeting, row: Occurrence, form: DateForm) -> HttpResponse:
    zone = zone_of(meeting.zone)
    row.meeting = meeting
    context = {
        "page": "meetings",
        "meeting": meeting,
        "row": row,
        "begins": wall(row.starts_at, zone),
        "ends": wall(row.ends_at, zone),
        "status": words.status_of_date(row, now()),
        "form": form,
        "cancel": CancelForm(initial={"version": meeting.version}),
    }
    return render(request, "meetings/meeting_date.html", context, status=400 if form.errors else 200)


@require_POST
def meeting_date_cancel(request: HttpRequest, meeting_id: UUID, day: str) -> HttpResponse:
    """Have one date not take place."""
    form = CancelForm(request.POST)
    told = form.cleaned_data if form.is_valid() else {}
    return _do(request, meeting_id, day, occurrence_commands.cancel, told, ("version", "reason"))


@require_POST
def meeting_date_restore(request: HttpRequest, meeting_id: UUID, day: str) -> HttpResponse:
    """Have one date take place as the pattern has it."""
    form = VersionForm(request.POST)
    told = form.cleaned_data if form.is_valid() else {}
    return _do(request, meeting_id, day, occurrence_commands.restore, told, ("version",))


def _do(
    request: HttpRequest,
    meeting_id: UUID,
    day: str,
    command: Callable[..., OnlineMeeting],
    told: dict[str, Any],
    names: Sequence[str],
) -> HttpResponse:
    user: User = may(request, SCHEDULE)
    meeting, row = _date(request, meeting_id, day)
    if not told:
        messages.error(request, "Look at the date again, then ask once more.")
        return redirect(_page(meeting, row))
    try:
        command(user, meeting_id, row.day, **{name: told[name] for name in names})
    except PortalError as error:
        messages.error(request, str(error))
    return redirect(_page(meeting, row))


def _page(meeting: OnlineMeeting, row: Occurrence) -> str:
    return f"{reverse('meeting', args=[meeting.pk])}?day={row.day.isoformat()}"


def _date(request: HttpRequest, meeting_id: UUID, day: str) -> tuple[OnlineMeeting, Occurrence]:
    """Return a date of a series in whose organiser's name the person may act.

    :raises Http404: there is none.
    """
    meeting = found(OnlineMeeting.objects.changeable_by(may(request, SCHEDULE)), meeting_id)
    try:
        row = meeting.occurrences.filter(day=date.fromisoformat(day)).first() if meeting.recurrence else None
    except ValueError:
        row = None
    if row is None:
        raise Http404
    return meeting, row


@require_POST
def meeting_preview(request: HttpRequest) -> JsonResponse:
    """Say what the form would make, as it is filled in; nothing is kept."""
    user = may(request, SCHEDULE)
    form = PlanForm(request.POST, user=user, meeting=_previewed(user, request.GET.get("meeting", "")))
    if not form.is_valid():
        return JsonResponse({"problem": _first(form)})
    try:
        organizer = form.cleaned_data["organizer"]
        made = preview.of(commands.checked(form.plan(), organizer), organizer)
    except PortalError as error:
        return JsonResponse({"problem": str(error)})
    requests = [{"title": one.title, "request": one.request, "body": one.text} for one in made.requests]
    return JsonResponse({"words": made.words, "requests": requests})


def _previewed(user: User, named: str) -> OnlineMeeting | None:
    """Return the meeting that the form is to change; None of a new one."""
    try:
        return OnlineMeeting.objects.changeable_by(user).filter(pk=UUID(named)).first() if named else None
    except ValueError:
        return None


def _first(form: PlanForm) -> str:
    """Return the first thing that is wrong, with the label of its field."""
    name, errors = next(iter(form.errors.items()))
    label = form.fields[name].label if name in form.fields else ""
    return f"{label}: {errors[0]}" if label else str(errors[0])
