"""Send what was asked of Microsoft. Runs in the worker.

One row, one request: that it is about to leave is committed first, on condition that the lease is still ours.
Whoever finds a row that may have left reads the call before anything else; only a call that shows that nothing
happened gets the same request again, and a create never does.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from audit.trail import MICROSOFT
from calls import asking, changes, failures, inquiries, patience, sending
from calls.ledger import Ledger
from calls.models import Call, Operation
from calls.rules import operations as rules
from calls.rules import state
from commsportal.clock import now
from commsportal.due import DueQuerySet
from commsportal.worker import tidy
from graph import errors
from graph.types import Call as GraphCall

logger = logging.getLogger(__name__)

LEASE_SECONDS = 5.0  # kept while it runs, so that a decision of a dead worker is still in time with the next
KEPT_FOR_DECISIONS = 12  # threads that only what a caller's 15 s depend on gets, however slow Graph is
HELD_BACK = 1.0  # seconds that the less urgent wait longer than the throttled

Kind, Status = Operation.Kind, Operation.Status


def claim(limit: int) -> Sequence[Operation]:
    """Lease up to `limit` operations that are due, the urgent ones first."""
    return _lease(Operation.objects.filter(status=Status.PENDING), limit)


def claim_for(free: int) -> Sequence[Operation]:
    """Lease work for as many `free` threads, the last KEPT_FOR_DECISIONS of which take decisions only."""
    if free > KEPT_FOR_DECISIONS:
        return claim(free - KEPT_FOR_DECISIONS)
    return _lease(Operation.objects.filter(status=Status.PENDING, kind__in=state.DECISIONS), free)


def _lease(rows: DueQuerySet, limit: int) -> Sequence[Operation]:
    due = rows.select_related("call", "call__line").order_by("priority", "due_at")
    return due.lease(limit, LEASE_SECONDS)  # type: ignore[return-value]


def keep(row: Operation) -> None:
    """Hold on to an operation that is being worked on."""
    row.keep_lease(LEASE_SECONDS)


def next_due() -> datetime | None:
    """Return when there is something to do next."""
    return Operation.objects.filter(status=Status.PENDING).next_due()


def run(row: Operation) -> None:
    """Send a leased operation, or find out what became of it."""
    if row.sending_at is None:
        _send(row)
    elif row.kind == Kind.CREATE and not row.call.graph_id:
        inquiries.await_callback(row)
    elif inquiries.look(row):
        _send(row)


def _send(row: Operation) -> None:
    if not _mark(row):
        return
    tidy()  # whoever waits for Graph needs no connection to the database
    try:
        answer = sending.send(row)
    except errors.GraphError as error:
        _not_done(row, error)
    else:
        _accepted(row, answer)


def _mark(row: Operation) -> bool:
    """Commit that the request is about to leave; tell whether it may."""
    with transaction.atomic():
        ledger = Ledger.lock_one(row.call_id)
        found = ledger.find(row)
        if found is None:
            logger.warning("operation %s was taken over before it was sent", row.pk)
            return False
        problem = _no_use(found, ledger.at)
        if problem:
            asking.close(ledger, found, problem)
        else:
            found.sending_at, found.sends = ledger.at, found.sends + 1
            found.lease_until = ledger.at + timedelta(seconds=LEASE_SECONDS)
            ledger.change_operation(found)
        ledger.write()
    row.sending_at, row.sends, row.call = found.sending_at, found.sends, found.call
    return problem is None


def _no_use(row: Operation, at: datetime) -> rules.Settlement | None:
    if not rules.may_send(row.kind, row.call.state):
        return rules.settle(asking.asked(row), rules.Observed(row.call.state)) or failures.too_late(
            f"The call is {row.call.state} meanwhile."
        )
    if at >= patience.useful_until(row):
        return failures.too_late("It was tried until it was of no more use.")
    return None


def _accepted(row: Operation, answer: sending.Accepted) -> None:
    with transaction.atomic():
        ledger = Ledger.lock_one(row.call_id)
        found = next(one for one in ledger.operations[row.call_id] if one.pk == row.pk)
        if found.accepted_at is None:
            found.accepted_at, found.request_id = ledger.at, answer.request_id
            asking.record(ledger, found, "accepted", MICROSOFT)
            ledger.change_operation(found)
        if answer.call is not None:
            _created(ledger, found.call, answer.call)
        if found.status == Status.PENDING:
            found.wait(ledger.at + inquiries.LOOK_AFTER)
            asking.settle_by_now(ledger, found)
        elif found.call.state == state.TERMINATED:
            asking.conclude(ledger, found.call)
        ledger.write()


def _created(ledger: Ledger, call: Call, answer: GraphCall) -> None:
    call.graph_id, call.chain_id = answer.id, answer.chain_id or call.chain_id
    call.unconfirmed = False
    ledger.change(call)


def _not_done(row: Operation, error: errors.GraphError) -> None:
    """Sort a failure: never left, left without an answer, gone, or refused for good."""
    if isinstance(error, (errors.OutcomeUnknown, errors.ServerFault)):
        _put_off(row, error, may_have_left=True)
    elif isinstance(error, (errors.NotSent, errors.Throttled)):
        _put_off(row, error, may_have_left=False)
    elif row.sends > 1 and isinstance(error, (errors.Refused, errors.Forbidden)):
        _put_off(row, error, may_have_left=True)  # because what was lost has worked? The call tells.
    else:
        _refused(row, error)


def _put_off(row: Operation, error: errors.GraphError, *, may_have_left: bool) -> None:
    with transaction.atomic():
        ledger = Ledger.lock_one(row.call_id)
        found = ledger.find(row)
        if found is None:
            return
        found.request_id = error.request_id or found.request_id
        if not may_have_left:
            found.sending_at, found.sends = None, found.sends - 1
        elif isinstance(error, (errors.Refused, errors.Forbidden)):
            _note_refusal(found, error)
        found.wait(ledger.at + patience.pause(found, error, ledger.at))
        if not may_have_left and found.due_at and found.due_at >= patience.useful_until(found):
            logger.warning("operation %s was given up unsent: %s", found.pk, error)
            asking.close(ledger, found, failures.settlement(error, found.call.tenant_id), code=error.code)
        else:
            asking.settle_by_now(ledger, found)
        ledger.change_operation(found)
        ledger.write()
    if isinstance(error, errors.Throttled):
        _let_others_pass(row, error)


def _note_refusal(row: Operation, error: errors.GraphError) -> None:
    """Keep why a repeated request was refused: true if the call shows that the first had no effect either."""
    row.error_detail = failures.settlement(error, row.call.tenant_id).detail
    row.error_code, row.error_subcode = error.code or str(error.status), error.subcode


def _let_others_pass(row: Operation, error: errors.Throttled) -> None:
    """Hold back, for all workers, what is less urgent, and what is as urgent and no decision.

    So decisions get what Microsoft still allows, and nobody else tries before the time.
    """
    until = now() + timedelta(seconds=error.retry_after or HELD_BACK) + timedelta(seconds=HELD_BACK)
    waiting = Operation.objects.filter(
        status=Status.PENDING, sending_at__isnull=True, call__tenant_id=row.call.tenant_id
    )
    least = row.priority + (row.kind in state.DECISIONS)
    others = waiting.filter(priority__gte=least, lease__isnull=True, due_at__lt=until).exclude(pk=row.pk)
    with transaction.atomic():
        # Rows that somebody is changing are left out: waiting for several of them could end in a deadlock.
        free = others.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)
        Operation.objects.filter(pk__in=list(free)).update(due_at=until)


def _refused(row: Operation, error: errors.GraphError) -> None:
    gone = isinstance(error, errors.NotFound)
    with transaction.atomic():
        ledger = Ledger.lock_one(row.call_id)
        found = ledger.find(row)
        if found is None:
            return
        found.request_id = error.request_id or found.request_id
        settlement = failures.settlement(error, found.call.tenant_id)
        if gone and row.kind == Kind.HANG_UP:
            settlement = rules.Settlement("done")
        elif gone and row.sends > 1:
            settlement = (
                rules.settle(asking.asked(found), rules.Observed("terminated", by_read=True)) or settlement
            )
        asking.close(ledger, found, settlement, code=error.code or str(error.status or ""), subcode=error.subcode)
        if gone or row.kind == Kind.CREATE:
            changes.report(ledger, found.call, state.Reported("gone"), ledger.at, inferred=False)
        elif isinstance(error, errors.Refused):
            changes.look(ledger, found.call)  # it may be in another state than we think
        ledger.write()
