"""Pages of letters and calendars: send again, a meeting as a file, the secret link and what it leads to."""

from typing import Final
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from commsportal import throttles
from commsportal.errors import PortalError, TooMany
from commsportal.failures import refusal
from directory import delays, login
from directory.roles import SCHEDULE, SEE
from meetings import feeds, resending
from meetings.access import may
from meetings.forms import SendAgainForm
from meetings.models import OnlineMeeting
from meetings.models_invitations import CalendarLink

CALENDAR: Final = "text/calendar; charset=utf-8"
NOTHING: Final = "There is no calendar at this address.\n"


@require_POST
def send_again(request: HttpRequest, meeting_id: UUID) -> HttpResponse:
    """Send letters again: to one address, or to all whom they did not reach."""
    user, form = may(request, SCHEDULE), SendAgainForm(request.POST)
    meeting = get_object_or_404(OnlineMeeting.objects.changeable_by(user), pk=meeting_id)
    try:
        resending.send_again(user, meeting.pk, address=form.address_or_all())
    except PortalError as error:
        messages.error(request, str(error))
    return redirect("meeting", meeting.pk)


@require_safe
def download(request: HttpRequest, meeting_id: UUID) -> HttpResponse:
    """Return a meeting as a calendar file."""
    rows = OnlineMeeting.objects.visible_to(may(request, SEE)).without_drafts().select_related("organizer")
    meeting = get_object_or_404(rows, pk=meeting_id)
    answer = HttpResponse(feeds.one(meeting), content_type=CALENDAR)
    answer["Content-Disposition"] = 'attachment; filename="meeting.ics"'
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
def calendar_link(request: HttpRequest) -> HttpResponse:
    """Show whether there is a link to the person's calendar; make one, which is shown this once, or end it."""
    user = may(request, SEE)
    made, link = "", CalendarLink.objects.alive().select_related("user").filter(user=user).first()
    if request.method == "POST" and "revoke" in request.POST:
        if link is not None and feeds.revoke(link, actor=user.username):
            messages.success(request, "The link has ended. Calendars that use it get nothing any more.")
        return redirect("calendar-link")
    if request.method == "POST":
        made = settings.PUBLIC_URL + reverse("calendar-feed", args=[feeds.issue(user)])
        link = CalendarLink.objects.alive().filter(user=user).first()
    context = {"page": "meetings", "link": link, "made": made, "most": feeds.MOST}
    return render(request, "meetings/calendar_link.html", context)


@login_not_required
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """Return the calendar to which a secret link leads: the meetings that its owner may see at this moment."""
    link = feeds.link_of(token)
    wait = _wait(request, link)
    if wait:
        return _private(refusal(TooMany(wait)))
    if link is None:
        return _private(HttpResponse(NOTHING, status=404, content_type="text/plain; charset=utf-8"))
    feeds.note_use(link)
    return _private(HttpResponse(feeds.feed(link.user), content_type=CALENDAR))


def _wait(request: HttpRequest, link: CalendarLink | None) -> int:
    """Return the seconds that whoever asks has to wait: for a link that there is, or for guessing one."""
    if link is not None:
        return throttles.calendars.take(link.pk)
    return throttles.calendar_guesses.take(delays.network_of(login.source_of(request)))


def _private(answer: HttpResponse) -> HttpResponse:
    answer["Cache-Control"] = "private, no-store"
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex"
    return answer
