"""A call as the console shows it: one card, whole, the same for the socket and the API."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from calls import callees, roster
from calls.models import Call, Operation, Participant
from calls.rules import hearing, party
from calls.rules.operations import BESIDE, MEDIA
from calls.rules.state import MOVING_AWAY
from commsportal.clock import now
from routing.models import Line

RECENT = timedelta(minutes=60)
UNTAKEN = ("missed", "abandoned", "failed")


@dataclass(frozen=True, slots=True)
class CardRow:
    """A card and the scope in which it may be seen: (tenant, line)."""

    call_id: UUID
    scope: tuple[str, int | None]
    card: dict[str, Any]


def live_and_recent() -> QuerySet[Call]:
    """Return the calls that are on the console: not over, or over for less than an hour."""
    return Call.objects.filter(~Q(state="terminated") | Q(ended_at__gt=now() - RECENT))


def lane(call: Call, operations: Sequence[Operation]) -> str:
    """Return the part of the console's queue where the call stands: by what is on record, never by the clock.

    A caller's call stands aside for the meeting that it is led into, a meeting that came to nothing for the call.
    """
    if call.bridge_id or _came_to_nothing(call, operations):
        return "aside"
    if call.state == "incoming":
        return "missed" if call.silent else "ringing"
    if call.is_live:
        return "waiting" if _waits(call) else "live"
    return "missed" if call.outcome in UNTAKEN or _in_doubt(call, operations) else "handled"


def _waits(call: Call) -> bool:
    """Tell whether the caller waits for somebody to answer, or in a slot; one who is recalled is live again."""
    return call.state in MOVING_AWAY or (call.park_slot is not None and not call.park_recalled)


def _came_to_nothing(call: Call, operations: Sequence[Operation]) -> bool:
    """Tell whether this is a meeting that is over, or is being left, without its caller."""
    if not bridge_of(operations):
        return False
    moved = any(row.parameters.get("part") == Operation.CALLER and row.status == "done" for row in operations)
    left = any(row.kind == Operation.Kind.HANG_UP and row.requested_by_id is None for row in operations)
    return not moved and (left or not call.is_live)


def bridge_of(operations: Iterable[Operation]) -> str | None:
    """Return the call whose caller this one of ours is in a meeting for."""
    joins = (row.parameters.get("for") for row in operations if row.kind == Operation.Kind.JOIN)
    return next(filter(None, joins), None)


def _in_doubt(call: Call, operations: Sequence[Operation]) -> list[Operation]:
    """Return why nobody knows whether the caller got anybody; nothing when that is known, or may yet be."""
    if call.is_live or call.outcome:
        return []
    return [row for row in operations if row.status == Operation.Status.UNKNOWN and row.kind not in BESIDE]


def cards(call_ids: Iterable[UUID]) -> dict[UUID, CardRow]:
    """Return the cards of those calls that there are, with three queries."""
    people = ("line", "handled_by", "claim_owner", "parked_by")
    return of(list(Call.objects.filter(pk__in=list(call_ids)).select_related(*people)))


def of(calls: Sequence[Call], rosters: Mapping[UUID, Sequence[Participant]] | None = None) -> dict[UUID, CardRow]:
    """Return the cards of `calls`, which were read with their line, handler and claim's owner.

    :param rosters: what `roster.of` returns for them, if somebody has asked already.
    """
    at, operations = now(), _operations([call.pk for call in calls])
    rosters = roster.of(calls) if rosters is None else rosters
    rows = {}
    for call in calls:
        scope = (call.tenant_id, call.line_id)
        rows[call.pk] = CardRow(call.pk, scope, card(call, operations[call.pk], rosters[call.pk], at))
    return rows


def card(call: Call, operations: Sequence[Operation], told: Sequence[Participant], at: datetime) -> dict[str, Any]:
    """Return the card of `call`; `operations` and `told`, its roster, are its own, oldest first."""
    return {
        "id": str(call.pk),
        "graph_id": call.graph_id,
        "state": call.state,
        "lane": lane(call, operations),
        "direction": call.direction,
        "line": {"id": call.line.pk, "name": call.line.name} if call.line else None,
        "mode": mode(call),
        "caller": caller(call),
        "deadline": instant(call.deadline) if call.state == "incoming" else None,
        "received_at": instant(call.received_at),
        "established_at": instant(call.established_at),
        "ended_at": instant(call.ended_at),
        "claim": claim(call, at),
        "park": park(call),
        "operation": operation(newest(call, operations)),
        "media": operation(_media(operations)),
        "invitations": [invitation(row) for row in operations if row.kind == Operation.Kind.INVITE],
        "called": [called(one) for one in callees.of(operations, told)],
        "roster": roster.word(told, operations),
        "people": people(call, operations, told),
        "bridge": str(call.bridge_id) if call.bridge_id else None,
        "bridge_of": bridge_of(operations),
        "outcome": call.outcome,
        "handled_by": person(call),
        "handled_to": call.handled_to,
        "unconfirmed": call.unconfirmed,
        "version": call.version,
    }


def mode(call: Call) -> str:
    """Return how whoever takes this call does so: by its line, unless its caller can only be redirected."""
    bridges = call.line and call.line.bridges and not party.no_bridge(call.caller_kind, call.caller_id)
    return Line.Mode.BRIDGE.value if bridges else Line.Mode.DIRECT.value


def caller(call: Call) -> dict[str, Any]:
    """Return who calls; `user` is Graph's id of a colleague."""
    user = call.caller_id if call.caller_kind == "user" else ""
    return {"name": call.caller_name, "phone": call.caller_phone, "user": user or None}


