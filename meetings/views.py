"""Pages: a week of meetings, one meeting, and the form of one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any, Final
from urllib.parse import unquote
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from commsportal.clock import now
from commsportal.errors import PortalError
from directory.models import User
from directory.roles import SCHEDULE, SEE
from meetings import commands, invitation_words, words
from meetings.errors import BadPlan
from meetings.forms import CancelForm, PlanForm, ResolveForm, as_it_is, new_in
from meetings.models import OnlineMeeting, Organizer
from meetings.rules.plan import FIRST, LAST, ZONES, zone_of
from meetings.rules.times import instant

MOST: Final = 1000  # meetings of a week that one page shows
WEEK: Final = timedelta(days=7)


@dataclass(frozen=True)
class Day:
    """One day of the agenda, with what begins on it."""

    day: date
    is_today: bool
    rows: Sequence[dict[str, Any]]


def _may(request: HttpRequest, right: str) -> User:
    """Return who asks.

    :raises PermissionDenied: they lack the right.
    """
    if not isinstance(request.user, User) or right not in request.user.rights:
        raise PermissionDenied
    return request.user


def _zone(request: HttpRequest) -> str:
    """Return the zone in which the page shows times: as asked, else the browser's, else the portal's."""
    cookies = (unquote(request.COOKIES.get(name, "")) for name in ("__Host-portal-zone", "portal-zone"))
    named = (request.GET.get("zone", ""), *cookies)
    return next((one for one in named if one in ZONES), settings.TIME_ZONE)


@require_safe
def meeting_list(request: HttpRequest) -> HttpResponse:
    """Show the meetings of a week, day by day, of one organiser or of all."""
    user = _may(request, SEE)
    zone = ZoneInfo(_zone(request))
    today = now().astimezone(zone).date()
    monday = _monday(request.GET.get("week", ""), today)
    begin, end = (instant(datetime.combine(day, time()), zone) for day in (monday, monday + WEEK))
    meetings = OnlineMeeting.objects.visible_to(user).select_related("organizer")
    organizer = request.GET.get("organizer", "")
    if organizer.isascii() and organizer.isdecimal() and len(organizer) < 19:
        meetings = meetings.filter(organizer_id=int(organizer))
    shown = list(meetings.filter(starts_at__gte=begin, starts_at__lt=end).order_by("starts_at", "pk")[: MOST + 1])
    days = _days(shown[:MOST], zone, today)
    context = {
        "page": "meetings",
        "days": days,
        "count": len(shown[:MOST]),
        "more": len(shown) > MOST,
        "monday": monday,
        "sunday": monday + WEEK - timedelta(days=1),
        "earlier": monday - WEEK,
        "later": monday + WEEK,
        "is_this_week": monday <= today < monday + WEEK,
        "zone": str(zone),
        "zones": sorted(ZONES),
        "organizer": organizer,
        "organizers": Organizer.objects.visible_to(user),
        "may_schedule": Organizer.objects.for_scheduling(user).exists(),
    }
    return render(request, "meetings/meeting_list.html", context)


def _monday(asked: str, today: date) -> date:
    try:
        day = date.fromisoformat(asked) if asked else today
    except ValueError:
        day = today
    day = min(max(day, FIRST), LAST)
    return day - timedelta(days=day.weekday())


def _shown(at: datetime, zone: ZoneInfo) -> datetime:
    """Return what clocks in `zone` show, naive: templates turn an instant into the portal's own zone."""
    return at.astimezone(zone).replace(tzinfo=None)


def _days(meetings: Sequence[OnlineMeeting], zone: ZoneInfo, today: date) -> list[Day]:
    rows = [
        {
            "meeting": one,
            "begins": _shown(one.starts_at, zone),
            "ends": _shown(one.ends_at, zone),
            "status": words.status(one, now()),
        }
        for one in meetings
    ]
    by_day = groupby(rows, key=lambda row: row["begins"].date())  # type: ignore[attr-defined]
    return [Day(day, day == today, list(group)) for day, group in by_day]


@require_safe
def meeting_detail(request: HttpRequest, meeting_id: UUID) -> HttpResponse:
    """Show one meeting: how to join it, who is invited, and how far Microsoft has it."""
    user = _may(request, SEE)
    meeting = _found(OnlineMeeting.objects.visible_to(user), meeting_id)
    return _detail(request, user, meeting, CancelForm(initial={"version": meeting.version}))


