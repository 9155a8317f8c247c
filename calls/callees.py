"""Those who are called together from here, and what became of each: by the operations and the roster."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from calls.models import Operation, Participant
from calls.rules import callees as rules

Key = tuple[str, str]  # kind, and id in lower case


@dataclass
class Callee:
    """Somebody who is, or is to be, called into a call of ours."""

    kind: str
    id: str
    name: str  # for people
    rings: list[Operation] = field(default_factory=list)  # their invitations, oldest first
    presence: rules.Presence = ""

    @property
    def last(self) -> Operation | None:
        """Return the newest invitation."""
        return self.rings[-1] if self.rings else None

    @property
    def outcome(self) -> rules.Outcome:
        """Return what became of them."""
        row = self.last
        if row is None:
            return rules.outcome(None, self.presence)
        code = int(row.error_code) if row.error_code.isdecimal() else None
        return rules.outcome(rules.Ring(row.status, code, row.error_subcode), self.presence)


def join_of(operations: Iterable[Operation]) -> Operation | None:
    """Return the operation that began a call of ours to people, or into their meeting; not of a bridge."""
    joins = (row for row in operations if row.kind == Operation.Kind.JOIN and not row.parameters.get("for"))
    return next(joins, None)


def of(operations: Sequence[Operation], told: Iterable[Participant]) -> list[Callee]:
    """Return those who are called into a call of ours, in the order of asking; of any other call nobody."""
    join = join_of(operations)
    if join is None:
        return []
    found: dict[Key, Callee] = {}
    for guest in join.parameters.get("guests", []):
        _entry(found, guest)
    for row in operations:
        if row.kind == Operation.Kind.INVITE:
            _entry(found, row.parameters).rings.append(row)
    _see(found, told)
    return list(found.values())


def _entry(found: dict[Key, Callee], guest: dict[str, Any]) -> Callee:
    target = guest["targets"][0]  # each is asked by an operation of their own
    key = (target["kind"], target["id"].lower())
    return found.setdefault(key, Callee(target["kind"], target["id"], guest["to"]))


def _see(found: dict[Key, Callee], told: Iterable[Participant]) -> None:
    """Note who is in the call, on one device at least, and who was."""
    for row in told:
        callee = found.get((row.kind, row.identity_id.lower()))
        if callee and callee.presence != "in":
            callee.presence = "in" if row.left_at is None else "left"
