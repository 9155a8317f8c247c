"""Callers who wait in a numbered slot."""

from uuid import UUID

from django.db import IntegrityError

from calls import callees, cards, claims, parking
from calls.commands.acting import acting
from calls.errors import NotNow
from calls.ledger import Ledger
from calls.models import Call, Operation
from calls.rules import parking as parking_rules
from calls.rules import party
from calls.rules.parking import SLOTS
from directory.models import User

Kind, Status = Operation.Kind, Operation.Status


def park(call_id: UUID, user: User, *, slot: int | None = None, fence: int | None = None) -> Call:
    """Let the caller wait in a numbered slot for whoever takes them back; after `PARK_SECONDS` all are called.

    :param slot: 1 to 9; the lowest free one of the organisation by default.
    :raises NotNow: it is taken, or all are, or the call is parked already.
    """
    for _ in SLOTS:
        try:
            return _park(call_id, user, slot, fence)
        except IntegrityError:
            continue  # somebody else has just got that slot: choose again
    return _park(call_id, user, slot, fence)


def _park(call_id: UUID, user: User, slot: int | None, fence: int | None) -> Call:
    with acting("park", call_id, user, fence) as ledger:
        call = ledger.call
        if callees.join_of(ledger.operations[call.pk]):
            raise NotNow(party.NO_CALLER, claim=cards.claim(call, ledger.at))
        _refuse_parking("park", ledger)
        chosen = parking_rules.choose(_taken_slots(call), slot)
        if chosen.refusal:
            raise NotNow(chosen.refusal)
        parking.park(ledger, call, chosen.slot, user)
    return ledger.call


def _taken_slots(call: Call) -> set[int]:
    rows = Call.objects.filter(tenant_id=call.tenant_id, park_slot__isnull=False)
    return {slot for slot in rows.values_list("park_slot", flat=True) if slot}


def _refuse_parking(action: str, ledger: Ledger) -> None:
    if refusal := parking_rules.refuse(action, ledger.call.park_slot):
        raise NotNow(refusal, claim=cards.claim(ledger.call, ledger.at))


def unpark(call_id: UUID, user: User, *, fence: int | None = None) -> Call:
    """Take a parked caller back: `user` has the call, and music on hold ends.

    :raises NotNow: the call is not parked.
    """
    with acting("unpark", call_id, user, fence) as ledger:
        _refuse_parking("unpark", ledger)
        claims.take(ledger, ledger.call, user)
        parking.unpark(ledger, ledger.call, user)
    return ledger.call
