"""Letters in words, for the page of a meeting: who was told, who was not and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from meetings import letters, outbox, resending
from meetings.models import Attendee, OnlineMeeting
from meetings.models_invitations import Invitation
from meetings.rules.plan import is_address
from meetings.words import Status

State, Kind = Invitation.State, Invitation.Kind
SENT = {
    Kind.REQUEST: Status("active", "check", "Invited"),
    Kind.CANCEL: Status("waiting", "check", "Told that it is cancelled"),
}
FAILED = Status("failed", "alert", "Not reached")
SENDING = Status("pending", "clock", "Being told")
TROUBLE = Status("pending", "warning", "Tried again")
UNADDRESSED = Status("failed", "alert", "No e-mail address")


@dataclass(frozen=True)
class Row:
    """Somebody who is invited, or was, and how far they have been told."""

    name: str
    address: str
    role: str
    status: Status | None = None
    error: str = ""
    sent_at: datetime | None = None
    again_at: datetime | None = None
    may_be_sent_again: bool = False


@dataclass(frozen=True)
class Shown:
    """What the page shows of letters; `is_off`: nobody is invited by mail, `is_sending`: soon there is more."""

    invited: Sequence[Row]
    others: Sequence[Row]
    is_off: bool
    any_failed: bool
    any_untold: bool  # mail was off when Microsoft had the meeting
    is_sending: bool


def shown(meeting: OnlineMeeting, at: datetime) -> Shown:
    """Return who is invited and who was, with what became of the newest letter to each."""
    found = {row.address.casefold(): row for row in resending.newest(meeting)}
    is_live = letters.are_sent() and outbox.heard_until(meeting) > at
    people = list(meeting.attendees.all())
    invited = [_invited(one, found.get(one.address.casefold()), is_live) for one in people]
    named = {one.address.casefold() for one in people}
    others = [_row(row, "", is_live) for key, row in found.items() if key not in named]
    any_failed = is_live and any(row.state == State.FAILED for row in found.values())
    is_sending = is_live and any(row.state == State.WAITING and not row.error for row in found.values())
    is_held = is_live and not meeting.is_cancelled and meeting.sent == meeting.version
    any_untold = is_held and any(is_address(one.address) and one.address.casefold() not in found for one in people)
    return Shown(invited, others, not letters.are_sent(), any_failed, any_untold, is_sending)


def _invited(one: Attendee, letter: Invitation | None, is_live: bool) -> Row:
    if letter is not None:
        return _row(letter, one.role, is_live)
    status = UNADDRESSED if is_live and not is_address(one.address) else None
    return Row(one.name, one.address, one.role, status)


def _row(letter: Invitation, role: str, is_live: bool) -> Row:
    has_trouble = letter.state == State.WAITING and letter.error != ""
    again = is_live and (letter.state in (State.SENT, State.FAILED) or has_trouble)
    again_at = letter.due_at if has_trouble else None
    return Row(letter.name, letter.address, role, _status(letter), letter.error, letter.sent_at, again_at, again)


def _status(letter: Invitation) -> Status:
    if letter.state == State.SENT:
        return SENT[Kind(letter.kind)]
    if letter.state == State.FAILED:
        return FAILED
    return TROUBLE if letter.error else SENDING
