"""Who is in a call of several, and what may be done with one of them (REFERENCE 5.4, 5.6, 18.1). Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from calls.rules.state import Refusal

ACTIONS: Final = ("mute", "remove", "hold", "resume")


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who is in a call, as Microsoft tells it. `id` is Graph's, empty when it told none."""

    id: str
    name: str
    is_caller: bool = False
    is_bot: bool = False  # this portal itself
    is_muted: bool = False
    is_in_lobby: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked about one member, in the order of asking."""

    kind: str
    member_id: str
    status: str


def on_hold(wishes: Iterable[Wish]) -> frozenset[str]:
    """Return the ids of those who hear music, or may: put on hold, and not known to be back."""
    last = _last_music(wishes)
    return frozenset(key for key, wish in last.items() if (wish.kind, wish.status) in _MUSIC)


_SURE: Final = {("hold", "done")}
_MUSIC: Final = _SURE | {("hold", "unknown"), ("resume", "failed"), ("resume", "unknown")}


def _last_music(wishes: Iterable[Wish]) -> dict[str, Wish]:
    music = (wish for wish in wishes if wish.kind in ("hold", "resume") and wish.status != "pending")
    return {wish.member_id: wish for wish in music}


def find(members: Sequence[Member], wanted: str) -> Member | None:
    """Return who is meant: by Graph's id, or the caller where nobody is named."""
    if not wanted:
        return next((one for one in members if one.is_caller and one.id), None)
    return next((one for one in members if one.id == wanted), None)


def is_alone(members: Sequence[Member]) -> bool:
    """Tell whether a roster shows the bot and nobody else.

    One that shows nobody at all tells nothing, nor does that of a bot in the lobby, who sees only itself.
    """
    return bool(members) and all(one.is_bot and not one.is_in_lobby for one in members)


def refusal(action: str, member: Member, members: Sequence[Member], wishes: Sequence[Wish]) -> Refusal | None:
    """Return why `action` cannot be taken with `member`, None when it can."""
    if member.is_bot:
        return _wrong("That is the bot itself.", "Hang up to take it out of the call.")
    asked = [wish.kind for wish in wishes if wish.member_id == member.id and wish.status == "pending"]
    in_the_way = [kind for kind in asked if action != "remove" or kind == "remove"]
    if in_the_way:
        return Refusal(
            "pending", f"Asked already for {member.name}: {in_the_way[0]}.", "Wait for what comes of it."
        )
    if member.is_in_lobby and action != "remove":
        return _wrong(f"{member.name} is in the lobby.", "An organiser lets them in, in Teams.")
    return _music(action, member, members, wishes)


def _music(action: str, member: Member, members: Sequence[Member], wishes: Sequence[Wish]) -> Refusal | None:
    present = {one.id: one.name for one in members}
    last = _last_music(wishes)
    held = {key for key, wish in last.items() if (wish.kind, wish.status) in _SURE}
    held |= {wish.member_id for wish in wishes if wish.kind == "hold" and wish.status == "pending"}
    others = [present[key] for key in held if key in present and key != member.id]
    if action == "hold" and member.id in held:
        return _wrong(f"{member.name} is on hold already.", "Bring them back first.")
    if action == "hold" and others:
        return _wrong(f"{others[0]} is on hold, one at a time can be.", "Bring them back first.")
    if action == "resume" and member.id not in on_hold(wishes):
        return _wrong(f"{member.name} is not on hold.")
    return None


BRIDGED: Final = ("user", "phone")  # whom Microsoft moves from one call into another


def no_bridge(caller_kind: str, caller_id: str) -> str:
    """Return why a caller cannot be moved into a meeting, empty when they can."""
    if caller_kind in BRIDGED and caller_id:
        return ""
    return "Microsoft moves only people and telephones that it names from one call into another."


def refuse_bridge(caller_kind: str, caller_id: str, *, is_of_several: bool, has_organizer: bool) -> Refusal | None:
    """Return why a call cannot be bridged, None when it can."""
    if is_of_several:
        return _wrong(
            "This call is one of several already.", "Invite yourself, or hold, mute or remove who is in it."
        )
    if not has_organizer:
        return NO_ORGANIZER
    if problem := no_bridge(caller_kind, caller_id):
        return _wrong(problem, "Redirect the call while it rings, or transfer it.")
    return None


def refuse_connection(
    *, is_itself: bool, is_one_tenant: bool, state: str, is_placed: bool, is_asked: bool, others_claim: str
) -> Refusal | None:
    """Return why a caller cannot be connected with whoever the other call has reached, None when they can."""
    if is_itself or not is_one_tenant or not is_placed:
        return _wrong(
            "Callers are connected with somebody whom another call of two was placed to.",
            "Place one with POST /api/v1/calls/ and a single target, or transfer blindly.",
        )
    if state != "established":
        return _wrong(f"The other call is {state}.", "Wait until it is established, or transfer blindly.")
    if others_claim:
        return Refusal("claimed", f"{others_claim} has the other call.", "Wait for it to be released.")
    if is_asked:
        return Refusal("pending", "Another caller is being connected with them.", "Wait for what comes of it.")
    return None


def no_roster(*, is_of_two: bool) -> Refusal:
    """Return why nobody in a call can be named whose roster is not known."""
    if is_of_two:
        return OF_TWO
    return _wrong("Microsoft has not said yet who is in this call.", "Try again in a moment.")


def _wrong(reason: str, remedy: str = "") -> Refusal:
    return Refusal("wrong_state", reason, remedy)


OF_TWO: Final = _wrong(
    "This is a call of two: in a call of several somebody can be muted, removed or put on hold.",
    "Bridge it, or invite somebody into it first.",
)
HOSTED_MEDIA: Final = _wrong(
    "Microsoft hosts the sound of this call: only an application that hosts its media itself can share a screen.",
    "Share it from Teams.",
)
ALL_MUTED: Final = _wrong("Nobody is left to mute.", "Those who are muted unmute themselves.")


def asked_already(kind: str) -> Refusal:
    """Return why the same is not asked of a call twice at once."""
    return Refusal("pending", f"Asked already: {kind}.", "Wait for what comes of it.")


NO_ORGANIZER: Final = _wrong(
    "This line names nobody in whose name a meeting could be held.",
    "An administrator enters an organiser at the line.",
)
NO_CALLER: Final = _wrong(
    "Nobody called here: this is a call of several that the bot is in.",
    "Invite somebody, or remove who is to leave.",
)
