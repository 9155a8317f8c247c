"""What Graph tells our webhook, item by item (REFERENCE 14). Pure; nothing here raises on odd content."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from graph.types import CHANGE_TYPES, Call, Operation, Participant
from graph.values import entity_id, guid, integer, mapping, objects, odata_type, text, word

Kind = Literal["call", "participants", "operation", "other"]

# Both prefixes are in use, in any case, sometimes with a host before them.
_RESOURCE = re.compile(
    r"(?:^|/)calls/(?P<call>[^/?#]+)(?:/(?P<part>[^/?#]+)(?:/(?P<last>[^/?#]+))?)?/*(?:[?#]|$)", re.IGNORECASE
)
# In the place of an operation's id the pages show this too.
_ROSTER = "participants"


@dataclass(frozen=True)
class Notification:
    """One item of a POST's `value[]`."""

    kind: Kind
    change_type: str
    call_id: str
    operation_id: str = ""
    call: Call | None = None
    participants: list[Participant] | None = None
    operation: Operation | None = None
    is_delta: bool = False
    sequence: int | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict, repr=False)


def parse_item(item: object, query: Mapping[str, str] | None = None) -> Notification:
    """Read one item; what cannot be told apart is `other`.

    :param query: the query of the address it was POSTed to: a hint of our own making, never proof (W11).
    """
    raw = mapping(item)
    data = raw.get("resourceData")
    first = _first(data)
    resource = _Resource.read(raw)
    common: dict[str, Any] = {
        "change_type": word(raw.get("changeType"), CHANGE_TYPES),
        "query": dict(query or {}),
        "raw": raw,
    }
    kind = _kind(data, first, resource)
    if kind == "call":
        call = Call.from_graph(first)
        return Notification(kind, call_id=call.id or resource.call_id, call=call, **common)
    common["call_id"] = resource.call_id
    if kind == "participants":
        return Notification(kind, **common, **_roster(data, first))
    if kind == "operation":
        operation = Operation.from_graph(first)
        id_ = guid(operation.id) or resource.operation_id
        return Notification(kind, operation_id=id_, operation=operation, **common)
    return Notification(kind, **common)


def glance(item: object) -> tuple[Kind, str, str]:
    """Return kind, change type and call id of an item as `parse_item` would, at a fraction of the cost."""
    raw = mapping(item)
    data = raw.get("resourceData")
    first = _first(data)
    change_type = word(raw.get("changeType"), CHANGE_TYPES)
    if _is_call(first) and (own := guid(entity_id(first))):
        return "call", change_type, own
    resource = _Resource.read(raw)
    kind = _kind(data, first, resource)
    own = guid(entity_id(first)) if kind == "call" else ""
    return kind, change_type, own or resource.call_id


@dataclass(frozen=True)
class _Resource:
    call_id: str = ""
    part: str = ""
    last: str = ""

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> _Resource:
        address = text(raw.get("resourceUrl")) or text(raw.get("resource"))
        found = _RESOURCE.search(address)
        if not found:
            return cls()
        call, part, last = found.group("call", "part", "last")
        return cls(guid(call), (part or "").lower(), (last or "").lower())

    @property
    def operation_id(self) -> str:
        return guid(self.last) if self.part == "operations" else ""


def _first(data: object) -> dict[str, Any]:
    return next(iter(objects(data)), {})


def _is_call(first: Mapping[str, Any]) -> bool:
    return odata_type(first).lower() == "call"


def _kind(data: object, first: Mapping[str, Any], resource: _Resource) -> Kind:
    """Tell by the type first: the pages show rosters under `/operations/participants`."""
    if _is_call(first):
        return "call"
    name = odata_type(first).lower()
    if name in ("participant", "deltaparticipants"):
        return "participants"
    if name.endswith("operation"):
        return "operation"
    kind = "other" if name else _kind_by_address(resource)
    # Without data it is no roster: an empty one would say that everybody left.
    is_empty = kind == "participants" and not (first or isinstance(data, list))
    return "other" if is_empty else kind


def _kind_by_address(resource: _Resource) -> Kind:
    if not resource.call_id:
        return "other"
    if _ROSTER in (resource.part, resource.last):
        return "participants"
    kinds: dict[str, Kind] = {"": "call", "operations": "operation"}
    return kinds.get(resource.part, "other")


def _roster(data: object, first: Mapping[str, Any]) -> dict[str, Any]:
    is_delta = "participants" in first and "info" not in first
    entries = objects(first.get("participants")) if is_delta else objects(data)
    return {
        "participants": [Participant.from_graph(entry) for entry in entries],
        "is_delta": is_delta,
        "sequence": integer(first.get("sequenceNumber")) if is_delta else None,
    }
