"""Numbered slots in which callers wait, with the bot, until somebody takes them back. Pure.

Microsoft knows no parking: a parked call is an established one that nobody has, under a number of ours.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from calls.rules.state import Refusal

SLOTS: Final = range(1, 10)  # a digit each, so that one key brings a caller back


@dataclass(frozen=True, slots=True)
class Chosen:
    """The slot that a call gets, or why it gets none."""

    slot: int = 0
    refusal: Refusal | None = None


def choose(taken: Collection[int], wanted: int | None = None) -> Chosen:
    """Return the slot that is wanted, else the lowest one that is free.

    :param taken: the slots in which calls of the same organisation are parked.
    """
    free = [slot for slot in SLOTS if slot not in taken]
    if not free:
        return _none(f"All {len(SLOTS)} slots are taken.", "Take somebody back first.")
    if wanted is None:
        return Chosen(free[0])
    if wanted in free:
        return Chosen(wanted)
    return _none(f"Slot {wanted} is taken.", f"Slot {free[0]} is free.")


def _none(reason: str, remedy: str) -> Chosen:
    return Chosen(refusal=Refusal("slot_taken", reason, remedy))


def refuse(action: str, slot: int | None) -> Refusal | None:
    """Return why a call that is parked in `slot`, if in any, cannot be parked or taken back; None when it can."""
    if action == "park" and slot:
        return Refusal("wrong_state", f"The call is parked in slot {slot} already.", "Take it back first.")
    if action == "unpark" and not slot:
        return Refusal("wrong_state", "The call is not parked.")
    return None
