"""Callers who wait in a numbered slot for whoever takes them back: ours, for Microsoft knows no parking.

In a call of several the caller hears music and whoever parks them is taken out. Everything here works on a
`Ledger` in memory but for reading who is in the call.
"""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings

from calls import asking, claims, roster
from calls.ledger import Ledger
from calls.models import Call, Operation, Participant, Timer
from calls.rules import party
from directory.models import User

Kind = Operation.Kind


def park(ledger: Ledger, call: Call, slot: int, user: User) -> None:
    """Let the caller wait in `slot` and give the call up to all."""
    told = list(call.participants.filter(left_at__isnull=True))
    call.park_slot, call.parked_at, call.parked_by, call.park_recalled = slot, ledger.at, user, False
    ledger.set_timer(call, Timer.Kind.PARK, ledger.at + timedelta(seconds=settings.PARK_SECONDS))
    ledger.record(call, "park.begun", user.username, slot=slot)
    _hold_caller(ledger, call, told, user)
    _let_go(ledger, call, told, user)
    if call.claim_owner:
        claims.drop(ledger, call, "claim.released", user.username)


def unpark(ledger: Ledger, call: Call, user: User, *, resume: bool = True) -> None:
    """Give the slot back because `user` goes on with the call; `resume`: the caller hears no more music."""
    ledger.record(call, "park.ended", user.username, slot=call.park_slot)
    forget(call)
    ledger.stop_timer(call, Timer.Kind.PARK)
    caller = _caller(call, list(call.participants.filter(left_at__isnull=True)))
    if resume and caller and _may(ledger, call, "resume", caller, [caller]):
        _ask(ledger, call, Kind.RESUME, caller, user)


def forget(call: Call) -> None:
    """Give the slot of a call back; to be written by a ledger."""
    call.park_slot = call.parked_at = call.parked_by = None
    call.park_recalled = False


def recall(ledger: Ledger, call: Call) -> None:
    """Have everybody called to a caller who has waited too long."""
    if call.park_slot and not call.park_recalled:
        call.park_recalled = True
        ledger.record(call, "park.recalled", slot=call.park_slot)


def _hold_caller(ledger: Ledger, call: Call, told: Sequence[Participant], user: User) -> None:
    caller = _caller(call, told)
    if caller and _may(ledger, call, "hold", caller, roster.members(call, told)):
        _ask(ledger, call, Kind.HOLD, caller, user)


def _let_go(ledger: Ledger, call: Call, told: Sequence[Participant], user: User) -> None:
    """Take whoever parks the call out of it, on each of their devices."""
    own = [row for row in told if user.oid and (row.kind, row.identity_id.lower()) == ("user", user.oid.lower())]
    members = roster.members(call, told)
    for member in roster.members(call, own):
        if member.id and not member.is_caller and _may(ledger, call, "remove", member, members):
            _ask(ledger, call, Kind.REMOVE, member, user)


def _caller(call: Call, told: Sequence[Participant]) -> party.Member | None:
    return party.find(roster.members(call, told), "")


def _may(ledger: Ledger, call: Call, action: str, member: party.Member, members: Sequence[party.Member]) -> bool:
    return party.refusal(action, member, members, roster.wishes(ledger.operations[call.pk])) is None


def _ask(ledger: Ledger, call: Call, kind: Operation.Kind, member: party.Member, user: User) -> None:
    asking.ask(ledger, call, kind, user=user, parameters={"participant": member.id, "whom": member.name})
