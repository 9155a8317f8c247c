"""A call as the console shows it: one card, whole, the same for the socket and the API."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from calls.models import Call, Operation
from commsportal.clock import now

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
    """Return the part of the console's queue where the call stands: by what is on record, never by the clock."""
    if call.state == "incoming":
        return "missed" if call.silent else "ringing"
    if call.is_live:
        return "live"
    return "missed" if call.outcome in UNTAKEN or _in_doubt(call, operations) else "handled"


def _in_doubt(call: Call, operations: Sequence[Operation]) -> list[Operation]:
    """Return why nobody knows whether the caller got anybody; nothing when that is known, or may yet be."""
    if call.is_live or call.outcome:
        return []
    return [row for row in operations if row.status == Operation.Status.UNKNOWN]


def cards(call_ids: Iterable[UUID]) -> dict[UUID, CardRow]:
    """Return the cards of those calls that there are, with two queries."""
    people = ("line", "handled_by", "claim_owner")
    return of(list(Call.objects.filter(pk__in=list(call_ids)).select_related(*people)))


def of(calls: Sequence[Call]) -> dict[UUID, CardRow]:
    """Return the cards of `calls`, which were read with their line, handler and claim's owner."""
    at, operations = now(), _operations([call.pk for call in calls])
    rows = {}
    for call in calls:
        scope = (call.tenant_id, call.line_id)
        rows[call.pk] = CardRow(call.pk, scope, card(call, operations[call.pk], at))
    return rows


def card(call: Call, operations: Sequence[Operation], at: datetime) -> dict[str, Any]:
    """Return the card of `call`; `operations` are its own, oldest first."""
    return {
        "id": str(call.pk),
        "graph_id": call.graph_id,
        "state": call.state,
        "lane": lane(call, operations),
        "direction": call.direction,
        "line": {"id": call.line.pk, "name": call.line.name} if call.line else None,
        "caller": caller(call),
        "deadline": instant(call.deadline) if call.state == "incoming" else None,
        "received_at": instant(call.received_at),
        "established_at": instant(call.established_at),
        "ended_at": instant(call.ended_at),
        "claim": claim(call, at),
        "operation": operation(newest(call, operations)),
        "outcome": call.outcome,
        "handled_by": person(call),
        "handled_to": call.handled_to,
        "unconfirmed": call.unconfirmed,
        "version": call.version,
    }


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


def newest(call: Call, operations: Sequence[Operation]) -> Operation | None:
    """Return the operation that matters: the newest under way, else that leaves the call in doubt, else of all."""
    pending = [row for row in operations if row.status == Operation.Status.PENDING]
    rows = pending or _in_doubt(call, operations) or operations
    return rows[-1] if rows else None


def operation(row: Operation | None) -> dict[str, Any] | None:
    """Return what was asked of Microsoft and what became of it."""
    if row is None:
        return None
    return {"id": str(row.pk), "kind": row.kind, "status": row.status, "error": error(row)}


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
