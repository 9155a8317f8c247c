"""Signed notifications as Microsoft sends them, ready to be written to a connection."""

import json
import uuid
from collections.abc import Iterator

from tests.bench import keys
from tests.webhooks.issuer import TENANT

PATH = "/webhooks/graph/calls"


def body(call_id: str, state: str, instance_id: str, change: str) -> bytes:
    """Return the body of one notification about a call to the bench's line."""
    source = {"identity": {"phone": {"@odata.type": "#microsoft.graph.identity", "id": "+14255550123"}}}
    bot = {"identity": {"applicationInstance": {"id": instance_id, "displayName": "main"}}}
    call = {
        "@odata.type": "#microsoft.graph.call",
        "id": call_id,
        "state": state,
        "direction": "incoming",
        "callbackUri": "https://portal.example/webhooks/graph/calls",
        "source": source,
        "targets": [{"@odata.type": "#microsoft.graph.invitationParticipantInfo"} | bot],
        "tenantId": TENANT,
        "myParticipantId": str(uuid.uuid4()),
    }
    if state == "terminated":
        call["resultInfo"] = {"code": 487, "subcode": 10003, "message": "The caller has ended the call."}
    item = {
        "@odata.type": "#microsoft.graph.commsNotification",
        "changeType": change,
        "resource": f"/app/calls/{call_id}",
        "resourceUrl": f"/communications/calls/{call_id}",
        "resourceData": call,
    }
    return json.dumps({"@odata.type": "#microsoft.graph.commsNotifications", "value": [item]}).encode()


class Requests:
    """Writes requests with one token."""

    def __init__(self, instance_id: str) -> None:
        self.instance_id = instance_id
        self.token = keys.issuer().token()

    def ring(self, call_id: str) -> bytes:
        """Return the request that tells of a new call."""
        return self._request(body(call_id, "incoming", self.instance_id, "created"))

    def end(self, call_id: str) -> bytes:
        """Return the request that tells of a call's end."""
        return self._request(body(call_id, "terminated", self.instance_id, "deleted"))

    def rings(self, count: int) -> Iterator[bytes]:
        """Write rings of as many calls."""
        return iter([self.ring(str(uuid.uuid4())) for _ in range(count)])

    def short_calls(self, count: int) -> Iterator[bytes]:
        """Write rings and, some way behind each, the caller's giving up."""
        ids = [str(uuid.uuid4()) for _ in range(count // 2)]
        waves = [ids[start : start + 200] for start in range(0, len(ids), 200)]
        return iter([make(call_id) for wave in waves for make in (self.ring, self.end) for call_id in wave])

    def _request(self, content: bytes) -> bytes:
        lines = [
            f"POST {PATH} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: Bearer {self.token}",
            "Content-Type: application/json",
            f"X-Microsoft-Skype-Message-ID: {uuid.uuid4()}",
            f"Content-Length: {len(content)}",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + content
