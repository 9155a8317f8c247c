"""What settles an operation, by kind, and whether it may be sent again. Pure.

Graph has no idempotency, and its 202 means "asked". So each kind says what in the life of its call shows that it
took effect, and what a read must show before the same row is sent once more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from calls.rules.state import RANK, TERMINATED, Result

End = Literal["done", "failed", "unknown"]
TRANSFER_COMPLETED: Final = 7015
NOT_KNOWN: Final = "Not known whether this worked"


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table.

    `sent_in`: states in which it may be sent, and in which a read shows that nothing happened.
    `done_in`: states that show it took effect.
    `ended`: what the end of the call makes of it once Graph has accepted it.
    `ended_unsure`: what an end makes of it when its answer never came.
    `again`: can a read show that nothing happened, so that the row may be sent again. No read can of a transfer:
    the caller may be back from a target that was rung in vain.
    `priority`: lower is sent first.
    `beside`: it concerns single people in the call, or what is heard and seen in it, and everything else may be
    asked of the call meanwhile. Graph makes an operation of its own of it and tells its end by our context.
    `by_answer`: Graph makes none, and its answer is all it says.
    `places`: it makes a call of its own, which the token in its callback's address names; it is never sent again.
    `led`: nothing is sent; whoever leads it through its steps settles it.
    """

    sent_in: frozenset[str]
    done_in: frozenset[str]
    ended: End
    ended_unsure: End
    again: bool
    priority: int
    beside: bool = False
    by_answer: bool = False
    places: bool = False
    led: bool = False


_ESTABLISHED_ON: Final = frozenset(
    {"establishing", "established", "transferring", "transferAccepted", "terminating"}
)

TABLE: Final[Mapping[str, Kind]] = {
    "answer": Kind(frozenset({"incoming"}), _ESTABLISHED_ON, "failed", "unknown", True, 1),
    "reject": Kind(frozenset({"incoming"}), frozenset(), "done", "unknown", True, 1),
    "redirect": Kind(frozenset({"incoming"}), frozenset(), "done", "unknown", True, 1),
    "transfer": Kind(frozenset({"established"}), frozenset(), "failed", "unknown", False, 3),
    "hang-up": Kind(frozenset(RANK) - {TERMINATED}, frozenset(), "done", "done", True, 2),
    "create": Kind(frozenset({"establishing"}), frozenset(), "failed", "unknown", False, 6, places=True),
    "join": Kind(frozenset({"establishing"}), frozenset(), "failed", "unknown", False, 2, places=True),
    "bridge": Kind(frozenset({"established"}), frozenset(), "failed", "failed", False, 2, led=True),
    "invite": Kind(frozenset({"established"}), frozenset(), "unknown", "unknown", False, 4, beside=True),
    "mute": Kind(frozenset({"established"}), frozenset(), "unknown", "unknown", True, 4, beside=True),
    "remove": Kind(
        frozenset({"established"}), frozenset(), "unknown", "unknown", True, 4, beside=True, by_answer=True
    ),
    "hold": Kind(frozenset({"established"}), frozenset(), "unknown", "unknown", False, 4, beside=True),
    "resume": Kind(frozenset({"established"}), frozenset(), "unknown", "unknown", False, 3, beside=True),
    "tones": Kind(frozenset({"established"}), frozenset(), "unknown", "unknown", False, 4, beside=True),
    "mute-bot": Kind(frozenset({"established"}), frozenset(), "unknown", "unknown", True, 4, beside=True),
    "unmute-bot": Kind(frozenset({"established"}), frozenset(), "unknown", "unknown", True, 4, beside=True),
    "gallery": Kind(frozenset({"established"}), frozenset(), "unknown", "unknown", False, 5, beside=True),
    "cancel-media": Kind(frozenset({"established"}), frozenset(), "unknown", "unknown", True, 3, beside=True),
    "share-screen": Kind(
        frozenset({"established"}), frozenset(), "unknown", "unknown", True, 5, beside=True, by_answer=True
    ),
    "route-audio": Kind(
        frozenset({"established"}), frozenset(), "unknown", "unknown", False, 4, beside=True, by_answer=True
    ),
    "unroute": Kind(
        frozenset({"established"}), frozenset(), "unknown", "unknown", True, 3, beside=True, by_answer=True
    ),
}
BESIDE: Final = frozenset(kind for kind, row in TABLE.items() if row.beside)
MEDIA: Final = frozenset(  # what is heard and seen in the call as a whole
    {"tones", "mute-bot", "unmute-bot", "gallery", "cancel-media", "share-screen", "route-audio", "unroute"}
)
SHOWN_BY_ROSTER: Final = frozenset({"invite", "mute", "remove", "hold", "resume", "mute-bot", "unmute-bot"})
PLACING: Final = frozenset(kind for kind, row in TABLE.items() if row.places)


