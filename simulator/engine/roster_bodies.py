"""The bodies of rosters, whole and by changes, in the shapes of REFERENCE 14.2 and 19.2."""

from simulator.engine import bodies
from simulator.engine.conference import Conference, Participant
from simulator.engine.model import Json

AUDIO, SCREEN = "main-audio", "applicationsharing-video"


def stream(participant: Participant) -> Json:
    """Return somebody's sound; music on hold leaves them nothing to send."""
    return {
        "@odata.type": "#microsoft.graph.mediaStream",
        "mediaType": "audio",
        "label": AUDIO,
        "sourceId": str(participant.number),
        "direction": "receiveOnly" if participant.is_held else "sendReceive",
        "serverMuted": participant.is_server_muted,
    }


def screen(participant: Participant) -> Json:
    """Return somebody's shared screen (`call-changescreensharingrole.md`)."""
    return {
        "@odata.type": "#microsoft.graph.mediaStream",
        "mediaType": "videoBasedScreenSharing",
        "label": SCREEN,
        "sourceId": str(participant.number),
        "direction": "sendOnly",
        "serverMuted": False,
    }


def entry(participant: Participant, *, decrypted: bool = True) -> Json:
    """Return one participant."""
    body: Json = {
        "@odata.type": "#microsoft.graph.participant",
        "id": participant.id,
        "info": bodies.participant(participant.party, decrypted=decrypted),
        "mediaStreams": [stream(participant)] + ([screen(participant)] if participant.is_sharing else []),
        "isMuted": participant.is_muted,
        "isInLobby": participant.is_in_lobby,
        "metadata": None,
    }
    if participant.recording:
        body["recordingInfo"] = recording(participant)
    return body


def recording(participant: Participant) -> Json:
    """Return the recordingInfo of somebody who told what they record (REFERENCE 7.1)."""
    return {
        "@odata.type": "#microsoft.graph.recordingInfo",
        "recordingStatus": participant.recording,
        "initiator": participant.initiator.identity_set() if participant.initiator else None,
    }


def whole(seen: list[Participant], *, decrypted: bool) -> list[Json]:
    """Return the roster as the full list, which replaces what a client has."""
    return [entry(participant, decrypted=decrypted) for participant in seen]


def changes(conference: Conference, changed: list[Participant], removed: str, *, decrypted: bool) -> Json:
    """Return what changed since the number before: deltaParticipants."""
    entries = [entry(found, decrypted=decrypted) | {"rosterSequenceNumber": found.changed_at} for found in changed]
    if removed:
        gone = {"@odata.type": "#microsoft.graph.removedState", "reason": removed}
        entries = [one | {"removedState": gone} for one in entries]
    return {
        "@odata.type": "#microsoft.graph.deltaParticipants",
        "id": conference.id,
        "sequenceNumber": conference.sequence,
        "participants": entries,
    }
