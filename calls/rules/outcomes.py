"""What became of a call, in our words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from calls.rules.operations import BESIDE

DOUBT: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Step:
    """One of our operations, as far as it matters for what became of the call."""

    kind: str
    status: str
    to_self: bool = False  # redirected to the person who took it
    by_fallback: bool = False
    accepted: bool = False
    by_system: bool = False  # the portal's own hanging up, of a call with nobody in it


@dataclass(frozen=True, slots=True)
class Life:
    """The life of a call that is over."""

    direction: str
    was_established: bool
    ended_at: datetime
    deadline: datetime | None
    steps: Sequence[Step] = ()
    guests_stay: bool = False  # the caller is with somebody whom we invited when we leave
    is_empty_meeting: bool = False  # our own call into a meeting that its caller never came into
    is_led_in_vain: bool = False  # the caller was to be led to somebody, and nobody came


def outcome(life: Life) -> str:
    """Name what became of a call; empty while an operation is still open, or when nobody can know."""
    if life.is_empty_meeting:
        return "failed"
    found = _outcome(life)
    return "abandoned" if found == "answered" and life.is_led_in_vain else found


def _outcome(life: Life) -> str:
    decided = [step for step in life.steps if step.kind not in BESIDE]
    if any(step.status == "pending" for step in decided):
        return ""
    effects = [effect for step in decided if (effect := _effect(step, life))]
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
    if step.kind == "hang-up" and step.by_system and life.was_established:
        return ""  # those who talked have left
    if step.kind == "hang-up" and life.guests_stay:
        return "transferred"  # we left, and the caller stays with whoever was invited
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
