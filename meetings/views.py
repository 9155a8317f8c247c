"""Pages: a week of meetings, one meeting, and the form of one."""

from collections.abc import Callable
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
from meetings import calendars, commands, invitation_words, letters, words
from meetings.access import found, may
from meetings.errors import BadPlan
from meetings.forms import CancelForm, NowForm, PlanForm, ResolveForm, as_it_is, new_in
from meetings.models import OnlineMeeting, Organizer
from meetings.rules.plan import ZONES, zone_of


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
    meetings = OnlineMeeting.objects.visible_to(user).select_related("organizer")
    organizer = request.GET.get("organizer", "")
    if organizer.isascii() and organizer.isdecimal() and len(organizer) < 19:
        meetings = meetings.filter(organizer_id=int(organizer))
    view = request.GET.get("view", "")
    view = view if view in calendars.VIEWS else calendars.VIEWS[0]
    context = {
        "page": "meetings",
        "shown": calendars.show(view, meetings, calendars.day_of(request.GET.get("day", ""), today), zone),
        "views": calendars.VIEWS,
        "zone": str(zone),
        "zones": sorted(ZONES),
        "organizer": organizer,
        "organizers": Organizer.objects.visible_to(user),
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
    zone = zone_of(meeting.zone)
    context = {
        "page": "meetings",
        "meeting": meeting,
        "letters": invitation_words.shown(meeting, now()),
        "begins": calendars.wall(meeting.starts_at, zone),
        "ends": calendars.wall(meeting.ends_at, zone),
        "one_day": calendars.wall(meeting.starts_at, zone).date() == calendars.wall(meeting.ends_at, zone).date(),
        "status": words.status(meeting, now()),
        "theirs": words.theirs(meeting),
        "joins": meeting.join_url.startswith("https://") and not meeting.is_cancelled,
        "may_change": OnlineMeeting.objects.changeable_by(user).filter(pk=meeting.pk).exists(),
        "cancel": cancel,
    }
    return render(request, "meetings/meeting_detail.html", context, status=400 if cancel.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def meeting_new(request: HttpRequest) -> HttpResponse:
    """Schedule a meeting."""
    user = may(request, SCHEDULE)
    if request.method != "POST":
        return _form(request, PlanForm(user=user, initial=new_in(_zone(request))))
    form = PlanForm(request.POST, request.FILES, user=user)
    return _ask(request, form, lambda: form.schedule(user))


@require_http_methods(["GET", "HEAD", "POST"])
def meeting_edit(request: HttpRequest, meeting_id: UUID) -> HttpResponse:
    """Change a meeting."""
    user = may(request, SCHEDULE)
    meeting = found(OnlineMeeting.objects.changeable_by(user), meeting_id)
    if request.method != "POST":
        return _form(request, PlanForm(user=user, meeting=meeting, initial=as_it_is(meeting)))
    form = PlanForm(request.POST, request.FILES, user=user, meeting=meeting)
    return _ask(
        request, form, lambda: commands.change(user, meeting_id, form.plan(), version=form.version_looked_at())
    )


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


def _form(request: HttpRequest, form: PlanForm) -> HttpResponse:
    context = {"page": "meetings", "form": form, "meeting": form.meeting, "sends_mail": letters.are_sent()}
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
