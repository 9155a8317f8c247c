"""What became of each of those who are called together (REFERENCE 5.5, 16.3). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from calls.rules.state import Refusal
from calls.rules.targets import MOST_TARGETS, Wanted

Outcome = Literal[
    "waiting", "ringing", "joined", "left", "declined", "busy", "no_answer", "unreachable", "failed", "unknown"
]
Presence = Literal["", "in", "left"]  # what the roster shows of them

CALLED: Final = ("me", "user", "phone")  # the kinds of whoever can be called together with others
FEWEST: Final = 2
AGAIN: Final = frozenset({"no_answer", "busy", "unreachable", "failed", "unknown"})  # who has not said no

_BY_CODE: Final[Mapping[int, Outcome]] = {
    603: "declined", 486: "busy", 600: "busy", 408: "no_answer", 480: "no_answer", 404: "unreachable"
}  # fmt: skip
_BY_SUBCODE: Final[Mapping[int, Outcome]] = {
    8538: "declined", 8539: "busy", 8540: "busy", 8541: "no_answer", 8544: "no_answer",
    10037: "unreachable", 10076: "unreachable", 10134: "unreachable", 10199: "unreachable",
}  # fmt: skip
_NO_ENDPOINT: Final = frozenset({10037, 10076, 10134, 10199})


@dataclass(frozen=True, slots=True)
class Ring:
    """The newest invitation of somebody: how our operation stands, and with what numbers it failed."""

    status: str
    code: int | None = None
    subcode: int | None = None


def outcome(ring: Ring | None, presence: Presence) -> Outcome:
    """Return what became of somebody; `ring` is None before they are invited at all."""
    if presence == "in":
        return "joined"
    if ring is None:
        return "waiting"
    if ring.status == "pending":
        return "ringing"
    if ring.status == "failed" or (ring.status == "unknown" and ring.code in _BY_CODE):
        return _failure(ring)
    if presence == "left":
        return "left"
    return "joined" if ring.status == "done" else "unknown"


def _failure(ring: Ring) -> Outcome:
    """Name a failure; the sub-codes are inferences from another service's, so a code that says it goes first."""
    if ring.code is not None and ring.code in _BY_CODE and ring.subcode not in _NO_ENDPOINT:
        return _BY_CODE[ring.code]
    return _BY_SUBCODE.get(ring.subcode or 0, "failed")


def wrong_group(wanted: Sequence[Wanted]) -> str:
    """Return why these cannot be called together, empty when they can."""
    if not FEWEST <= len(wanted) <= MOST_TARGETS:
        return f"Name {FEWEST} to {MOST_TARGETS} people to be called together."
    if any(one.kind not in CALLED for one in wanted):
        return "People and telephone numbers can be called together: name targets of kind me, user or phone."
    return ""


NOBODY_TO_RING: Final = Refusal(
    "wrong_state",
    "There is nobody to ring again: everybody is in the call, is being rung, was, or declined.",
    "Invite somebody by name.",
)
