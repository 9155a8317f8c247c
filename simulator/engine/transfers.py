"""Transfers: blind, after asking, and out of a group (`call-transfer.md`)."""

from dataclasses import dataclass
from functools import partial

from simulator.engine import checks, inviting, legs, rosters
from simulator.engine.application import Application
from simulator.engine.checks import bad_request
from simulator.engine.conference import Participant, bare
from simulator.engine.core import Engine
from simulator.engine.model import APPLICATION, SERVICE, Call, Json, Leg, Party, Result

CONSULT_SECONDS = 0.3
BLIND_FAILED, CONSULT_FAILED = 7000, 7700
COMPLETED = Result(0, 7015, "GracefulTransferCompleted")


@dataclass(frozen=True)
class Handover:
    """Say who is handed over to whom, and which other call with the target that replaces."""

    call: Call
    target: Party
    transferee: Participant | None = None
    replaces: str = ""


def start(engine: Engine, app: Application, call: Call, body: Json) -> None:
    """Begin a transfer; whatever goes wrong from here on is told, not answered."""
    target = legs.named(engine, checks.party_of(body["transferTarget"]))
    if target.kind == "phone" and call.own_end.kind != "applicationInstance":
        raise bad_request("A transfer to a telephone number needs a call of an application instance.")
    transferee = transferee_of(call, body.get("transferee"))
    handover = Handover(call, target, transferee, body["transferTarget"].get("replacesCallId") or "")
    engine.move(call, "transferring", APPLICATION)
    engine.tell(call, "transferring")
    if handover.replaces:
        engine.after(CONSULT_SECONDS, partial(replace, engine, app, handover))
    else:
        ring_target(engine, handover)


def transferee_of(call: Call, transferee: Json | None) -> Participant | None:
    """Return whom of a group a transfer is about; between two there is no choice."""
    if call.conference is None:
        return None
    if not transferee:
        raise bad_request("A transfer from a group call needs a transferee.")
    key = transferee.get("participantId") or transferee.get("id") or ""
    named = (transferee.get("identity") or {}).values()
    ids = [identity.get("id") for identity in named if isinstance(identity, dict)]
    for participant in call.conference.people:
        if bare(participant.id) == bare(key) or (not key and participant.party.id in ids):
            return participant
    raise bad_request("The transferee is not in the call.")


def ring_target(engine: Engine, handover: Handover) -> None:
    """Ring the target, and go back to the application if nobody picks up."""
    call = handover.call
    call.legs.append(Leg(handover.target, "ringing"))

    def taken(party: Party) -> None:
        if call.state == "transferring":
            accept(engine, handover)

    def failed(result: Result) -> None:
        if call.state == "transferring":
            fail(engine, call, BLIND_FAILED, result.message)

    if engine.habits.transfers_fail:
        nobody = engine.result(480, 0, "Nobody took the transfer.", 8541)
        engine.after(engine.between(2, 8, "people"), partial(failed, nobody))
        return
    legs.Dial(engine, [handover.target], legs.TRANSFER_RINGS, taken, failed)


def replace(engine: Engine, app: Application, handover: Handover) -> None:
    """Bring the caller together with somebody whom the application has on another call."""
    if handover.call.state != "transferring":
        return
    other = engine.find(handover.replaces)
    if other is None or not is_consulted(app, other, handover):
        fail(engine, handover.call, CONSULT_FAILED, "There is no such call with the target.")
        return
    seconds, refused = legs.reaction(engine, handover.target)
    if refused or seconds > legs.TRANSFER_RINGS or engine.habits.transfers_fail:
        fail(engine, handover.call, CONSULT_FAILED, "The target does not want the call.")
        return
    accept(engine, handover)


def is_consulted(app: Application, other: Call, handover: Handover) -> bool:
    """Tell whether a call is the application's own one with the target."""
    own = (other.tenant_id, other.app_id) == (app.tenant.id, app.app_id) and other is not handover.call
    return own and other.state == "established" and not other.conference and other.remote.is_same(handover.target)


def accept(engine: Engine, handover: Handover) -> None:
    """Move the caller to the target and let the application go."""
    call = handover.call
    engine.move(call, "transferAccepted", handover.target.label())
    engine.tell(call, "transferAccepted")
    call.audio = ""
    engine.notify(call, "updated", {"mediaState": {"audio": "inactive"}})
    engine.after(0.1, partial(complete, engine, handover))


def complete(engine: Engine, handover: Handover) -> None:
    """End the application's leg of a transferred call; after asking, the page shows no resultInfo."""
    call, caller = handover.call, handover.call.remote
    if call.state != "transferAccepted":
        return
    if handover.transferee and call.conference:
        caller = handover.transferee.party
        rosters.leave(engine, call.conference, handover.transferee, "transferred", tells=False)
    asked = {"state": "terminated", "terminationReason": "AppTransferred"} if handover.replaces else None
    engine.end(call, COMPLETED, SERVICE, asked)
    other = engine.find(handover.replaces)
    if other and not other.is_over:
        inviting.drop(engine, other)
    legs.talk(engine, call, handover.target, caller)


def fail(engine: Engine, call: Call, subcode: int, why: str) -> None:
    """Bring a call back to the application (REFERENCE 5.1, failure)."""
    call.legs = [leg for leg in call.legs if leg.state != "ringing"]
    failure = Result(500, subcode, f"The transfer failed: {why}")
    engine.move(call, "established", SERVICE)
    engine.tell(call, "established", resultInfo=failure.to_graph())
