"""What people ask for: schedule a meeting, change it, cancel it, try again, decide between two versions.

A command locks the meeting, asks the rules, writes what is wanted and commits. The worker brings it to Microsoft.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Final, Literal, cast
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from audit.trail import Event, append
from commsportal.clock import now
from directory.models import User
from directory.roles import SCHEDULE
from meetings import attendance, facts
from meetings.errors import BadPlan, Changed, IsCancelled, MeetingNotFound, NoOrganizer, NothingToDo, Undecided
from meetings.models import Attendee, OnlineMeeting, Organizer
from meetings.rules import plan as rules
from meetings.rules.plan import Plan

State = OnlineMeeting.State
Keep = Literal["ours", "theirs"]
KEEPS: Final[tuple[Keep, ...]] = ("ours", "theirs")
LONGEST_REASON: Final = 500
UNDECIDED: Final = "It was changed in Teams meanwhile. Decide first which of the two holds."


def schedule(user: User, organizer_id: int, plan: Plan, *, key: UUID | None = None) -> OnlineMeeting:
    """Have a meeting held in somebody's name.

    :param key: of the request: asked with the same again, `user` gets the meeting that was made before.
    :raises NoOrganizer: `user` may not act for them.
    :raises BadPlan: it cannot be like that.
    """
    _check_right(user)
    organizer = Organizer.objects.for_scheduling(user).filter(pk=organizer_id).first()
    if organizer is None:
        raise NoOrganizer(
            "You may hold meetings in the name of nobody with that id. GET /api/v1/organizers/ lists whom."
        )
    plan = _checked(plan, organizer)
    at = now()
    meeting = OnlineMeeting(organizer=organizer, created_by=user, created_at=at, due_at=at, **_settings(plan))
    meeting.pk = key or meeting.pk
    try:
        _enter(meeting, plan)
    except IntegrityError:
        made = OnlineMeeting.objects.changeable_by(user).filter(pk=key, created_by=user).first() if key else None
        if made is None:
            raise
        return cast(OnlineMeeting, made)
    return meeting


@transaction.atomic
def _enter(meeting: OnlineMeeting, plan: Plan) -> None:
    meeting.save(force_insert=True)
    _invite(meeting, plan)
    _record(meeting, meeting.created_by.username, "meeting.scheduled", **facts.wanted(meeting))


def change(user: User, meeting_id: UUID, plan: Plan, *, version: int) -> OnlineMeeting:
    """Have a meeting be as `plan` says; what is the same already makes no new version.

    :param version: that was looked at.
    :raises Changed: there is a newer one.
    :raises IsCancelled: it does not take place.
    :raises Undecided: it was changed in Teams as well.
    :raises BadPlan: it cannot be like that.
    """
    with _acting(user, meeting_id, version) as meeting:
        if meeting.theirs is not None:
            raise Undecided(UNDECIDED)
        plan = _checked(plan, meeting.organizer)
        before = facts.wanted(meeting)
        for name, value in _settings(plan).items():
            setattr(meeting, name, value)
        guests = facts.guests(plan.attendees)
        changes = rules.difference(before, facts.settings_of(meeting) | {"attendees": guests})
        if changes:
            if "attendees" in changes:
                meeting.attendees.all().delete()
                _invite(meeting, plan)
            _renew(meeting)
            _record(meeting, user.username, "meeting.changed", changes=changes)
    return meeting


def cancel(user: User, meeting_id: UUID, *, version: int, reason: str = "") -> OnlineMeeting:
    """Have a meeting not take place; at Microsoft it is deleted, here it stays.

    :param reason: kept with the meeting, one line.
    :raises BadPlan: the reason is none.
    :raises Changed: there is a newer version than was looked at.
    :raises IsCancelled: it is cancelled already.
    """
    if len(reason) > LONGEST_REASON or reason != rules.one_line(reason):
        raise BadPlan({"reason": f"A reason is one line of at most {LONGEST_REASON} characters."})
    with _acting(user, meeting_id, version) as meeting:
        meeting.state, meeting.cancel_reason, meeting.theirs = State.CANCELLED, reason, None
        _renew(meeting)
        _record(meeting, user.username, "meeting.cancelled", reason=reason)
    return meeting


def retry(user: User, meeting_id: UUID) -> OnlineMeeting:
    """Try at once what Microsoft did not do.

    :raises NothingToDo: Microsoft has the meeting as it is wanted.
    :raises Undecided: it was changed in Teams as well.
    """
    with _acting(user, meeting_id, None, even_cancelled=True) as meeting:
        if meeting.sent == meeting.version:
            raise NothingToDo("Microsoft has this meeting as it is wanted.")
        if meeting.theirs is not None:
            raise Undecided(UNDECIDED)
        meeting.due_at, meeting.attempts = now(), 0
        meeting.error_title = meeting.error_detail = meeting.error_code = ""
        meeting.save()
        _record(meeting, user.username, "meeting.retried")
    return meeting


def resolve(user: User, meeting_id: UUID, *, keep: Keep, version: int) -> OnlineMeeting:
    """Decide which holds of a meeting that was changed in Teams while it was changed here.

    :param keep: `ours` overwrites what was changed there, `theirs` takes it over.
    :raises NothingToDo: nothing was changed there that anybody has to decide.
    """
    with _acting(user, meeting_id, version) as meeting:
        if meeting.theirs is None:
            raise NothingToDo("Nothing was changed in Teams that has to be decided.")
        theirs, before = meeting.theirs, facts.wanted(meeting)
        facts.note_theirs(meeting, theirs)
        meeting.theirs = None
        if keep == "theirs":
            facts.take_over(meeting, theirs)
        _renew(meeting)
        changes = rules.difference(before, facts.wanted(meeting))
        _record(meeting, user.username, "meeting.resolved", keep=keep, changes=changes)
    return meeting


def fetch_attendance(user: User, meeting_id: UUID) -> OnlineMeeting:
    """Have all that Microsoft tells of who was in a meeting read anew.

    :raises NothingToDo: Microsoft does not have the meeting.
    :raises IsCancelled: it does not take place.
    """
    with _acting(user, meeting_id, None) as meeting:
        if not meeting.graph_id:
            raise NothingToDo("Microsoft does not have this meeting yet.")
        if attendance.ask(meeting):
            _record(meeting, user.username, "meeting.attendance_asked")
    return meeting


@contextmanager
def _acting(
    user: User, meeting_id: UUID, version: int | None, *, even_cancelled: bool = False
) -> Iterator[OnlineMeeting]:
    """Lock a meeting in whose organiser's name `user` may act."""
    _check_right(user)
    with transaction.atomic():
        rows = OnlineMeeting.objects.changeable_by(user).select_related("organizer")
        meeting = rows.select_for_update(of=("self",)).filter(pk=meeting_id).first()
        if meeting is None:
            raise MeetingNotFound
        if meeting.is_cancelled and not even_cancelled:
            raise IsCancelled("This meeting is cancelled. Schedule another one.")
        if version is not None and version != meeting.version:
            raise Changed("Somebody has changed it meanwhile. Look at it again.", version=meeting.version)
        yield meeting


