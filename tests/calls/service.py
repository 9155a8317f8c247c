"""A scripted Graph behind the transport: calls with states, requests on record, faults on demand.

It stands where the network would be (`graph.transport.Wire`); everything above is the product's own code.
"""

import itertools
import json
import re
import threading
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings

from commsportal.clock import now
from graph.client import GraphClient
from graph.transport import Answer
from tests.people import INSTANCES, OIDS, tenant_id
from webhooks.models import Delivery

PATH = re.compile(
    r"https://graph.test/v1.0/communications/calls(?:/(?P<id>[^/?]+))?(?:/(?P<action>\w+))?(?:/(?P<rest>[\w-]+))?"
    r"(?:/(?P<deed>\w+))?"
)
USERS = "https://graph.test/v1.0/users?"
MEETINGS = "/onlineMeetings/createOrGet"
ABOUT_ONE = ("mute", "remove", "startHoldMusic", "stopHoldMusic")
AT_ONCE = ("mute", "unmute", "cancelMediaProcessing")  # done with the answer
# What is asked inside an established call, and the operation that Graph makes of it.
INSIDE = {
    "invite": "inviteParticipantsOperation",
    "mute": "muteParticipantOperation",
    "startHoldMusic": "startHoldMusicOperation",
    "stopHoldMusic": "stopHoldMusicOperation",
    "sendDtmfTones": "sendDtmfTonesOperation",
    "unmute": "unmuteParticipantOperation",
    "addLargeGalleryView": "addLargeGalleryViewOperation",
    "cancelMediaProcessing": "cancelMediaProcessingOperation",
    "remove": "",
    "audioRoutingGroups": "",
    "unroute": "",
    "changeScreenSharingRole": "",
    "operation": "",
    "participants": "",
}
numbers = itertools.count(1)
Fault = Answer | Exception | Callable[[], Answer | None]


class Tokens:
    """Bearer tokens that are always good."""

    def bearer(self) -> str:
        return "token"

    def drop(self, token: str) -> None:
        return None


class Service:
    """Graph, as far as calls go: `states` by call id, `requests` as (action, call id, body), `headers` of each."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.requests: list[tuple[str, str, dict[str, Any]]] = []
        self.operations: dict[str, dict[str, Any]] = {}  # Graph's own, by id
        self.participants: dict[str, list[dict[str, Any]]] = {}  # by call id
        self.routes: dict[str, dict[str, Any]] = {}  # audio routing groups, by id
        self.headers: list[Mapping[str, str]] = []
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.lock = threading.Lock()
        self.clients: dict[str, GraphClient] = {}

    def client(self, tenant: str = "") -> GraphClient:
        """Stand in for `graph.conf.client`."""
        return GraphClient("https://graph.test/v1.0", tenant or tenant_id(), Tokens(), self)  # type: ignore[arg-type]

    def fail(self, action: str, *faults: Fault) -> None:
        """Have the next requests of `action` (get, create ...) fail so; a callable runs first, and may answer."""
        self.faults[action].extend(faults)

    def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        repeatable: bool = False,
        limit: int = 0,
    ) -> Answer:
        """Answer one request."""
        call_id, action = _wanted(method, url)
        told = json.loads(body or b"{}")
        with self.lock:
            self.headers.append(headers or {})
            self.requests.append((action, call_id, told))
            fault = self.faults[action].popleft() if self.faults[action] else None
        if callable(fault):
            if (made := fault()) is not None:
                return made
        elif isinstance(fault, Exception):
            raise fault
        elif fault is not None:
            return fault
        with self.lock:
            inside = self._inside(action, call_id, url, told)
            return inside or self._act(action, call_id)

    def _inside(self, action: str, call_id: str, url: str, told: dict[str, Any]) -> Answer | None:
        """Answer what is asked of those in an established call; None for everything else."""
        if action not in INSIDE or self.states.get(call_id) != "established":
            return None
        is_about_one = action in ABOUT_ONE and "/participants/" in url
        if is_about_one and not any(one["id"] in url for one in self.participants.get(call_id, [])):
            return error(404, "8522", "Participant not found.")
        if action in ("remove", "changeScreenSharingRole"):
            return answer(204 if action == "remove" else 202)
        if action == "audioRoutingGroups":
            self.routes[told["id"]] = told
            return answer(200, told)
        if action == "unroute":
            gone = self.routes.pop(url.rpartition("/")[2], None)
            return answer(204) if gone else error(404, "8522", "Audio routing group not found.")
        if action == "participants":
            return answer(200, {"value": self.participants.get(call_id, [])})
        if action == "operation":
            found = self.operations.get(url.rpartition("/")[2])
            return answer(200, found) if found else error(404, "8522")
        status = "completed" if action in AT_ONCE else "running"
        made = {"id": str(uuid.uuid4()), "status": status, "clientContext": told.get("clientContext")}
        self.operations[made["id"]] = {"@odata.type": f"#microsoft.graph.{INSIDE[action]}"} | made
        return answer(200, self.operations[made["id"]])

    def _act(self, action: str, call_id: str) -> Answer:
        if action == "users":
            return answer(200, {"value": [{"id": OIDS["max"], "displayName": "Max"}]})
        if action == "meeting":
            made = {"id": "meeting-1", "chatInfo": {"threadId": "19:meeting_x@thread.v2", "messageId": "0"}}
            return answer(201, made)
        state = self.states.get(call_id, "terminated")
        if action == "create":
            made = str(uuid.uuid4())
            self.states[made] = "establishing"
            return answer(201, {"id": made, "state": "establishing", "direction": "outgoing"})
        if state == "terminated":
            return error(404, "8522")
        if action == "get":
            return answer(200, {"id": call_id, "state": state, "direction": "incoming"})
        if action in ("answer", "reject", "redirect"):
            if state != "incoming":
                return error(409, "8585")
            self.states[call_id] = "establishing" if action == "answer" else "terminated"
            return answer(202)
        if action == "transfer":
            if state != "established":
                return error(409, "8585")
            self.states[call_id] = "transferring"
            return answer(202)
        if action == "delete":
            self.states[call_id] = "terminated"
            return answer(204)
        return answer(200)

    def made(self, action: str) -> list[dict[str, Any]]:
        """Return the bodies of all requests of `action`."""
        return [body for name, _, body in self.requests if name == action]

    def ring(self, line: str = "main", **facts: Any) -> str:
        """Have somebody call `line`; return Graph's id of the call that is notified."""
        call_id = str(uuid.uuid4())
        self.states[call_id] = "incoming"
        tell(call_id, "created", incoming(line, **facts))
        return call_id


