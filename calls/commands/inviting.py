"""Who comes into a call: invited, consulted, rung again, or called from a line."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from calls import asking, callees, cards, changes, destinations, outgoing, roster
from calls.commands.acting import about, acting, decide, find_member
from calls.errors import BadTarget, NotNow
from calls.ledger import Ledger
from calls.models import Call, Operation
from calls.rules import callees as callee_rules
from calls.rules import party, targets
from calls.rules.targets import Wanted
from commsportal.clock import now
from directory.models import User
from routing.models import Line

Kind, Status = Operation.Kind, Operation.Status


def invite(call_id: UUID, user: User, *, wanted: Sequence[Wanted], fence: int | None = None) -> list[Operation]:
    """Ring people into an established call, which becomes one of several by that.

    Each of them is asked in by an operation of their own: one may come and another not, and Microsoft tells of a
    request only as a whole, takes five at once, and of a call without a chat but one (REFERENCE 5.5).

    :raises BadTarget: Graph would not take it, or somebody is being rung already; then nobody is rung.
    """
    with acting("invite", call_id, user, fence) as ledger:
        return _invite(ledger, user, wanted)


def _invite(ledger: Ledger, user: User, wanted: Sequence[Wanted]) -> list[Operation]:
    guests = destinations.invited(wanted, ledger.call, user)
    if problem := targets.rung_already([guest["targets"][0] for guest in guests], _being_rung(ledger)):
        raise BadTarget(problem)
    return [decide(ledger, Kind.INVITE, user, guest) for guest in guests]


def consult(call_id: UUID, user: User, *, wanted: Wanted, fence: int | None = None) -> list[Operation]:
    """Ring somebody into a call of several and have its caller hear music meanwhile: talk first.

    :raises BadTarget: Graph would not take it, or they are being rung already.
    :raises NotNow: a call of two, or a caller who is not in it or on hold already.
    """
    with acting("consult", call_id, user, fence) as ledger:
        caller = None if _is_caller_on_hold(ledger) else find_member(ledger, "hold", "")
        asked = _invite(ledger, user, [wanted])
        return [*asked, decide(ledger, Kind.HOLD, user, about(caller))] if caller else asked


def _is_caller_on_hold(ledger: Ledger) -> bool:
    call = ledger.call
    caller = party.find(roster.members(call, call.participants.filter(left_at__isnull=True)), "")
    return caller is not None and caller.id in party.on_hold(roster.wishes(ledger.operations[call.pk]))


def ring_again(call_id: UUID, user: User, *, fence: int | None = None) -> list[Operation]:
    """Ring those once more who were called together with others and have neither come nor said no.

    :raises NotNow: there is nobody like that.
    """
    with acting("invite", call_id, user, fence) as ledger:
        call = ledger.call
        found = callees.of(ledger.operations[call.pk], call.participants.all())
        rows = [one.last for one in found if one.outcome in callee_rules.AGAIN and one.last]
        if not rows:
            raise NotNow(callee_rules.NOBODY_TO_RING, claim=cards.claim(call, ledger.at))
        return [decide(ledger, Kind.INVITE, user, row.parameters) for row in rows]


def _being_rung(ledger: Ledger) -> list[dict[str, str]]:
    invitations = [row for row in ledger.pending(ledger.call) if row.kind == Kind.INVITE]
    return [target for row in invitations for target in row.parameters["targets"]]


def call_one(line_id: int, user: User, *, wanted: Wanted) -> Call:
    """Call somebody in the name of a line: a call of two, to connect a caller with, or to invite others into.

    :raises NoLine: `user` staffs no such line.
    :raises BadTarget: they cannot be called.
    """
    line = outgoing.line_of(line_id, user)
    outgoing.check_directory([wanted], line, user)
    return create(line, wanted, user).call


def create(line: Line, wanted: Wanted, user: User) -> Operation:
    """Call somebody from a line. Never sent twice: what comes of it tells the callback's own address.

    :raises BadTarget: not a person or number that the line can call.
    """
    if wanted.kind not in ("me", "user", "phone"):
        raise BadTarget("Call a person or a phone number.")
    at = now()
    call = outgoing.new_call(line, user, at)
    parameters = destinations.find([wanted], call, user) | {"from": line.instance_id}
    with transaction.atomic():
        ledger = Ledger()
        ledger.add(call)
        row = asking.ask(ledger, call, Kind.CREATE, user=user, parameters=parameters)
        changes.watch(ledger, call, at, whole=True)
        ledger.write()
    return row
