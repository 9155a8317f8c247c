"""What is asked of Microsoft about a call: written down, settled, and what its outcome makes of the call.

Everything here works on a `Ledger` in memory; nothing reads or writes the database.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from audit.trail import SYSTEM
from calls import callees, coordinates, roster
from calls.ledger import Ledger
from calls.models import Call, Operation, Timer
from calls.rules import operations as operation_rules
from calls.rules import outcomes, party, state
from directory.models import User
from graph.types import Operation as GraphOperation

OVERDUE = timedelta(seconds=40)
OVERDUE_IN_DOUBT = timedelta(seconds=5)  # a transfer that was not answered, or of which a failure is told already

# What says nothing about who dealt with a call and where it went: all beside it but who is asked in.
UNCREDITED = {"create", "join", "hang-up"} | operation_rules.BESIDE - {"invite"}

Kind, Status, EndedBy = Operation.Kind, Operation.Status, Call.EndedBy


def arm_fallback(ledger: Ledger, call: Call) -> None:
    """Have the line's fallback decide at the deadline, or at once when that has passed."""
    if call.deadline:
        ledger.set_timer(call, Timer.Kind.FALLBACK, max(call.deadline, ledger.at), "incoming")


def settle(
    ledger: Ledger,
    call: Call,
    reported: state.Reported,
    at: datetime,
    *,
    before: str,
    fell_back: bool = False,
) -> None:
    """Settle the open operations of `call` by what is now known of it, and others by a late notification.

    :param at: when that was told or read.
    """
    result = reported.result or _kept_result(call)
    told = reported.change == "deleted" or call.ended_by == EndedBy.NOTIFICATION
    for row in ledger.operations[call.pk]:
        if not _may_still_learn(ledger, row, reported):
            continue
        failed = fell_back and _is_out_by(row, at)
        if not failed and _tells_failure(reported) and _is_out_by(row, at):
            _doubt(ledger, row, reported.result)
        observed = operation_rules.Observed(
            call.state, before, result, failed, reported.is_read, told, overdue=is_overdue(row, ledger.at)
        )
        settlement = operation_rules.settle(asked(row, ledger.at), observed)
        if settlement and operation_rules.may_replace(row.status, settlement.status):
            close(ledger, row, settlement)


def _kept_result(call: Call) -> state.Result | None:
    if call.result_code is None:
        return None
    return state.Result(call.result_code, call.result_subcode, call.result_message)


def _may_still_learn(ledger: Ledger, row: Operation, reported: state.Reported) -> bool:
    """Tell whether `reported` may settle `row`: it is open, or a late notification may know better than we do."""
    if row.status == Status.PENDING or reported.change != "deleted":
        return row.status == Status.PENDING
    is_completion = operation_rules.is_completion(reported.result)
    return row.status == Status.UNKNOWN or (is_completion and row is _newest_transfer(ledger, row.call))


def _newest_transfer(ledger: Ledger, call: Call) -> Operation | None:
    """Return the transfer that a completion speaks of: the newest that left and that Microsoft did not refuse.

    It may have failed on record: a failure that is told once more may have been an earlier transfer's, and one
    without an answer counts as failed once its caller is seen.
    """
    rows = [row for row in ledger.operations[call.pk] if row.kind == Kind.TRANSFER and row.sending_at]
    return next((row for row in reversed(rows) if row.accepted_at or not _is_refused(row)), None)


def _is_refused(row: Operation) -> bool:
    return row.status == Status.FAILED and bool(row.error_code)


def _is_out_by(row: Operation, at: datetime) -> bool:
    return row.sending_at is not None and row.sending_at <= at


def _tells_failure(reported: state.Reported) -> bool:
    failure = reported.result if reported.word == "established" and not reported.is_read else None
    return failure is not None and failure.is_failure


def _doubt(ledger: Ledger, row: Operation, failure: state.Result | None) -> None:
    """Keep a failure told of a transfer that has not shown, and have the call read before that is believed.

    Either its beginning was lost, or an earlier transfer's failure is told once more.
    """
    if row.kind != Kind.TRANSFER or row.accepted_at is None or row.sending_at is None or failure is None:
        return
    row.error_code, row.error_subcode = str(failure.code), failure.subcode
    looked_at = row.sending_at + OVERDUE_IN_DOUBT
    row.due_at = min(row.due_at or looked_at, looked_at)
    ledger.change_operation(row)