@dataclass(frozen=True, slots=True)
class Asked:
    """Where one of our requests stands."""

    kind: str
    sent: bool = False  # it may have left
    accepted: bool = False  # Graph answered 2xx
    out: bool = False  # somebody is waiting for Graph's answer to it, or reading the call on its behalf
    failure: Result | None = None  # told while it had not shown: of it, or of an earlier one once more


@dataclass(frozen=True, slots=True)
class Observed:
    """What the call shows. `seen` is the state before this report, `fell_back` the failure of a transfer."""

    state: str
    seen: str = ""
    result: Result | None = None
    fell_back: bool = False
    by_read: bool = False
    told: bool = False  # the end was notified, not only found
    token_seen: bool = False  # a delivery came to the callback address of this very operation
    overdue: bool = False  # long enough since the request for its effect to show
    operation: str = ""  # how Graph's own operation stands: `completed`, `failed`, or `gone` for a 404


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of an operation; `title` and `detail` are for people, empty when it is done."""

    status: End
    title: str = ""
    detail: str = ""
    result: Result | None = None


def settle(asked: Asked, observed: Observed) -> Settlement | None:
    """Return what `observed` makes of `asked`, None while that is open."""
    row = TABLE[asked.kind]
    if row.led:
        return None
    if row.places:
        return _settle_placed(asked, observed)
    if row.beside:
        return _settle_beside(asked, observed)
    if observed.state in row.done_in and asked.sent:
        return Settlement("done")
    if asked.kind == "transfer":
        return _settle_transfer(asked, observed)
    if observed.state == TERMINATED:
        return _settle_at_end(asked, observed, row)
    return None


def may_replace(held: str, found: End) -> bool:
    """Tell whether `found` settles what is held: whatever is open, doubt by knowledge, a failure by success."""
    return held == "pending" or found == "done" or (held == "unknown" and found == "failed")


def is_completion(result: Result | None) -> bool:
    """Tell whether a call ended with this because its transfer was completed (REFERENCE 5.1)."""
    return result is not None and result.subcode == TRANSFER_COMPLETED


def may_send(kind: str, state: str) -> bool:
    """Tell whether a call in `state` can take this request."""
    return state in TABLE[kind].sent_in


def nothing_happened(kind: str, state: str) -> bool:
    """Tell whether a read that finds `state` shows that a lost request had no effect."""
    return TABLE[kind].again and state in TABLE[kind].sent_in


def _settle_placed(asked: Asked, observed: Observed) -> Settlement | None:
    if asked.accepted or observed.token_seen:
        return Settlement("done")
    return Settlement("unknown", *_UNHEARD[asked.kind]) if asked.sent and observed.overdue else None


_UNHEARD: Final[Mapping[str, tuple[str, str]]] = {
    "create": (
        "Microsoft did not say whether it placed the call",
        "No answer came and no call called back. It is not tried again, so that nobody is rung twice.",
    ),
    "join": (
        "Microsoft did not say whether the bot is in the meeting",
        "No answer came and no call called back. It is not tried again by itself, so that the bot is there once.",
    ),
}


def _settle_beside(asked: Asked, observed: Observed) -> Settlement | None:
    if TABLE[asked.kind].by_answer and asked.accepted:
        return Settlement("done")
    if observed.operation in ("completed", "failed"):
        return _settle_as_told(asked, observed)
    if observed.state == TERMINATED:
        if not asked.sent:
            return _too_late(asked.kind, observed.result)
        return None if asked.out else unsure(asked.kind)
    is_lost = observed.operation == "gone" or not asked.accepted
    return unsure(asked.kind) if asked.sent and not asked.out and is_lost and observed.overdue else None


def _settle_as_told(asked: Asked, observed: Observed) -> Settlement | None:
    if not asked.sent:
        return None  # nobody can tell of what never left
    is_failed = observed.operation == "failed" or bool(observed.result and observed.result.is_failure)
    if not is_failed:
        return Settlement("done")
    numbers = f" ({observed.result.code}/{observed.result.subcode})" if observed.result else ""
    said = f"Microsoft says: {observed.result.message}{numbers}." if observed.result else ""
    return Settlement("failed", _NOT_DONE[asked.kind], said, observed.result)


_NOT_DONE: Final[Mapping[str, str]] = {
    "invite": "Nobody came",
    "mute": "Not muted",
    "remove": "Not removed",
    "hold": "Not put on hold",
    "resume": "Still on hold",
    "tones": "The tones were not sent",
    "mute-bot": "The bot is not muted",
    "unmute-bot": "The bot is still muted",
    "gallery": "The gallery was not added",
    "cancel-media": "What plays was not cancelled",
    "share-screen": "The screen is shared as before",
    "route-audio": "Everybody hears everybody as before",
    "unroute": "Some are still heard by a few only",
}


def _settle_transfer(asked: Asked, observed: Observed) -> Settlement | None:
    if observed.state == TERMINATED:
        return _settle_transfer_at_end(asked, observed)
    if observed.fell_back and asked.sent:
        return _transfer_failed(observed.result or asked.failure)
    is_back = observed.by_read and observed.state == "established" and observed.overdue
    if is_back and asked.accepted:
        return _transfer_failed(asked.failure)
    return _TRANSFER_UNHEARD if is_back and asked.sent and not asked.out else None


_TRANSFER_UNHEARD: Final = Settlement(
    "failed",
    "Microsoft did not confirm the transfer",
    "The caller is still here: transfer the call again or hang up. "
    "It is not tried again by itself, so that nobody is rung twice.",
)


def _transfer_failed(result: Result | None) -> Settlement:
    numbers = f" Microsoft says {result.code}/{result.subcode}." if result else ""
    remedy = f"The caller is still here: transfer the call elsewhere or hang up.{numbers}"
    return Settlement("failed", "The transfer failed", remedy, result)


def _settle_transfer_at_end(asked: Asked, observed: Observed) -> Settlement | None:
    result = observed.result
    if is_completion(result) and asked.sent:
        return Settlement("done")
    if observed.seen == "transferAccepted" and not (result and result.is_failure) and asked.sent:
        return Settlement("done")
    if asked.accepted and result is None:
        return unsure("transfer")  # its notifications are late, or lost
    return _settle_at_end(asked, observed, TABLE["transfer"])


def _settle_at_end(asked: Asked, observed: Observed, row: Kind) -> Settlement | None:
    if asked.accepted:
        return Settlement("done") if row.ended == "done" else _too_late(asked.kind, observed.result)
    if not asked.sent:
        return Settlement("done") if asked.kind == "hang-up" else _too_late(asked.kind, observed.result)
    if asked.out:
        return None  # its answer is on the way: whoever sends it settles it
    # What a decision ends is notified without a result; callers who give up leave one (REFERENCE 4.2, 4.3).
    is_ours = row.ended == "done" and observed.told and observed.result is None
    if is_ours or row.ended_unsure == "done":
        return Settlement("done")
    is_refuted = observed.result is not None and observed.result.is_failure
    return _too_late(asked.kind, observed.result) if is_refuted else unsure(asked.kind)


def _too_late(kind: str, result: Result | None) -> Settlement:
    return Settlement(
        "failed", "The call ended first", f"The caller was gone before this took effect: {kind}.", result
    )


_UNSURE: Final[Mapping[str, str]] = {
    "answer": "Microsoft did not confirm that the call was answered, and it is over: call the caller back.",
    "reject": "Microsoft did not confirm it, and the call is over: it was rejected, or the caller hung up first.",
    "redirect": (
        "Microsoft did not confirm it, and the call is over: it was redirected, or the caller hung up first. "
        "Ask where you sent it, or call the caller back."
    ),
    "transfer": (
        "Microsoft did not say how it ended, and the call is over: it was transferred, or the caller hung up. "
        "Ask where you sent it, or call the caller back."
    ),
    "invite": "Microsoft did not say whether they joined. Ask the caller, or invite them again.",
    "mute": "Microsoft did not say whether they are muted. Look who is in the call, or mute them again.",
    "remove": "Microsoft did not say whether they were removed. Look who is in the call, or remove them again.",
    "hold": "Microsoft did not say whether they hear music now. Bring them back, or put them on hold again.",
    "resume": "Microsoft did not say whether they are back. Speak to them, or bring them back again.",
    "tones": "Microsoft did not say whether the tones were sent. Listen whether the other side has taken them.",
    "mute-bot": "Microsoft did not say whether the bot is muted. Ask for it again.",
    "unmute-bot": "Microsoft did not say whether the bot is heard again. Ask for it again.",
    "gallery": "Microsoft did not say whether the gallery is there. Look at the meeting in Teams.",
    "cancel-media": "Microsoft did not say whether it was cancelled. Ask for it again.",
    "share-screen": "Microsoft did not say whether the bot shares its screen. Look at the meeting in Teams.",
    "route-audio": "Microsoft did not say who hears whom now. Ask those in the call.",
    "unroute": "Microsoft did not say whether everybody hears everybody again. Ask for it again.",
}


def unsure(kind: str) -> Settlement:
    """Return that nobody knows, with what to do about it."""
    return Settlement("unknown", NOT_KNOWN, _UNSURE[kind])
