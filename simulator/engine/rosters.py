"""Who comes and goes in a call of several, and what the applications in it are told."""

from functools import partial
from typing import TYPE_CHECKING

from simulator.engine import attendance, checks, roster_bodies
from simulator.engine.conference import Conference, Meeting, Participant
from simulator.engine.model import SERVICE, Call, Json, Party, Result

if TYPE_CHECKING:
    from simulator.engine.core import Engine

LOBBY_SECONDS = 30 * 60
EMPTY_SECONDS = 0.5
ALONE = Result(200, 5002, "Everybody else left.")
NOBODY = Result(200, 5013, "Nobody joined the group call.")
NOT_ADMITTED = Result(200, 5855, "Nobody let the participant in from the lobby.")


def open_conference(engine: "Engine", meeting: Meeting | None = None) -> Conference:
    """Make room for several; behind an ad hoc one there is a meeting that nobody can find."""
    conference = Conference(
        id=engine.new_id(),
        thread_id=meeting.thread_id if meeting else f"19:meeting_{engine.new_id().replace('-', '')}@thread.v2",
        created_at=engine.now(),
        meeting=meeting,
    )
    engine.conferences[conference.id] = conference
    return conference


def chat_info(conference: Conference) -> Json:
    """Return the chat of a conference."""
    return chat_of(conference.thread_id)


def chat_of(thread_id: str) -> Json:
    """Return a chat outside channels."""
    return {"@odata.type": "#microsoft.graph.chatInfo", "threadId": thread_id, "messageId": "0"}


def legs_of(engine: "Engine", conference: Conference) -> list[Call]:
    """List the applications' calls in a conference."""
    found = [engine.calls.get(participant.call_id) for participant in conference.participants.values()]
    return [call for call in found if call and not call.is_over]


# Coming


def enter(engine: "Engine", call: Call, conference: Conference) -> None:
    """Bring an application's connected leg into its conference, or before its door."""
    if invitation := conference.invited.pop(call.invited_as, None):
        invitation.on_settled(invitation, None)
    meeting, party = conference.meeting, call.own_party
    participant = Participant(call.my_participant_id, party, numbered(conference), call_id=call.id)
    participant.is_in_lobby = bool(
        meeting and not call.invited_as and meeting.waits(party, is_guest=call.is_guest)
    )
    add(engine, conference, participant)


def join(
    engine: "Engine", conference: Conference, party: Party, *, participant_id: str = "", is_asked: bool = False
) -> Participant:
    """Bring somebody in; who was not asked in waits in the lobby where the meeting says so."""
    participant = Participant(participant_id or engine.new_id(), party, numbered(conference))
    meeting = conference.meeting
    waits = meeting is not None and not is_asked and meeting.waits(party, is_guest=party.kind == "guest")
    participant.is_in_lobby = waits
    conference.was_joined = True
    add(engine, conference, participant)
    return participant


def numbered(conference: Conference) -> int:
    """Return the number of the next source of sound."""
    conference.numbers += 1
    return conference.numbers


def add(engine: "Engine", conference: Conference, participant: Participant) -> None:
    """Put an entry into the roster."""
    conference.participants[participant.id] = participant
    attendance.came(conference, participant, engine.now())
    if participant.is_in_lobby:
        engine.after(LOBBY_SECONDS, partial(tire, engine, conference, participant))
    announce(engine, conference, [participant])


def admit(engine: "Engine", conference: Conference, participant: Participant) -> None:
    """Let somebody in from the lobby; an application then hears of everybody."""
    participant.is_in_lobby = False
    attendance.came(conference, participant, engine.now())
    if call := engine.calls.get(participant.call_id):
        call.roster_told = False
    announce(engine, conference, [participant])


def tire(engine: "Engine", conference: Conference, participant: Participant) -> None:
    """Send somebody away whom nobody let in."""
    if participant.id not in conference.participants or not participant.is_in_lobby:
        return
    if call := engine.calls.get(participant.call_id):
        engine.end(call, NOT_ADMITTED, SERVICE)
    else:
        leave(engine, conference, participant, "lobbyTimeout")


