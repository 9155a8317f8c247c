"""What always holds of calls once things are quiet; each is named by its id in docs/security.md."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import Final

from django.db.models import Exists, F, OuterRef, Q, Subquery

from audit.models import Entry
from audit.trail import SYSTEM
from calls import notifications
from calls.models import Call, Operation, Timer
from calls.rules import fold, state
from calls.rules.operations import PLACING
from commsportal import invariants
from commsportal.clock import now
from commsportal.invariants import Invariant, Progress
from routing.models import Line
from webhooks.models import Delivery

OLDEST_OPERATION = timedelta(minutes=11)
CHUNK: Final = 1000
CALLS_AT_ONCE: Final = 200


def operations_are_settled(progress: Progress) -> Iterator[str]:
    """I3: settled, or due and not older than any limit."""
    pending = Operation.objects.filter(status=Operation.Status.PENDING)
    for row in pending.filter(created_at__lt=now() - OLDEST_OPERATION).iterator(chunk_size=CHUNK):
        yield f"operation {row.pk} ({row.kind}) is pending since {row.created_at.isoformat()}"
    for key, since in invariants.left_lying(pending):
        yield f"operation {key} is due since {since} and nobody sees to it"


def states_follow_from_their_record(progress: Progress) -> Iterator[str]:
    """I6: a call's state is where its record leads, and the record has all that was told, and nothing else."""
    rows = Call.objects.order_by("pk").only("pk", "tenant_id", "graph_id", "state").iterator(chunk_size=CHUNK)
    seen = 0
    while calls := list(islice(rows, CALLS_AT_ONCE)):
        steps, told = _steps(calls), _told(calls)
        for call in calls:
            life = fold.fold(steps[call.pk])
            for fault in fold.contradictions(call.state, life, told[call.tenant_id, call.graph_id]):
                yield f"call {call.pk}: {fault}"
        seen += len(calls)
        progress(seen)


def _steps(calls: Sequence[Call]) -> dict[object, list[fold.Step]]:
    found: dict[object, list[fold.Step]] = defaultdict(list)
    about = Entry.objects.filter(call_id__in=[call.pk for call in calls])
    for entry in about.order_by("call_id", "seq").iterator(chunk_size=CHUNK):
        found[entry.call_id].extend(_step(entry))
    return found


def _step(entry: Entry) -> Iterable[fold.Step]:
    data, by_read = entry.data, entry.actor == SYSTEM
    match entry.kind:
        case "call.incoming":
            yield fold.Step(entry.seq, "begun", "incoming")
        case "call.adopted":
            yield fold.Step(entry.seq, "begun", data["state"] or state.BEGUN)
        case "operation.requested" if data["kind"] in PLACING:
            yield fold.Step(entry.seq, "begun", state.BEGUN)
        case "call.state":
            yield fold.Step(entry.seq, "moved", data["to"], data["from"], by_read)
        case "call.ended":
            yield fold.Step(entry.seq, "ended", by_read=by_read)
        case "call.reopened":
            yield fold.Step(entry.seq, "reopened", data["to"], by_read=by_read)
        case "call.ignored":
            yield fold.Step(entry.seq, "ignored", data["told"])


def _told(calls: Sequence[Call]) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    ids = [call.graph_id for call in calls if call.graph_id]
    applied = Delivery.objects.filter(call_key__in=ids, status=Delivery.Status.APPLIED)
    for delivery in applied.iterator(chunk_size=CHUNK):
        word = notifications.reported(notifications.read(delivery).news).word
        if word:
            found[delivery.tenant_id, delivery.call_key].add(word)
    return found


def ended_calls_are_quiet(progress: Progress) -> Iterator[str]:
    """I8: no claim, timer or open operation on a call that is over; a read that confirms its end may be due."""
    timers = Timer.objects.filter(call=OuterRef("pk")).exclude(kind=Timer.Kind.CONFIRM)
    pending = Operation.objects.filter(call=OuterRef("pk"), status="pending")
    busy = Call.objects.terminated().filter(Q(claim_owner__isnull=False) | Exists(timers) | Exists(pending))
    for key in busy.values_list("pk", flat=True).iterator(chunk_size=CHUNK):
        yield f"call {key} is over and still has a claim, a timer or an open operation"


