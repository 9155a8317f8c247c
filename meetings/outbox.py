"""Send letters to those who are invited: planned with the news that Microsoft has a meeting, mailed by the worker.

A letter is a row before it is a mail. Whoever mails it notes before that it may have arrived, so that what was
perhaps heard of is cancelled later. A worker that is killed between the mail server's yes and our own note of it
leaves a row that falls due again: the same mail goes twice then, under the same Message-ID and SEQUENCE.
"""

import logging
import smtplib
import socket
import ssl
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, cast

from django.db import transaction

from audit.trail import SYSTEM, Event, append
from commsportal.clock import now
from commsportal.redaction import redact
from commsportal.worker import Duty, tidy
from directory.models import Person
from meetings import facts, letters
from meetings.models import OnlineMeeting
from meetings.models_invitations import Invitation
from meetings.rules import invitations as rules
from meetings.rules.invitations import Content, Guest, Letter, Told
from meetings.rules.plan import is_address, one_line
from meetings.rules.series import canonical

LEASE_SECONDS: Final = 60.0
FIRST_RETRY: Final = timedelta(minutes=1)
LONGEST_RETRY: Final = timedelta(hours=1)
GIVE_UP_AFTER: Final = timedelta(hours=24)
OVER: Final = "The meeting was over before this could be sent."
LONGEST_ERROR: Final = 500
PERMANENT: Final = range(500, 600)  # replies of a mail server (RFC 5321, 4.2.1)

logger = logging.getLogger(__name__)
State = Invitation.State


def plan(meeting: OnlineMeeting) -> int:
    """Plan what has to be told to whom, now that Microsoft has a version; return how many letters that makes.

    The caller holds the meeting's lock. What waits and is not so any more is dropped even where mail is off or the
    meeting is over: nobody hears of it later. The letters are locked, so that none is being begun meanwhile.
    """
    told = [_told(row) for row in meeting.invitations.select_for_update().order_by("sequence", "pk")]
    until = max([heard_until(meeting), *(one.content.over for one in told)])
    content = None if meeting.is_cancelled else content_of(meeting)
    if content is not None and content.recurrence is not None:
        content = replace(content, over_at=until)
    reason = meeting.cancel_reason if meeting.is_cancelled else ""
    outcome = rules.decide(content, guests(meeting), told, meeting.version, reason)
    rows = Invitation.objects.filter(pk__in=outcome.dropped, state=State.WAITING)
    rows.update(state=State.DROPPED, due_at=None, lease=None, lease_until=None)
    if not letters.are_sent() or until <= now():
        return 0
    return len(Invitation.objects.bulk_create([_row(meeting, letter) for letter in outcome.letters]))


def heard_until(meeting: OnlineMeeting) -> datetime:
    """Return until when somebody may have to hear of a meeting: the end of its last date, taking place or not."""
    return max([meeting.over_at, *(row.ends_at for row in meeting.occurrences.all())])


def content_of(meeting: OnlineMeeting) -> Content:
    """Return what calendars show of a meeting."""
    organizer = meeting.organizer
    person = Person.objects.filter(tenant_id=organizer.tenant_id, oid=organizer.oid, enabled=True).first()
    address = (person.mail or person.upn) if person else ""
    return content_with(meeting, address)


def content_with(meeting: OnlineMeeting, organizer_address: str) -> Content:
    """Return what calendars show of a meeting whose organiser has this address."""
    dial_in = meeting.dial_in or {}
    return Content(
        subject=meeting.subject,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        zone=meeting.zone,
        join_url=meeting.join_url,
        phone=dial_in.get("number") or "",
        conference_id=dial_in.get("conference_id") or "",
        organizer=meeting.organizer.name,
        organizer_address=organizer_address if is_address(organizer_address) else "",
        over_at=meeting.over_at if meeting.recurrence else None,
        recurrence=canonical(meeting.series),
        dates=facts.exceptions(meeting),
    )


def guests(meeting: OnlineMeeting) -> list[Guest]:
    """Return those who are invited and have an address."""
    people = [one for one in meeting.attendees.all() if is_address(one.address)]
    known = Person.objects.filter(
        tenant_id=meeting.organizer.tenant_id, oid__in=[one.oid for one in people if one.oid]
    )
    told = {oid: (language, zone) for oid, language, zone in known.values_list("oid", "language", "zone")}
    return [Guest(one.address, one.name, *told.get(one.oid, ("", ""))) for one in people]


def _told(row: Invitation) -> Told:
    guest = Guest(row.address, row.name, row.language, row.zone)
    return Told(row.pk, guest, row.kind, row.sequence, Content.read(row.content), row.state, row.asked)


