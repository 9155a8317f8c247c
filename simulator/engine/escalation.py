"""A call between two becomes one of several (REFERENCE 18.1)."""

from functools import partial

from simulator.engine import checks, legs, rosters
from simulator.engine.conference import Conference, Participant
from simulator.engine.core import Engine
from simulator.engine.model import SERVICE, Call, Party, Result

DROPPED = Result(200, 5000, "The application may not take part in group calls.")


def provision(engine: Engine, call: Call) -> Conference:
    """Make a conference of a call and move both ends into it; its rosters are told to nobody."""
    conference = rosters.open_conference(engine)
    call.conference, call.was_peer = conference, True
    call.chat_info = rosters.chat_info(conference)
    hidden = bool(call.options.get("hideBotAfterEscalation"))
    own = Participant(
        call.my_participant_id, call.own_party, rosters.numbered(conference), call_id=call.id, is_hidden=hidden
    )
    conference.participants[own.id] = own
    rosters.join(engine, conference, call.remote)
    engine.record(call, "escalated", SERVICE)
    return conference


def by_other_side(engine: Engine, call: Call, added: Party) -> bool:
    """Have the other end add somebody: the application stays where its tenant allows it, or is dropped."""
    if call.state != "established" or call.conference:
        return False
    conference = provision(engine, call)
    tenant = engine.directory.tenant(call.tenant_id)
    if tenant and tenant.roles.intersection(checks.JOIN_ROLES):
        engine.tell(call, "established")
    else:
        engine.end(call, DROPPED, call.remote_role)
    seconds, refused = legs.reaction(engine, added)
    if refused is None and seconds <= legs.TRANSFER_RINGS:
        engine.after(seconds, partial(added_joins, engine, conference, added))
    return True


def added_joins(engine: Engine, conference: Conference, party: Party) -> None:
    """Bring in whom the other side added, if anybody is still there."""
    if conference.participants:
        rosters.join(engine, conference, party, is_asked=True)
