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
from tests.people import INSTANCES, tenant_id
from webhooks.models import Delivery

PATH = re.compile(r"https://graph.test/v1.0/communications/calls(?:/(?P<id>[^/?]+))?(?:/(?P<action>\w+))?")
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
        found = PATH.match(url)
        assert found
        call_id, action = found["id"] or "", found["action"] or method.lower()
        action = "create" if action == "post" else action
        with self.lock:
            self.headers.append(headers or {})
            self.requests.append((action, call_id, json.loads(body or b"{}")))
            fault = self.faults[action].popleft() if self.faults[action] else None
        if callable(fault):
            if (made := fault()) is not None:
                return made
        elif isinstance(fault, Exception):
            raise fault
        elif fault is not None:
            return fault
        with self.lock:
            return self._act(action, call_id)

    def _act(self, action: str, call_id: str) -> Answer:
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
