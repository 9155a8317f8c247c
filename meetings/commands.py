"""What people ask for: schedule a meeting, change it, cancel it, try again, decide between two versions.

A command locks the meeting, asks the rules, writes what is wanted and commits. The worker brings it to Microsoft.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final, Literal, cast
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from audit.trail import Event, append
from commsportal.clock import now
from directory.models import User
from directory.roles import SCHEDULE
from meetings import attendance, facts, holidays, passcodes, series, templates
from meetings.errors import (
    BadPlan,
    Changed,
    IsCancelled,
    IsDraft,
    MeetingNotFound,
    NoOrganizer,
    NothingToDo,
    Undecided,
)
from meetings.models import Attendee, OnlineMeeting, Organizer
from meetings.rules import plan as rules
from meetings.rules import series as dates
from meetings.rules.plan import Plan

State = OnlineMeeting.State
Keep = Literal["ours", "theirs"]
Judge = Callable[[Plan, datetime], dict[str, str]]
KEEPS: Final[tuple[Keep, ...]] = ("ours", "theirs")
LONGEST_REASON: Final = 500
UNDECIDED: Final = "It was changed in Teams meanwhile. Decide first which of the two holds."


def schedule(
    user: User, organizer_id: int, plan: Plan, *, key: UUID | None = None, template_id: int | None = None
) -> OnlineMeeting:
    """Have a meeting held in somebody's name.

    :param key: of the request: asked with the same again, `user` gets the meeting that was made before.
    :param template_id: of the template that `plan` was filled from.
    :raises NoOrganizer: `user` may not act for them.
    :raises BadPlan: it cannot be like that.
    :raises IsDraft: what was made before with that key is a draft.
    """
    organizer = acting_for(user, organizer_id)
    plan, template = checked(plan, organizer), templates.usable(organizer, template_id)
    at = now()
    meeting = OnlineMeeting(organizer=organizer, created_by=user, created_at=at, due_at=at, **settings_of(plan))
    meeting.template = template
    meeting.pk = key or meeting.pk
    try:
        enter(meeting, plan, "meeting.scheduled")
    except IntegrityError:
        made = made_before(user, key)
        if made is None:
            raise
        if made.is_draft:
            raise IsDraft("This form was saved as a draft before. Open the draft to schedule it.") from None
        return made
    return meeting


def acting_for(user: User, organizer_id: int) -> Organizer:
    """Return somebody in whose name `user` may act.

    :raises NoOrganizer: there is nobody of that id for them.
    """
    _check_right(user)
    organizer: Organizer | None = Organizer.objects.for_scheduling(user).filter(pk=organizer_id).first()
    if organizer is None:
        raise NoOrganizer(
            "You may hold meetings in the name of nobody with that id. GET /api/v1/organizers/ lists whom."
        )
    return organizer


def made_before(user: User, key: UUID | None) -> OnlineMeeting | None:
    """Return what `user` has made by an earlier request with the same key."""
    rows = OnlineMeeting.objects.changeable_by(user).filter(pk=key, created_by=user)
    return cast(OnlineMeeting | None, rows.first()) if key else None


@transaction.atomic
def enter(meeting: OnlineMeeting, plan: Plan, kind: str) -> None:
    """Make the rows of a new meeting, on record as `kind`.

    :raises IntegrityError: its key was used before.
    """
    meeting.over_at = meeting.ends_at
    meeting.save(force_insert=True)
    invite(meeting, plan)
    series.lay_out(meeting)
    meeting.save(update_fields=["over_at"])
    made = facts.wanted(meeting) | {"template": meeting.template_id}
    record(meeting, meeting.created_by.username, kind, **made)


def change(user: User, meeting_id: UUID, plan: Plan, *, version: int) -> OnlineMeeting:
    """Have a meeting be as `plan` says; what is the same already makes no new version.

    :param version: that was looked at.
    :raises Changed: there is a newer one.
    :raises IsCancelled: it does not take place.
    :raises Undecided: it was changed in Teams as well.
    :raises BadPlan: it cannot be like that.
    """
    with acting(user, meeting_id, version) as meeting:
        if meeting.theirs is not None:
            raise Undecided(UNDECIDED)
        plan = checked(plan, meeting.organizer)
        if problem := _stuck(meeting, plan):
            raise BadPlan(problem)
        before, planned = facts.wanted(meeting), facts.plan_of(meeting)
        for name, value in settings_of(plan).items():
            setattr(meeting, name, value)
        guests = facts.guests(plan.attendees)
        changes = rules.difference(before, facts.settings_of(meeting) | {"attendees": guests})
        if changes:
            if "attendees" in changes:
                meeting.attendees.all().delete()
                invite(meeting, plan)
            series.lay_out(meeting, planned)
            renew(meeting)
            record(meeting, user.username, "meeting.changed", changes=changes)
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
    with acting(user, meeting_id, version) as meeting:
        meeting.state, meeting.cancel_reason, meeting.theirs = State.CANCELLED, reason, None
        renew(meeting)
        record(meeting, user.username, "meeting.cancelled", reason=reason)
    return meeting


def retry(user: User, meeting_id: UUID) -> OnlineMeeting:
    """Try at once what Microsoft did not do.

    :raises NothingToDo: Microsoft has the meeting as it is wanted.
    :raises Undecided: it was changed in Teams as well.
    """
    with acting(user, meeting_id, None, even_cancelled=True) as meeting:
        if meeting.sent == meeting.version and not meeting.error_title:
            raise NothingToDo("Microsoft has this meeting as it is wanted.")
        if meeting.theirs is not None:
            raise Undecided(UNDECIDED)
        meeting.due_at, meeting.attempts = now(), 0
        meeting.error_title = meeting.error_detail = meeting.error_code = ""
        meeting.save()
        record(meeting, user.username, "meeting.retried")
    return meeting


def resolve(user: User, meeting_id: UUID, *, keep: Keep, version: int) -> OnlineMeeting:
    """Decide which holds of a meeting that was changed in Teams while it was changed here.

    :param keep: `ours` overwrites what was changed there, `theirs` takes it over.
    :raises NothingToDo: nothing was changed there that anybody has to decide.
    """
    with acting(user, meeting_id, version) as meeting:
        if meeting.theirs is None:
            raise NothingToDo("Nothing was changed in Teams that has to be decided.")
        theirs, before = meeting.theirs, facts.wanted(meeting)
        facts.note_theirs(meeting, theirs)
        meeting.theirs = None
        if keep == "theirs":
            series.take_over(meeting, theirs)
        renew(meeting)
        changes = rules.difference(before, facts.wanted(meeting))
        record(meeting, user.username, "meeting.resolved", keep=keep, changes=changes)
    return meeting


def fetch_attendance(user: User, meeting_id: UUID) -> OnlineMeeting:
    """Have all that Microsoft tells of who was in a meeting read anew.

    :raises NothingToDo: Microsoft does not have the meeting.
    :raises IsCancelled: it does not take place.
    """
    with acting(user, meeting_id, None) as meeting:
        if not meeting.graph_id:
            raise NothingToDo("Microsoft does not have this meeting yet.")
        if attendance.ask(meeting):
            record(meeting, user.username, "meeting.attendance_asked")
    return meeting


@contextmanager
def acting(
    user: User, meeting_id: UUID, version: int | None, *, even_cancelled: bool = False
) -> Iterator[OnlineMeeting]:
    """Lock a meeting in whose organiser's name `user` may act."""
    _check_right(user)
    with transaction.atomic():
        rows = OnlineMeeting.objects.changeable_by(user).select_related("organizer")
        meeting = rows.select_for_update(of=("self",)).filter(pk=meeting_id).first()
        if meeting is None:
            raise MeetingNotFound
        if meeting.is_draft:
            raise IsDraft
        if meeting.is_cancelled and not even_cancelled:
            raise IsCancelled("This meeting is cancelled. Schedule another one.")
        if version is not None and version != meeting.version:
            raise Changed("Somebody has changed it meanwhile. Look at it again.", version=meeting.version)
        yield meeting


