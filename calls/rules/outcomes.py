"""What became of a call, in our words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

DOUBT: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Step:
    """One of our operations, as far as it matters for what became of the call."""

    kind: str
    status: str
    to_self: bool = False  # redirected to the person who took it
    by_fallback: bool = False
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class Life:
    """The life of a call that is over."""

    direction: str
    was_established: bool
    ended_at: datetime
    deadline: datetime | None
    steps: Sequence[Step] = ()


def outcome(life: Life) -> str:
    """Name what became of a call; empty while an operation is still open, or when nobody can know."""
    if any(step.status == "pending" for step in life.steps):
        return ""
    effects = [effect for step in life.steps if (effect := _effect(step, life))]
    if effects:
        return "" if effects[-1] == DOUBT else effects[-1]
    if life.direction == "outgoing" and not life.was_established:
        return "failed"
    if life.was_established:
        return "answered"
    return _unanswered(life)


def _effect(step: Step, life: Life) -> str:
    if step.status != "done":
        return DOUBT if step.status == "unknown" else ""
    if step.by_fallback:
        return "fallback"
    if step.kind == "answer" and not life.was_established:
        return ""  # the caller had hung up meanwhile
    if step.kind == "hang-up" and not step.accepted:
        return ""  # it was over before we asked
    if step.kind == "redirect":
        return "taken" if step.to_self else "redirected"
    names = {"answer": "answered", "reject": "rejected", "transfer": "transferred", "hang-up": "hung_up"}
    return names.get(step.kind, "")


def _unanswered(life: Life) -> str:
    if any(step.accepted for step in life.steps):
        return "abandoned"
    if any(step.by_fallback for step in life.steps):
        return "missed"
    too_late = life.deadline is not None and life.ended_at >= life.deadline
    return "missed" if too_late else "abandoned"
