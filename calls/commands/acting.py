"""How a command goes: lock the call, ask the rules, write the operation, commit. The worker sends it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from calls import asking, cards, claims, parking, roster
from calls.errors import BadTarget, CallNotFound, NotNow
from calls.ledger import Ledger
from calls.models import Call, Operation
from calls.rules import operations, party, state
from directory import favourites
from directory.models import User
from directory.roles import DECIDE, HANG_UP

Kind, Status = Operation.Kind, Operation.Status
UNPARKING: Final = {Kind.TRANSFER, Kind.INVITE, Kind.BRIDGE, Kind.HOLD, Kind.RESUME, Kind.TONES}
TO_PEOPLE: Final = (Kind.REDIRECT, Kind.TRANSFER, Kind.INVITE)
RIGHTS: Final = {"hang-up": HANG_UP}  # everything else is deciding


@contextmanager
def acting(action: state.Action, call_id: UUID, user: User, fence: int | None) -> Iterator[Ledger]:
    """Lock the call for an action that `user` may take now, and write what the action leaves in the ledger."""
    if RIGHTS.get(action, DECIDE) not in user.rights:
        raise PermissionDenied
    with transaction.atomic():
        ledger = Ledger.lock(Call.objects.visible_to(user).filter(pk=call_id))
        if not ledger.calls:
            raise CallNotFound
        refusal = state.require(action, _facts(ledger, user, fence))
        if refusal:
            raise NotNow(refusal, claim=cards.claim(ledger.call, ledger.at))
        yield ledger
        ledger.write()


def _facts(ledger: Ledger, user: User, fence: int | None) -> state.Facts:
    call = ledger.call
    rows = ledger.operations[call.pk]
    return state.Facts(
        state=call.state,
        actor_id=user.pk,
        claim=claims.held(call, ledger.at),
        last_fence=call.claim_fence,
        fence=fence,
        open_action=_last(rows, lambda row: row.status == Status.PENDING and row.kind not in operations.BESIDE),
        decided=_last(rows, lambda row: row.kind in state.DECISIONS and row.status == Status.DONE),
    )


def _last(rows: Sequence[Operation], is_wanted: Callable[[Operation], bool]) -> str:
    return next((row.kind for row in reversed(rows) if is_wanted(row)), "")


def decide(
    ledger: Ledger, kind: Operation.Kind, user: User, parameters: dict[str, Any] | None = None
) -> Operation:
    """Claim the call for `user`, if it is not theirs, take its caller back if they are parked, and ask."""
    claims.take(ledger, ledger.call, user)
    if ledger.call.park_slot and kind in UNPARKING:
        parking.unpark(ledger, ledger.call, user, resume=kind == Kind.INVITE)
    if kind in TO_PEOPLE:
        _remember(ledger.call, user, parameters or {})
    return asking.ask(ledger, ledger.call, kind, user=user, parameters=parameters)


def _remember(call: Call, user: User, parameters: dict[str, Any]) -> None:
    people = [one["id"] for one in parameters["targets"] if one["kind"] == "user"]
    favourites.note(user, call.tenant_id, people)


def may_be_of_several(call: Call, rows: Sequence[Operation]) -> bool:
    """Tell whether somebody was asked in, whether they came or not: that alone widens a call (REFERENCE 18.1)."""
    asked_in = any(row.kind == Kind.INVITE and (row.sends or row.status == Status.PENDING) for row in rows)
    return asked_in or any(row.kind == Kind.JOIN for row in rows) or call.participants.exists()


def about(member: party.Member) -> dict[str, object]:
    return {"participant": member.id, "whom": member.name}


def find_member(ledger: Ledger, action: str, participant: str) -> party.Member:
    call, rows, members = ledger.call, ledger.operations[ledger.call.pk], members_of(ledger)
    member = party.find(members, participant)
    if member is None:
        raise BadTarget("They are not in this call any more. Look who is.")
    if refusal := party.refusal(action, member, members, roster.wishes(rows)):
        raise NotNow(refusal, claim=cards.claim(call, ledger.at))
    return member


def members_of(ledger: Ledger) -> list[party.Member]:
    """Return who is in the call.

    :raises NotNow: Microsoft has not said, or never does.
    """
    call, rows = ledger.call, ledger.operations[ledger.call.pk]
    members = roster.members(call, call.participants.filter(left_at__isnull=True))
    if not members:
        raise NotNow(party.no_roster(is_of_two=not roster.has_guests(rows)), claim=cards.claim(call, ledger.at))
    return members
