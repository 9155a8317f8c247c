"""Who is in a call, by the rosters that Graph sends (REFERENCE 14.2) and that we read."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from calls import callees
from calls.ledger import Ledger
from calls.models import Call, Operation, Participant, Timer
from calls.rules import hearing, party
from commsportal.among import among
from graph import types

LOOK_AGAIN = timedelta(seconds=30)  # Microsoft tells some changes not at all
ALONE = timedelta(seconds=20)  # somebody may have dropped out and come back
NOBODY_CAME = timedelta(minutes=3)  # of those whom we called: they are rung again, perhaps
NOBODY_THERE = timedelta(minutes=30)  # in the meeting that the bot was asked into
_FIELDS = ("kind", "identity_id", "name", "is_muted", "is_in_lobby", "sequence", "left_at")


def look(ledger: Ledger, call: Call, after: timedelta = timedelta(0)) -> None:
    """Have the roster read: Microsoft tells none of a call that grew out of one of two (REFERENCE 18.1)."""
    ledger.set_timer(call, Timer.Kind.ROSTER, ledger.at + after)


def of(calls: Sequence[Call]) -> Mapping[UUID, Sequence[Participant]]:
    """Return who is and was in each of the calls, with one query."""
    told: dict[UUID, list[Participant]] = defaultdict(list)
    rows = Participant.objects.filter(among("call_id", [call.pk for call in calls]))
    for row in rows.order_by("joined_at", "id"):
        told[row.call_id].append(row)
    return told


def members(call: Call, told: Iterable[Participant]) -> list[party.Member]:
    """Return who of a roster is in the call now, for the rules."""
    return [_member(call, row) for row in told if row.left_at is None]


def _member(call: Call, row: Participant) -> party.Member:
    who = (row.kind, row.identity_id)
    return party.Member(
        row.graph_id,
        row.name or row.identity_id,
        is_caller=bool(call.caller_kind) and who == (call.caller_kind, call.caller_id),
        is_bot=_is_bot(call, row),
        is_muted=row.is_muted,
        is_in_lobby=row.is_in_lobby,
    )


def _is_bot(call: Call, row: Participant) -> bool:
    """Tell whether this is the portal: the application, or the bot identity of the line that it calls from."""
    line = call.line.instance_id if call.line else ""
    ours = {"application": settings.GRAPH_CLIENT_ID, "applicationInstance": line}.get(row.kind, "")
    return bool(ours) and row.identity_id.lower() == ours.lower()


def guests_stay(call: Call, operations: Sequence[Operation]) -> bool:
    """Tell whether the caller and somebody else were in the call when we last knew, or nobody ever told."""
    told = list(call.participants.all())
    inside = [one for one in members(call, told) if not one.is_bot]
    has_others = len(inside) > 1 or _is_guest_untold(call, told, operations)
    return not told or (any(one.is_caller for one in inside) and has_others)


def _is_guest_untold(call: Call, told: Iterable[Participant], operations: Iterable[Operation]) -> bool:
    """Tell whether the guest who came last is in no roster yet: it was told or read while they were being rung."""
    came = [row.created_at for row in operations if _has_come(row) and row.parameters.get("part") is None]
    known = [(_member(call, row), row.joined_at) for row in told]
    others = [at for one, at in known if not (one.is_bot or one.is_caller)]
    return bool(came) and not any(at >= came[-1] for at in others)


def wishes(operations: Iterable[Operation]) -> list[party.Wish]:
    """Return what was asked about single members, for the rules."""
    rows = (row for row in operations if row.kind in party.ACTIONS)
    return [party.Wish(row.kind, row.parameters["participant"], row.status) for row in rows]


def routes(operations: Iterable[Operation]) -> list[hearing.Route]:
    """Return what was asked about who hears single members, for the rules."""
    rows = (row for row in operations if row.kind in hearing.ACTIONS)
    return [
        hearing.Route(
            row.kind,
            row.status,
            str(row.pk),
            row.parameters["participant"],
            row.parameters["whom"],
            tuple(row.parameters.get("heard_by", ())),
        )
        for row in rows
    ]


def word(told: Sequence[Participant], operations: Iterable[Operation]) -> str:
    """Tell what an empty roster means: none is told of a call of two, nor at first of one that grew out of one."""
    if told:
        return "known"
    rows = list(operations)
    return "unavailable" if has_guests(rows) or callees.join_of(rows) else "none"


def has_guests(operations: Iterable[Operation]) -> bool:
    """Tell whether somebody whom we invited has come, which makes a call one of several."""
    return any(map(_has_come, operations))


def _has_come(row: Operation) -> bool:
    return row.kind == Operation.Kind.INVITE and row.status == Operation.Status.DONE


@dataclass
class Changes:
    """What is new about those who stay in a call: names by what happened."""

    names: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def note(self, row: Participant, one: types.Participant) -> None:
        """Compare what we have of somebody with what is told."""
        name = _name(one) or str(row)
        if one.is_muted != row.is_muted:
            self.names["muted" if one.is_muted else "unmuted"].append(name)
        if one.is_in_lobby != row.is_in_lobby:
            self.names["to_lobby" if one.is_in_lobby else "admitted"].append(name)
        if one.identity and _identity(one, row) != (row.kind, row.identity_id, row.name):
            self.names["named"].append(name)

    def told(self) -> dict[str, list[str]]:
        """Return it for the record."""
        return dict(self.names)


class Rosters:
    """The participants of the calls of one batch, read and written together."""

    def __init__(self, call_ids: Iterable[object]) -> None:
        self._rows: dict[object, list[Participant]] = {call_id: [] for call_id in call_ids}  # who is in
        self._gone: dict[tuple[object, str], Participant] = {}  # who left, and may come back under the same id
        self._new: list[Participant] = []
        self._changed: dict[int, Participant] = {}
        if self._rows:
            for row in Participant.objects.filter(among("call_id", self._rows)):
                if row.left_at is None:
                    self._rows[row.call_id].append(row)
                elif row.graph_id:
                    self._gone[row.call_id, row.graph_id] = row

    def apply(
        self, ledger: Ledger, call: Call, told: Sequence[types.Participant], at: datetime, *, is_delta: bool
    ) -> None:
        """Make the roster of `call` what Graph says: a whole one replaces, a delta adds and removes."""
        rows = self._rows.setdefault(call.pk, [])
        joined: list[types.Participant] = []
        kept: set[int] = set()
        changed = Changes()
        for one in told:
            row = _match(rows, one, kept)
            if row and _is_older(row, one):
                kept.add(id(row))
            if one.is_removed or (row and _is_older(row, one)):
                continue
            if row is None:
                row = self._enter(call, one.id[:64], at)
                rows.append(row)
                joined.append(one)
            else:
                changed.note(row, one)
            kept.add(id(row))
            _fill(row, one)
            self._mark(row)
        left = [row for row in rows if _has_left(row, told, kept, is_delta=is_delta)]
        for row in left:
            row.left_at = at
            rows.remove(row)
            self._gone[call.pk, row.graph_id] = row
            self._mark(row)
        news = {"joined": [_name(one) for one in joined], "left": [str(row) for row in left]} | changed.told()
        if any(news.values()):
            ledger.record(call, "participants.changed", "microsoft", **{k: v for k, v in news.items() if v})
            ledger.change(call)
        self._watch(ledger, call, rows)

    def _enter(self, call: Call, graph_id: str, at: datetime) -> Participant:
        row = self._gone.pop((call.pk, graph_id), None) if graph_id else None
        if row is None:
            row = Participant(call=call, graph_id=graph_id, joined_at=at)
            self._new.append(row)
        row.left_at = None
        return row

    def _watch(self, ledger: Ledger, call: Call, rows: Sequence[Participant]) -> None:
        """See that the bot does not stay behind alone, and that somebody looks whether all this is still so."""
        if not call.is_live:
            return
        look(ledger, call, LOOK_AGAIN)
        if not party.is_alone(members(call, rows)):
            ledger.stop_timer(call, Timer.Kind.ALONE)
        elif (grace := self._grace(ledger, call)) and not _is_leaving(call):
            ledger.set_timer(call, Timer.Kind.ALONE, ledger.at + grace)

    def _grace(self, ledger: Ledger, call: Call) -> timedelta | None:
        """Return how long the bot stays alone: None, until something else ends it.

        Who comes first into a meeting waits for the others: briefly if they have been there and left.
        """
        rows = ledger.operations[call.pk]
        if has_guests(rows) or any(key == call.pk for key, _ in self._gone):
            return ALONE
        join = callees.join_of(rows)
        if join is None:
            return None
        return NOBODY_CAME if join.parameters.get("guests") else NOBODY_THERE

    def _mark(self, row: Participant) -> None:
        if row.pk:
            self._changed[row.pk] = row

    def knows(self, call: Call) -> bool:
        """Tell whether somebody was told to be in the call, or to have been."""
        return bool(self._rows[call.pk]) or any(call_id == call.pk for call_id, _ in self._gone)

    def is_alone(self, call: Call) -> bool:
        """Tell whether nobody is in the call but the bot."""
        return party.is_alone(members(call, self._rows[call.pk]))

    def write(self) -> None:
        """Write what changed, in two statements; after the calls."""
        if self._new:
            Participant.objects.bulk_create(self._new)
        if self._changed:
            Participant.objects.bulk_update(list(self._changed.values()), _FIELDS)


def _is_leaving(call: Call) -> bool:
    return Timer.objects.filter(call=call, kind=Timer.Kind.ALONE).exists()


def _match(rows: Sequence[Participant], one: types.Participant, kept: set[int]) -> Participant | None:
    """Find the row of an entry: by its id, or, where the service sent none, by who it is."""
    if one.id:
        return next((row for row in rows if row.graph_id == one.id[:64]), None)
    key = (one.identity.kind, one.identity.id) if one.identity else ("", "")
    without = (row for row in rows if not row.graph_id and id(row) not in kept)
    return next((row for row in without if (row.kind, row.identity_id) == key), None)


def _is_older(row: Participant, one: types.Participant) -> bool:
    return row.sequence is not None and one.sequence is not None and one.sequence < row.sequence


def _has_left(row: Participant, told: Sequence[types.Participant], kept: set[int], *, is_delta: bool) -> bool:
    if is_delta:
        return any(one.is_removed and one.id and one.id[:64] == row.graph_id for one in told)
    return id(row) not in kept


def _fill(row: Participant, one: types.Participant) -> None:
    if one.identity:
        row.kind, row.identity_id, row.name = _identity(one, row)
    row.is_muted, row.is_in_lobby, row.sequence = one.is_muted, one.is_in_lobby, one.sequence


def _identity(one: types.Participant, row: Participant) -> tuple[str, str, str]:
    """Return who somebody is; a name that is not told any more stays."""
    assert one.identity
    return one.identity.kind[:24], one.identity.id[:320], one.identity.name[:256] or row.name


def _name(one: types.Participant) -> str:
    return (one.identity.name or one.identity.id) if one.identity else ""
