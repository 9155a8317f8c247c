"""Who is free (REFERENCE 10)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graph.values import mapping, normalize_id, objects, text

if TYPE_CHECKING:
    from graph.client import GraphClient

READ = "Presence.Read.All"
ASKED_AT_ONCE = 650


@dataclass(frozen=True)
class Presence:
    """How somebody shows in Teams. Both words are strings of Microsoft's choice: unknown ones are kept."""

    user_id: str
    availability: str = ""
    activity: str = ""
    is_out_of_office: bool = False
    message: str = ""

    @classmethod
    def from_graph(cls, value: object) -> Presence:
        """Read a presence; the message is plain text, or the markup of one."""
        presence = mapping(value)
        away = mapping(presence.get("outOfOfficeSettings"))
        status = mapping(mapping(presence.get("statusMessage")).get("message"))
        activity = text(presence.get("activity"))
        return cls(
            user_id=normalize_id(text(presence.get("id"))),
            availability=text(presence.get("availability")),
            activity=activity,
            is_out_of_office=away.get("isOutOfOffice") is True or activity == "OutOfOffice",
            message=text(away.get("message")) or text(status.get("content")),
        )


class Presences:
    """The presence of one tenant's users."""

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    def of(self, user_ids: Sequence[str]) -> Iterator[Presence]:
        """Read the presence of many, 650 a request; those whom Graph does not know are left out.

        https://learn.microsoft.com/graph/api/cloudcommunications-getpresencesbyuserid

        :raises GraphError: of any request; what came before it has been yielded.
        """
        for start in range(0, len(user_ids), ASKED_AT_ONCE):
            answer = self._graph.send(
                "POST",
                "/communications/getPresencesByUserId",
                body={"ids": list(user_ids[start : start + ASKED_AT_ONCE])},
                repeatable=True,
                permission=READ,
            )
            page = answer.entity(repeatable=True)
            yield from (Presence.from_graph(item) for item in objects(page.get("value")))

    def get(self, user_id: str) -> Presence:
        """Read the presence of one; https://learn.microsoft.com/graph/api/presence-get

        :raises NotFound: there is no such user.
        """
        answer = self._graph.send(
            "GET", "/communications/presences/{person}", {"person": user_id}, repeatable=True, permission=READ
        )
        body = answer.entity(repeatable=True)
        # One page shows a collection in the place of the entity.
        return Presence.from_graph(next(iter(objects(body.get("value"))), body) if "value" in body else body)