def live_calls_are_watched(progress: Progress) -> Iterator[str]:
    """I9: a next check is due for every call that is not over, and it is done when it is due."""
    checks = Timer.objects.filter(call=OuterRef("pk"), due_at__isnull=False).exclude(
        kind__in=[Timer.Kind.CLAIM, Timer.Kind.PARK]
    )
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


def tenants_agree(progress: Progress) -> Iterator[str]:
    """I12: a call is of its line's tenant, and an entry and a delivery of their call's."""
    strays = Call.objects.filter(line__isnull=False).exclude(line__tenant_id=F("tenant_id"))
    for key in strays.values_list("pk", flat=True).iterator(chunk_size=CHUNK):
        yield f"call {key} is of another tenant than its line"
    yield from _entries_of_other_tenants()
    same = Call.objects.filter(graph_id=OuterRef("call_key"))
    own = same.filter(tenant_id=OuterRef("tenant_id"))
    applied = Delivery.objects.filter(Exists(same), ~Exists(own), status=Delivery.Status.APPLIED)
    for number in applied.exclude(call_key="").values_list("pk", flat=True).iterator(chunk_size=CHUNK):
        yield f"delivery {number} was applied and is of another tenant than the call it speaks of"


def _entries_of_other_tenants() -> Iterator[str]:
    call = Call.objects.filter(pk=OuterRef("call_id"))
    line = Line.objects.filter(pk=OuterRef("line_id"))
    entries = Entry.objects.annotate(
        of_call=Subquery(call.values("tenant_id")[:1]), of_line=Subquery(line.values("tenant_id")[:1])
    )
    astray = Q(call_id__isnull=False) & (Q(of_call__isnull=True) | ~Q(of_call=F("tenant_id")))
    astray |= Q(of_line__isnull=False) & ~Q(of_line=F("tenant_id"))
    for seq in entries.filter(astray).values_list("seq", flat=True).iterator(chunk_size=CHUNK):
        yield f"entry {seq} is of another tenant than its call or its line"


def passcodes_are_forgotten(progress: Progress) -> Iterator[str]:
    """I13: nothing keeps the passcode of a meeting that Microsoft has been asked into, or never will be."""
    settled = Operation.objects.exclude(status=Operation.Status.PENDING).filter(kind=Operation.Kind.JOIN)
    rows = settled.filter(parameters__meeting__has_key="passcode")
    for key in rows.values_list("pk", flat=True).iterator(chunk_size=CHUNK):
        yield f"operation {key} is settled and keeps the passcode of its meeting"


ALL = (
    Invariant(
        "I3",
        "what was asked of Microsoft is settled, or due and younger than its longest time",
        "See that a worker runs and reaches the database and Microsoft (/readyz, the worker's log). An operation "
        "that stays open after that was overtaken by nothing it can see: look how its call stands in Teams.",
        operations_are_settled,
    ),
    Invariant(
        "I6",
        "a call's state is where its record leads, and the record has what was told of it",
        "Compare the call's timeline with its deliveries in the admin: either its row was changed by hand, or a "
        "process wrote one without the other. A delivery that was not applied can be replayed (manage.py replay).",
        states_follow_from_their_record,
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
    Invariant(
        "I12",
        "a call is of its line's tenant, and what is told or on record about it is of its own",
        "Was the tenant of a line changed while it had calls? Then change it back and make a second line. "
        "Otherwise somebody may have seen a call of another organisation: its timeline tells who; report it.",
        tenants_agree,
    ),
    Invariant(
        "I13",
        "no operation that is settled keeps the passcode of a meeting",
        "Report it: whatever settles one forgets the passcode. Until then restrict who may read the database and "
        "its backups, or have the meeting's passcode changed.",
        passcodes_are_forgotten,
    ),
)
