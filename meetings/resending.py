"""What people ask of letters: that they are sent again."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from audit.trail import Event, append
from commsportal.clock import now
from directory.models import User
from directory.roles import SCHEDULE
from meetings import letters, outbox
from meetings.errors import IsDraft, IsOver, MailIsOff, MeetingNotFound, NothingToDo, NotInvited
from meetings.models import OnlineMeeting
from meetings.models_invitations import Invitation

State = Invitation.State


def send_again(user: User, meeting_id: UUID, *, address: str = "") -> OnlineMeeting:
    """Send the newest letters again at once: to one address, or to all whom they did not reach.

    Who never was told, because mail was off when Microsoft had the meeting, is told with all.

    :raises IsDraft: nobody is invited yet.
    :raises MailIsOff: the portal sends no mail.
    :raises IsOver: nobody has to come any more.
    :raises NotInvited: there is no letter to that address.
    :raises NothingToDo: there is none that did not arrive.
    """
    with transaction.atomic():
        meeting = _locked(user, meeting_id)
        if not letters.are_sent():
            raise MailIsOff("The portal sends no mail: an administrator sets MAIL_FROM and EMAIL_HOST.")
        if outbox.heard_until(meeting) <= now():
            raise IsOver("This meeting is over. Nobody is invited to it any more.")
        planned = 0 if address or meeting.sent != meeting.version else outbox.plan(meeting)
        rows = _chosen(newest(meeting), address, planned)
        at = now()
        Invitation.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=State.WAITING, due_at=at, planned_at=at, sent_at=None, attempts=0, error=""
        )
        about = {"meeting": str(meeting.pk), "organizer": meeting.organizer.oid, "version": meeting.version}
        data = about | {"addresses": [row.address for row in rows], "planned": planned}
        append([Event("meeting.invited_again", user.username, meeting.organizer.tenant_id, data=data)])
    return meeting


def _locked(user: User, meeting_id: UUID) -> OnlineMeeting:
    if SCHEDULE not in user.rights:
        raise PermissionDenied
    rows = OnlineMeeting.objects.changeable_by(user).select_related("organizer")
    meeting: OnlineMeeting | None = rows.select_for_update(of=("self",)).filter(pk=meeting_id).first()
    if meeting is None:
        raise MeetingNotFound
    if meeting.is_draft:
        raise IsDraft
    return meeting


def newest(meeting: OnlineMeeting) -> list[Invitation]:
    """Return the newest letter to each address that counts."""
    rows = meeting.invitations.exclude(state=State.DROPPED)
    return list({row.address.casefold(): row for row in rows}.values())


def _chosen(rows: list[Invitation], address: str, planned: int) -> list[Invitation]:
    if not address:
        found = [row for row in rows if row.state == State.FAILED]
        if not found and not planned:
            raise NothingToDo("Everybody has been told, or is being told.")
        return found
    found = [row for row in rows if row.address.casefold() == address.casefold()]
    if not found:
        raise NotInvited("There is no letter to that address.")
    is_held = found[0].lease_until is not None and found[0].lease_until > now()
    if found[0].state == State.WAITING and (is_held or not found[0].error):
        raise NothingToDo("That letter is being sent already.")
    return found
