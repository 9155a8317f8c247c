"""Asking people into a call of several: ringing, and what comes of it (`participant-invite.md`)."""

from functools import partial

from simulator.engine import bodies, checks, escalation, legs, operations, rosters
from simulator.engine.application import Application
from simulator.engine.checks import bad_request
from simulator.engine.conference import Conference, Invitation, Operation, Settled
from simulator.engine.core import Engine
from simulator.engine.habits import Invites
from simulator.engine.model import SERVICE, Call, Json, Party, Result

INVITATION_RINGS = 45
MOVING_SECONDS = 0.3
TERMINATING_SECONDS = 0.05


def invite(engine: Engine, app: Application, call: Call, body: Json) -> Operation:
    """Ask up to five into a call; from a call between two this makes a group of it (REFERENCE 5.5, 18.1)."""
    checks.require_role(app.roles, "Calls.InitiateGroupCall.All")
    checks.require_state(call, "invite", ("established",), engine.faults)
    context = checks.check_context(body)
    wanted = wanted_of(engine, call, body["participants"])
    parties = [legs.named(engine, checks.party_of(entry)) for entry in wanted]
    check_phones(call, parties)
    replaced = replaced_by(engine, app, call, wanted[0], parties[0])
    conference = call.conference or escalation.provision(engine, call)
    operation = operations.start(engine, call, "inviteParticipantsOperation", context)
    settled = settlement(engine, call, operation, len(parties))
    if replaced:
        rung = [move_in(engine, conference, replaced, settled)]
    else:
        rung = ring_each(engine, conference, parties, settled)
    operation.members = {"participants": [echo(entry, one) for entry, one in zip(wanted, rung, strict=True)]}
    return operation


def wanted_of(engine: Engine, call: Call, participants: list[Json]) -> list[Json]:
    """Return the entries that count: with `replacesCallId` the first alone."""
    if not 1 <= len(participants) <= checks.MAX_INVITED:
        raise bad_request(f"participants must hold 1 to {checks.MAX_INVITED} to invite.")
    if participants[0].get("replacesCallId"):
        return participants[:1]
    if len(participants) > 1 and call.chat_info is None:
        raise bad_request("Several are invited only into a call with a chatInfo; invite one after the other.")
    return participants


def check_phones(call: Call, parties: list[Party]) -> None:
    """Refuse telephone numbers where they cannot be called from (REFERENCE 18.2)."""
    if any(party.kind == "phone" for party in parties) and not may_call_phones(call):
        raise bad_request("A telephone number is invited by an application instance, or from a joined meeting.")


def may_call_phones(call: Call) -> bool:
    """Tell whether numbers can be added to a call."""
    if call.meeting_info and not call.was_peer:
        return not call.meeting_info["@odata.type"].endswith("tokenMeetingInfo")
    if call.direction == "outgoing" and (call.conference is None or call.was_peer):
        return True
    return call.own_end.kind == "applicationInstance"


def replaced_by(engine: Engine, app: Application, call: Call, entry: Json, party: Party) -> Call | None:
    """Return the call between two that an invitation takes the place of."""
    key = entry.get("replacesCallId")
    if not key:
        return None
    found = engine.find(key)
    if found is None or found is call or (found.tenant_id, found.app_id) != (app.tenant.id, app.app_id):
        raise bad_request("replacesCallId names no other call of this application.")
    if found.state != "established" or found.conference:
        raise bad_request("replacesCallId must name an established call between two.")
    if not found.remote.is_same(party):
        raise bad_request("replacesCallId names a call with somebody else.")
    return found


def echo(entry: Json, invitation: Invitation) -> Json:
    """Return an invited participant as the operation shows it, with the id it will have in the roster."""
    return {
        **bodies.invitation(invitation.party),
        "participantId": invitation.id,
        "replacesCallId": entry.get("replacesCallId"),
    }


