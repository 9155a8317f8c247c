"""How a call moves, and what may be asked of it in which state (REFERENCE 13). Pure.

Notifications come twice, late, out of order or never. States have ranks, and a notification moves a call forwards
only; one end of a failed transfer is the single documented way back. An end is final for notifications. A read is
the truth of its moment: it may reopen an end that nothing but a notification claimed, and says how a call stands
that we have only heard of.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

RANK: Final[Mapping[str, int]] = {
    "incoming": 1,
    "redirecting": 2,
    "establishing": 3,
    "established": 4,
    "transferring": 5,
    "transferAccepted": 6,
    "terminating": 7,
    "terminated": 8,
}
TERMINATED: Final = "terminated"
MOVING_AWAY: Final = frozenset({"transferring", "transferAccepted"})
PASSING: Final = frozenset({"redirecting", "establishing", "transferring", "transferAccepted", "terminating"})

# What a call is taken for of which we first hear by something that tells no state; it may still ring, though.
BEGUN: Final = "establishing"

Change = Literal["nothing", "moved", "fell_back", "ended", "reopened", "ignored"]
Action = Literal[
    "claim", "release", "answer", "reject", "redirect", "transfer", "hang-up", "invite",
    "mute", "remove", "hold", "resume", "bridge", "consult", "park", "unpark",
    "tones", "mute-all", "mute-bot", "unmute-bot", "gallery", "cancel-media",
    "share-screen", "route-audio", "unroute",
]  # fmt: skip
DECISIONS: Final = frozenset({"answer", "reject", "redirect"})


@dataclass(frozen=True, slots=True)
class Result:
    """How Graph says something ended (REFERENCE 16.2)."""

    code: int | None = None
    subcode: int | None = None
    message: str = ""

    @property
    def is_failure(self) -> bool:
        """Tell whether the code is one of failure; 0 appears for transfers and old hang-ups."""
        return self.code is not None and self.code >= 400


@dataclass(frozen=True, slots=True)
class Current:
    """What we hold about a call. `state` is empty when we have never heard of it."""

    state: str
    ended_by: str = ""
    is_assumed: bool = False  # no read has confirmed a call of whose beginning we were not told


@dataclass(frozen=True, slots=True)
class Reported:
    """What a notification or a read says. `change` is Graph's word, `read` for a GET, `gone` for its 404."""

    change: str
    state: str = ""
    result: Result | None = None

    @property
    def is_read(self) -> bool:
        """Tell whether we asked for this ourselves."""
        return self.change in ("read", "gone")

    @property
    def word(self) -> str:
        """Return the state meant: an end by `deleted` or 404 whatever the body says, empty when none we rank."""
        if self.change in ("deleted", "gone"):
            return TERMINATED
        return self.state if self.state in RANK else ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The state after a report, and what kind of step that was."""

    state: str
    change: Change


def apply(current: Current, reported: Reported) -> Outcome:
    """Return what `reported` makes of `current`."""
    word = reported.word
    if not word or word == current.state:
        return Outcome(current.state, "nothing")
    if current.state == TERMINATED:
        return _after_end(current, reported, word)
    if word == TERMINATED:
        return Outcome(word, "ended")
    if current.is_assumed and reported.is_read:
        return Outcome(word, "moved")
    if RANK[word] > RANK.get(current.state, 0):
        return Outcome(word, "moved")
    if _is_failed_transfer(current, reported, word):
        return Outcome(word, "fell_back")
    return Outcome(current.state, "ignored")


def _after_end(current: Current, reported: Reported, word: str) -> Outcome:
    if reported.is_read and current.ended_by == "notification":
        return Outcome(word, "reopened")
    return Outcome(current.state, "ignored")


def _is_failed_transfer(current: Current, reported: Reported, word: str) -> bool:
    failed = reported.is_read or (reported.result is not None and reported.result.is_failure)
    return word == "established" and current.state in MOVING_AWAY and failed


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody's claim that holds at this moment."""

    owner_id: int
    owner_name: str
    fence: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides whether an action may be taken, all of it read under the lock of the call."""

    state: str
    actor_id: int
    claim: Claim | None = None
    last_fence: int = 0  # of the newest claim, held or not
    fence: int | None = None  # that the actor named
    open_action: str = ""  # kind of an operation under way that nothing else may overtake
    decided: str = ""  # kind of a decision that Graph has accepted


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not, and what would work. `code` is stable."""

    code: Literal[
        "claimed", "stale_claim", "not_claimed", "call_over", "pending", "decided", "wrong_state", "slot_taken"
    ]
    reason: str
    remedy: str = ""

    @property
    def text(self) -> str:
        """Return reason and remedy as one text for people."""
        return f"{self.reason} {self.remedy}".strip()


