"""Bodies of notifications, made small."""

import uuid
from typing import Any


def new_call() -> str:
    return str(uuid.uuid4())


def item(call: str, state: str = "incoming", change: str = "created", **members: Any) -> dict[str, Any]:
    """Return one item of `value[]` about a call."""
    data = {"@odata.type": "#microsoft.graph.call", "id": call, "state": state, "direction": "incoming"}
    return {
        "@odata.type": "#microsoft.graph.commsNotification",
        "changeType": change,
        "resourceUrl": f"/communications/calls/{call}",
        "resourceData": data,
    } | members


def body(*items: Any) -> dict[str, Any]:
    """Return a whole notification."""
    return {"@odata.type": "#microsoft.graph.commsNotifications", "value": list(items)}
