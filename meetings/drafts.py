"""What people ask of drafts: keep one, change it, discard it, schedule it.

Of a draft Microsoft knows nothing, and nobody who is invited: it is a row that those see who may schedule it. It
becomes a meeting by one more version, which the worker brings to Microsoft as it does any other.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from commsportal.clock import now
from directory.models import User
from directory.roles import SCHEDULE
from meetings import commands, facts, series, templates
from meetings.errors import Changed, IsScheduled, MeetingNotFound
from meetings.models import OnlineMeeting
from meetings.rules import drafts as lenient
from meetings.rules import plan as rules
from meetings.rules.plan import Plan

State = OnlineMeeting.State


def save(
    user: User, organizer_id: int, plan: Plan, *, key: UUID | None = None, template_id: int | None = None
) -> OnlineMeeting:
    """Keep a meeting that is not to be held yet.

    :param key: of the request: asked with the same again, `user` gets the draft that was made before.
    :raises NoOrganizer: `user` may not act for them.
    :raises BadPlan: not even a draft can be like that.
    :raises IsScheduled: what was made before with that key is scheduled.
    """
    organizer = commands.acting_for(user, organizer_id)
    plan = commands.checked(plan, organizer, lenient.problems)
    meeting = OnlineMeeting(organizer=organizer, created_by=user, created_at=now(), state=State.DRAFT)
    meeting.template = templates.usable(organizer, template_id)
    meeting.pk = key or meeting.pk
    _set(meeting, plan)
    try:
        commands.enter(meeting, plan, "meeting.drafted")
    except IntegrityError:
        made = commands.made_before(user, key)
        if made is None:
            raise
        if not made.is_draft:
            raise IsScheduled from None
        return made
    return meeting


def change(user: User, meeting_id: UUID, plan: Plan, *, version: int) -> OnlineMeeting:
    """Have a draft be as `plan` says; what is the same already makes no new version.

    :raises Changed: there is a newer version than was looked at.
    :raises IsScheduled: it is a draft no more.
    :raises BadPlan: not even a draft can be like that.
    """
    with _acting(user, meeting_id, version) as meeting:
        plan = commands.checked(plan, meeting.organizer, lenient.problems)
        if changes := _rewrite(meeting, plan):
            meeting.version += 1
            meeting.save()
            commands.record(meeting, user.username, "meeting.draft_changed", changes=changes)
    return meeting


def schedule(user: User, meeting_id: UUID, *, version: int, plan: Plan | None = None) -> OnlineMeeting:
    """Have a draft held, as it is or as `plan` says.

    :raises Changed: there is a newer version than was looked at.
    :raises IsScheduled: it is a draft no more.
    :raises BadPlan: a meeting cannot be like that.
    """
    with _acting(user, meeting_id, version) as meeting:
        plan = commands.checked(plan or facts.plan_of(meeting), meeting.organizer)
        changes = {"state": [State.DRAFT.value, State.SCHEDULED.value]} | _rewrite(meeting, plan)
        meeting.state, meeting.due_at, meeting.attempts = State.SCHEDULED, now(), 0
        meeting.version += 1
        meeting.save()
        made = facts.wanted(meeting) | {"template": meeting.template_id}
        commands.record(meeting, user.username, "meeting.scheduled", changes=changes, **made)
    return meeting


def discard(user: User, meeting_id: UUID, *, version: int) -> None:
    """Forget a draft; the record keeps that there was one.

    :raises Changed: there is a newer version than was looked at.
    :raises IsScheduled: it is a draft no more.
    """
    with _acting(user, meeting_id, version) as meeting:
        commands.record(meeting, user.username, "meeting.discarded", subject=meeting.subject)
        meeting.delete()


@contextmanager
def _acting(user: User, meeting_id: UUID, version: int) -> Iterator[OnlineMeeting]:
    """Lock a draft in whose organiser's name `user` may act."""
    if SCHEDULE not in user.rights:
        raise PermissionDenied
    with transaction.atomic():
        rows = OnlineMeeting.objects.changeable_by(user).select_related("organizer")
        meeting = rows.select_for_update(of=("self",)).filter(pk=meeting_id).first()
        if meeting is None:
            raise MeetingNotFound
        if not meeting.is_draft:
            raise IsScheduled
        if version != meeting.version:
            raise Changed("Somebody has changed it meanwhile. Look at it again.", version=meeting.version)
        yield meeting


def _rewrite(meeting: OnlineMeeting, plan: Plan) -> dict[str, list[Any]]:
    """Make a draft what `plan` says, but for saving it; return what is different."""
    before = facts.wanted(meeting)
    _set(meeting, plan)
    people = facts.guests(plan.attendees)
    changes = rules.difference(before, facts.settings_of(meeting) | {"attendees": people})
    if "attendees" in changes:
        meeting.attendees.all().delete()
        commands.invite(meeting, plan)
    series.lay_out(meeting)
    return changes


def _set(meeting: OnlineMeeting, plan: Plan) -> None:
    for name, value in commands.settings_of(plan).items():
        setattr(meeting, name, value)