def _row(meeting: OnlineMeeting, letter: Letter) -> Invitation:
    guest, at = letter.guest, now()
    return Invitation(
        meeting=meeting,
        address=guest.address,
        name=guest.name,
        language=guest.language,
        zone=guest.zone,
        kind=letter.kind,
        sequence=letter.sequence,
        content=letter.content.plain(),
        planned_at=at,
        due_at=at,
    )


def claim(limit: int) -> Sequence[Invitation]:
    """Lease up to `limit` letters that are due; none while mail is off."""
    if not letters.are_sent():
        return []
    rows = Invitation.objects.order_by("due_at", "pk").lease(limit, LEASE_SECONDS)
    return cast(Sequence[Invitation], rows)


def keep(invitation: Invitation) -> None:
    """Hold on to a letter that is being sent."""
    invitation.keep_lease(LEASE_SECONDS)


def next_due() -> datetime | None:
    """Return when there is something to send next."""
    return Invitation.objects.next_due() if letters.are_sent() else None


def run(leased: Invitation) -> None:
    """Send one letter, or say what stands in the way."""
    invitation = Invitation.objects.filter(pk=leased.pk, lease=leased.lease).first()
    if invitation is None:
        return
    if Content.read(invitation.content).over <= now():
        _give_up(invitation, OVER)
        return
    was_asked = invitation.asked
    try:
        mail = letters.message(invitation)
        if not _hold(invitation):
            return
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        _refused(invitation, code, said, was_asked)
    except smtplib.SMTPDataError as error:
        _refused(invitation, error.smtp_code, error.smtp_error, was_asked)
    except (OSError, smtplib.SMTPException) as error:
        _put_off(invitation, _said(error), asked=was_asked or _may_have_arrived(error))
    except (ValueError, TypeError, LookupError):
        logger.exception("invitation %s cannot be written", invitation.pk)
        _give_up(invitation, "The portal failed on this mail. Its log has the error.")
    else:
        invitation.settle_lease(state=State.SENT, sent_at=now(), due_at=None, error="")


def _hold(invitation: Invitation) -> bool:
    """Commit that it may have arrived, while it is still ours; tell whether it was."""
    held = Invitation.objects.filter(pk=invitation.pk, lease=invitation.lease).update(asked=True) == 1
    tidy()  # whoever waits for a mail server needs no connection to the database
    return held


def _refused(invitation: Invitation, code: int, said: bytes | str, was_asked: bool) -> None:
    """Note what the mail server says of this letter: for good, or for now.

    :param was_asked: an earlier attempt may have brought it.
    """
    words = said.decode(errors="replace") if isinstance(said, bytes) else said
    text = _line(f"The mail server refused it: {code} {words}")
    if code in PERMANENT:
        _give_up(invitation, text, asked=was_asked)
    else:
        _put_off(invitation, text, asked=was_asked)


def _may_have_arrived(error: OSError) -> bool:
    """Tell whether a mail may be with its receiver though sending it failed: its end was perhaps heard."""
    is_certain = isinstance(error, (smtplib.SMTPException, ConnectionRefusedError, socket.gaierror, ssl.SSLError))
    return isinstance(error, smtplib.SMTPServerDisconnected) or not is_certain


def _said(error: Exception) -> str:
    return _line(f"The mail server could not be used: {error or type(error).__name__}")


def _line(text: str) -> str:
    return redact(one_line(text.replace("\n", " ")))[:LONGEST_ERROR]


def _put_off(invitation: Invitation, error: str, *, asked: bool) -> None:
    """Try again later, until it has been tried for long enough."""
    logger.warning("invitation %s was not sent: %s", invitation.pk, error)
    pause = min(FIRST_RETRY * 2 ** min(max(invitation.attempts - 1, 0), 10), LONGEST_RETRY)
    if now() + pause > invitation.planned_at + GIVE_UP_AFTER:
        _give_up(invitation, error, asked=asked)
    else:
        invitation.settle_lease(due_at=now() + pause, error=error, asked=asked)


def _give_up(invitation: Invitation, error: str, **changes: object) -> None:
    """Leave it to somebody to have it sent again, on record."""
    with transaction.atomic():
        if not invitation.settle_lease(state=State.FAILED, due_at=None, error=error, **changes):
            return
        organizer = invitation.meeting.organizer
        about = {"meeting": str(invitation.meeting_id), "organizer": organizer.oid, "address": invitation.address}
        data = about | {"kind": invitation.kind, "sequence": invitation.sequence, "error": error}
        append([Event("invitation.failed", SYSTEM, organizer.tenant_id, data=data)])


DUTY: Final = Duty(
    "invitations",
    2,
    claim,
    run,
    next_due,
    keep=keep,
    about=lambda invitation: {"meeting_id": invitation.meeting_id},
)
