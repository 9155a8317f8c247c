"""Who hears whom in a call of several, where only some hear somebody (REFERENCE 5.8). Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from calls.rules.party import Member
from calls.rules.state import Refusal

ACTIONS: Final = ("route-audio", "unroute")
_OPEN: Final = {
    ("route-audio", "pending"), ("route-audio", "done"), ("route-audio", "unknown"),
    ("unroute", "pending"), ("unroute", "failed"), ("unroute", "unknown"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Route:
    """What was asked about who hears one member, in the order of asking; `receivers` are names, for people."""

    kind: str
    status: str
    id: str  # of the operation, which is the group's name at Graph when it makes one
    source: str
    name: str
    receivers: tuple[str, ...] = ()


def in_force(routes: Iterable[Route]) -> Mapping[str, Route]:
    """Return by member what has only some hear them, or may: made, and not known to be lifted."""
    made: dict[str, Route] = {}
    last: dict[str, Route] = {}
    for route in routes:
        if route.kind == "route-audio" and route.status != "failed":
            made[route.source] = route
        if (route.kind, route.status) != ("route-audio", "failed"):
            last[route.source] = route
    return {
        source: made[source]
        for source, route in last.items()
        if source in made and (route.kind, route.status) in _OPEN
    }


def refuse(source: Member, receivers: Sequence[Member], routes: Sequence[Route]) -> Refusal | None:
    """Return why not only `receivers` can hear `source`, None when they can."""
    ids = [one.id for one in receivers]
    if not ids or source.id in ids or len(set(ids)) < len(ids):
        return _wrong("Name who hears them: each once, and not themselves.")
    if waiting := next((one for one in (source, *receivers) if one.is_in_lobby), None):
        return _wrong(f"{waiting.name} is in the lobby.", "An organiser lets them in, in Teams.")
    if held := in_force(routes).get(source.id):
        return _wrong(f"Only {in_words(held.receivers)} can hear {source.name} already.", "Lift that first.")
    return None


def refuse_lifting(source: str, routes: Sequence[Route]) -> Refusal | None:
    """Return why there is nothing to lift, None when there is."""
    if source not in in_force(routes):
        return _wrong("Everybody in the call hears them.")
    if any(one.source == source and one.status == "pending" for one in routes):
        return Refusal("pending", "Asked already: who hears them.", "Wait for what comes of it.")
    return None


def in_words(names: Sequence[str]) -> str:
    """Return names as people write them."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _wrong(reason: str, remedy: str = "") -> Refusal:
    return Refusal("wrong_state", reason, remedy)