def hear(ledger: Ledger, row: Operation, told: GraphOperation | None) -> None:
    """Settle `row` by what Graph says of its own operation; None: that there is no such operation any more."""
    word = told.status if told else "gone"
    result = (
        state.Result(told.result.code, told.result.subcode, told.result.message) if told and told.result else None
    )
    observed = operation_rules.Observed(
        row.call.state, result=result, operation=word, overdue=is_overdue(row, ledger.at)
    )
    settlement = operation_rules.settle(asked(row, ledger.at), observed)
    if settlement and operation_rules.may_replace(row.status, settlement.status):
        close(ledger, row, settlement)


def settle_by_now(ledger: Ledger, row: Operation) -> None:
    """Settle what nobody waits for any more by what is known of its call already."""
    settle(ledger, row.call, state.Reported("updated"), ledger.at, before=row.call.state)


def asked(row: Operation, at: datetime | None = None) -> operation_rules.Asked:
    """Return where the request stands, for the rules; without `at` for whoever has just heard of it."""
    sent, accepted = row.sending_at is not None, row.accepted_at is not None
    held = at is not None and row.lease_until is not None and row.lease_until > at
    return operation_rules.Asked(row.kind, sent, accepted, out=sent and held, failure=_failure_in_doubt(row))


def _failure_in_doubt(row: Operation) -> state.Result | None:
    if row.status != Status.PENDING or row.accepted_at is None or not row.error_code:
        return None
    return state.Result(int(row.error_code), row.error_subcode)


def is_overdue(row: Operation, at: datetime) -> bool:
    """Tell whether the effect of a request should have shown by now."""
    due = overdue_at(row)
    return due is not None and at >= due


def overdue_at(row: Operation) -> datetime | None:
    """Return when the effect of a request that may have left should have shown."""
    if row.sending_at is None:
        return None
    is_in_doubt = row.accepted_at is None or _failure_in_doubt(row) is not None
    return row.sending_at + (OVERDUE_IN_DOUBT if row.kind == Kind.TRANSFER and is_in_doubt else OVERDUE)


def close(
    ledger: Ledger,
    row: Operation,
    settlement: operation_rules.Settlement,
    *,
    code: str = "",
    subcode: int | None = None,
) -> None:
    """Settle `row`, take its lease away from whoever holds it, and draw the consequences for its call."""
    row.status, row.settled_at, row.due_at = settlement.status, ledger.at, None
    row.lease = row.lease_until = None
    row.error_title, row.error_detail = settlement.title, settlement.detail
    numbers = settlement.result
    row.error_code = code or (str(numbers.code) if numbers and settlement.title else "")
    row.error_subcode = subcode if subcode is not None else (numbers.subcode if numbers else None)
    ledger.change_operation(row)
    record(ledger, row, settlement.status, title=settlement.title, detail=settlement.detail)
    forget_secrets(row)
    if row.kind in operation_rules.SHOWN_BY_ROSTER and row.call.is_live:
        roster.look(ledger, row.call)
    if row.kind in (Kind.JOIN, Kind.INVITE):
        tell_bridge(ledger, row.call)
    if settlement.status == "done":
        _credit(row, ledger.operations[row.call_id])
    elif row.call.state == "incoming" and not row.by_fallback:
        arm_fallback(ledger, row.call)  # the decision came to nothing: the clock decides again
    if row.call.state == state.TERMINATED:
        conclude(ledger, row.call)


def forget_secrets(row: Operation) -> None:
    """Keep of the way into a meeting, and of keys pressed, only what is no secret: they are never sent again."""
    if "keys" in row.parameters:
        row.parameters = {"count": len(row.parameters["keys"])}
    if "meeting" in row.parameters:
        row.parameters = row.parameters | {"meeting": coordinates.without_secrets(row.parameters["meeting"])}


def ask(
    ledger: Ledger,
    call: Call,
    kind: Operation.Kind,
    *,
    user: User | None = None,
    parameters: dict[str, Any] | None = None,
    by_fallback: bool = False,
) -> Operation:
    """Write down what the worker shall ask of Microsoft now; without `user` the portal itself asks."""
    row = Operation(
        call=call,
        kind=kind,
        parameters=parameters or {},
        requested_by=user,
        by_fallback=by_fallback,
        priority=operation_rules.TABLE[kind].priority,
        fence=call.claim_fence,
        created_at=ledger.at,
        due_at=ledger.at,
    )
    ledger.ask(row)
    record(ledger, row, "requested", fence=row.fence)
    if kind == Kind.HANG_UP:
        tell_bridge(ledger, call)
    return row


