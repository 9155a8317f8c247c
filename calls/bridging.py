"""Lead a caller into a meeting of their own. Runs in the worker; the steps are `calls.rules.bridge`.

Two calls belong to it: the caller's, and ours into the meeting (`Call.bridge`). The operation of kind `bridge` is
the caller's and settled here; all that Microsoft is asked is in operations of its own, and news of either call has
the next step taken: of the caller's by the operation itself, of the meeting's by a timer.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from calls import asking, changes, claims, patience
from calls.ledger import Ledger
from calls.models import Call, Operation, Participant, Timer
from calls.rules import bridge
from calls.rules.operations import Settlement

LOOK_AGAIN: Final = timedelta(seconds=5)  # should some news have been lost
DESK = "desk"  # the part of the invitation that rings whoever takes the call

Kind, Status = Operation.Kind, Operation.Status


def run(row: Operation) -> None:
    """Take the next step of a leased operation."""
    with transaction.atomic():
        ledger = _lock(row.call_id)
        found = ledger.find(row)
        if found is not None:
            _step(ledger, found)
            ledger.write()


def hear(timer: Timer) -> None:
    """Take the next step after news of the meeting."""
    with transaction.atomic():
        room_id = timer.call_id
        # Locked before the timer goes, like everywhere: the other way round two would wait for each other.
        ledger = Ledger.lock(Call.objects.filter(Q(pk=room_id) | Q(bridge_id=room_id)))
        if Timer.objects.filter(pk=timer.pk, lease=timer.lease).delete()[0] != 1:
            return
        caller = next((call for call in ledger.calls.values() if call.bridge_id == room_id), None)
        if caller is None:
            _leave(ledger, ledger.calls[room_id])
        else:
            for row in [row for row in ledger.pending(caller) if row.kind == Kind.BRIDGE]:
                _step(ledger, row)
        ledger.write()


def _leave(ledger: Ledger, room: Call) -> None:
    """Hang up a meeting for which nobody waits any more, should it turn out to be alive."""
    if room.is_live and not _is_asked(ledger, room, Kind.HANG_UP):
        asking.ask(ledger, room, Kind.HANG_UP)


def _lock(caller_id: UUID) -> Ledger:
    room_id = Call.objects.filter(pk=caller_id).values_list("bridge_id", flat=True).first()
    return Ledger.lock(Call.objects.filter(pk__in=filter(None, [caller_id, room_id])))


def _step(ledger: Ledger, row: Operation) -> None:
    call = row.call
    room = ledger.calls.get(call.bridge_id) if call.bridge_id else None
    if call.bridge_id and room is None:
        row.wait(ledger.at)  # the meeting is younger than our lock
    else:
        _take(ledger, row, room, bridge.next_step(_progress(ledger, row, room)))
        if room and room.state == "establishing" and room.graph_id and row.status == Status.PENDING:
            changes.look(ledger, room)  # the news that it is established may be lost
    if row.status == Status.PENDING and row.due_at != ledger.at:
        row.wait(ledger.at + LOOK_AGAIN)
    ledger.change_operation(row)


def _take(ledger: Ledger, row: Operation, room: Call | None, step: bridge.Step) -> None:
    if step.verb == "open":
        _open(ledger, row)
    elif step.verb == "ring" and room:
        _invite(ledger, row, room, DESK, row.parameters["targets"], row.parameters["to"])
    elif step.verb == "move" and room:
        call = row.call
        named = {"kind": call.caller_kind, "id": call.caller_id, "name": call.caller_name}
        _invite(ledger, row, room, Operation.CALLER, [named | {"replaces": call.graph_id}], _caller(call))
    elif step.verb == "done":
        moved = _asked(ledger.operations[room.pk], Operation.CALLER) if room else None
        if moved and moved.status != Status.DONE:
            asking.close(ledger, moved, Settlement("done"))  # the roster has shown it
        asking.close(ledger, row, Settlement("done"))
        if row.call.is_live:
            changes.look(ledger, row.call)
    elif step.verb in ("give up", "end"):
        _give_up(ledger, row, room, step)


def _open(ledger: Ledger, row: Operation) -> None:
    """Make our call into a meeting that is held for this caller alone."""
    call, at = row.call, ledger.at
    assert call.line is not None
    room = Call(
        tenant_id=call.tenant_id,
        line=call.line,
        direction=Call.Direction.OUTGOING,
        state="establishing",
        caller_kind=call.caller_kind,
        caller_id=call.caller_id,
        caller_name=call.caller_name,
        caller_phone=call.caller_phone,
        received_at=at,
        last_seen_at=at,
        handled_by=row.requested_by,
        unconfirmed=True,
    )
    ledger.add(room)
    if row.requested_by and call.claim_owner_id == row.requested_by_id and call.is_claimed_at(at):
        claims.take(ledger, room, row.requested_by)
    subject = f"{call.line.name}: {_caller(call)}"
    organizers = call.line.organizers_for(room.pk)
    parameters = {"organizers": organizers, "subject": subject, "for": str(call.pk)}
    asking.ask(ledger, room, Kind.JOIN, user=row.requested_by, parameters=parameters)
    changes.watch(ledger, room, at, whole=True)
    call.bridge = room
    ledger.record(call, "bridge.opened", meeting=str(room.pk))


def _caller(call: Call) -> str:
    return (call.caller_name or call.caller_phone or "Anonymous")[:200]


def _invite(
    ledger: Ledger, row: Operation, room: Call, part: str, targets: Sequence[dict[str, str]], to: str
) -> None:
    parameters = {"targets": list(targets), "to": to, "part": part}
    asking.ask(ledger, room, Kind.INVITE, user=row.requested_by, parameters=parameters)


def _progress(ledger: Ledger, row: Operation, room: Call | None) -> bridge.Progress:
    is_late = ledger.at >= patience.useful_until(row)
    if room is None:
        return bridge.Progress(row.call.state, is_late=is_late)
    rows = ledger.operations[room.pk]
    desk, moved = _asked(rows, DESK), _asked(rows, Operation.CALLER)
    inside = set(Participant.objects.filter(call=room, left_at__isnull=True).values_list("kind", "identity_id"))
    return bridge.Progress(
        row.call.state,
        room.state,
        desk.status if desk else "",  # type: ignore[arg-type] # the statuses of operations
        any((one["kind"], one["id"]) in inside for one in row.parameters["targets"]),
        moved.status if moved else "",  # type: ignore[arg-type]
        bool(row.call.caller_id) and (row.call.caller_kind, row.call.caller_id) in inside,
        hung_up=_hanging_up(rows) is not None,
        is_late=is_late,
        trouble=_trouble(room, rows),
    )


def _hanging_up(rows: Sequence[Operation]) -> Operation | None:
    """Return somebody's own hanging up, unless it has failed."""
    theirs = (row for row in rows if row.kind == Kind.HANG_UP and row.requested_by)
    return next((row for row in theirs if row.status != Status.FAILED), None)


