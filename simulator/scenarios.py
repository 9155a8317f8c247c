"""Callers who come by themselves: a trickle, a rush, those who add others, or a load."""

from functools import partial
from uuid import uuid4

from simulator.engine import Call, Engine, Party, escalation, legs
from simulator.engine.habits import Habits
from simulator.engine.model import CALLER
from simulator.faults import Settings
from simulator.people import Line, Tenant
from simulator.world import World

FLAKY = "flaky Graph"
TROUBLE = {
    "throttle": 0.05,
    "error": 0.05,
    "duplicate": 0.1,
    "reorder": 0.2,
    "delay_ms": 300,
    "callback_retries": 5,
}
HABITS = {"lunch rush": Habits(absent=0.5), "failed transfers": Habits(transfers_fail=True)}
PAUSE, PAUSES = (8, 20), {"lunch rush": (1, 3)}
MOST_USUALLY, MOST_LIVE = 6, {"lunch rush": 25}
HURRIED_USUALLY, HURRIED = 0.25, {"lunch rush": 0.5, "escalation": 0.0}
NUMBERS = tuple(f"+44207946{number:04d}" for number in range(101, 141))


def start(world: World) -> None:
    """Begin with the scenario; which one it is, is looked at each time."""
    settle(world)
    world.engine.after(world.engine.between(2, 5, "scenario"), partial(step, world))


def choose(world: World, name: str) -> None:
    """Change the scenario: what the one before did to the switches is taken back."""
    if world.scenario == FLAKY:
        resting = Settings()
        world.faults.merge({switch: getattr(resting, switch) for switch in TROUBLE})
    world.scenario = name
    settle(world)


def settle(world: World) -> None:
    """Have everybody live by the scenario."""
    world.engine.habits = HABITS.get(world.scenario, Habits())
    if world.scenario == FLAKY:
        world.faults.merge(TROUBLE)


def step(world: World) -> None:
    """Let one caller in, perhaps, and plan the next."""
    pause = PAUSES.get(world.scenario, PAUSE)
    world.engine.after(world.engine.between(*pause, "scenario"), partial(step, world))
    if world.scenario == "quiet" or len(world.engine.live()) >= MOST_LIVE.get(world.scenario, MOST_USUALLY):
        return
    tenant, line = some_line(world)
    caller = some_caller(world, tenant)
    call = world.engine.ring(caller, tenant, line, chatty=True)
    if world.engine.between(0, 1, "scenario") < HURRIED.get(world.scenario, HURRIED_USUALLY):
        world.engine.after(world.engine.between(4, 9, "scenario"), partial(give_up, world.engine, call))
    elif world.scenario == "escalation":
        world.engine.after(world.engine.between(8, 14, "scenario"), partial(add_somebody, world, call, tenant))


def give_up(engine: Engine, call: Call) -> None:
    """Let a caller hang up who is tired of waiting."""
    if call.state == "incoming":
        engine.end(call, legs.farewell(engine, call), CALLER)


def add_somebody(world: World, call: Call, tenant: Tenant) -> None:
    """Let a caller, who talks to the application by now, add a colleague."""
    others = [person for person in tenant.people.values() if person.id != call.caller.id and not person.app_roles]
    person = world.faults.stream("scenario").choice(others)
    escalation.by_other_side(world.engine, call, Party("user", person.id, person.name, tenant.id))


def some_line(world: World) -> tuple[Tenant, Line]:
    """Choose a line."""
    lines = [(tenant, line) for tenant in world.directory.tenants for line in tenant.lines.values()]
    return world.faults.stream("scenario").choice(lines)


def some_caller(world: World, tenant: Tenant) -> Party:
    """Choose a caller: mostly a number from outside, sometimes a colleague without a place at the desk."""
    chance = world.faults.stream("scenario")
    if chance.random() < 0.6:
        return Party("phone", chance.choice(NUMBERS))
    person = chance.choice([person for person in tenant.people.values() if not person.app_roles])
    return Party("user", person.id, person.name, tenant.id)


def load(world: World, rate: float, count: int, target: tuple[Tenant, Line] | None) -> list[str]:
    """Plan so many calls at so many per second, and return their ids."""
    ids = [str(uuid4()) for _ in range(count)]
    for index, call_id in enumerate(ids):
        world.engine.after(index / rate, partial(ring_one, world, call_id, target))
    return ids


def ring_one(world: World, call_id: str, target: tuple[Tenant, Line] | None) -> None:
    """Let one caller of a load in."""
    tenant, line = target or some_line(world)
    world.engine.ring(some_caller(world, tenant), tenant, line, call_id=call_id)
