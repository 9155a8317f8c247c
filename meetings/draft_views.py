"""Pages of drafts: what is asked of one, and the list of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from commsportal.errors import PortalError
from directory.models import User
from directory.roles import SCHEDULE
from meetings import commands, drafts
from meetings.access import found, may
from meetings.calendars import wall
from meetings.errors import BadPlan
from meetings.forms import PlanForm, VersionForm
from meetings.models import OnlineMeeting
from meetings.rules.plan import zone_of

MOST: Final = 20  # drafts that the list offers


@dataclass(frozen=True)
class Listed:
    """The drafts that somebody may schedule: those begun last with the day they are meant for, and how many."""

    rows: Sequence[tuple[OnlineMeeting, datetime]]
    count: int

    @property
    def more(self) -> int:
        """Return how many are not listed."""
        return self.count - len(self.rows)


def listed(user: User) -> Listed:
    """Return the drafts that `user` may schedule, those that were begun last first."""
    drafts = OnlineMeeting.objects.changeable_by(user).drafts().order_by("-created_at", "-pk")
    rows = [(one, wall(one.starts_at, zone_of(one.zone))) for one in drafts[:MOST]]
    return Listed(rows, len(rows) if len(rows) < MOST else drafts.count())


def asked_of_new(request: HttpRequest, user: User, form: PlanForm) -> Callable[[], OnlineMeeting]:
    """Return what the button asks for that sent the form of a new meeting."""
    return lambda: form.draft(user) if "draft" in request.POST else form.schedule(user)


def asked_of(
    request: HttpRequest, user: User, form: PlanForm, meeting: OnlineMeeting
) -> Callable[[], OnlineMeeting]:
    """Return what the button asks for that sent the form of a meeting that there is."""
    if not meeting.is_draft:
        return lambda: commands.change(user, meeting.pk, form.plan(), version=form.version_looked_at())
    if "draft" in request.POST:
        return lambda: drafts.change(user, meeting.pk, form.plan(), version=form.version_looked_at())
    return lambda: drafts.schedule(user, meeting.pk, plan=form.plan(), version=form.version_looked_at())


@require_POST
def schedule(request: HttpRequest, meeting_id: UUID) -> HttpResponse:
    """Have a draft held as it is; what is still wrong is shown at the form, where it can be mended."""
    user = may(request, SCHEDULE)
    meeting = found(OnlineMeeting.objects.changeable_by(user), meeting_id)
    try:
        drafts.schedule(user, meeting.pk, version=_version(request))
    except BadPlan as error:
        messages.error(request, f"Not scheduled. {error}")
        return redirect("meeting-edit", meeting.pk)
    except PortalError as error:
        messages.error(request, str(error))
    return redirect("meeting", meeting.pk)


@require_POST
def discard(request: HttpRequest, meeting_id: UUID) -> HttpResponse:
    """Forget a draft."""
    user = may(request, SCHEDULE)
    meeting = found(OnlineMeeting.objects.changeable_by(user), meeting_id)
    try:
        drafts.discard(user, meeting.pk, version=_version(request))
    except PortalError as error:
        messages.error(request, str(error))
        return redirect("meeting", meeting.pk)
    messages.success(request, f"The draft “{meeting.subject}” was discarded.")
    return redirect("meetings")


def _version(request: HttpRequest) -> int:
    """Return the version that was looked at; 0, which there is not, where the form names none."""
    form = VersionForm(request.POST)
    return int(form.cleaned_data["version"]) if form.is_valid() else 0