def person(call: Call) -> dict[str, str] | None:
    """Return who dealt with the call."""
    user = call.handled_by
    return {"username": user.username, "name": user.get_full_name()} if user else None


def claim(call: Call, at: datetime) -> dict[str, Any] | None:
    """Return the claim that holds at this instant."""
    owner = call.claim_owner
    if owner is None or not call.is_claimed_at(at):
        return None
    return {
        "owner": owner.username,
        "name": owner.get_full_name(),
        "until": instant(call.claim_until),
        "fence": call.claim_fence,
    }


def park(call: Call) -> dict[str, Any] | None:
    """Return in which slot the caller waits, since when, who parked them and whether they have waited too long."""
    if call.park_slot is None:
        return None
    by = call.parked_by.get_full_name() if call.parked_by else ""
    return {"slot": call.park_slot, "at": instant(call.parked_at), "by": by, "is_recalled": call.park_recalled}


def newest(call: Call, operations: Sequence[Operation]) -> Operation | None:
    """Return the operation that matters: the newest under way, else that leaves the call in doubt, else of all.

    Who is being asked in beside the call is not: see `invitation`.
    """
    operations = [row for row in operations if row.kind not in BESIDE]
    pending = [row for row in operations if row.status == Operation.Status.PENDING]
    rows = pending or _in_doubt(call, operations) or operations
    return rows[-1] if rows else None


def _media(operations: Sequence[Operation]) -> Operation | None:
    """Return the newest of what was asked about what is heard and seen in the call."""
    return next((row for row in reversed(operations) if row.kind in MEDIA), None)


def operation(row: Operation | None) -> dict[str, Any] | None:
    """Return what was asked of Microsoft and what became of it."""
    if row is None:
        return None
    asked = {"id": str(row.pk), "kind": row.kind, "status": row.status}
    return asked | {"to": row.parameters.get("to", ""), "error": error(row)}


def invitation(row: Operation) -> dict[str, Any]:
    """Return who was asked into the call, and whether they came."""
    asked = {"id": str(row.pk), "to": row.parameters.get("to", ""), "status": row.status}
    is_caller = row.parameters.get("part") == Operation.CALLER
    return asked | {"at": instant(row.created_at), "is_caller": is_caller, "error": error(row)}


def called(one: callees.Callee) -> dict[str, Any]:
    """Return somebody who is called together with others, and what became of them."""
    row = one.last
    asked = {"kind": one.kind, "id": one.id, "to": one.name, "outcome": one.outcome, "rings": len(one.rings)}
    at, why = (instant(row.created_at), error(row)) if row else (None, None)
    return asked | {"at": at, "error": why}


def people(call: Call, operations: Sequence[Operation], told: Sequence[Participant]) -> list[dict[str, Any]]:
    """Return who is in a live call beside the bot, the caller first, and what is being done with each."""
    if not call.is_live:
        return []
    members = [one for one in roster.members(call, told) if not one.is_bot]
    held, heard = party.on_hold(roster.wishes(operations)), hearing.in_force(roster.routes(operations))
    last = {row.parameters["participant"]: row for row in operations if row.kind in party.ACTIONS}
    members.sort(key=lambda one: not one.is_caller)
    shown = [_one(member, member.id in held, last.get(member.id)) for member in members]
    return [one | {"heard_by": list(heard[one["id"]].receivers) if one["id"] in heard else []} for one in shown]


def _one(member: party.Member, is_held: bool, last: Operation | None) -> dict[str, Any]:
    return {
        "id": member.id,
        "name": member.name,
        "is_caller": member.is_caller,
        "is_muted": member.is_muted,
        "is_in_lobby": member.is_in_lobby,
        "is_on_hold": is_held,
        "operation": operation(last),
    }


def error(row: Operation) -> dict[str, Any] | None:
    """Return why an operation failed, or what is not known of it."""
    if not row.error_title:
        return None
    texts = {"title": row.error_title, "detail": row.error_detail}
    return texts | {"code": row.error_code, "subcode": row.error_subcode}


def instant(at: datetime | None) -> str | None:
    """Return ISO 8601 with offset."""
    return at.isoformat() if at else None


def _operations(call_ids: Sequence[UUID]) -> dict[UUID, list[Operation]]:
    found: dict[UUID, list[Operation]] = defaultdict(list)
    for row in Operation.objects.filter(call_id__in=call_ids).order_by("created_at", "id"):
        found[row.call_id].append(row)
    return found
