"""Where a meeting is, as an operation keeps it until the bot is in."""

from dataclasses import asdict
from typing import Any, Final

from graph.joining import NumberedMeeting, OrganizedMeeting

Coordinates = OrganizedMeeting | NumberedMeeting

SECRET: Final = ("passcode",)
_KINDS: Final[dict[str, type[Coordinates]]] = {"organized": OrganizedMeeting, "numbered": NumberedMeeting}


def keep(where: Coordinates) -> dict[str, str]:
    """Return `where` for an operation's parameters."""
    kind = next(name for name, made in _KINDS.items() if isinstance(where, made))
    return {"kind": kind, **asdict(where)}


def read(kept: dict[str, Any]) -> Coordinates:
    """Return what `keep` kept."""
    members = {name: value for name, value in kept.items() if name != "kind"}
    return _KINDS[kept["kind"]](**members)


def without_secrets(kept: dict[str, Any]) -> dict[str, Any]:
    """Return what may stay of `kept` once nobody has to join by it any more."""
    return {name: value for name, value in kept.items() if name not in SECRET}
