"""What people do: pick up, decline, let it ring, talk for a while, hang up."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from simulator.engine import rosters
from simulator.engine.core import Engine
from simulator.engine.model import CALLEE, CALLER, IN_CALL, SERVICE, Call, Leg, Party, Result
from simulator.people import Person

TRANSFER_RINGS = 30
OUTGOING_RINGS = 45

Taken = Callable[[Party], None]
Failed = Callable[[Result], None]


def named(engine: Engine, party: Party) -> Party:
    """Return the party with the directory's name for it."""
    person = engine.directory.person(party.id)
    if party.kind == "phone":
        person = engine.directory.person_by_phone(party.id)
    if found := engine.directory.line_of_instance(party.id):
        return replace(party, name=found[1].name.title(), tenant_id=found[0].id)
    return replace(party, name=person.name) if person else party


class Dial:
    """Ring several parties together; the first to pick up wins, and if nobody does the last refusal counts."""

    def __init__(
        self, engine: Engine, parties: list[Party], timeout: float, on_taken: Taken, on_failed: Failed
    ) -> None:
        self.engine = engine
        self.open = len(parties)
        self.on_taken = on_taken
        self.on_failed = on_failed
        for party in parties:
            self.ring(party, timeout)

    def ring(self, party: Party, timeout: float) -> None:
        """Have one party react in its own way and time."""
        seconds, result = reaction(self.engine, party)
        if result is None and seconds <= timeout:
            self.engine.after(seconds, partial(self.taken, party))
        else:
            no_answer = self.engine.result(480, 0, "Nobody answered.", 8541)
            self.engine.after(min(seconds, timeout), partial(self.refused, result or no_answer))

    def taken(self, party: Party) -> None:
        """Connect the first party that picks up."""
        if self.open:
            self.open = 0
            self.on_taken(party)

    def refused(self, result: Result) -> None:
        """Count a refusal."""
        if self.open:
            self.open -= 1
            if not self.open:
                self.on_failed(result)


def is_absent(engine: Engine, person: Person) -> bool:
    """Tell whether the scenario keeps somebody away."""
    return engine.habits.keep_away(person, engine.faults.settings.seed, engine.now())


def reaction(engine: Engine, party: Party) -> tuple[float, Result | None]:
    """Return after how many seconds a party does what: picks up, or fails with a result."""
    person = engine.directory.person(party.id)
    if party.kind == "phone":
        person = engine.directory.person_by_phone(party.id)
        if person is None:
            return engine.between(2, 5, "people"), None
    if party.kind == "voicemail" and person:
        return 1.0, None
    if person is None:
        unreachable = (480, 10037, "The callee has no endpoints.")
        unroutable = (480, 10134, "The call could not be routed.")
        return 0.3, Result(*(unreachable if party.kind in ("user", "voicemail") else unroutable))
    if person.behaviour == "decline":
        return engine.between(1, 3, "people"), engine.result(603, 0, "The callee declined.", 8538)
    if person.behaviour == "busy":
        return engine.between(0.2, 0.6, "people"), engine.result(486, 0, "The callee is busy.", 8539)
    silent = person.behaviour == "ignore" or is_absent(engine, person)
    return (float("inf") if silent else engine.between(1, 4, "people")), None


# The application calls somebody


def dial_out(engine: Engine, call: Call, target: Party) -> None:
    """Ring the party that the application calls."""

    def failed(result: Result) -> None:
        if call.state == "establishing":
            engine.end(call, result, target.label())

    Dial(engine, [target], OUTGOING_RINGS, lambda party: engine.connect(call, CALLEE), failed)


# A redirected caller


def send_on(engine: Engine, call: Call, parties: list[Party], timeout: float) -> None:
    """Ring those whom a caller was redirected to; a line of ours is rung as a new call of the same chain."""
    lines = [found for party in parties if (found := engine.directory.line_of_instance(party.id))]
    if lines and len(parties) == 1:
        tenant, line = lines[0]
        engine.ring(call.caller, tenant, line, chain_id=call.chain_id, transferor=call.callee, chatty=call.chatty)
        return
    call.leg = "ringing"
    call.legs = [Leg(call.caller, "connected"), *(Leg(party, "ringing") for party in parties)]
    engine.record(call, "ringing", SERVICE)
    Dial(
        engine,
        parties,
        timeout,
        lambda party: talk(engine, call, party),
        lambda result: unheard(engine, call),
    )


def unheard(engine: Engine, call: Call) -> None:
    """Let a caller whom nobody took go."""
    if call.leg == "ringing":
        hang_up_leg(engine, call, SERVICE)


def talk(engine: Engine, call: Call, party: Party, caller: Party | None = None) -> None:
    """Connect a caller, who has left the application behind, with a person."""
    if call.leg == "ended":
        return
    call.leg = "talking"
    call.legs = [Leg(caller or call.remote, "connected"), Leg(party, "connected")]
    engine.record(call, "talking", party.label())
    seconds = engine.between(6, 12, "talk") if party.kind == "voicemail" else engine.between(20, 60, "talk")
    who = CALLER if party.kind == "voicemail" or engine.between(0, 1, "talk") < 0.5 else party.label()
    engine.after(seconds, lambda: hang_up_leg(engine, call, who))


def hang_up_leg(engine: Engine, call: Call, by: str) -> None:
    """End what is left of a call when the application is out of it."""
    if call.leg not in ("ringing", "talking"):
        return
    call.leg = "ended"
    for leg in call.legs:
        leg.state = "left"
    engine.record(call, "ended", by)


# The other end hangs up


def hang_up(engine: Engine, call: Call) -> bool:
    """Hang up the far end, and everybody in a call of several; false if nobody is on the telephone any more."""
    if call.is_quiet:
        return False
    if call.is_over:
        hang_up_leg(engine, call, call.remote_role)
        return True
    if call.conference:
        rosters.everybody_leaves(engine, call.conference)
        return True
    if call.state != "terminating":
        engine.end(call, farewell(engine, call), call.remote_role)
    return True


def farewell(engine: Engine, call: Call) -> Result:
    """Return the result that a hang-up of the far end has (REFERENCE 16.3)."""
    if call.state == "incoming":
        return engine.result(487, 0, "The caller gave up.", 8542)
    if call.remote.kind == "phone":
        return Result(200, 560000, "The telephone party hung up.")
    return Result(200, 4521, "The other side ended the call.")


def schedule_farewell(engine: Engine, call: Call) -> None:
    """Have a caller of a scenario hang up after talking to the application for a while."""
    if call.chatty:
        engine.after(engine.between(20, 60, "talk"), lambda: say_goodbye(engine, call))


def say_goodbye(engine: Engine, call: Call) -> None:
    """Hang up, unless the call is on its way elsewhere."""
    if call.conference and (remote := call.conference.of(call.remote)):
        rosters.leave(engine, call.conference, remote, "left")
    elif call.state in IN_CALL[:2]:
        engine.end(call, farewell(engine, call), CALLER)