def _asked(rows: Sequence[Operation], part: str) -> Operation | None:
    invitations = (row for row in reversed(rows) if row.kind == Kind.INVITE)
    return next((row for row in invitations if row.parameters.get("part") == part), None)


def _trouble(room: Call, rows: Sequence[Operation]) -> str:
    """Say what Microsoft said of what failed last."""
    failed = next(
        (row for row in reversed(rows) if row.error_title and row.kind in (Kind.JOIN, Kind.INVITE)), None
    )
    if failed:
        title = f"{failed.error_title}."
        return (
            failed.error_detail or title
            if failed.kind == Kind.INVITE
            else f"{title} {failed.error_detail}".strip()
        )
    if room.result_code is None:
        return ""
    return f"Microsoft says: {room.result_message} ({room.result_code}/{room.result_subcode})."


def _give_up(ledger: Ledger, row: Operation, room: Call | None, step: bridge.Step) -> None:
    """Leave the meeting; the caller, who is not in it, stays with the bot unless somebody has hung up."""
    call = row.call
    call.bridge = None
    asking.close(ledger, row, Settlement("failed", step.title, step.detail))
    if room and room.is_live and not _is_asked(ledger, room, Kind.HANG_UP):
        asking.ask(ledger, room, Kind.HANG_UP)
    if step.verb == "end" and room and call.is_live and not _is_asked(ledger, call, Kind.HANG_UP):
        by = _hanging_up(ledger.operations[room.pk])
        asking.ask(ledger, call, Kind.HANG_UP, user=by.requested_by if by else None)


def _is_asked(ledger: Ledger, call: Call, kind: Operation.Kind) -> bool:
    return any(row.kind == kind for row in ledger.pending(call))