def _wanted(method: str, url: str) -> tuple[str, str]:
    """Return the call that a request is about, and the action."""
    if url.startswith(USERS):
        return "", "users"
    if url.endswith(MEETINGS):
        return "", "meeting"
    found = PATH.match(url)
    assert found
    inside = {("participants", "invite"): "invite", ("operations", found["rest"]): "operation"}
    action = inside.get((found["action"], found["rest"])) or found["action"] or method.lower()
    if action == "participants" and found["rest"]:
        action = found["deed"] or "remove"
    if action == "audioRoutingGroups" and method == "DELETE":
        action = "unroute"
    return found["id"] or "", "create" if action == "post" else action


def answer(status: int, body: dict[str, Any] | None = None, **headers: str) -> Answer:
    return Answer(status, headers, json.dumps(body).encode() if body is not None else b"")


def error(status: int, code: str, message: str = "refused", **headers: str) -> Answer:
    body = {"error": {"code": code, "message": message, "innerError": {"request-id": "req-1"}}}
    return answer(status, body, **headers)


def incoming(line: str = "main", phone: str = "+14255550123", **facts: Any) -> dict[str, Any]:
    """Return the resource of an incoming call."""
    return {
        "state": "incoming",
        "direction": "incoming",
        "source": {"identity": {"phone": {"id": phone}}},
        "targets": [{"identity": {"applicationInstance": {"id": INSTANCES[line], "displayName": line}}}],
        "callChainId": str(uuid.uuid4()),
        "tenantId": tenant_id(),
        "callbackUri": settings.CALLBACK_URL,
    } | facts


def tell(
    call_id: str,
    change: str,
    resource: dict[str, Any] | list[Any] | None = None,
    *,
    part: str = "",
    tenant: str = "",
    query: str = "",
    message: str = "",
) -> Delivery:
    """Store one delivery, as the intake does after checking its signature."""
    kind = {"@odata.type": "#microsoft.graph.call"}
    data = kind | resource if isinstance(resource, dict) else resource if resource is not None else kind
    item = {
        "@odata.type": "#microsoft.graph.commsNotification",
        "changeType": change,
        "resourceUrl": f"/communications/calls/{call_id}{part}",
        "resourceData": data,
    }
    at = now()
    return Delivery.objects.create(
        tenant_id=tenant or tenant_id(),
        message_key=message or f"message-{next(numbers)}",
        index=0,
        call_key=call_id,
        is_ring=change == "created",
        query=query,
        body=json.dumps(item),
        received_at=at,
        due_at=at,
    )


def state(word: str, code: int | None = None, subcode: int = 0, message: str = "") -> dict[str, Any]:
    """Return the resource of a call that is now in another state."""
    result = {"resultInfo": {"code": code, "subcode": subcode, "message": message}} if code is not None else {}
    return {"state": word} | result
