"""Calls: create, read, steer and end them (REFERENCE 3 to 5). Each 202 means "asked", not "done"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from graph.errors import OutcomeUnknown, Refused
from graph.types import Call, Target

if TYPE_CHECKING:
    from graph.client import GraphClient

RejectReason = Literal["none", "busy", "forbidden"]
REJECT_REASONS: tuple[RejectReason, ...] = ("none", "busy", "forbidden")
REDIRECT_TARGETS = range(1, 26)
REDIRECT_SECONDS = range(15, 91)

INITIATE = "Calls.Initiate.All"
# The only answer that needs a role is the one to a group invitation.
JOIN_GROUP = "Calls.JoinGroupCall.All"

_CALLS = "/communications/calls"
_CALL = "/communications/calls/{call}"
_SERVICE_MEDIA = {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"}


class Calls:
    """The calls of one tenant's application. What steers or ends one returns Graph's id of the request."""

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    def create(
        self,
        *,
        callback_uri: str,
        targets: Sequence[Target],
        source: Mapping[str, Any] | None = None,
        scenario_id: str,
        subject: str = "",
    ) -> Call:
        """Call one user or phone number, with media hosted by the service.

        https://learn.microsoft.com/graph/api/application-post-calls

        :param source: identity set to call from; a phone is called from an `applicationInstance` with a number.
        :raises OutcomeUnknown: never to be repeated; the callback tells whether there is a call.
        """
        body = self.create_body(callback_uri, targets, source, subject)
        answer = self._graph.send("POST", _CALLS, body=body, scenario_id=scenario_id, permission=INITIATE)
        call = Call.from_graph(answer.entity())
        if not call.id:
            raise OutcomeUnknown(
                "a call was created without an id",
                status=answer.status,
                code="Unreadable",
                request_id=answer.request_id,
            )
        return replace(call, request_id=answer.request_id)

    def create_body(
        self, callback_uri: str, targets: Sequence[Target], source: Mapping[str, Any] | None, subject: str
    ) -> dict[str, Any]:
        """Build the body of `create`.

        :raises Refused: Graph would not take it, or it would become a group call.
        """
        if [target.kind for target in targets] not in (["user"], ["phone"], ["application"]):
            raise Refused("one user, phone number or application is called at a time", code="InvalidTarget")
        body: dict[str, Any] = {
            "@odata.type": "#microsoft.graph.call",
            "callbackUri": callback_uri,
            "targets": [target.to_graph() for target in targets],
            "requestedModalities": ["audio"],
            "mediaConfig": _SERVICE_MEDIA,
        }
        if source:
            body["source"] = {
                "@odata.type": "#microsoft.graph.participantInfo",
                "identity": {"@odata.type": "#microsoft.graph.identitySet", **source},
            }
        if targets[0].kind == "phone":
            if "applicationInstance" not in (source or {}):
                raise Refused("a phone is called from an application instance", code="InvalidSource")
            body["tenantId"] = self._graph.tenant_id
        return body | ({"subject": subject} if subject else {})

    def get(self, call_id: str, *, scenario_id: str = "") -> Call:
        """Read a call as it stands; https://learn.microsoft.com/graph/api/call-get

        :raises NotFound: it is over, or was never ours.
        """
        answer = self._graph.send("GET", _CALL, {"call": call_id}, scenario_id=scenario_id, repeatable=True)
        return Call.from_graph({"id": call_id, **answer.entity(repeatable=True)})

    def delete(self, call_id: str, *, scenario_id: str = "") -> str:
        """Hang up our leg; https://learn.microsoft.com/graph/api/call-delete"""
        answer = self._graph.send("DELETE", _CALL, {"call": call_id}, scenario_id=scenario_id, repeatable=True)
        return answer.request_id

    def keep_alive(self, call_id: str, *, scenario_id: str = "") -> None:
        """Keep a call from expiring after 45 minutes; https://learn.microsoft.com/graph/api/call-keepalive

        :raises NotFound: the call is over.
        """
        self._act("keepAlive", call_id, None, scenario_id, repeatable=True)

    def answer(self, call_id: str, *, callback_uri: str, in_group: bool = False, scenario_id: str = "") -> str:
        """Answer an incoming call with media hosted by the service.

        https://learn.microsoft.com/graph/api/call-answer

        :param in_group: the call came with a chatInfo, and so invites to a group call: only that needs a role.
        :raises NotFound: the caller gave up, or the 15 s are over.
        """
        body = {"callbackUri": callback_uri, "acceptedModalities": ["audio"], "mediaConfig": _SERVICE_MEDIA}
        return self._act("answer", call_id, body, scenario_id, permission=JOIN_GROUP if in_group else "")

    def reject(
        self, call_id: str, *, reason: RejectReason = "none", callback_uri: str = "", scenario_id: str = ""
    ) -> str:
        """Reject an incoming call; https://learn.microsoft.com/graph/api/call-reject"""
        if reason not in REJECT_REASONS:
            raise Refused("no such reason", code="InvalidReason")
        return self._act("reject", call_id, {"reason": reason} | _callback(callback_uri), scenario_id)

    def redirect(
        self,
        call_id: str,
        *,
        targets: Sequence[Target],
        timeout: int | None = None,
        callback_uri: str = "",
        scenario_id: str = "",
    ) -> str:
        """Pass an incoming call on; all targets ring, and who picks up first has it.

        https://learn.microsoft.com/graph/api/call-redirect

        :param timeout: seconds to ring, 15 to 90; None leaves 55 for one target and 60 for several.
        """
        if len(targets) not in REDIRECT_TARGETS:
            raise Refused("a call is redirected to 1 to 25 targets", code="InvalidTarget")
        if timeout is not None and timeout not in REDIRECT_SECONDS:
            raise Refused("a redirected call rings 15 to 90 seconds", code="InvalidTimeout")
        body: dict[str, Any] = {"targets": [target.to_graph() for target in targets]}
        if timeout is not None:
            body["timeout"] = timeout
        return self._act("redirect", call_id, body | _callback(callback_uri), scenario_id, permission=INITIATE)

    def transfer(self, call_id: str, *, target: Target, scenario_id: str = "") -> str:
        """Transfer an established call blindly; https://learn.microsoft.com/graph/api/call-transfer"""
        body = {"transferTarget": target.to_graph()}
        return self._act("transfer", call_id, body, scenario_id, permission=INITIATE)

    def _act(
        self,
        action: str,
        call_id: str,
        body: Mapping[str, Any] | None,
        scenario_id: str,
        *,
        repeatable: bool = False,
        permission: str = "",
    ) -> str:
        answer = self._graph.send(
            "POST",
            f"{_CALL}/{action}",
            {"call": call_id},
            body=body,
            scenario_id=scenario_id,
            repeatable=repeatable,
            permission=permission,
        )
        return answer.request_id


def _callback(uri: str) -> dict[str, str]:
    return {"callbackUri": uri} if uri else {}
