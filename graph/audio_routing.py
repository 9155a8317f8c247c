"""Who hears whom in a group call (REFERENCE 5.8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from graph.errors import Refused
from graph.paths import CALL
from graph.values import objects, text, word

if TYPE_CHECKING:
    from graph.client import GraphClient

RoutingMode = Literal["oneToOne", "multicast"]
ROUTING_MODES: tuple[RoutingMode, ...] = ("oneToOne", "multicast")
ROLE = "Calls.JoinGroupCall.All"

_GROUPS = f"{CALL}/audioRoutingGroups"
_GROUP = f"{_GROUPS}/{{group}}"


@dataclass(frozen=True)
class AudioRoutingGroup:
    """One source that only its receivers hear; both are ids of participants."""

    id: str
    routing_mode: str
    sources: tuple[str, ...]
    receivers: tuple[str, ...]
    request_id: str = ""

    @classmethod
    def from_graph(cls, value: dict[str, Any], request_id: str = "") -> AudioRoutingGroup:
        """Read an audioRoutingGroup."""
        return cls(
            text(value.get("id")),
            word(value.get("routingMode"), ROUTING_MODES),
            _ids(value.get("sources")),
            _ids(value.get("receivers")),
            request_id,
        )


class AudioRouting:
    """The audio routing groups of calls."""

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    def create(
        self,
        call_id: str,
        mode: RoutingMode,
        *,
        source: str,
        receivers: Sequence[str],
        group_id: str = "",
        scenario_id: str = "",
    ) -> AudioRoutingGroup:
        """Make a group; https://learn.microsoft.com/graph/api/call-post-audioroutinggroups

        :param group_id: our own name for it; the pages use the mode.
        :raises Refused: one to one has one receiver, multicast at least one.
        """
        body = _body(mode, source, receivers)
        if group_id:
            body["id"] = group_id
        answer = self._graph.send(
            "POST", _GROUPS, {"call": call_id}, body=body, scenario_id=scenario_id, permission=ROLE
        )
        return AudioRoutingGroup.from_graph(answer.entity(), answer.request_id)

    def list(self, call_id: str) -> list[AudioRoutingGroup]:
        """Read all; https://learn.microsoft.com/graph/api/call-list-audioroutinggroups"""
        answer = self._graph.send("GET", _GROUPS, {"call": call_id}, repeatable=True, permission=ROLE)
        groups = objects(answer.entity(repeatable=True).get("value"))
        return [AudioRoutingGroup.from_graph(group) for group in groups]

    def get(self, call_id: str, group_id: str) -> AudioRoutingGroup:
        """Read one; https://learn.microsoft.com/graph/api/audioroutinggroup-get"""
        ids = {"call": call_id, "group": group_id}
        answer = self._graph.send("GET", _GROUP, ids, repeatable=True, permission=ROLE)
        return AudioRoutingGroup.from_graph(answer.entity(repeatable=True))

    def update(
        self, call_id: str, group_id: str, mode: RoutingMode, *, source: str, receivers: Sequence[str]
    ) -> AudioRoutingGroup:
        """Change who speaks to whom; https://learn.microsoft.com/graph/api/audioroutinggroup-update"""
        body = _body(mode, source, receivers)
        ids = {"call": call_id, "group": group_id}
        answer = self._graph.send("PATCH", _GROUP, ids, body=body, repeatable=True, permission=ROLE)
        return AudioRoutingGroup.from_graph(answer.entity(repeatable=True))

    def delete(self, call_id: str, group_id: str, *, scenario_id: str = "") -> str:
        """Let everybody hear everybody again; return Graph's id of the request.

        https://learn.microsoft.com/graph/api/audioroutinggroup-delete
        """
        ids = {"call": call_id, "group": group_id}
        answer = self._graph.send("DELETE", _GROUP, ids, scenario_id=scenario_id, repeatable=True, permission=ROLE)
        return answer.request_id


def _body(mode: RoutingMode, source: str, receivers: Sequence[str]) -> dict[str, Any]:
    most = {"oneToOne": 1, "multicast": 1000}.get(mode, 0)
    if not 1 <= len(receivers) <= most:
        raise Refused("one to one has one receiver, multicast several", code="InvalidRouting")
    return {"routingMode": mode, "sources": [source], "receivers": list(receivers)}


def _ids(value: object) -> tuple[str, ...]:
    return tuple(filter(None, map(text, value if isinstance(value, list) else ())))
