"""What always holds of calls once things are quiet; each is named by its id in docs/security.md."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q

from audit.models import Entry
from calls.models import Call, Operation, Timer
from commsportal import invariants
from commsportal.clock import now
from commsportal.invariants import Invariant, Progress

OLDEST_OPERATION = timedelta(minutes=11)
CHUNK = 1000


def operations_are_settled(progress: Progress) -> Iterator[str]:
    """I3: settled, or due and not older than any limit."""
    pending = Operation.objects.filter(status=Operation.Status.PENDING)
    for row in pending.filter(created_at__lt=now() - OLDEST_OPERATION).iterator(chunk_size=CHUNK):
        yield f"operation {row.pk} ({row.kind}) is pending since {row.created_at.isoformat()}"
    for key, since in invariants.left_lying(pending):
        yield f"operation {key} is due since {since} and nobody sees to it"


def ended_calls_are_quiet(progress: Progress) -> Iterator[str]:
    """I8: no claim, timer or open operation on a call that is over; a read that confirms its end may be due."""
    timers = Timer.objects.filter(call=OuterRef("pk")).exclude(kind=Timer.Kind.CONFIRM)
    pending = Operation.objects.filter(call=OuterRef("pk"), status="pending")
    busy = Call.objects.terminated().filter(Q(claim_owner__isnull=False) | Exists(timers) | Exists(pending))
    for key in busy.values_list("pk", flat=True).iterator(chunk_size=CHUNK):
        yield f"call {key} is over and still has a claim, a timer or an open operation"


def live_calls_are_watched(progress: Progress) -> Iterator[str]:
    """I9: a next check is due for every call that is not over, and it is done when it is due."""
    checks = Timer.objects.filter(call=OuterRef("pk"), due_at__isnull=False).exclude(kind=Timer.Kind.CLAIM)
    for key in Call.objects.live().filter(~Exists(checks)).values_list("pk", flat=True).iterator(chunk_size=CHUNK):
        yield f"nothing will look after call {key}"
    for key, since in invariants.left_lying(Timer.objects.all()):
        yield f"timer {key} is due since {since} and nobody sees to it"


def fences_rise(progress: Progress) -> Iterator[str]:
    """I11: each claim's number is higher than the one before; no effect carries one that was not given."""
    call_id, newest = None, 0
    taken = Entry.objects.filter(kind="claim.taken").order_by("call_id", "seq")
    for seen, entry in enumerate(taken.iterator(chunk_size=CHUNK)):
        progress(seen)
        if entry.call_id != call_id:
            call_id, newest = entry.call_id, 0
        fence = entry.data["fence"]
        if fence <= newest:
            yield f"entry {entry.seq} claims call {entry.call_id} under {fence} again"
        newest = fence
    for row in Operation.objects.filter(fence__gt=F("call__claim_fence")).iterator(chunk_size=CHUNK):
        yield f"operation {row.pk} carries the number {row.fence}, which was never given"


ALL = (
    Invariant(
        "I3",
        "what was asked of Microsoft is settled, or due and younger than its longest time",
        "See that a worker runs and reaches the database and Microsoft (/readyz, the worker's log). An operation "
        "that stays open after that was overtaken by nothing it can see: look how its call stands in Teams.",
        operations_are_settled,
    ),
    Invariant(
        "I8",
        "a call that is over has no claim, no timer and no open operation",
        "Nobody is harmed: the call is over. Report the call's timeline, for something else than the portal wrote "
        "its end.",
        ended_calls_are_quiet,
    ),
    Invariant(
        "I9",
        "a call that is not over has a next check, and due checks are done",
        "See that a worker runs (/readyz). A call without any check stays on the console until somebody ends it: "
        "hang it up there, and report its timeline.",
        live_calls_are_watched,
    ),
    Invariant(
        "I11",
        "each claim of a call has a higher number than the one before, and nothing carries a number never given",
        "Two people may have acted on the call at once: compare its timeline with what they saw, and report it.",
        fences_rise,
    ),
)
