"""Callers who come by themselves: a gentle trickle, or a load."""

from functools import partial
from uuid import uuid4

from simulator.engine import Call, Engine, Party, legs
from simulator.engine.model import CALLER
from simulator.people import Line, Tenant
from simulator.world import World

PAUSE = (8, 20)
MOST_LIVE = 6
HURRIED = 0.25
NUMBERS = tuple(f"+44207946{number:04d}" for number in range(101, 141))


def start(world: World) -> None:
    """Begin with the scenario; which one it is, is looked at each time."""
    world.engine.after(world.engine.between(2, 5, "scenario"), partial(step, world))


def step(world: World) -> None:
    """Let one caller in, perhaps, and plan the next."""
    world.engine.after(world.engine.between(*PAUSE, "scenario"), partial(step, world))
    if world.scenario == "gentle" and len(world.engine.live()) < MOST_LIVE:
        tenant, line = some_line(world)
        call = world.engine.ring(some_caller(world, tenant), tenant, line, chatty=True)
        if world.engine.between(0, 1, "scenario") < HURRIED:
            world.engine.after(world.engine.between(4, 9, "scenario"), partial(give_up, world.engine, call))


def give_up(engine: Engine, call: Call) -> None:
    """Let a caller hang up who is tired of waiting."""
    if call.state == "incoming":
        engine.end(call, legs.farewell(engine, call), CALLER)


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