def _check_right(user: User) -> None:
    if SCHEDULE not in user.rights:
        raise PermissionDenied


def _checked(plan: Plan, organizer: Organizer) -> Plan:
    """Return the plan with its guests found in the directory.

    :raises BadPlan: it cannot be like that.
    """
    if problem := rules.too_many(plan):
        raise BadPlan({"attendees": problem})
    plan = facts.found(plan, organizer.tenant_id)
    problems = rules.problems(plan, now())
    strangers = [one.oid for one in plan.attendees if one.oid and not one.name]
    if strangers:
        problems.setdefault("attendees", f"{strangers[0]} is nobody in the directory.")
    if problems:
        raise BadPlan(problems)
    return plan


def _settings(plan: Plan) -> dict[str, Any]:
    values = asdict(plan)
    return {name: values[name] for name in rules.SETTINGS} | {"subject": plan.subject.strip()}


def _invite(meeting: OnlineMeeting, plan: Plan) -> None:
    rows = [Attendee(meeting=meeting, position=n, **asdict(one)) for n, one in enumerate(plan.attendees)]
    Attendee.objects.bulk_create(rows)


def _renew(meeting: OnlineMeeting) -> None:
    """Make a new version, brought to Microsoft once whoever may still be bringing the last one is done with it."""
    meeting.version += 1
    meeting.due_at, meeting.attempts = now(), 0
    meeting.error_title = meeting.error_detail = meeting.error_code = ""
    meeting.save()


def _record(meeting: OnlineMeeting, actor: str, kind: str, **data: Any) -> None:
    about = {"meeting": str(meeting.pk), "organizer": meeting.organizer.oid, "version": meeting.version}
    append([Event(kind, actor, meeting.organizer.tenant_id, data=about | data)])
