"""Pages: a week of meetings, one meeting, and the form of one."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final
from urllib.parse import unquote
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from commsportal.clock import now
from commsportal.errors import PortalError
from directory.models import User
from directory.roles import SCHEDULE, SEE
from meetings import (
    calendars,
    commands,
    draft_views,
    invitation_words,
    letters,
    own_sign_in,
    passcodes,
    series,
    templates,
    words,
)
from meetings.access import found, may
from meetings.date_views import dates_of
from meetings.errors import BadPlan
from meetings.forms import CancelForm, NowForm, PlanForm, ResolveForm, as_it_is, new_in
from meetings.models import MeetingTemplate, Occurrence, OnlineMeeting, Organizer
from meetings.rules.plan import ZONES, zone_of

SOON: Final = timedelta(hours=1)
MOST_SOON: Final = 3


def _zone(request: HttpRequest) -> str:
    """Return the zone in which the page shows times: as asked, else the browser's, else the portal's."""
    cookies = (unquote(request.COOKIES.get(name, "")) for name in ("__Host-portal-zone", "portal-zone"))
    named = (request.GET.get("zone", ""), *cookies)
    return next((one for one in named if one in ZONES), settings.TIME_ZONE)


@require_safe
def meeting_list(request: HttpRequest) -> HttpResponse:
    """Show the meetings of a week or a month, of one organiser or of all."""
    user = may(request, SEE)
    zone = ZoneInfo(_zone(request))
    today = now().astimezone(zone).date()
    dates = Occurrence.objects.visible_to(user).select_related("meeting__organizer")
    organizer = request.GET.get("organizer", "")
    if organizer.isascii() and organizer.isdecimal() and len(organizer) < 19:
        dates = dates.filter(meeting__organizer_id=int(organizer))
    template = request.GET.get("template", "")
    dates = templates.of_pages(dates, template)
    view = request.GET.get("view", "")
    view = view if view in calendars.VIEWS else calendars.VIEWS[0]
    at = now()
    context = {
        "page": "meetings",
        "soon": calendars.rows_of(dates.beginning(at, at + SOON)[:MOST_SOON], zone),
        "shown": calendars.show(view, dates, calendars.day_of(request.GET.get("day", ""), today), zone),
        "views": calendars.VIEWS,
        "zone": str(zone),
        "zones": sorted(ZONES),
        "organizer": organizer,
        "organizers": Organizer.objects.visible_to(user),
        "template": template,
        "templates": MeetingTemplate.objects.visible_to(user),
        "drafts": draft_views.listed(user),
        "for_scheduling": Organizer.objects.for_scheduling(user),
        "key": uuid4(),
    }
    return render(request, "meetings/meeting_list.html", context)


@require_safe
def meeting_detail(request: HttpRequest, meeting_id: UUID) -> HttpResponse:
    """Show one meeting: how to join it, who is invited, and how far Microsoft has it."""
    user = may(request, SEE)
    meeting = found(OnlineMeeting.objects.visible_to(user), meeting_id)
    return _detail(request, user, meeting, CancelForm(initial={"version": meeting.version}))


def _detail(request: HttpRequest, user: User, meeting: OnlineMeeting, cancel: CancelForm) -> HttpResponse:
    zone, shown = zone_of(meeting.zone), series.shown(meeting, request.GET.get("day", ""))
    begins, ends = (calendars.wall(at, zone) for at in (shown.starts_at, shown.ends_at))
    context = {
        "page": "meetings",
        "meeting": meeting,
        "shown": shown,
        "dates": dates_of(meeting, shown, all_of_them="all" in request.GET),
        "letters": invitation_words.shown(meeting, now()),
        "begins": begins,
        "ends": ends,
        "is_past": shown.ends_at <= now(),
        "one_day": begins.date() == ends.date(),
        "status": words.status(meeting, now()),
        "theirs": words.theirs(meeting),
        "passcode_differs": passcodes.differs(meeting),
        "joins": meeting.join_url.startswith("https://") and not meeting.is_cancelled,
        "may_change": OnlineMeeting.objects.changeable_by(user).filter(pk=meeting.pk).exists(),
        "cancel": cancel,
        "own_sign_in": own_sign_in.offer(user, request.session, meeting),
    }
    return render(request, "meetings/meeting_detail.html", context, status=400 if cancel.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def meeting_new(request: HttpRequest) -> HttpResponse:
    """Schedule a meeting."""
    user = may(request, SCHEDULE)
    usable = MeetingTemplate.objects.for_scheduling(user)
    if request.method != "POST":
        chosen, initial = templates.named(usable, request.GET.get("template", "")), new_in(_zone(request))
        filled = templates.filled(initial, chosen) if chosen else initial
        return _form(request, PlanForm(user=user, initial=filled), usable)
    form = PlanForm(request.POST, request.FILES, user=user)
    return _ask(request, form, draft_views.asked_of_new(request, user, form), usable)


@require_http_methods(["GET", "HEAD", "POST"])
def meeting_edit(request: HttpRequest, meeting_id: UUID) -> HttpResponse:
    """Change a meeting."""
    user = may(request, SCHEDULE)
    meeting = found(OnlineMeeting.objects.changeable_by(user), meeting_id)
    if request.method != "POST":
        return _form(request, PlanForm(user=user, meeting=meeting, initial=as_it_is(meeting)))
    form = PlanForm(request.POST, request.FILES, user=user, meeting=meeting)
    return _ask(request, form, draft_views.asked_of(request, user, form, meeting))


@require_POST
def meeting_now(request: HttpRequest) -> HttpResponse:
    """Have a meeting begin at once, and lead to its room."""
    user = may(request, SCHEDULE)
    form = NowForm(request.POST, user=user)
    if not form.is_valid():
        messages.error(request, "Name an organiser for whom you may schedule.")
        return redirect("meetings")
    try:
        meeting = form.schedule(user)
    except PortalError as error:
        messages.error(request, str(error))
        return redirect("meetings")
    return redirect("room", meeting.pk)


def _form(request: HttpRequest, form: PlanForm, usable: Iterable[MeetingTemplate] = ()) -> HttpResponse:
    context = {
        "page": "meetings",
        "form": form,
        "meeting": form.meeting,
        "sends_mail": letters.are_sent(),
        "templates": [(one, templates.for_browser(one)) for one in usable],
        "zone": _zone(request),
    }
    return render(request, "meetings/meeting_form.html", context, status=400 if form.errors else 200)


def _ask(
    request: HttpRequest,
    form: PlanForm,
    command: Callable[[], OnlineMeeting],
    usable: Iterable[MeetingTemplate] = (),
) -> HttpResponse:
    if not form.is_valid():
        return _form(request, form, usable)
    try:
        meeting = command()
    except BadPlan as error:
        form.refuse(error.problems)
        return _form(request, form, usable)
    except PortalError as error:
        form.add_error(None, str(error))
        return _form(request, form, usable)
    return redirect("meeting", meeting.pk)


@require_POST
def meeting_cancel(request: HttpRequest, meeting_id: UUID) -> HttpResponse:
    """Have a meeting not take place."""
    user, form = may(request, SCHEDULE), CancelForm(request.POST)
    meeting = found(OnlineMeeting.objects.changeable_by(user), meeting_id)
    if not form.is_valid():
        return _detail(request, user, meeting, form)
    told = form.cleaned_data
    return _do(
        request, meeting, lambda: commands.cancel(user, meeting_id, version=told["version"], reason=told["reason"])
    )


@require_POST
def meeting_retry(request: HttpRequest, meeting_id: UUID) -> HttpResponse:
    """Try at once what Microsoft did not do."""
    user = may(request, SCHEDULE)
    meeting = found(OnlineMeeting.objects.changeable_by(user), meeting_id)
    return _do(request, meeting, lambda: commands.retry(user, meeting_id))


@require_POST
def meeting_hold(request: HttpRequest, meeting_id: UUID) -> HttpResponse:
    """Bring the person's own meeting to Microsoft by their own sign-in."""
    user = may(request, SCHEDULE)
    meeting = found(OnlineMeeting.objects.changeable_by(user), meeting_id)
    return _do(request, meeting, lambda: own_sign_in.hold(user, request.session, meeting_id))


@require_POST
def meeting_resolve(request: HttpRequest, meeting_id: UUID) -> HttpResponse:
    """Decide which holds of a meeting that was changed in Teams as well."""
    user, form = may(request, SCHEDULE), ResolveForm(request.POST)
    meeting = found(OnlineMeeting.objects.changeable_by(user), meeting_id)
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
