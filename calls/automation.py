"""What the system does by itself: the fallback when nobody decides, looking after live calls, asking what is true.

Each timer is leased, and its effect is written in the transaction that gives the lease back, on condition that the
lease is still ours: however many workers there are, it fires once.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from calls import asking, bridging, changes, destinations, facts, parking, patience, reads, roster
from calls.errors import BadTarget
from calls.ledger import Ledger
from calls.models import Call, Operation, Timer
from calls.rules import state
from commsportal import pauses
from commsportal.clock import now
from commsportal.pauses import Urgency
from commsportal.worker import tidy
from graph import conf, errors
from graph.types import Participant as GraphParticipant

logger = logging.getLogger(__name__)

LEASE_SECONDS = 5.0  # kept while it runs
CLOCK_LEASE_SECONDS = 1.5  # a fallback whose worker died must still come in time
CLOCKS = (Timer.Kind.FALLBACK, Timer.Kind.CLAIM, Timer.Kind.BRIDGE, Timer.Kind.PARK)  # never wait for Graph
CHECKS = (Timer.Kind.CONFIRM, Timer.Kind.WATCHDOG, Timer.Kind.KEEP_ALIVE)
ROSTERS = (Timer.Kind.ROSTER, Timer.Kind.ALONE)  # often, and less urgent than what a call's life depends on
SECOND_LOOK = timedelta(seconds=3)
WATCH_AGAIN = timedelta(seconds=60)
READ_LATER = timedelta(seconds=60)
TRIES = 8
BACK_OFF = (1.0, 60.0)
NO_CALLBACK = (
    "Nothing was heard of this call for {seconds} s: the callback URL is probably not reachable by Microsoft."
)


def claim_clocks(limit: int) -> Sequence[Timer]:
    """Lease what is due and never waits for Graph: fallbacks, claims, bridges, recalls."""
    return _claim(CLOCKS, limit, CLOCK_LEASE_SECONDS)


def claim_checks(limit: int) -> Sequence[Timer]:
    """Lease due timers that ask Graph."""
    return _claim(CHECKS, limit, LEASE_SECONDS)


def claim_rosters(limit: int) -> Sequence[Timer]:
    """Lease due looks at who is in a call."""
    return _claim(ROSTERS, limit, LEASE_SECONDS)


def keep(timer: Timer) -> None:
    """Hold on to a check that is being worked on."""
    timer.keep_lease(LEASE_SECONDS)


def about(timer: Timer) -> dict[str, object]:
    """Return what the log says while a timer is worked on."""
    return {"call_id": timer.call_id, "timer": timer.kind}


def next_clock() -> datetime | None:
    """Return when the next of those is due."""
    return Timer.objects.filter(kind__in=CLOCKS).next_due()


def next_check() -> datetime | None:
    """Return when Graph is to be asked next."""
    return Timer.objects.filter(kind__in=CHECKS).next_due()


def next_roster() -> datetime | None:
    """Return when to look next who is in a call."""
    return Timer.objects.filter(kind__in=ROSTERS).next_due()


def _claim(kinds: Sequence[Timer.Kind], limit: int, seconds: float) -> Sequence[Timer]:
    due = Timer.objects.filter(kind__in=kinds).select_related("call").order_by("due_at")
    return due.lease(limit, seconds)  # type: ignore[return-value]


def run(timer: Timer) -> None:
    """Do what a leased timer is for."""
    RUNNERS[Timer.Kind(timer.kind)](timer)


def _has_moved_on(timer: Timer, call: Call) -> bool:
    if timer.set_in_state:
        return call.state != timer.set_in_state
    return not call.is_live and timer.kind not in (Timer.Kind.CONFIRM, Timer.Kind.BRIDGE)


def _fire(timer: Timer) -> Ledger | None:
    """Lock the call and use the timer up, inside a transaction; None when it is not ours any more."""
    ledger = Ledger.lock_one(timer.call_id)
    held = Timer.objects.filter(pk=timer.pk, lease=timer.lease)
    return ledger if held.delete()[0] == 1 else None


def _fire_with(timer: Timer, read: reads.Read) -> Ledger | None:
    """Fire after a read; None also when it was overtaken: then the timer is set again, soon."""
    ledger = _fire(timer)
    if ledger is None or not read.is_overtaken(ledger.call):
        return ledger
    _again(ledger, timer, ledger.at + patience.LOOK_AGAIN, gone=timer.gone)
    ledger.write()
    return None


def _run_clock(timer: Timer) -> None:
    with transaction.atomic():
        ledger = _fire(timer)
        if ledger is None or _has_moved_on(timer, ledger.call):
            return
        if timer.kind == Timer.Kind.CLAIM:
            changes.release_lost_claim(ledger, ledger.call)
        elif timer.kind == Timer.Kind.PARK:
            parking.recall(ledger, ledger.call)
        else:
            _fall_back(ledger, ledger.call)
        ledger.write()


def _fall_back(ledger: Ledger, call: Call) -> None:
    """Decide for a call that nobody decided, by its line: once in its life."""
    rows = ledger.operations[call.pk]
    if any(row.by_fallback for row in rows) or ledger.pending(call):
        return
    wanted = destinations.fallback(call.line) if call.line else []
    kind, parameters = Operation.Kind.REJECT, {"reason": "busy", "to": ""}
    if wanted:
        try:
            parameters, kind = destinations.find(wanted, call, None), Operation.Kind.REDIRECT
        except BadTarget as error:
            logger.error("the fallback of line %s cannot work: %s", call.line, error.detail)
    ledger.record(call, "timer.fallback", to=parameters["to"])
    asking.ask(ledger, call, kind, parameters=parameters, by_fallback=True)


def _run_confirm(timer: Timer) -> None:
    """Ask whether a call exists that we know from one notification, or ended as one said."""
    read = _read(timer)
    if read is None:
        return
    with transaction.atomic():
        ledger = _fire_with(timer, read)
        if ledger is None:
            return
        call = ledger.call
        # A call so young may not be visible everywhere yet; only a second 404 ends it.
        if read.is_gone and call.is_live and not timer.gone:
            _again(ledger, timer, ledger.at + SECOND_LOOK, gone=True)
        else:
            _confirm(ledger, call, read)
        ledger.write()


def _confirm(ledger: Ledger, call: Call, read: reads.Read) -> None:
    if read.call:
        facts.learn(ledger, call, read.call)
    changes.report(ledger, call, read.reported, ledger.at)
    if read.call and read.call.chat_info and call.is_live:
        roster.look(ledger, call)  # it is one of several, which may have been told in vain
    if read.call and call.unconfirmed:
        call.unconfirmed = False
        ledger.record(call, "call.confirmed")
        ledger.change(call)


def _run_watchdog(timer: Timer) -> None:
    """Ask about a call that stays too long in a state that passes; hang up what hangs."""
    read = None if _is_stale(timer) else _read(timer)
    if read is None:
        return
    with transaction.atomic():
        ledger = _fire_with(timer, read)
        if ledger is None:
            return
        call = ledger.call
        was, heard_at = call.state, call.last_seen_at
        after = changes.report(ledger, call, read.reported, ledger.at)
        if call.is_live and after.change in ("nothing", "ignored") and was == timer.set_in_state:
            _unstick(ledger, call, heard_at)
            _again(ledger, timer, ledger.at + WATCH_AGAIN)
        ledger.write()


def _unstick(ledger: Ledger, call: Call, heard_at: datetime) -> None:
    rows = ledger.operations[call.pk]
    if call.state == "incoming" or any(row.kind == Operation.Kind.HANG_UP for row in rows):
        return
    seconds = int((ledger.at - heard_at).total_seconds())
    ledger.record(call, "timer.watchdog", detail=NO_CALLBACK.format(seconds=seconds), state=call.state)
    asking.ask(ledger, call, Operation.Kind.HANG_UP)


def _run_keep_alive(timer: Timer) -> None:
    """Keep a call alive, and find out that it is not."""
    read = None if _is_stale(timer) else _keep_alive(timer)
    if read is None:
        return
    with transaction.atomic():
        ledger = _fire_with(timer, read)
        if ledger is None:
            return
        changes.report(ledger, ledger.call, read.reported, ledger.at)
        if ledger.call.is_live:
            _again(ledger, timer, ledger.at + changes.KEEP_ALIVE)
        if ledger.call.state == "established":
            # Keeping alive tells only whether there is a call: what it has become is read, too, but later.
            ledger.set_timer(ledger.call, Timer.Kind.CONFIRM, ledger.at + READ_LATER)
        ledger.write()


def _keep_alive(timer: Timer) -> reads.Read | None:
    call = timer.call
    if not call.graph_id or call.state == "incoming":
        return _read(timer)
    if _is_held_back(timer):
        return None
    tidy()
    try:
        conf.client(call.tenant_id).calls.keep_alive(call.graph_id, scenario_id=str(call.scenario_id))
    except errors.NotFound:
        return reads.Read(state.Reported("gone"), call.writes)
    except errors.GraphError as error:
        _put_off(timer, error)
        return None
    return reads.Read(state.Reported("read"), call.writes)


def _run_roster(timer: Timer) -> None:
    """Read who is in a call of several; leave it when nobody but the bot is."""
    told = None if _is_stale(timer) else _roster(timer)
    if told is None:
        return
    with transaction.atomic():
        ledger = _fire(timer)
        if ledger is None:
            return
        if ledger.call.writes != timer.call.writes:
            _again(ledger, timer, ledger.at + patience.LOOK_AGAIN)  # it may speak of an older moment
        else:
            _apply_roster(ledger, timer, told)
        ledger.write()


def _apply_roster(ledger: Ledger, timer: Timer, told: Sequence[GraphParticipant]) -> None:
    call, rosters = ledger.call, roster.Rosters([timer.call_id])
    if told:
        rosters.apply(ledger, call, told, ledger.at, is_delta=False)
        rosters.write()
    elif rosters.knows(call) or roster.has_guests(ledger.operations[call.pk]):
        _again(ledger, timer, ledger.at + roster.LOOK_AGAIN)  # what Microsoft does not say is not nobody
    if timer.kind == Timer.Kind.ALONE and told and rosters.is_alone(call):
        _leave(ledger, timer)


def _leave(ledger: Ledger, timer: Timer) -> None:
    """Hang up, unless somebody is being rung into the call or it is asked already; see that it is done."""
    waiting = {Operation.Kind.HANG_UP, Operation.Kind.INVITE}
    if not any(row.kind in waiting for row in ledger.pending(ledger.call)):
        ledger.record(ledger.call, "timer.alone")
        asking.ask(ledger, ledger.call, Operation.Kind.HANG_UP)
    _again(ledger, timer, ledger.at + roster.LOOK_AGAIN)


def _roster(timer: Timer) -> list[GraphParticipant] | None:
    """Ask who is in the call; None when nothing is known, which sets the timer again or has the call read."""
    call = timer.call
    if not call.graph_id or _is_held_back(timer):
        return None
    tidy()
    try:
        return conf.client(call.tenant_id).participants.list(call.graph_id, scenario_id=str(call.scenario_id))
    except errors.NotFound:
        _look(timer)
    except errors.GraphError as error:
        _put_off(timer, error)
    return None


def _look(timer: Timer) -> None:
    """Have a call read whose roster is not found; look for that again, in case the call is."""
    with transaction.atomic():
        ledger = _fire(timer)
        if ledger is not None:
            changes.look(ledger, ledger.call)
            _again(ledger, timer, ledger.at + roster.LOOK_AGAIN)
            ledger.write()


def _read(timer: Timer) -> reads.Read | None:
    if not timer.call.graph_id:
        _forget(timer)  # a call that Graph has not named yet cannot be asked for
        return None
    if _is_held_back(timer):
        return None
    tidy()  # whoever waits for Graph needs no connection to the database
    try:
        return reads.read(timer.call)
    except errors.GraphError as error:
        _put_off(timer, error)
        return None


def _is_held_back(timer: Timer) -> bool:
    """Put a check off while Microsoft asks for a pause, unless a dead call would ring for so long."""
    urgency = _urgency(timer)
    until = pauses.over_at(timer.call.tenant_id, urgency)
    if until is None or patience.hurries(timer.call, (until - now()).total_seconds()):
        return False
    timer.settle_lease(due_at=pauses.turn(until, urgency), attempts=timer.attempts - 1)
    return True


def _urgency(timer: Timer) -> Urgency:
    return Urgency.LIST if timer.kind in ROSTERS else Urgency.CHECK


def _is_stale(timer: Timer) -> bool:
    moved_on = _has_moved_on(timer, timer.call)
    if moved_on:
        _forget(timer)
    return moved_on


def _forget(timer: Timer) -> None:
    Timer.objects.filter(pk=timer.pk, lease=timer.lease).delete()


def _put_off(timer: Timer, error: errors.GraphError) -> None:
    """Ask again later, as Microsoft asks unless a caller rings; stop confirming an end it will not speak about."""
    logger.warning("%s: %s", timer, error)
    patience.note(timer.call, _urgency(timer), error)
    if timer.kind == Timer.Kind.WATCHDOG and timer.call.state == "incoming":
        _fall_silent(timer)
    if timer.kind == Timer.Kind.CONFIRM and timer.attempts >= TRIES and not timer.call.is_live:
        _forget(timer)
        return
    shortest, longest = BACK_OFF
    seconds = min(longest, shortest * 2 ** min(timer.attempts, 10))
    if not patience.hurries(timer.call, error.retry_after or 0.0):
        seconds = max(seconds, error.retry_after or 0.0)
    timer.settle_lease(due_at=now() + timedelta(seconds=seconds), error=str(error)[:500])


def _fall_silent(timer: Timer) -> None:
    with transaction.atomic():
        ledger = Ledger.lock_one(timer.call_id)
        changes.fall_silent(ledger, ledger.call)
        ledger.write()


def _again(ledger: Ledger, timer: Timer, due_at: datetime, *, gone: bool = False) -> None:
    """Set the timer that has just fired once more, with the count of its tries."""
    ledger.set_timer(timer.call, timer.kind, due_at, timer.set_in_state, attempts=timer.attempts, gone=gone)


RUNNERS = {
    Timer.Kind.FALLBACK: _run_clock,
    Timer.Kind.CLAIM: _run_clock,
    Timer.Kind.CONFIRM: _run_confirm,
    Timer.Kind.WATCHDOG: _run_watchdog,
    Timer.Kind.KEEP_ALIVE: _run_keep_alive,
    Timer.Kind.ROSTER: _run_roster,
    Timer.Kind.ALONE: _run_roster,
    Timer.Kind.BRIDGE: bridging.hear,
    Timer.Kind.PARK: _run_clock,
}
