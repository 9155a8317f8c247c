"""What a report, an answer of Graph or a timer does to a call: state, claim, timers, record.

Everything here works on a `Ledger` in memory; nothing reads or writes the database.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings

from audit.trail import MICROSOFT, SYSTEM
from calls import asking, claims, parking, roster
from calls.ledger import Ledger
from calls.models import Call, Operation, Timer
from calls.rules import state

logger = logging.getLogger(__name__)

KEEP_ALIVE = timedelta(minutes=15)
STUCK = timedelta(seconds=45)
STUCK_OUTGOING = timedelta(seconds=120)  # somebody else's phone may ring for a while
SILENT_RING = timedelta(seconds=20)  # Microsoft ends an undecided call after 15 s
LONGEST_RING = timedelta(seconds=45)  # without any news it is over by then, whatever we have not heard

Kind, Status, EndedBy = Operation.Kind, Operation.Status, Call.EndedBy
ENDING = frozenset({Kind.REJECT, Kind.REDIRECT, Kind.TRANSFER, Kind.HANG_UP})


def report(
    ledger: Ledger, call: Call, reported: state.Reported, at: datetime, *, inferred: bool = True
) -> state.Outcome:
    """Apply what a notification or a read says about `call` at that instant, and settle what it settles.

    :param inferred: a call found gone ended, for all we know, when it was last seen; else just now.
    """
    before = call.state
    after = state.apply(state.Current(before, call.ended_by, _is_assumed(call)), reported)
    if after.change in ("moved", "fell_back"):
        _move(ledger, call, after.state, reported, at)
    elif after.change == "ended":
        _end(ledger, call, reported, at, inferred=inferred and reported.change == "gone")
    elif after.change == "reopened":
        _reopen(ledger, call, after.state, at)
    elif after.change == "ignored":
        ledger.record(call, "call.ignored", _actor(reported), told=reported.word, state=call.state)
    elif call.state == state.TERMINATED:
        _complete_end(ledger, call, reported, at)
    _note_life(ledger, call, reported, at)
    asking.settle(ledger, call, reported, at, before=before, fell_back=after.change == "fell_back")
    if after.change == "ended":
        _after_end(ledger, call, reported)
    return after


def _is_assumed(call: Call) -> bool:
    return call.adopted and call.unconfirmed and call.state == state.BEGUN


def _actor(reported: state.Reported) -> str:
    return SYSTEM if reported.is_read else MICROSOFT


def _numbers(result: state.Result | None) -> dict[str, object]:
    if result is None:
        return {}
    return {"code": result.code, "subcode": result.subcode, "message": result.message}


def _note_life(ledger: Ledger, call: Call, reported: state.Reported, at: datetime) -> None:
    if call.state != state.TERMINATED and reported.change != "gone" and at > call.last_seen_at:
        if call.silent:
            ledger.record(call, "call.heard")
        call.last_seen_at, call.silent = at, False
        ledger.change(call)


def fall_silent(ledger: Ledger, call: Call) -> None:
    """Stop a ring that nothing was heard of for too long, for everybody at once: nobody can take it any more."""
    if call.state == "incoming" and not call.silent and ledger.at - call.last_seen_at >= LONGEST_RING:
        call.silent = True
        ledger.record(call, "call.silent")
        ledger.change(call)


def _move(ledger: Ledger, call: Call, to: str, reported: state.Reported, at: datetime) -> None:
    ledger.record(
        call, "call.state", _actor(reported), **{"from": call.state, "to": to}, **_numbers(reported.result)
    )
    was_incoming, call.state = call.state == "incoming", to
    if call.established_at is None and to in ("established", *state.MOVING_AWAY):
        call.established_at = max(at, call.received_at)
    if was_incoming:
        ledger.stop_timer(call, Timer.Kind.FALLBACK)
    elif to == "incoming":
        let_ring(ledger, call)
    watch(ledger, call, at, whole=was_incoming)
    if to == "established":
        asking.begin_bridge(ledger, call)
        asking.begin_rings(ledger, call)
    asking.tell_bridge(ledger, call)
    ledger.change(call)


def watch(ledger: Ledger, call: Call, at: datetime, *, whole: bool) -> None:
    """Set the timers that a live call in its present state needs; `whole`: keep-alive included."""
    if call.state == "incoming":
        ledger.set_timer(call, Timer.Kind.WATCHDOG, call.received_at + SILENT_RING, call.state)
        return
    if call.state in state.PASSING:
        outgoing = call.state == "establishing" and call.direction == Call.Direction.OUTGOING
        after = STUCK_OUTGOING if outgoing else STUCK
        ledger.set_timer(call, Timer.Kind.WATCHDOG, at + after, call.state)
    if whole:
        ledger.set_timer(call, Timer.Kind.KEEP_ALIVE, at + KEEP_ALIVE)


def _end(ledger: Ledger, call: Call, reported: state.Reported, at: datetime, *, inferred: bool) -> None:
    call.state = state.TERMINATED
    call.ended_by = EndedBy.READ if reported.is_read else EndedBy.NOTIFICATION
    if inferred:
        call.ended_by = EndedBy.INFERRED
    call.ended_at = max(call.last_seen_at if inferred else at, call.received_at)
    _keep_result(call, reported.result)
    call.claim_owner = call.claim_until = None
    parking.forget(call)
    ledger.stop_timers(call)
    ledger.change(call)


def _keep_result(call: Call, result: state.Result | None) -> None:
    if result is not None:
        call.result_code, call.result_subcode = result.code, result.subcode
        call.result_message = result.message[:1000]


def _complete_end(ledger: Ledger, call: Call, reported: state.Reported, at: datetime) -> None:
    """Learn from Microsoft when and how a call ended that we had only found gone, and from a read that it did."""
    if reported.change == "gone" and call.ended_by == EndedBy.NOTIFICATION:
        if ledger.pending(call):
            return  # that the end was notified will tell what became of what was asked
        call.ended_by = EndedBy.READ
        ledger.change(call)
    elif reported.change == "deleted" and call.ended_by == EndedBy.INFERRED and call.result_code is None:
        call.ended_by, call.ended_at = EndedBy.READ, max(at, call.received_at)
        _keep_result(call, reported.result)
        ledger.record(call, "call.ended", MICROSOFT, by=call.ended_by, **_numbers(reported.result))
        asking.conclude(ledger, call)
        ledger.change(call)
    elif reported.change == "deleted" and reported.result and call.result_code is None:
        _keep_result(call, reported.result)
        ledger.record(call, "call.ended", MICROSOFT, by=call.ended_by, **_numbers(reported.result))
        ledger.change(call)


def _after_end(ledger: Ledger, call: Call, reported: state.Reported) -> None:
    rows = ledger.operations[call.pk]
    asking.conclude(ledger, call)
    asking.tell_bridge(ledger, call)
    ledger.record(
        call,
        "call.ended",
        _actor(reported),
        by=call.ended_by,
        outcome=call.outcome,
        **_numbers(reported.result),
    )
    ours = any(row.kind in ENDING and row.accepted_at and row.status == Status.DONE for row in rows)
    if call.ended_by == EndedBy.NOTIFICATION and not ours and call.graph_id:
        look(ledger, call)  # a surprise: one signed body is no proof


def look(ledger: Ledger, call: Call) -> None:
    """Have the call read as soon as may be."""
    ledger.set_timer(call, Timer.Kind.CONFIRM, ledger.at)


def _reopen(ledger: Ledger, call: Call, to: str, at: datetime) -> None:
    logger.error("call %s is alive although its end was notified", call.pk)
    call.state, call.ended_at, call.ended_by, call.outcome = to, None, EndedBy.UNKNOWN, ""
    call.result_code, call.result_subcode, call.result_message = None, None, ""
    ledger.record(call, "call.reopened", SYSTEM, to=to)
    watch(ledger, call, at, whole=to != "incoming")
    if roster.has_guests(ledger.operations[call.pk]):
        roster.look(ledger, call)
    if to == "incoming":
        let_ring(ledger, call)
    if to == "established":
        asking.begin_bridge(ledger, call)
        asking.begin_rings(ledger, call)
    asking.tell_bridge(ledger, call)
    ledger.change(call)


def let_ring(ledger: Ledger, call: Call) -> None:
    """See that a ringing call is decided by its deadline, which counts from when we first heard of it."""
    call.deadline = call.deadline or call.received_at + timedelta(seconds=settings.RING_DECISION_SECONDS)
    asking.arm_fallback(ledger, call)


def release_lost_claim(ledger: Ledger, call: Call) -> None:
    """End a claim that ran out, or look again when it was renewed meanwhile."""
    if call.claim_owner is None:
        return
    if call.is_claimed_at(ledger.at) and call.claim_until is not None:
        ledger.set_timer(call, Timer.Kind.CLAIM, call.claim_until)
    else:
        claims.drop(ledger, call, claims.LOST, SYSTEM)