def begin_bridge(ledger: Ledger, call: Call) -> None:
    """Have a caller whose call is answered on a bridging line led into a meeting."""
    rows = ledger.operations[call.pk]
    left = (row for row in reversed(rows) if row.kind == Kind.ANSWER and row.sending_at)
    answer = next((row for row in left if row.status != Status.FAILED), None)
    if answer and answer.parameters.get("bridge") and not any(row.kind == Kind.BRIDGE for row in rows):
        ask(ledger, call, Kind.BRIDGE, user=answer.requested_by, parameters=answer.parameters["bridge"])


def begin_rings(ledger: Ledger, call: Call) -> None:
    """Ring those for whom a call of ours was begun, now that the bot is there to have them invited."""
    rows = ledger.operations[call.pk]
    join = callees.join_of(rows)
    if join is None or any(row.kind in (Kind.INVITE, Kind.HANG_UP) for row in rows):
        return
    for guest in join.parameters.get("guests", []):
        ask(ledger, call, Kind.INVITE, user=join.requested_by, parameters=guest)


def is_meeting(rows: Iterable[Operation]) -> bool:
    """Tell whether a call with these operations is ours into a meeting that is held for a caller."""
    return any(row.kind == Kind.JOIN and row.parameters.get("for") for row in rows)


def leads_caller(row: Operation) -> bool:
    """Tell whether this invitation leads a caller into the meeting that is held for them."""
    return row.kind == Kind.INVITE and row.parameters.get("part") == Operation.CALLER


def tell_bridge(ledger: Ledger, call: Call) -> None:
    """Have the next step taken if a caller is on the way into a meeting and this is one of the two calls."""
    rows = ledger.operations[call.pk]
    if is_meeting(rows):
        ledger.set_timer(call, Timer.Kind.BRIDGE, ledger.at)
    for row in rows:
        if row.kind == Kind.BRIDGE and row.status == Status.PENDING:
            row.wait(ledger.at)
            ledger.change_operation(row)


def record(ledger: Ledger, row: Operation, what: str, actor: str = "", /, **data: object) -> None:
    """Put on record what became of an operation."""
    who = actor or (row.requested_by.username if row.requested_by else SYSTEM)
    facts = {"operation": str(row.pk), "kind": row.kind, "to": row.parameters.get("to", "")}
    if row.kind in party.ACTIONS:
        facts["whom"] = row.parameters["whom"]
    ledger.record(row.call, f"operation.{what}", who, **facts, **data)


def _credit(row: Operation, rows: Iterable[Operation]) -> None:
    """Note on the call who dealt with it and where it went; whom we call ourselves is noted from the beginning."""
    call = row.call
    if callees.join_of(rows):
        return
    if row.kind in UNCREDITED or leads_caller(row):
        return
    call.handled_by = row.requested_by or call.handled_by
    call.handled_to = row.parameters.get("to", "") or call.handled_to
    if row.kind == Kind.ANSWER:
        call.outcome = Call.Outcome.ANSWERED


def conclude(ledger: Ledger, call: Call) -> None:
    """Name what became of a call that is over."""
    rows = ledger.operations[call.pk]
    steps = [_step(row) for row in rows]
    assert call.ended_at is not None
    life = outcomes.Life(
        call.direction,
        call.established_at is not None,
        call.ended_at,
        call.deadline,
        steps,
        guests_stay=callees.join_of(rows) is None and roster.has_guests(rows) and roster.guests_stay(call, rows),
        is_empty_meeting=(is_meeting(rows) and not _has_caller(rows)) or _rang_in_vain(call, rows),
        is_led_in_vain=_waited_in_vain(rows),
    )
    call.outcome = outcomes.outcome(life)
    ledger.change(call)


def _has_caller(rows: Iterable[Operation]) -> bool:
    return any(leads_caller(row) and row.status == Status.DONE for row in rows)


def _rang_in_vain(call: Call, rows: Sequence[Operation]) -> bool:
    """Tell whether people were called together and none of them came."""
    join = callees.join_of(rows)
    if join is None or not join.parameters.get("guests"):
        return False
    return not any(one.outcome in ("joined", "left") for one in callees.of(rows, call.participants.all()))


def _waited_in_vain(rows: Sequence[Operation]) -> bool:
    is_led = any(row.kind == Kind.BRIDGE or row.parameters.get("bridge") for row in rows)
    return is_led and not any(row.kind in (Kind.BRIDGE, Kind.INVITE) and row.status == Status.DONE for row in rows)


def _step(row: Operation) -> outcomes.Step:
    to_self = bool(row.parameters.get("to_self"))
    by_system = row.requested_by is None and not row.by_fallback
    return outcomes.Step(row.kind, row.status, to_self, row.by_fallback, row.accepted_at is not None, by_system)
