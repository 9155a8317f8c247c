"""What the record of a call makes of it, step by step, and what contradicts that. Pure."""

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field
from typing import Literal

from calls.rules.state import TERMINATED


@dataclass(frozen=True, slots=True)
class Step:
    """One entry about the state of a call: `to` is the state told, `before` the one it says there was."""

    seq: int
    kind: Literal["begun", "moved", "ended", "reopened", "ignored"]
    to: str = ""
    before: str = ""
    by_read: bool = False  # we asked, rather than being told


@dataclass(slots=True)
class Life:
    """A call as its record has it. `told`: states that only a notification can have brought."""

    state: str = ""
    reached: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)


def fold(steps: Iterable[Step]) -> Life:
    """Follow `steps` in their order."""
    life = Life()
    for step in steps:
        if step.kind == "ignored":
            life.reached.add(step.to)
            continue
        life.faults.extend(_faults(life, step))
        life.state = TERMINATED if step.kind == "ended" else step.to
        life.reached.add(life.state)
        if step.kind in ("moved", "ended") and not step.by_read:
            life.told.add(life.state)
    return life


def _faults(life: Life, step: Step) -> Iterator[str]:
    if step.kind == "begun" and life.state:
        yield f"entry {step.seq} begins what was {life.state} already"
    elif step.kind == "moved" and step.before != life.state:
        yield f"entry {step.seq} leads from {step.before} to {step.to}, and it was {life.state or 'not begun'}"
    elif step.kind == "reopened" and not (life.state == TERMINATED and step.by_read):
        yield f"entry {step.seq} reopens what was {life.state or 'not begun'}, not after an end or not by a read"


def contradictions(state: str, life: Life, told: Set[str]) -> Iterator[str]:
    """Yield where a call's `state`, its record and what notifications `told` of it do not agree."""
    yield from life.faults
    if state != life.state:
        yield f"it is {state}, and its record ends with {life.state or 'nothing'}"
    for word in sorted(told - life.reached):
        yield f"it was told to be {word}, which its record does not know"
    for word in sorted(life.told - told):
        yield f"its record has it told to be {word}, which no delivery says"
