"""What an application does to those in a call of several: look, mute, remove, hold (REFERENCE 5.2, 5.4, 5.6)."""

from simulator.engine import checks, inviting, operations, roster_bodies, rosters
from simulator.engine.application import Application
from simulator.engine.conference import Conference, Operation, Participant
from simulator.engine.core import Engine
from simulator.engine.model import CALLER, SERVICE, Call, GraphFault, Json, Party, Result

MUSIC_SECONDS = 0.3
REMOVED = Result(200, 5300, "The participant was removed by another.")


def not_found() -> GraphFault:
    """Make the 404 of somebody who is not in the call."""
    return GraphFault(404, "8522", "Participant not found.")


def list_all(engine: Engine, call: Call) -> list[Json]:
    """Return the roster; that of a call between two is a choice (REFERENCE 20, question 11)."""
    if call.conference:
        return roster_bodies.whole(rosters.seen_by(call, call.conference), decrypted=True)
    if engine.faults.settings.peer_roster == "both" and call.state == "established":
        return roster_bodies.whole(both_ends(call), decrypted=True)
    return []


def both_ends(call: Call) -> list[Participant]:
    """Return the two of a call between two as a roster would."""
    return [
        Participant(call.my_participant_id, call.own_party, 1, call_id=call.id),
        Participant(call.chain_id, call.remote, 2),
    ]


def get_one(engine: Engine, call: Call, participant_id: str) -> Json:
    """Return one participant (`participant-get.md`)."""
    wanted = participant_id.replace("-", "").lower()
    for body in list_all(engine, call):
        if body["id"].replace("-", "").lower() == wanted:
            return body
    raise not_found()


def somebody(conference: Conference, participant_id: str) -> Participant:
    """Return a participant."""
    participant = conference.find(participant_id)
    if participant is None:
        raise not_found()
    return participant


def mute(engine: Engine, call: Call, participant_id: str, body: Json) -> Operation:
    """Mute somebody at the server; they unmute themselves (`participant-mute.md`)."""
    conference = checks.require_group(call, "mute", engine.faults)
    participant, context = somebody(conference, participant_id), checks.check_context(body)
    operation = operations.start(engine, call, "muteParticipantOperation", context, "completed")
    set_muted(engine, conference, participant, muted=True)
    return operation


def mute_self(engine: Engine, call: Call, body: Json) -> Operation:
    """Mute the application itself (`call-mute.md`)."""
    return mute(engine, call, call.my_participant_id, body)


def unmute_self(engine: Engine, call: Call, body: Json) -> Operation:
    """Unmute the application itself (`call-unmute.md`)."""
    conference = checks.require_group(call, "unmute", engine.faults)
    participant, context = somebody(conference, call.my_participant_id), checks.check_context(body)
    operation = operations.start(engine, call, "unmuteParticipantOperation", context, "completed")
    set_muted(engine, conference, participant, muted=False)
    return operation


def set_muted(engine: Engine, conference: Conference, participant: Participant, *, muted: bool) -> None:
    """Mute or unmute, and tell; what is so already is told again, as the page promises a roster."""
    participant.is_muted = participant.is_server_muted = muted
    rosters.announce(engine, conference, [participant])


def remove(engine: Engine, app: Application, call: Call, participant_id: str) -> bool:
    """Remove somebody, or take back their invitation (`participant-delete.md`)."""
    checks.require_role(app.roles, *checks.JOIN_ROLES)
    if not app.tenant.removes_participants:
        raise GraphFault(403, "7505", "The tenant does not let this application remove participants.")
    conference = checks.require_group(call, "removing a participant", engine.faults)
    if invitation := conference.waiting(participant_id):
        inviting.cancel(engine, conference, invitation)
        return True
    participant = somebody(conference, participant_id)
    if leg := engine.calls.get(participant.call_id):
        engine.end(leg, REMOVED, SERVICE)
    else:
        tells = engine.faults.settings.roster_after_removal
        rosters.leave(engine, conference, participant, "removed", tells=tells)
    return True


# Music for one at a time


def start_music(engine: Engine, call: Call, participant_id: str, body: Json) -> Operation:
    """Put somebody on hold (`participant-startholdmusic.md`)."""
    conference = checks.require_group(call, "startHoldMusic", engine.faults)
    participant, context = somebody(conference, participant_id), checks.check_context(body)
    if any(other.is_held and other is not participant for other in conference.participants.values()):
        raise checks.conflict("Somebody else is on hold; only one can be.", engine.faults)
    return play(engine, call, participant, "startHoldMusicOperation", context, held=True)


def stop_music(engine: Engine, call: Call, participant_id: str, body: Json) -> Operation:
    """Take somebody off hold (`participant-stopholdmusic.md`)."""
    conference = checks.require_group(call, "stopHoldMusic", engine.faults)
    participant, context = somebody(conference, participant_id), checks.check_context(body)
    return play(engine, call, participant, "stopHoldMusicOperation", context, held=False)


def play(
    engine: Engine, call: Call, participant: Participant, kind: str, context: str | None, *, held: bool
) -> Operation:
    """Change whether somebody hears music; stopping what does not play fails, and so does music for who left."""
    operation = operations.start(engine, call, kind, context)
    is_idle = not held and not participant.is_held
    participant.is_held = held

    def done() -> None:
        conference = call.conference
        gone = conference is None or participant.id not in conference.participants
        why = "The participant has left." if gone else "The participant is not on hold." if is_idle else ""
        operations.finish(engine, call, operation, Result(400, 0, why) if why else None)
        if conference and not why:
            rosters.announce(engine, conference, [participant])

    engine.after(MUSIC_SECONDS, done)
    return operation


# What people do of themselves


def person_changes(engine: Engine, conference: Conference, participant: Participant, wanted: Json) -> None:
    """Have somebody mute or unmute themselves, share their screen, or be let in."""
    if "muted" in wanted:
        participant.is_muted = bool(wanted["muted"])
        participant.is_server_muted = participant.is_server_muted and participant.is_muted
    if "sharing" in wanted:
        participant.is_sharing = bool(wanted["sharing"])
    if participant.is_in_lobby and wanted.get("lobby") is False:
        rosters.admit(engine, conference, participant)
    else:
        rosters.announce(engine, conference, [participant])


def person_leaves(engine: Engine, conference: Conference, participant: Participant) -> None:
    """Have somebody hang up; an application is thrown out."""
    if leg := engine.calls.get(participant.call_id):
        engine.end(leg, REMOVED, CALLER)
    else:
        rosters.leave(engine, conference, participant, "left")


def person_invites(engine: Engine, conference: Conference, party: Party) -> None:
    """Have somebody in the call ring somebody else."""
    inviting.ring_each(engine, conference, [party], lambda invitation, result: None)
