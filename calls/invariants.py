"""What always holds of calls once things are quiet; alarms and tests name each by its id in docs/security.md."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q

from audit.models import Entry
from calls.models import Call, Operation, Timer
from commsportal.clock import now

OLDEST_OPERATION = timedelta(minutes=11)


def violations() -> list[str]:
    """Return what does not hold, each with the id of its invariant."""
    return [*_operations_are_settled(), *_ended_calls_are_quiet(), *_live_calls_are_watched(), *_fences_rise()]


def _operations_are_settled() -> Iterator[str]:
    """I3: settled, or due and not older than any limit."""
    old = Operation.objects.filter(status="pending", created_at__lt=now() - OLDEST_OPERATION)
    for row in old:
        yield f"I3: operation {row.pk} ({row.kind}) is pending since {row.created_at.isoformat()}"


def _ended_calls_are_quiet() -> Iterator[str]:
    """I8: no claim, timer or open operation on a call that is over."""
    timers = Timer.objects.filter(call=OuterRef("pk"))
    pending = Operation.objects.filter(call=OuterRef("pk"), status="pending")
    busy = Call.objects.terminated().filter(Q(claim_owner__isnull=False) | Exists(timers) | Exists(pending))
    for call in busy:
        yield f"I8: call {call.pk} is over and still has a claim, a timer or an open operation"


def _live_calls_are_watched() -> Iterator[str]:
    """I9: a next check is due for every call that is not over."""
    checks = Timer.objects.filter(call=OuterRef("pk"), due_at__isnull=False).exclude(kind=Timer.Kind.CLAIM)
    for call in Call.objects.live().filter(~Exists(checks)):
        yield f"I9: nothing will look after call {call.pk}"


def _fences_rise() -> Iterator[str]:
    """I11: each claim's number is higher than the one before; no effect carries one that was not given."""
    newest: dict[object, int] = {}
    for entry in Entry.objects.filter(kind="claim.taken").order_by("seq").iterator(chunk_size=1000):
        fence = entry.data["fence"]
        if fence <= newest.get(entry.call_id, 0):
            yield f"I11: entry {entry.seq} claims call {entry.call_id} under {fence} again"
        newest[entry.call_id] = fence
    for row in Operation.objects.filter(fence__gt=F("call__claim_fence")):
        yield f"I11: operation {row.pk} carries the number {row.fence}, which was never given"
