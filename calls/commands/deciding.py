"""Whose a call is, and what becomes of it: claim, answer, reject, redirect, transfer, bridge, hang up."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from calls import asking, callees, cards, claims, destinations
from calls.commands.acting import acting, decide, may_be_of_several
from calls.errors import BadTarget, CallNotFound, NotNow
from calls.models import Call, Operation
from calls.rules import party, targets
from calls.rules.targets import Wanted
from directory.models import User
from directory.roles import DECIDE
from routing.models import Line

Kind, Status = Operation.Kind, Operation.Status
ME: Final = (Wanted("me"),)


def claim(call_id: UUID, user: User, *, fence: int | None = None) -> Call:
    """Give `user` the call for one lease.

    :raises NotNow: somebody else has it, or it is over.
    """
    with acting("claim", call_id, user, fence) as ledger:
        claims.take(ledger, ledger.call, user)
    return ledger.call


def release(call_id: UUID, user: User, *, fence: int | None = None) -> Call:
    """Give the call back to all who staff its line.

    :raises NotNow: it is not theirs.
    """
    with acting("release", call_id, user, fence) as ledger:
        claims.drop(ledger, ledger.call, "claim.released", user.username)
    return ledger.call


def answer(call_id: UUID, user: User, *, fence: int | None = None) -> Operation:
    """Have the bot answer, with media hosted by the service."""
    with acting("answer", call_id, user, fence) as ledger:
        return decide(ledger, Kind.ANSWER, user, _led_on(ledger.call, user))


def _led_on(call: Call, user: User) -> dict[str, object]:
    """Return what becomes of a call once it is answered: on a bridging line, who is called into its meeting."""
    return {"bridge": destinations.find(ME, call, user)} if cards.mode(call) == Line.Mode.BRIDGE else {}


def reject(call_id: UUID, user: User, *, reason: str = "none", fence: int | None = None) -> Operation:
    """Turn the caller away; `reason` is none, busy or forbidden."""
    with acting("reject", call_id, user, fence) as ledger:
        return decide(ledger, Kind.REJECT, user, {"reason": reason})


def redirect(
    call_id: UUID,
    user: User,
    *,
    wanted: Sequence[Wanted] = ME,
    timeout: int | None = None,
    fence: int | None = None,
) -> Operation:
    """Send a ringing call to `wanted`, by default to the person who decides.

    :param timeout: seconds that the targets ring, 15 to 90.
    :raises BadTarget: Graph would not take it.
    """
    with acting("redirect", call_id, user, fence) as ledger:
        wrong = targets.wrong_timeout(timeout)
        if wrong:
            raise BadTarget(wrong)
        parameters = destinations.find(wanted, ledger.call, user) | {"timeout": timeout}
        return decide(ledger, Kind.REDIRECT, user, parameters)


def transfer(call_id: UUID, user: User, *, wanted: Wanted, fence: int | None = None) -> Operation:
    """Transfer an established call blindly.

    :raises BadTarget: Graph would not take it.
    """
    with acting("transfer", call_id, user, fence) as ledger:
        if callees.join_of(ledger.operations[call_id]):
            raise NotNow(party.NO_CALLER, claim=cards.claim(ledger.call, ledger.at))
        return decide(ledger, Kind.TRANSFER, user, destinations.find([wanted], ledger.call, user))


def connect(call_id: UUID, user: User, *, to: UUID, fence: int | None = None) -> Operation:
    """Transfer an established call to whoever another call of ours has reached, which ends once they talk.

    :param to: the other call: of two, placed from a line, established.
    :raises CallNotFound: `user` sees no call of that id.
    :raises NotNow: it is no such call, or somebody else has it.
    :raises BadTarget: Graph would not take it.
    """
    with acting("transfer", call_id, user, fence) as ledger:
        other = Call.objects.visible_to(user).filter(pk=to).first()
        if other is None:
            raise CallNotFound
        placed, claim = _placed(other), claims.held(other, ledger.at)
        if problem := party.refuse_connection(
            is_itself=other.pk == ledger.call.pk,
            is_one_tenant=other.tenant_id == ledger.call.tenant_id,
            state=other.state,
            is_placed=placed is not None,
            is_asked=_is_being_connected(other),
            others_claim=claim.owner_name if claim and claim.owner_id != user.pk else "",
        ):
            raise NotNow(problem, claim=cards.claim(other, ledger.at))
        assert placed is not None
        reached = placed.parameters["targets"][0]
        parameters = destinations.find([Wanted(reached["kind"], reached["id"])], ledger.call, user)
        parameters["targets"][0]["replaces"] = other.graph_id
        return decide(ledger, Kind.TRANSFER, user, parameters)


def _placed(call: Call) -> Operation | None:
    """Return what placed a call of two, None for any other call."""
    rows = list(call.operations.all())
    return None if may_be_of_several(call, rows) else next((row for row in rows if row.kind == Kind.CREATE), None)


def _is_being_connected(call: Call) -> bool:
    """Tell whether somebody else's caller is being connected with whoever this call has reached."""
    rows = Operation.objects.filter(kind=Kind.TRANSFER, status=Status.PENDING, call__tenant_id=call.tenant_id)
    return any(one.get("replaces") == call.graph_id for row in rows for one in row.parameters["targets"])


def bridge(call_id: UUID, user: User, *, fence: int | None = None) -> Operation:
    """Lead a caller into a meeting of their own, and ring `user` into it; a call that rings is answered first.

    :raises BadTarget: `user` has no Microsoft account that could be rung.
    :raises NotNow: the line names nobody in whose name a meeting could be held, or the call is one of several.
    """
    with acting("bridge", call_id, user, fence) as ledger:
        call, rows = ledger.call, ledger.operations[ledger.call.pk]
        refusal = party.refuse_bridge(
            call.caller_kind,
            call.caller_id,
            is_of_several=may_be_of_several(call, rows),
            has_organizer=bool(call.line and call.line.organizers),
        )
        if refusal:
            raise NotNow(refusal, claim=cards.claim(call, ledger.at))
        to_me = destinations.find(ME, call, user)
        if call.state == "incoming":
            return decide(ledger, Kind.ANSWER, user, {"bridge": to_me})
        return decide(ledger, Kind.BRIDGE, user, to_me)


def hang_up(call_id: UUID, user: User, *, fence: int | None = None) -> Operation:
    """End our leg of a call that is not ringing any more.

    Who may decide claims the call by it. Who may only hang up claims nothing, but respects another's claim.
    """
    with acting("hang-up", call_id, user, fence) as ledger:
        if DECIDE in user.rights:
            return decide(ledger, Kind.HANG_UP, user)
        return asking.ask(ledger, ledger.call, Kind.HANG_UP, user=user)
