"""Who is in a call, by the rosters that Graph sends (REFERENCE 14.2)."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from calls.ledger import Ledger
from calls.models import Call, Participant
from graph import types

_FIELDS = ("kind", "identity_id", "name", "is_muted", "is_in_lobby", "sequence", "left_at")


class Rosters:
    """The participants of the calls of one batch, read and written together."""

    def __init__(self, call_ids: Iterable[object]) -> None:
        self._rows: dict[object, list[Participant]] = {call_id: [] for call_id in call_ids}
        self._new: list[Participant] = []
        self._changed: dict[int, Participant] = {}
        if self._rows:
            for row in Participant.objects.filter(call_id__in=list(self._rows), left_at__isnull=True):
                self._rows[row.call_id].append(row)

    def apply(
        self, ledger: Ledger, call: Call, told: Sequence[types.Participant], at: datetime, *, is_delta: bool
    ) -> None:
        """Make the roster of `call` what Graph says: a whole one replaces, a delta adds and removes."""
        rows = self._rows.setdefault(call.pk, [])
        joined: list[types.Participant] = []
        kept: set[int] = set()
        for one in told:
            row = _match(rows, one, kept)
            if one.is_removed or (row and _is_older(row, one)):
                continue
            if row is None:
                row = Participant(call=call, graph_id=one.id[:64], joined_at=at)
                rows.append(row)
                self._new.append(row)
                joined.append(one)
            kept.add(id(row))
            _fill(row, one)
            self._mark(row)
        left = [row for row in rows if _has_left(row, told, kept, is_delta=is_delta)]
        for row in left:
            row.left_at = at
            rows.remove(row)
            self._mark(row)
        if joined or left:
            names = {"joined": [_name(one) for one in joined], "left": [row.name for row in left]}
            ledger.record(call, "participants.changed", "microsoft", **names)
            ledger.change(call)

    def _mark(self, row: Participant) -> None:
        if row.pk:
            self._changed[row.pk] = row

    def write(self) -> None:
        """Write what changed, in two statements; after the calls."""
        if self._new:
            Participant.objects.bulk_create(self._new)
        if self._changed:
            Participant.objects.bulk_update(list(self._changed.values()), _FIELDS)


def _match(rows: Sequence[Participant], one: types.Participant, kept: set[int]) -> Participant | None:
    """Find the row of an entry: by its id, or, where the service sent none, by who it is."""
    if one.id:
        return next((row for row in rows if row.graph_id == one.id), None)
    key = (one.identity.kind, one.identity.id) if one.identity else ("", "")
    without = (row for row in rows if not row.graph_id and id(row) not in kept)
    return next((row for row in without if (row.kind, row.identity_id) == key), None)


def _is_older(row: Participant, one: types.Participant) -> bool:
    return row.sequence is not None and one.sequence is not None and one.sequence < row.sequence


def _has_left(row: Participant, told: Sequence[types.Participant], kept: set[int], *, is_delta: bool) -> bool:
    if is_delta:
        return any(one.is_removed and one.id and one.id == row.graph_id for one in told)
    return id(row) not in kept


def _fill(row: Participant, one: types.Participant) -> None:
    if one.identity:
        row.kind, row.identity_id = one.identity.kind[:24], one.identity.id[:320]
        row.name = one.identity.name[:256]
    row.is_muted, row.is_in_lobby, row.sequence = one.is_muted, one.is_in_lobby, one.sequence


def _name(one: types.Participant) -> str:
    return (one.identity.name or one.identity.id) if one.identity else ""
