"""The people in a group call: who is there, inviting, muting, removing, hold music (REFERENCE 5.4 to 5.6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graph.errors import OutcomeUnknown, Refused
from graph.paths import CALL
from graph.types import Operation, Participant, Target
from graph.values import objects, text

if TYPE_CHECKING:
    from graph.client import GraphClient

INVITED_AT_ONCE = 5
MOST_PAGES = 100

INVITE = "Calls.InitiateGroupCall.All"
# Beside this role the tenant must list the application (REFERENCE 2.3).
REMOVE = "Calls.JoinGroupCall.All and AllowRemoveParticipantAppIds"

_ONE = "participants/{participant}"


class Participants:
    """The participants of one tenant's group calls."""

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    def list(self, call_id: str, *, scenario_id: str = "") -> list[Participant]:
        """Read the roster; https://learn.microsoft.com/graph/api/call-list-participants

        A call of two is answered with nobody in practice: an empty list does not say that nobody is there.

        :raises NotFound: the call is over.
        """
        template = f"{CALL}/participants"
        answer = self._graph.send("GET", template, {"call": call_id}, scenario_id=scenario_id, repeatable=True)
        found: list[Participant] = []
        for _page in range(MOST_PAGES):
            page = answer.entity(repeatable=True)
            found += [Participant.from_graph(entry) for entry in objects(page.get("value"))]
            link = text(page.get("@odata.nextLink"))
            if not link:
                return found
            answer = self._graph.follow(link, template)
        raise OutcomeUnknown("the roster has no end", code="EndlessList")

    def get(self, call_id: str, participant_id: str) -> Participant:
        """Read one participant; https://learn.microsoft.com/graph/api/participant-get

        :raises NotFound: there is none of this id, or the call is over.
        """
        ids = {"call": call_id, "participant": participant_id}
        answer = self._graph.send("GET", f"{CALL}/{_ONE}", ids, repeatable=True)
        return Participant.from_graph({"id": participant_id, **answer.entity(repeatable=True)})

    def invite(
        self, call_id: str, targets: Sequence[Target], *, client_context: str = "", scenario_id: str = ""
    ) -> Operation:
        """Ring people into a group call, or make one of a call of two.

        https://learn.microsoft.com/graph/api/participant-invite

        :param targets: 1 to 5. One that comes out of another call of ours (`replaces_call_id`) comes alone,
            for Graph reads the first entry only.
        :raises Refused: more, or none; a voicemail.
        """
        if not 1 <= len(targets) <= INVITED_AT_ONCE:
            raise Refused(f"1 to {INVITED_AT_ONCE} people are invited at once", code="InvalidTarget")
        if len(targets) > 1 and any(target.replaces_call_id for target in targets):
            raise Refused("who comes out of another call is invited alone", code="InvalidTarget")
        if any(target.kind == "voicemail" for target in targets):
            raise Refused("a voicemail cannot be invited", code="InvalidTarget")
        return self._graph.operations.ask(
            "participants/invite",
            {"call": call_id},
            {"participants": [target.to_graph() for target in targets]},
            client_context=client_context,
            scenario_id=scenario_id,
            permission=INVITE,
        )

    def mute(
        self, call_id: str, participant_id: str, *, client_context: str = "", scenario_id: str = ""
    ) -> Operation:
        """Mute somebody, who can unmute again; https://learn.microsoft.com/graph/api/participant-mute"""
        return self._graph.operations.ask(
            f"{_ONE}/mute",
            {"call": call_id, "participant": participant_id},
            client_context=client_context,
            scenario_id=scenario_id,
            repeatable=True,
        )

    def remove(self, call_id: str, participant_id: str, *, scenario_id: str = "") -> str:
        """Remove somebody, or take an invitation back; return Graph's id of the request.

        https://learn.microsoft.com/graph/api/participant-delete

        :raises Forbidden: a role is missing, or the tenant does not list our application
            (`Set-CsApplicationMeetingConfiguration -AllowRemoveParticipantAppIds`).
        """
        ids = {"call": call_id, "participant": participant_id}
        answer = self._graph.send(
            "DELETE", f"{CALL}/{_ONE}", ids, scenario_id=scenario_id, repeatable=True, permission=REMOVE
        )
        return answer.request_id

    def start_hold_music(
        self, call_id: str, participant_id: str, *, client_context: str = "", scenario_id: str = ""
    ) -> Operation:
        """Have somebody hear music and nobody else; only one participant of a call can be on hold.

        https://learn.microsoft.com/graph/api/participant-startholdmusic
        """
        return self._hold_music("startHoldMusic", call_id, participant_id, client_context, scenario_id)

    def stop_hold_music(
        self, call_id: str, participant_id: str, *, client_context: str = "", scenario_id: str = ""
    ) -> Operation:
        """Bring somebody back from hold; https://learn.microsoft.com/graph/api/participant-stopholdmusic"""
        return self._hold_music("stopHoldMusic", call_id, participant_id, client_context, scenario_id)

    def _hold_music(
        self, action: str, call_id: str, participant_id: str, client_context: str, scenario_id: str
    ) -> Operation:
        return self._graph.operations.ask(
            f"{_ONE}/{action}",
            {"call": call_id, "participant": participant_id},
            client_context=client_context,
            scenario_id=scenario_id,
        )