def settlement(engine: Engine, call: Call, operation: Operation, count: int) -> Settled:
    """Return what ends the operation once everybody has answered; who refuses makes it fail."""
    open_ones, refusals = [count], list[Result]()

    def settled(invitation: Invitation, result: Result | None) -> None:
        open_ones[0] -= 1
        if result:
            refusals.append(result)
        if not open_ones[0]:
            operations.finish(engine, call, operation, refusals[-1] if refusals else None)

    return settled


# Ringing


def ring_each(
    engine: Engine, conference: Conference, parties: list[Party], on_settled: Settled
) -> list[Invitation]:
    """Ring everybody; whoever picks up comes in."""
    return [ring(engine, conference, party, on_settled) for party in parties]


def ring(engine: Engine, conference: Conference, party: Party, on_settled: Settled) -> Invitation:
    """Ring one, who reacts in their own way and time; a line of ours is offered a call into the group."""
    invitation = Invitation(engine.new_id(), party, on_settled)
    conference.invited[invitation.id] = invitation
    if found := engine.directory.line_of_instance(party.id):
        ring_line(engine, conference, found[1].name, invitation.id)
        return invitation
    seconds, result = legs.reaction(engine, party)
    outcome = result
    if result is None and seconds > INVITATION_RINGS:
        outcome = engine.result(480, 0, "Nobody answered.", 8541)
    engine.after(min(seconds, INVITATION_RINGS), partial(react, engine, conference, invitation, outcome))
    return invitation


def react(engine: Engine, conference: Conference, invitation: Invitation, result: Result | None) -> None:
    """Take an answer to an invitation that still stands."""
    if conference.invited.pop(invitation.id, None) is None:
        return
    invitation.on_settled(invitation, result)
    if result is None:
        rosters.join(engine, conference, invitation.party, participant_id=invitation.id, is_asked=True)
    else:
        engine.after(rosters.EMPTY_SECONDS, partial(rosters.settle, engine, conference))


def cancel(engine: Engine, conference: Conference, invitation: Invitation) -> None:
    """Take an invitation back."""
    react(engine, conference, invitation, engine.result(487, 0, "The invitation was cancelled.", 8542))


def ring_line(
    engine: Engine, conference: Conference, name: str, invited_as: str = "", by: Party | None = None
) -> Call:
    """Offer an application a call into a group: one with chat and meeting (REFERENCE 4)."""
    found = engine.directory.line(name)
    if found is None:
        raise LookupError(name)
    inviter = by or next((participant.party for participant in conference.people), Party("group", conference.id))
    invites = Invites(
        conference=conference,
        chat_info=rosters.chat_info(conference),
        meeting_info=engine.meetings.token_for(conference, engine.now()),
        invited_as=invited_as or engine.new_id(),
    )
    return engine.ring(inviter, *found, invites=invites)


# Moving in from another call


def move_in(engine: Engine, conference: Conference, replaced: Call, on_settled: Settled) -> Invitation:
    """Take somebody over from the call that they are in with the application."""
    invitation = Invitation(engine.new_id(), replaced.remote, on_settled, replaces=replaced.id)
    conference.invited[invitation.id] = invitation
    engine.after(MOVING_SECONDS, partial(moved, engine, conference, replaced, invitation))
    return invitation


def moved(engine: Engine, conference: Conference, replaced: Call, invitation: Invitation) -> None:
    """Bring them in and drop the old call, unless it ended meanwhile."""
    gone = replaced.is_over or replaced.conference is not None
    lost = engine.result(487, 0, "The call to replace had ended.", 8542)
    standing = invitation.id in conference.invited
    react(engine, conference, invitation, lost if gone else None)
    if standing and not gone:
        drop(engine, replaced)


def drop(engine: Engine, call: Call) -> None:
    """End a call that another took the place of; nobody hung up, so there is no result."""
    engine.move(call, "terminating", SERVICE)
    engine.tell(call, "terminating")
    engine.after(TERMINATING_SECONDS, partial(engine.end, call, None, SERVICE))
