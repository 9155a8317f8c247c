"""The bodies of calls and notifications, in the shapes of REFERENCE 3, 4 and 14."""

from hashlib import sha256
from typing import Any

from simulator.engine.model import Call, Json, Party, Result

GRAPH = "https://graph.microsoft.com/v1.0"

# Members the pages show and the metadata lacks; clients have come to expect them in the answer to create.
CREATE_LEFTOVERS: Json = {
    "subject": None,
    "terminationReason": None,
    "ringingTimeoutInSeconds": None,
    "mediaState": None,
    "resultInfo": None,
    "answeredBy": None,
    "chatInfo": None,
    "meetingInfo": None,
    "transcription": None,
    "meetingCapability": None,
    "toneInfo": None,
    "activeModalities": [],
    "routingPolicies": [],
    "callRoutes": [],
}


def participant(party: Party, *, decrypted: bool = True) -> Json:
    """Return a participantInfo; without any calling permission the identity stays encrypted (`call-answer.md`)."""
    identity = party.identity_set() if decrypted else encrypted(party)
    return {
        "@odata.type": "#microsoft.graph.participantInfo",
        "identity": identity,
        "region": "emea",
        "languageId": "en-US",
    }


def encrypted(party: Party) -> Json:
    """Return an identitySet that tells nothing but that somebody is there."""
    token = sha256(f"{party.kind}:{party.id}".encode()).hexdigest()[:32]
    return {
        "@odata.type": "#microsoft.graph.identitySet",
        "encrypted": {"@odata.type": "#microsoft.graph.identity", "id": token},
    }


def invitation(party: Party) -> Json:
    """Return an invitationParticipantInfo."""
    return {"@odata.type": "#microsoft.graph.invitationParticipantInfo", "identity": party.identity_set()}


def coordinates(call: Call) -> Json:
    """Return where a call of several takes place, as far as its kind tells (REFERENCE 3.1)."""
    members = {"chatInfo": call.chat_info, "meetingInfo": call.meeting_info}
    return {name: value for name, value in members.items() if value}


def call_members(call: Call) -> Json:
    """Return what every full rendering of a call has."""
    members: Json = {
        "@odata.type": "#microsoft.graph.call",
        "id": call.id,
        "state": call.state,
        "direction": call.direction,
        "callbackUri": call.callback_uri,
        "callChainId": call.chain_id,
        "myParticipantId": call.my_participant_id,
        "tenantId": call.tenant_id,
        "source": call.source,
        "targets": call.targets,
        "requestedModalities": call.modalities,
    }
    members |= coordinates(call)
    if call.options:
        members["callOptions"] = call.options
    if call.transferor:
        members["incomingContext"] = {
            "@odata.type": "#microsoft.graph.incomingContext",
            "transferor": call.transferor.identity_set(),
        }
    return members


def call_resource(call: Call) -> Json:
    """Return the answer to GET call."""
    return {
        "@odata.context": f"{GRAPH}/$metadata#communications/calls/$entity",
        **call_members(call),
        "mediaConfig": call.media_config,
        "mediaState": {"audio": call.audio} if call.audio else None,
        "resultInfo": call.result.to_graph() if call.result else None,
        "subject": call.subject,
        "callRoutes": [],
        "chatInfo": call.chat_info,
        "meetingInfo": call.meeting_info,
        "toneInfo": None,
        "transcription": None,
    }


def created_call(call: Call) -> Json:
    """Return the answer to create call."""
    return {
        "@odata.context": f"{GRAPH}/$metadata#app/calls/$entity",
        **CREATE_LEFTOVERS,
        **call_members(call),
        "mediaConfig": call.media_config,
        "subject": call.subject,
    }


def envelope(call: Call, change: str, data: Json | list[Json], part: str = "") -> Json:
    """Return the body of one notification with one item, about the call or a part of it."""
    item: dict[str, Any] = {
        "@odata.type": "#microsoft.graph.commsNotification",
        "changeType": change,
        "resource": f"/app/calls/{call.id}{part}",
        "resourceUrl": f"/communications/calls/{call.id}{part}",
    }
    if call.direction == "outgoing":
        item["callbackUri"] = call.callback_uri
    item["resourceData"] = data if isinstance(data, list) else {"@odata.type": "#microsoft.graph.call", **data}
    return {"@odata.type": "#microsoft.graph.commsNotifications", "value": [item]}


def state_change(call: Call, state: str, **members: Any) -> Json:
    """Return the resourceData of a state notification: only what changed, and where."""
    return {
        "@odata.id": f"/communications/calls/{call.id}",
        "@odata.etag": f'W/"{5444 + len(call.history)}"',
        "state": state,
        **members,
    }


def termination(result: Result | None) -> Json:
    """Return the resourceData of an end."""
    return {"state": "terminated"} | ({"resultInfo": result.to_graph()} if result else {})


def legacy_offer(call: Call) -> Json:
    """Return the older platform's notification of an incoming call (REFERENCE 14.4, from logs)."""
    ends = [(call.caller, True), (call.callee, False)]
    return {
        "id": call.id,
        "callState": "incoming",
        "participants": [
            {
                "identity": f"{'4' if party.kind == 'phone' else '8:orgid'}:{party.id}",
                "participantId": call.my_participant_id if not originator else call.chain_id,
                "languageId": "en-US",
                "tenantId": call.tenant_id,
                "region": "emea",
                "originator": originator,
                "isHidden": False,
                "endPointType": "default",
            }
            for party, originator in ends
        ],
        "isMultiparty": False,
        "presentedModalityTypes": ["audio"],
        "tenantId": call.tenant_id,
    }