LIVE: Final = frozenset(RANK) - {TERMINATED}
ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    "claim": LIVE,
    "release": LIVE,
    "answer": frozenset({"incoming"}),
    "reject": frozenset({"incoming"}),
    "redirect": frozenset({"incoming"}),
    "transfer": frozenset({"established"}),
    "invite": frozenset({"established"}),
    "mute": frozenset({"established"}),
    "remove": frozenset({"established"}),
    "hold": frozenset({"established"}),
    "resume": frozenset({"established"}),
    "bridge": frozenset({"incoming", "established"}),
    "consult": frozenset({"established"}),
    "park": frozenset({"established"}),
    "unpark": frozenset({"established"}),
    "tones": frozenset({"established"}),
    "mute-all": frozenset({"established"}),
    "mute-bot": frozenset({"established"}),
    "unmute-bot": frozenset({"established"}),
    "gallery": frozenset({"established"}),
    "cancel-media": frozenset({"established"}),
    "share-screen": frozenset({"established"}),
    "route-audio": frozenset({"established"}),
    "unroute": frozenset({"established"}),
    "hang-up": frozenset({"establishing", "established", "transferring", "transferAccepted"}),
}
WHAT_WORKS: Final[Mapping[str, str]] = {
    "incoming": "Take, redirect, answer or reject it.",
    "redirecting": "Wait until it has gone.",
    "establishing": "Wait until it is established, or hang up.",
    "established": "Transfer, bridge or park it, invite somebody, hold, mute or remove who is in it, or hang up.",
    "transferring": "Wait for the transfer, or hang up.",
    "transferAccepted": "Wait for the transfer, or hang up.",
    "terminating": "Wait until it has ended.",
}


def require(action: Action, facts: Facts) -> Refusal | None:
    """Return why `action` may not be taken now, None when it may."""
    return _over(facts) or _not_owner(action, facts) or _under_way(action, facts) or _state(action, facts)


def _over(facts: Facts) -> Refusal | None:
    if facts.state == TERMINATED:
        return Refusal("call_over", "The call has already ended.")
    return None


def _not_owner(action: Action, facts: Facts) -> Refusal | None:
    claim = facts.claim
    if claim and claim.owner_id != facts.actor_id:
        return Refusal("claimed", f"{claim.owner_name} has this call.", "Wait for it to be released.")
    if facts.fence is not None and facts.fence != facts.last_fence:
        return Refusal("stale_claim", "That claim has been followed by another one.", "Look at the call again.")
    if action == "release" and claim is None:
        return Refusal("not_claimed", "You do not hold this call.")
    return None


def _under_way(action: Action, facts: Facts) -> Refusal | None:
    if action in ("claim", "release"):
        return None
    if facts.open_action and (facts.open_action == action or action != "hang-up"):
        return Refusal("pending", f"Asked already: {facts.open_action}.", "Wait for what comes of it.")
    decides = action in DECISIONS or (action == "bridge" and facts.state == "incoming")
    if decides and facts.decided:
        return Refusal("decided", f"This call is decided: {facts.decided}.")
    return None


def _state(action: Action, facts: Facts) -> Refusal | None:
    if facts.state in ALLOWED[action]:
        return None
    return Refusal(
        "wrong_state", f"A call that is {facts.state} does not allow {action}.", WHAT_WORKS[facts.state]
    )
