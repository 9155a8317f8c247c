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
from calls import asking, bridging, changes, failures, inquiries, patience, sending
from calls.ledger import Ledger
from calls.models import Call, Operation
from calls.rules import operations as rules
from calls.rules import party, state
from commsportal import pauses
from commsportal.clock import now
from commsportal.due import DueQuerySet
from commsportal.worker import tidy
from graph import errors, meetings
from graph.types import Call as GraphCall

logger = logging.getLogger(__name__)

UNNAMED = timedelta(seconds=0.5)  # until the next look whether Microsoft has named a call of ours
LEASE_SECONDS = 5.0  # kept while it runs, so that a decision of a dead worker is still in time with the next
KEPT_FOR_DECISIONS = 12  # threads that only what a caller's 15 s depend on gets, however slow Graph is

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
    if row.kind == Kind.BRIDGE:
        bridging.run(row)
        return
    if row.kind in rules.PLACING and row.sending_at and not row.call.graph_id:
        inquiries.await_callback(row)
        return
    if row.kind == Kind.HANG_UP and row.call.is_live and not row.call.graph_id:
        row.settle_lease(due_at=now() + UNNAMED, attempts=row.attempts - 1)  # it can only be asked by its name
        return
    until = pauses.over_at(row.call.tenant_id, patience.urgency(row))
    if until and not patience.outlasts(row, until):
        row.settle_lease(due_at=pauses.turn(until, patience.urgency(row)), attempts=row.attempts - 1)
    elif row.sending_at is None:
        _send(row, outlasted=until is not None)
    elif row.kind in rules.BESIDE:
        inquiries.look_at_operation(row)
    elif inquiries.look(row):
        _send(row)


def _send(row: Operation, *, outlasted: bool = False) -> None:
    if not _mark(row, outlasted):
        return
    tidy()  # whoever waits for Graph needs no connection to the database
    try:
        answer = sending.send(row)
    except errors.GraphError as error:
        _not_done(row, error)
    else:
        _accepted(row, answer)


def _mark(row: Operation, outlasted: bool = False) -> bool:
    """Commit that the request is about to leave; tell whether it may."""
    with transaction.atomic():
        ledger = Ledger.lock_one(row.call_id)
        found = ledger.find(row)
        if found is None:
            logger.warning("operation %s was taken over before it was sent", row.pk)
            return False
        problem = _no_use(found, ledger.at, outlasted)
        if problem:
            asking.close(ledger, found, problem)
            _never_placed(ledger, found)
        else:
            found.sending_at, found.sends = ledger.at, found.sends + 1
            found.lease_until = ledger.at + timedelta(seconds=LEASE_SECONDS)
            ledger.change_operation(found)
        ledger.write()
    row.sending_at, row.sends, row.call = found.sending_at, found.sends, found.call
    return problem is None


def _no_use(row: Operation, at: datetime, outlasted: bool) -> rules.Settlement | None:
    """Return why a request is not sent; what may have left before may have worked."""
    problem = _why_not(row, at, outlasted)
    return rules.unsure(row.kind) if problem and row.kind in rules.BESIDE and row.sends else problem


def _why_not(row: Operation, at: datetime, outlasted: bool) -> rules.Settlement | None:
    if not rules.may_send(row.kind, row.call.state):
        return rules.settle(asking.asked(row), rules.Observed(row.call.state)) or failures.too_late(
            f"The call is {row.call.state} meanwhile."
        )
    if at >= patience.useful_until(row):
        return failures.too_late("It was tried until it was of no more use.")
    if outlasted:
        return failures.too_late("Microsoft takes no more requests for now, for longer than this is of use.")
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
        if answer.operation is not None:
            found.graph_id = answer.operation.id
            asking.hear(ledger, found, answer.operation)
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
    patience.note(row.call, patience.urgency(row), error)
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
        if may_have_left and not rules.TABLE[found.kind].again:
            asking.forget_secrets(found)
        if not may_have_left:
            found.sending_at, found.sends = None, found.sends - 1
        elif isinstance(error, (errors.Refused, errors.Forbidden)):
            _note_refusal(found, error)
        found.wait(ledger.at + patience.pause(found, error, ledger.at))
        if not may_have_left and found.due_at and found.due_at >= patience.useful_until(found):
            logger.warning("operation %s was given up unsent: %s", found.pk, error)
            asking.close(ledger, found, failures.settlement(error, found.call.tenant_id), code=error.code)
            _never_placed(ledger, found)
        else:
            asking.settle_by_now(ledger, found)
        ledger.change_operation(found)
        ledger.write()


def _note_refusal(row: Operation, error: errors.GraphError) -> None:
    """Keep why a repeated request was refused: true if the call shows that the first had no effect either."""
    row.error_detail = _verdict(row, error).detail
    row.error_code, row.error_subcode = error.code or str(error.status), error.subcode


def _refused(row: Operation, error: errors.GraphError) -> None:
    gone = isinstance(error, errors.NotFound) and row.kind not in (*party.ACTIONS, Kind.UNROUTE)
    with transaction.atomic():
        ledger = Ledger.lock_one(row.call_id)
        found = ledger.find(row)
        if found is None:
            return
        found.request_id = error.request_id or found.request_id
        verdict = _verdict(found, error)
        asking.close(ledger, found, verdict, code=error.code or str(error.status or ""), subcode=error.subcode)
        _never_placed(ledger, found)
        if gone and found.call.is_live:
            changes.report(ledger, found.call, state.Reported("gone"), ledger.at, inferred=False)
        elif isinstance(error, (errors.Refused, errors.NotFound)):
            changes.look(ledger, found.call)  # it may be in another state than we think
        ledger.write()


def _never_placed(ledger: Ledger, row: Operation) -> None:
    """End a call of ours that Microsoft was not asked for, or does not make."""
    if row.kind in rules.PLACING and not row.call.graph_id:
        changes.report(ledger, row.call, state.Reported("gone"), ledger.at, inferred=False)


def _verdict(row: Operation, error: errors.GraphError) -> rules.Settlement:
    """Return what a refusal makes of an operation: what is gone already may be just what was wanted."""
    tenant_id, is_absent = row.call.tenant_id, isinstance(error, errors.NotFound)
    if is_absent and row.kind in (Kind.HANG_UP, Kind.REMOVE, Kind.UNROUTE):
        return rules.Settlement("done")
    if is_absent and row.kind in party.ACTIONS:
        return rules.unsure(row.kind) if row.sends > 1 else failures.not_in_the_call(row)
    if row.kind == Kind.REMOVE and isinstance(error, errors.Forbidden):
        return failures.may_not_remove(error, tenant_id)
    if row.kind == Kind.JOIN and error.permission == meetings.WRITE:
        return failures.may_not_organize(error, tenant_id, row.parameters["organizers"])
    seen_gone = rules.Observed("terminated", by_read=True)
    by_end = rules.settle(asking.asked(row), seen_gone) if is_absent and row.sends > 1 else None
    return by_end or failures.settlement(error, tenant_id)