def _check_right(user: User) -> None:
    if SCHEDULE not in user.rights:
        raise PermissionDenied


def checked(plan: Plan, organizer: Organizer, judge: Judge = dates.problems) -> Plan:
    """Return the plan with its guests found in the directory.

    :param judge: says what is wrong with it.
    :raises BadPlan: it cannot be like that.
    """
    if problem := rules.too_many(plan):
        raise BadPlan({"attendees": problem})
    plan = replace(plan, starts_at=whole_second(plan.starts_at), ends_at=whole_second(plan.ends_at))
    plan = facts.found(plan, organizer.tenant_id)
    problems = {**_places(plan), **judge(plan, now())}
    strangers = [one.oid for one in plan.attendees if one.oid and not one.name]
    if strangers:
        problems.setdefault("attendees", f"{strangers[0]} is nobody in the directory.")
    if problems:
        raise BadPlan(problems)
    return plan


def whole_second(at: datetime) -> datetime:
    """Return an instant as calendars have it: they know nothing below a second."""
    return at.replace(microsecond=0)


def _places(plan: Plan) -> dict[str, str]:
    """Return what is wrong with where a meeting is kept and whose holidays it skips, by field."""
    found = {}
    if plan.holidays and not holidays.is_known(plan.holidays):
        found["holidays"] = "The holidays of that place are not known."
    if plan.recurrence and not plan.on_calendar:
        found["on_calendar"] = "A series is an event of the organiser's calendar."
    if plan.on_calendar and not plan.passcode:
        found["passcode"] = "Teams wants a passcode for what is on a calendar."
    return found


def _stuck(meeting: OnlineMeeting, plan: Plan) -> dict[str, str]:
    """Return what of a meeting that Microsoft may have cannot become otherwise, by field."""
    if late := passcodes.problem(meeting, plan.passcode):
        return late
    if not meeting.asked:
        return {}
    if bool(plan.recurrence) != bool(meeting.recurrence):
        return {"recurrence": "What was one meeting becomes no series, nor the other way. Schedule another one."}
    if plan.on_calendar != meeting.on_calendar:
        return {"on_calendar": "A meeting keeps its place. Cancel it and schedule another one."}
    return {}


def settings_of(plan: Plan) -> dict[str, Any]:
    """Return what a meeting's row keeps of `plan`."""
    return plan.settings() | {"subject": plan.subject.strip()}


def invite(meeting: OnlineMeeting, plan: Plan) -> None:
    """Make a row of everybody whom `plan` names."""
    rows = [Attendee(meeting=meeting, position=n, **asdict(one)) for n, one in enumerate(plan.attendees)]
    Attendee.objects.bulk_create(rows)


def renew(meeting: OnlineMeeting) -> None:
    """Make a new version, brought to Microsoft once whoever may still be bringing the last one is done with it."""
    meeting.version += 1
    meeting.due_at, meeting.attempts = now(), 0
    meeting.error_title = meeting.error_detail = meeting.error_code = ""
    meeting.save()


def record(meeting: OnlineMeeting, actor: str, kind: str, **data: Any) -> None:
    """Put on record what became of a meeting."""
    about = {"meeting": str(meeting.pk), "organizer": meeting.organizer.oid, "version": meeting.version}
    append([Event(kind, actor, meeting.organizer.tenant_id, data=about | data)])
