"""What people ask of a meeting that runs: have the bot come in, ring those who are missing."""

from collections.abc import Sequence
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from audit.trail import Event, append
from calls import commands, outgoing
from calls.errors import BadTarget
from calls.models import Call
from calls.rules.targets import MOST_TARGETS, Wanted
from directory.models import User
from directory.roles import DECIDE
from graph.values import normalize_id
from meetings.errors import IsCancelled, IsDraft, MeetingNotFound
from meetings.models import OnlineMeeting
from rooms import seats
from rooms.errors import AlreadyInside, NobodyMissing, NotHeld, NotInside


def join(user: User, meeting_id: UUID, line_id: int) -> Call:
    """Have the bot join a meeting, through a line of `user`'s; one bot at a time does.

    :raises AlreadyInside: it is there, or on its way.
    :raises NotHeld: Microsoft has not said how to join.
    :raises IsCancelled: the meeting does not take place.
    :raises IsDraft: nobody was asked for it yet.
    :raises NoLine: `user` staffs no such line.
    :raises BadMeeting: another organisation than the line's holds the meeting.
    """
    _check_right(user)
    with transaction.atomic():
        rows = OnlineMeeting.objects.visible_to(user).select_related("organizer").select_for_update(of=("self",))
        meeting = rows.filter(pk=meeting_id).first()
        if meeting is None:
            raise MeetingNotFound
        if meeting.is_draft:
            raise IsDraft
        if meeting.is_cancelled:
            raise IsCancelled("This meeting is cancelled.")
        if not (meeting.join_url and meeting.thread_id):
            raise NotHeld
        if call_in(meeting):
            raise AlreadyInside
        call = outgoing.join(line_id, user, where=outgoing.by_link(meeting.join_url))
        data = {"meeting": str(meeting.pk), "call": str(call.pk)}
        append([Event("meeting.bot_asked_in", user.username, meeting.organizer.tenant_id, data=data)])
    return call


def ring(user: User, meeting_id: UUID, people: Sequence[str] = ()) -> Call:
    """Ring those who are invited and missing into the running meeting; or those of them who are named.

    :param people: object ids, of somebody who declined or left too; none means those who are missing, 25 at most.
    :raises IsDraft: nobody was asked for the meeting yet.
    :raises NotInside: the bot is not there through a line that `user` staffs.
    :raises NobodyMissing: there is nobody to ring.
    :raises BadTarget: somebody named is not invited, or is there.
    """
    _check_right(user)
    meeting = OnlineMeeting.objects.visible_to(user).select_related("organizer").filter(pk=meeting_id).first()
    if meeting is None:
        raise MeetingNotFound
    if meeting.is_draft:
        raise IsDraft
    call = call_in(meeting)
    if call is None or not Call.objects.visible_to(user).filter(pk=call.pk).exists():
        raise NotInside
    wanted = [Wanted("user", oid) for oid in _whom(seats.of(meeting, call), people)]
    commands.invite(call.pk, user, wanted=wanted)
    return call


def call_in(meeting: OnlineMeeting) -> Call | None:
    """Return the bot's call in a meeting while it is not over, whichever line it came through."""
    calls = Call.objects.live().in_meeting(meeting.organizer.tenant_id, meeting.thread_id)
    return calls.order_by("received_at", "pk").first()


def _whom(found: Sequence[seats.Seat], people: Sequence[str]) -> list[str]:
    if not people:
        ids = [one.attendee.oid for one in seats.missing(found)]
        if not ids:
            raise NobodyMissing
        return ids[:MOST_TARGETS]
    can = {one.attendee.oid for one in found if one.can_be_rung}
    wanted = [normalize_id(one) for one in dict.fromkeys(people)]
    if strangers := set(wanted) - can:
        raise BadTarget(f"{min(strangers)} is not invited, is there already, or is being rung.")
    return wanted


def _check_right(user: User) -> None:
    if DECIDE not in user.rights:
        raise PermissionDenied
