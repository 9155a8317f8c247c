"""Tones, screens, galleries, who hears whom, what is recorded (REFERENCE 5.3, 5.7, 5.8, 6.4, 6.5, 7.1)."""

from functools import partial

from simulator.engine import checks, operations, rosters
from simulator.engine.application import Application
from simulator.engine.checks import bad_request
from simulator.engine.conference import Conference, Operation
from simulator.engine.core import Engine
from simulator.engine.model import Call, GraphFault, Json

TONE_SECONDS = 0.1
GALLERY_SECONDS = 0.3
MOST_TONES = 1_000
LONGEST_DELAY = 60_000
SERVICE_HOSTED, APP_HOSTED = "serviceHostedMediaConfig", "appHostedMediaConfig"
GROUP_ROLES = ("Calls.JoinGroupCall.All", "Calls.InitiateGroupCall.All")
MODES = ("oneToOne", "multicast")


def send_tones(engine: Engine, call: Call, body: Json) -> Operation:
    """Send tones, one after the other (`call-senddtmftones.md`)."""
    checks.require_state(call, "sendDtmfTones", ("established",), engine.faults)
    checks.require_hosting(call, SERVICE_HOSTED, "sendDtmfTones", engine.faults)
    context, delay = checks.check_context(body), body.get("delayBetweenTonesMs") or 0
    if not 1 <= len(body["tones"]) <= MOST_TONES or not 0 <= delay <= LONGEST_DELAY:
        raise bad_request("tones must hold something to send, and the delay between them cannot be that long.")
    operation = operations.start(engine, call, "sendDtmfTonesOperation", context, completionReason=None)
    seconds = len(body["tones"]) * TONE_SECONDS + (len(body["tones"]) - 1) * delay / 1000
    sent = partial(operations.finish, engine, call, operation, completionReason="completedSuccessfully")
    engine.after(seconds, sent)
    return operation


def cancel(engine: Engine, call: Call, body: Json) -> Operation:
    """Cancel what media operations run; tones end as completed, with their own reason (REFERENCE 6.4, 6.5)."""
    checks.require_state(call, "cancelMediaProcessing", ("established",), engine.faults)
    checks.require_hosting(call, SERVICE_HOSTED, "cancelMediaProcessing", engine.faults)
    running = [found for found in call.operations.values() if not found.is_over]
    operation = operations.start(
        engine, call, "cancelMediaProcessingOperation", checks.check_context(body), "completed"
    )
    for found in running:
        if found.kind == "sendDtmfTonesOperation":
            operations.finish(engine, call, found, completionReason="mediaOperationCanceled")
    return operation


def share_screen(engine: Engine, app: Application, call: Call, body: Json) -> bool:
    """Begin or end to share (`call-changescreensharingrole.md`)."""
    checks.require_role(app.roles, "Calls.AccessMedia.All")
    conference = checks.require_group(call, "changeScreenSharingRole", engine.faults)
    checks.require_hosting(call, APP_HOSTED, "changeScreenSharingRole", engine.faults)
    own = conference.participants[call.my_participant_id]
    own.is_sharing = body["role"] == "sharer"
    rosters.announce(engine, conference, [own])
    return True


def add_gallery(engine: Engine, app: Application, call: Call, body: Json) -> Operation:
    """Add the large gallery (`call-addlargegalleryview.md`)."""
    checks.require_role(app.roles, *checks.JOIN_ROLES, "Calls.InitiateGroupCall.All")
    checks.require_group(call, "addLargeGalleryView", engine.faults)
    checks.require_hosting(call, APP_HOSTED, "addLargeGalleryView", engine.faults)
    operation = operations.start(engine, call, "addLargeGalleryViewOperation", checks.check_context(body))
    engine.after(GALLERY_SECONDS, partial(operations.finish, engine, call, operation))
    return operation


def record_status(engine: Engine, app: Application, call: Call, body: Json) -> Operation:
    """Show whether the application records (`call-updaterecordingstatus.md`)."""
    checks.require_role(app.roles, "Calls.AccessMedia.All", "Calls.JoinGroupCall.All")
    conference = checks.require_group(call, "updateRecordingStatus", engine.faults)
    context = checks.check_context(body)
    if body["status"] not in ("notRecording", "recording", "failed"):
        raise bad_request("status is one of notRecording, recording, failed.")
    operation = operations.start(engine, call, "updateRecordingStatusOperation", context, "completed")
    own = conference.participants[call.my_participant_id]
    own.recording, own.initiator = body["status"], own.party
    rosters.announce(engine, conference, [own])
    return operation


# Who hears whom


def routing(engine: Engine, app: Application, call: Call) -> Conference:
    """Return the conference whose sound an application may route (`call-post-audioroutinggroups.md`)."""
    checks.require_role(app.roles, *GROUP_ROLES)
    return checks.require_group(call, "audioRoutingGroups", engine.faults)


def add_group(engine: Engine, conference: Conference, body: Json) -> Json:
    """Make an audio routing group; its id may be the client's own."""
    key = body.get("id") or engine.new_id()
    if key in conference.groups:
        raise checks.conflict(f"There is an audio routing group {key} already.", engine.faults)
    conference.groups[key] = checked_group(conference, {**body, "id": key})
    return conference.groups[key]


def change_group(conference: Conference, key: str, body: Json) -> Json:
    """Change what is named of a group."""
    before = find_group(conference, key)
    conference.groups[key] = checked_group(conference, {**before, **body, "id": key})
    return conference.groups[key]


def find_group(conference: Conference, key: str) -> Json:
    """Return a group."""
    if key not in conference.groups:
        raise GraphFault(404, "8522", "Audio routing group not found.")
    return conference.groups[key]


def remove_group(conference: Conference, key: str) -> None:
    """Delete a group."""
    del conference.groups[find_group(conference, key)["id"]]


def checked_group(conference: Conference, body: Json) -> Json:
    """Refuse a group of strangers, or with too many for its mode."""
    sources, receivers = body.get("sources") or [], body.get("receivers") or []
    if body["routingMode"] not in MODES or len(sources) != 1 or not receivers:
        raise bad_request("routingMode is oneToOne or multicast, with one source and somebody to receive it.")
    if body["routingMode"] == "oneToOne" and len(receivers) > 1:
        raise bad_request("oneToOne has one receiver.")
    if not all(conference.find(key) for key in [*sources, *receivers]):
        raise bad_request("sources and receivers are participants of the call.")
    return {**body, "@odata.type": "#microsoft.graph.audioRoutingGroup"}
