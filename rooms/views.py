"""Pages: the room of a meeting, and its join link as a QR code."""

from io import BytesIO
from typing import Final
from uuid import UUID

import segno
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from commsportal.clock import now
from directory.roles import SEE
from meetings import series, words
from meetings.access import found, may
from meetings.calendars import wall
from meetings.models import OnlineMeeting
from meetings.rules.plan import zone_of
from rooms.api.serializers import lines_for

QUIET_ZONE: Final = 2  # modules of white around a code, so that cameras find it on a dark page


@require_safe
def room(request: HttpRequest, meeting_id: UUID) -> HttpResponse:
    """Show who of the invited is in a meeting, and what can be asked of the bot in it."""
    user = may(request, SEE)
    meeting = found(OnlineMeeting.objects.visible_to(user).without_drafts(), meeting_id)
    zone, shown = zone_of(meeting.zone), series.shown(meeting)
    shown.meeting = meeting
    context = {
        "page": "meetings",
        "meeting": meeting,
        "begins": wall(shown.starts_at, zone),
        "ends": wall(shown.ends_at, zone),
        "status": words.status_of_date(shown, now()),
        "joins": can_be_joined(meeting),
        "lines": lines_for(user, meeting),
    }
    return render(request, "rooms/room.html", context)


@require_safe
def code(request: HttpRequest, meeting_id: UUID) -> HttpResponse:
    """Return the join link as a QR code.

    :raises Http404: there is no link.
    """
    meeting = found(OnlineMeeting.objects.visible_to(may(request, SEE)).without_drafts(), meeting_id)
    if not can_be_joined(meeting):
        raise Http404
    drawn = BytesIO()
    segno.make(meeting.join_url, error="l", micro=False).save(
        drawn, kind="svg", scale=4, border=QUIET_ZONE, light="#fff", xmldecl=False, title="Join link"
    )
    return HttpResponse(
        drawn.getvalue(), content_type="image/svg+xml", headers={"Cache-Control": "private, no-store"}
    )


def can_be_joined(meeting: OnlineMeeting) -> bool:
    """Tell whether Microsoft has said how to join, and it takes place."""
    return meeting.join_url.startswith("https://") and not meeting.is_cancelled
