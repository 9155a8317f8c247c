"""What people ask for: claim, release, decide, transfer, hang up, call out.

A command locks the call, asks the rules, writes the operation and commits. The worker sends it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from calls import asking, cards, changes, claims, destinations
from calls.errors import BadTarget, CallNotFound, NotNow
from calls.ledger import Ledger
from calls.models import Call, Operation
from calls.rules import state, targets
from calls.rules.targets import Wanted
from commsportal.clock import now
from directory.models import User
from directory.roles import DECIDE, HANG_UP
from routing.models import Line

Kind, Status = Operation.Kind, Operation.Status
ME: Final = (Wanted("me"),)
RIGHTS: Final = {"hang-up": HANG_UP}  # everything else is deciding


def claim(call_id: UUID, user: User, *, fence: int | None = None) -> Call:
    """Give `user` the call for one lease.

    :raises NotNow: somebody else has it, or it is over.
    """
    with _acting("claim", call_id, user, fence) as ledger:
        claims.take(ledger, ledger.call, user)
    return ledger.call


def release(call_id: UUID, user: User, *, fence: int | None = None) -> Call:
    """Give the call back to all who staff its line.

    :raises NotNow: it is not theirs.
    """
    with _acting("release", call_id, user, fence) as ledger:
        claims.drop(ledger, ledger.call, "claim.released", user.username)
    return ledger.call


def answer(call_id: UUID, user: User, *, fence: int | None = None) -> Operation:
    """Have the bot answer, with media hosted by the service."""
    with _acting("answer", call_id, user, fence) as ledger:
        return _decide(ledger, Kind.ANSWER, user)


def reject(call_id: UUID, user: User, *, reason: str = "none", fence: int | None = None) -> Operation:
    """Turn the caller away; `reason` is none, busy or forbidden."""
    with _acting("reject", call_id, user, fence) as ledger:
        return _decide(ledger, Kind.REJECT, user, {"reason": reason})


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
    with _acting("redirect", call_id, user, fence) as ledger:
        wrong = targets.wrong_timeout(timeout)
        if wrong:
            raise BadTarget(wrong)
        parameters = destinations.find(wanted, ledger.call, user) | {"timeout": timeout}
        return _decide(ledger, Kind.REDIRECT, user, parameters)


def transfer(call_id: UUID, user: User, *, wanted: Wanted, fence: int | None = None) -> Operation:
    """Transfer an established call blindly.

    :raises BadTarget: Graph would not take it.
    """
    with _acting("transfer", call_id, user, fence) as ledger:
        return _decide(ledger, Kind.TRANSFER, user, destinations.find([wanted], ledger.call, user))


def hang_up(call_id: UUID, user: User, *, fence: int | None = None) -> Operation:
    """End our leg of a call that is not ringing any more.

    Who may decide claims the call by it. Who may only hang up claims nothing, but respects another's claim.
    """
    with _acting("hang-up", call_id, user, fence) as ledger:
        if DECIDE in user.rights:
            return _decide(ledger, Kind.HANG_UP, user)
        return asking.ask(ledger, ledger.call, Kind.HANG_UP, user=user)


def create(line: Line, wanted: Wanted, user: User) -> Operation:
    """Call somebody from a line. Never sent twice: what comes of it tells the callback's own address.

    :raises BadTarget: not a person or number that the line can call.
    """
    if wanted.kind not in ("me", "user", "phone"):
        raise BadTarget("Call a person or a phone number.")
    at = now()
    call = Call(
        tenant_id=line.tenant_id,
        line=line,
        direction=Call.Direction.OUTGOING,
        state="establishing",
        received_at=at,
        last_seen_at=at,
        handled_by=user,
        unconfirmed=True,
    )
    parameters = destinations.find([wanted], call, user) | {"from": line.instance_id}
    with transaction.atomic():
        ledger = Ledger()
        ledger.add(call)
        row = asking.ask(ledger, call, Kind.CREATE, user=user, parameters=parameters)
        changes.watch(ledger, call, at, whole=True)
        ledger.write()
    return row


@contextmanager
def _acting(action: state.Action, call_id: UUID, user: User, fence: int | None) -> Iterator[Ledger]:
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
        open_action=_last(rows, lambda row: row.status == Status.PENDING),
        decided=_last(rows, lambda row: row.kind in state.DECISIONS and row.status == Status.DONE),
    )


def _last(rows: Sequence[Operation], is_wanted: Callable[[Operation], bool]) -> str:
    return next((row.kind for row in reversed(rows) if is_wanted(row)), "")


def _decide(
    ledger: Ledger, kind: Operation.Kind, user: User, parameters: dict[str, object] | None = None
) -> Operation:
    """Claim the call for `user`, if it is not theirs, and ask."""
    claims.take(ledger, ledger.call, user)
    return asking.ask(ledger, ledger.call, kind, user=user, parameters=parameters)