def _detail(request: HttpRequest, user: User, meeting: OnlineMeeting, cancel: CancelForm) -> HttpResponse:
    zone = zone_of(meeting.zone)
    context = {
        "page": "meetings",
        "meeting": meeting,
        "letters": invitation_words.shown(meeting, now()),
        "begins": _shown(meeting.starts_at, zone),
        "ends": _shown(meeting.ends_at, zone),
        "one_day": _shown(meeting.starts_at, zone).date() == _shown(meeting.ends_at, zone).date(),
        "status": words.status(meeting, now()),
        "theirs": words.theirs(meeting),
        "joins": meeting.join_url.startswith("https://") and not meeting.is_cancelled,
        "may_change": OnlineMeeting.objects.changeable_by(user).filter(pk=meeting.pk).exists(),
        "cancel": cancel,
    }
    return render(request, "meetings/meeting_detail.html", context, status=400 if cancel.errors else 200)


def _found(rows: Any, meeting_id: UUID) -> OnlineMeeting:
    meeting: OnlineMeeting = get_object_or_404(
        rows.select_related("organizer", "created_by").prefetch_related("attendees"), pk=meeting_id
    )
    return meeting


@require_http_methods(["GET", "HEAD", "POST"])
def meeting_new(request: HttpRequest) -> HttpResponse:
    """Schedule a meeting."""
    user = _may(request, SCHEDULE)
    if request.method != "POST":
        return _form(request, PlanForm(user=user, initial=new_in(_zone(request))))
    form = PlanForm(request.POST, user=user)
    return _ask(request, form, lambda: form.schedule(user))


@require_http_methods(["GET", "HEAD", "POST"])
def meeting_edit(request: HttpRequest, meeting_id: UUID) -> HttpResponse:
    """Change a meeting."""
    user = _may(request, SCHEDULE)
    meeting = _found(OnlineMeeting.objects.changeable_by(user), meeting_id)
    if request.method != "POST":
        return _form(request, PlanForm(user=user, meeting=meeting, initial=as_it_is(meeting)))
    form = PlanForm(request.POST, user=user, meeting=meeting)
    return _ask(
        request, form, lambda: commands.change(user, meeting_id, form.plan(), version=form.version_looked_at())
    )


def _form(request: HttpRequest, form: PlanForm) -> HttpResponse:
    context = {"page": "meetings", "form": form, "meeting": form.meeting}
    return render(request, "meetings/meeting_form.html", context, status=400 if form.errors else 200)


def _ask(request: HttpRequest, form: PlanForm, command: Callable[[], OnlineMeeting]) -> HttpResponse:
    if not form.is_valid():
        return _form(request, form)
    try:
        meeting = command()
    except BadPlan as error:
        form.refuse(error.problems)
        return _form(request, form)
    except PortalError as error:
        form.add_error(None, str(error))
        return _form(request, form)
    return redirect("meeting", meeting.pk)


@require_POST
def meeting_cancel(request: HttpRequest, meeting_id: UUID) -> HttpResponse:
    """Have a meeting not take place."""
    user, form = _may(request, SCHEDULE), CancelForm(request.POST)
    meeting = _found(OnlineMeeting.objects.changeable_by(user), meeting_id)
    if not form.is_valid():
        return _detail(request, user, meeting, form)
    told = form.cleaned_data
    return _do(
        request, meeting, lambda: commands.cancel(user, meeting_id, version=told["version"], reason=told["reason"])
    )


@require_POST
def meeting_retry(request: HttpRequest, meeting_id: UUID) -> HttpResponse:
    """Try at once what Microsoft did not do."""
    user = _may(request, SCHEDULE)
    meeting = _found(OnlineMeeting.objects.changeable_by(user), meeting_id)
    return _do(request, meeting, lambda: commands.retry(user, meeting_id))


@require_POST
def meeting_resolve(request: HttpRequest, meeting_id: UUID) -> HttpResponse:
    """Decide which holds of a meeting that was changed in Teams as well."""
    user, form = _may(request, SCHEDULE), ResolveForm(request.POST)
    meeting = _found(OnlineMeeting.objects.changeable_by(user), meeting_id)
    if not form.is_valid():
        messages.error(request, "Say which of the two holds.")
        return redirect("meeting", meeting.pk)
    told = form.cleaned_data
    return _do(
        request, meeting, lambda: commands.resolve(user, meeting_id, keep=told["keep"], version=told["version"])
    )


def _do(request: HttpRequest, meeting: OnlineMeeting, command: Callable[[], OnlineMeeting]) -> HttpResponse:
    try:
        command()
    except PortalError as error:
        messages.error(request, str(error))
    return redirect("meeting", meeting.pk)
