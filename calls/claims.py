"""Claims: who has a call, for four seconds at a time, renewed by a console that answers."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from prometheus_client import Counter

from calls.ledger import Ledger
from calls.models import Call, Timer
from calls.rules import state
from commsportal.clock import now
from commsportal.figures import SHARED
from directory.models import User

LEASE = timedelta(seconds=4)
LOST = "claim.lost"
CLAIMS_LOST = Counter("portal_claims_lost", "Claims that nobody renewed", registry=SHARED)


def held(call: Call, at: datetime) -> state.Claim | None:
    """Return the claim that holds at this instant."""
    owner = call.claim_owner
    if owner is None or not call.is_claimed_at(at):
        return None
    return state.Claim(owner.pk, owner.get_full_name(), call.claim_fence)


def take(ledger: Ledger, call: Call, user: User) -> None:
    """Give `user` the call for one lease; a claim that is theirs goes on under its number."""
    renewed = call.claim_owner_id == user.pk and call.is_claimed_at(ledger.at)
    if not renewed:
        call.claim_fence += 1
        ledger.record(call, "claim.taken", user.username, fence=call.claim_fence, name=user.get_full_name())
    call.claim_owner, call.claim_until = user, ledger.at + LEASE
    ledger.set_timer(call, Timer.Kind.CLAIM, call.claim_until)
    ledger.change(call)


def drop(ledger: Ledger, call: Call, kind: str, actor: str) -> None:
    """End the claim; `kind` says how: released or lost."""
    if kind == LOST:
        transaction.on_commit(CLAIMS_LOST.inc)
    data = {"fence": call.claim_fence, "owner": call.claim_owner.username if call.claim_owner else ""}
    call.claim_owner = call.claim_until = None
    ledger.stop_timer(call, Timer.Kind.CLAIM)
    ledger.change(call)
    ledger.record(call, kind, actor, **data)


def renew(user_ids: Iterable[int]) -> None:
    """Extend the live claims of those people by one lease from now.

    A call that is being changed this very moment is left out rather than waited for: its console answers again
    before the lease is over, and nobody waits for two rows at a time in an order of their own.
    """
    at = now()
    with transaction.atomic():
        theirs = Call.objects.filter(claim_owner_id__in=list(user_ids), claim_until__gt=at)
        free = theirs.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)
        Call.objects.filter(pk__in=list(free)).update(claim_until=at + LEASE)
