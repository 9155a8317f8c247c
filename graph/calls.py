"""Calls: create, read, steer and end them (REFERENCE 3 to 5). Each 202 means "asked", not "done"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from graph.errors import OutcomeUnknown, Refused
from graph.joining import Coordinates
from graph.paths import CALL
from graph.types import Call, Target, Transferee

if TYPE_CHECKING:
    from graph.client import GraphClient

RejectReason = Literal["none", "busy", "forbidden"]
REJECT_REASONS: tuple[RejectReason, ...] = ("none", "busy", "forbidden")
GROUP_TARGETS = range(2, 6)  # with neither chat nor recording (REFERENCE 3.1)
REDIRECT_TARGETS = range(1, 26)
REDIRECT_SECONDS = range(15, 91)

INITIATE = "Calls.Initiate.All"
INITIATE_GROUP = "Calls.InitiateGroupCall.All"
# Of answers only the one to a group invitation needs a role.
JOIN_GROUP = "Calls.JoinGroupCall.All"

_CALLS = "/communications/calls"
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
        """Call one user, application or phone number, or several users together, with media hosted by the service.

        https://learn.microsoft.com/graph/api/application-post-calls

        :param targets: one, or 2 to 5 users: then it is a group call.
        :param source: identity set to call from; a phone is called from an `applicationInstance` with a number.
        :raises Refused: Graph would not take it; nothing was sent.
        :raises OutcomeUnknown: never to be repeated; the callback tells whether there is a call.
        """
        _check_targets(targets, source)
        body = _placed(callback_uri, source, subject) | {"targets": [target.to_graph() for target in targets]}
        if targets[0].kind == "phone":
            body["tenantId"] = self._graph.tenant_id
        return self._place(body, scenario_id, INITIATE if len(targets) == 1 else INITIATE_GROUP)

    def join(
        self,
        coordinates: Coordinates,
        *,
        callback_uri: str,
        source: Mapping[str, Any] | None = None,
        scenario_id: str,
        subject: str = "",
    ) -> Call:
        """Join a meeting, with media hosted by the service; https://learn.microsoft.com/graph/api/application-post-calls

        :param source: identity set to join as; a distinct one joins the same meeting once more.
        :raises OutcomeUnknown: never to be repeated; the callback tells whether there is a call.
        """
        tenant = coordinates.organizer_tenant_id or self._graph.tenant_id
        body = _placed(callback_uri, source, subject) | coordinates.to_graph() | {"tenantId": tenant}
        return self._place(body, scenario_id, JOIN_GROUP)

    def _place(self, body: Mapping[str, Any], scenario_id: str, permission: str) -> Call:
        answer = self._graph.send("POST", _CALLS, body=body, scenario_id=scenario_id, permission=permission)
        call = Call.from_graph(answer.entity())
        if not call.id:
            raise OutcomeUnknown(
                "a call was created without an id",
                status=answer.status,
                code="Unreadable",
                request_id=answer.request_id,
            )
        return replace(call, request_id=answer.request_id)

    def get(self, call_id: str, *, scenario_id: str = "") -> Call:
        """Read a call as it stands; https://learn.microsoft.com/graph/api/call-get

        :raises NotFound: it is over, or was never ours.
        """
        answer = self._graph.send("GET", CALL, {"call": call_id}, scenario_id=scenario_id, repeatable=True)
        return Call.from_graph({"id": call_id, **answer.entity(repeatable=True)})

    def delete(self, call_id: str, *, scenario_id: str = "") -> str:
        """Hang up our leg; https://learn.microsoft.com/graph/api/call-delete"""
        answer = self._graph.send("DELETE", CALL, {"call": call_id}, scenario_id=scenario_id, repeatable=True)
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

    def transfer(
        self,
        call_id: str,
        *,
        target: Target,
        transferee: Transferee | None = None,
        client_context: str = "",
        scenario_id: str = "",
    ) -> str:
        """Transfer an established call: blindly, or to one we talk to already (`target.replaces_call_id`).

        https://learn.microsoft.com/graph/api/call-transfer

        :param transferee: whom of a group call to move; a call of two has but one.
        """
        body: dict[str, Any] = {"transferTarget": target.to_graph()}
        if transferee:
            body["transferee"] = transferee.to_graph()
        if client_context:
            body["clientContext"] = client_context
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
            f"{CALL}/{action}",
            {"call": call_id},
            body=body,
            scenario_id=scenario_id,
            repeatable=repeatable,
            permission=permission,
        )
        return answer.request_id


def _placed(callback_uri: str, source: Mapping[str, Any] | None, subject: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "@odata.type": "#microsoft.graph.call",
        "callbackUri": callback_uri,
        "requestedModalities": ["audio"],
        "mediaConfig": _SERVICE_MEDIA,
    }
    if source:
        body["source"] = {
            "@odata.type": "#microsoft.graph.participantInfo",
            "identity": {"@odata.type": "#microsoft.graph.identitySet", **source},
        }
    return body | ({"subject": subject} if subject else {})


def _check_targets(targets: Sequence[Target], source: Mapping[str, Any] | None) -> None:
    """Refuse what Graph would, before it is asked.

    :raises Refused: nobody, too many, or a mixture; a phone without a number to call from.
    """
    kinds = [target.kind for target in targets]
    if kinds not in (["user"], ["phone"], ["application"]) and not (
        len(kinds) in GROUP_TARGETS and set(kinds) == {"user"}
    ):
        allowed = f"one user, phone number or application, or {GROUP_TARGETS[0]} to {GROUP_TARGETS[-1]} users"
        raise Refused(f"{allowed} are called at once", code="InvalidTarget")
    if kinds == ["phone"] and "applicationInstance" not in (source or {}):
        raise Refused("a phone is called from an application instance", code="InvalidSource")


def _callback(uri: str) -> dict[str, str]:
    return {"callbackUri": uri} if uri else {}