# Going


def leave(
    engine: "Engine", conference: Conference, participant: Participant, reason: str, *, tells: bool = True
) -> None:
    """Take an entry out of the roster."""
    if conference.participants.pop(participant.id, None) is None:
        return
    attendance.went(conference, participant, engine.now())
    if tells:
        announce(engine, conference, [participant], reason)
    engine.after(EMPTY_SECONDS, partial(settle, engine, conference))


def depart(engine: "Engine", call: Call, conference: Conference) -> None:
    """Take the leg of a call that is over out, or whoever still rang it for the group."""
    if participant := conference.participants.get(call.my_participant_id):
        leave(engine, conference, participant, "left")
    elif invitation := conference.invited.pop(call.invited_as, None):
        invitation.on_settled(invitation, call.result or Result(480, 0, "The call was not taken."))
    else:
        engine.after(EMPTY_SECONDS, partial(settle, engine, conference))


def everybody_leaves(engine: "Engine", conference: Conference) -> None:
    """Have every person hang up."""
    for participant in conference.people:
        leave(engine, conference, participant, "left")


def settle(engine: "Engine", conference: Conference) -> None:
    """End what nobody is in any more: an ad hoc call of a lone application, people without one, an empty room."""
    legs, people = legs_of(engine, conference), conference.people
    if not legs:
        conference.invited.clear()
    if legs and not people and not conference.invited and conference.meeting is None:
        for call in legs:
            engine.end(call, ALONE if conference.was_joined else NOBODY, SERVICE)
    elif people and not legs:
        for participant in people:
            seconds = engine.between(20, 60, "talk")
            engine.after(seconds, partial(go_home, engine, conference, participant))
    if not conference.participants and not conference.invited and not is_expected(engine, conference):
        engine.conferences.pop(conference.id, None)
        attendance.close(conference, engine.new_id)


def go_home(engine: "Engine", conference: Conference, participant: Participant) -> None:
    """Leave a call that the applications have left."""
    if not legs_of(engine, conference):
        leave(engine, conference, participant, "left")


def is_expected(engine: "Engine", conference: Conference) -> bool:
    """Tell whether some application is on its way into a conference."""
    return any(call.conference is conference for call in engine.live())


# Telling


def announce(engine: "Engine", conference: Conference, changed: list[Participant], removed: str = "") -> None:
    """Tell every application in a conference what changed."""
    conference.sequence += 1
    for participant in changed:
        participant.changed_at = conference.sequence
    for call in legs_of(engine, conference):
        tell(engine, call, conference, changed, removed)


def seen_by(call: Call, conference: Conference) -> list[Participant]:
    """List whom an application sees: in the lobby, itself alone."""
    own = conference.participants.get(call.my_participant_id)
    if own and own.is_in_lobby:
        return [own]
    return [participant for participant in conference.participants.values() if not participant.is_hidden]


def tell(
    engine: "Engine", call: Call, conference: Conference, changed: list[Participant], removed: str = ""
) -> None:
    """Tell one application: nothing after an escalation (REFERENCE 18.1), else everything or the changes."""
    if call.was_peer or call.state not in ("established", "transferring", "transferAccepted"):
        return
    tenant = engine.directory.tenant(call.tenant_id)
    decrypted = bool(tenant and tenant.roles & checks.CALL_ROLES)
    settings, seen = engine.faults.settings, seen_by(call, conference)
    by_changes = call.options.get("isDeltaRosterEnabled") and (call.roster_told or not settings.delta_full_first)
    call.roster_told = True
    if not by_changes:
        engine.notify(call, "updated", roster_bodies.whole(seen, decrypted=decrypted), "/participants")
        return
    shown = [participant for participant in changed if removed or participant in seen]
    if shown:
        delta = roster_bodies.changes(conference, shown, removed, decrypted=decrypted)
        wrapped = [delta] if settings.delta_roster == "array" else delta
        engine.notify(call, "updated", wrapped, "/participants")
