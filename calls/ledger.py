"""Calls of one transaction: locked together, changed in memory, written together, put on record last.

Reports of a batch, commands, answers of Graph and timers all change calls through here, so that the number of
statements does not grow with the number of calls and nothing that a card shows changes without an entry.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from django.db.models import Q

from audit import trail
from calls.models import Call, CallQuerySet, Operation, Timer
from commsportal import bulk
from commsportal.among import among
from commsportal.clock import now

_TIMER_KINDS = tuple(Timer.Kind.values)
_TIMER_FIELDS = ("due_at", "set_in_state", "lease", "lease_until", "attempts", "error", "gone")


def _fields(model: type[Call] | type[Operation], fixed: tuple[str, ...]) -> tuple[str, ...]:
    names = [field.name for field in model._meta.concrete_fields if not field.primary_key]
    return tuple(name for name in names if name not in fixed)


_CALL_FIELDS = _fields(Call, ("tenant_id", "scenario_id", "received_at"))
_OPERATION_FIELDS = _fields(Operation, ("call", "kind", "token", "created_at", "requested_by"))


class Ledger:
    """Locked calls with their operations, and what is to be written about them."""

    def __init__(self, calls: Iterable[Call] = ()) -> None:
        self.at = now()
        self.calls: dict[UUID, Call] = {call.pk: call for call in calls}
        self.operations: dict[UUID, list[Operation]] = defaultdict(list)
        self._changed: dict[UUID, Call] = {}
        self._recorded: set[UUID] = set()
        self._changed_operations: dict[UUID, Operation] = {}
        self._timers: dict[tuple[UUID, str], Timer | None] = {}
        self._events: list[trail.Event] = []
        self._load_operations()

    @classmethod
    def lock(cls, calls: CallQuerySet) -> Self:
        """Lock `calls`, in one order for everybody, until the transaction ends."""
        found = calls.select_related("line").select_for_update(of=("self",)).order_by("pk")
        return cls(found)

    @classmethod
    def lock_one(cls, call_id: UUID) -> Self:
        """Lock one call."""
        return cls.lock(Call.objects.filter(pk=call_id))

    def _load_operations(self) -> None:
        if not self.calls:
            return
        rows = Operation.objects.filter(among("call_id", self.calls)).select_related("requested_by")
        for row in rows.order_by("created_at", "id"):
            row.call = self.calls[row.call_id]
            self.operations[row.call_id].append(row)

    @property
    def call(self) -> Call:
        """Return the only call."""
        (call,) = self.calls.values()
        return call

    def pending(self, call: Call) -> list[Operation]:
        """Return what was asked about `call` and is not settled."""
        return [row for row in self.operations[call.pk] if row.status == Operation.Status.PENDING]

    def find(self, operation: Operation) -> Operation | None:
        """Return the operation as it stands under the lock, if the lease on it is still ours."""
        rows = self.operations[operation.call_id]
        return next((row for row in rows if row.pk == operation.pk and row.lease == operation.lease), None)

    def add(self, call: Call) -> Call:
        """Enter a call that is new."""
        self.calls[call.pk] = call
        self.change(call)
        return call

    def change(self, call: Call) -> None:
        """Have `call` written."""
        if call.pk not in self._changed:
            self._changed[call.pk] = call
            call.writes += 1

    def ask(self, operation: Operation) -> Operation:
        """Enter an operation that is new."""
        self.operations[operation.call_id].append(operation)
        self.change_operation(operation)
        return operation

    def change_operation(self, operation: Operation) -> None:
        """Have `operation` written, and its call, so that a read that began before is known to be older."""
        self._changed_operations[operation.pk] = operation
        self.change(operation.call)

    def record(self, call: Call, kind: str, actor: str = trail.SYSTEM, /, **data: Any) -> None:
        """Put on record that something happened to `call`, which makes a new version of its card."""
        if call.pk not in self._recorded:
            self._recorded.add(call.pk)
            call.version += 1
        self.change(call)
        self._events.append(trail.Event(kind, actor, call.tenant_id, call.line_id, call.pk, data))

    def set_timer(
        self, call: Call, kind: str, due_at: datetime, state: str = "", *, attempts: int = 0, gone: bool = False
    ) -> None:
        """Have a timer fire at `due_at`, instead of the one of its kind that there may be."""
        timer = Timer(call=call, kind=kind, due_at=due_at, set_in_state=state, attempts=attempts, gone=gone)
        self._timers[call.pk, kind] = timer

    def stop_timer(self, call: Call, kind: str) -> None:
        """Have no timer of `kind`."""
        self._timers[call.pk, kind] = None

    def stop_timers(self, call: Call) -> None:
        """Have no timer at all."""
        for kind in _TIMER_KINDS:
            self.stop_timer(call, kind)

    def write(self, before_entries: Callable[[], None] | None = None) -> None:
        """Write all that changed, the entries last."""
        self._write_calls()
        self._write_operations()
        self._write_timers()
        if before_entries:
            before_entries()
        if self._events:
            trail.append(self._events)

    def _write_calls(self) -> None:
        bulk.upsert(list(self._changed.values()), ("id",), _CALL_FIELDS)

    def _write_operations(self) -> None:
        bulk.upsert(list(self._changed_operations.values()), ("id",), _OPERATION_FIELDS)

    def _write_timers(self) -> None:
        stopped = defaultdict(list)
        for (call_id, kind), timer in self._timers.items():
            if timer is None:
                stopped[kind].append(call_id)
        if stopped:
            self._delete_timers(stopped)
        timers = [timer for timer in self._timers.values() if timer]
        bulk.upsert(timers, ("call", "kind"), _TIMER_FIELDS)

    def _delete_timers(self, stopped: dict[str, list[UUID]]) -> None:
        by_calls: dict[tuple[UUID, ...], list[str]] = defaultdict(list)
        for kind, call_ids in stopped.items():
            by_calls[tuple(call_ids)].append(kind)
        where = Q()
        for ids, kinds in by_calls.items():
            where |= among("call_id", ids) & Q(kind__in=kinds)
        Timer.objects.filter(where).delete()
