"""Where a call may be sent (REFERENCE 4.3, 5.1, 18.2). Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from calls.rules import telephones

KINDS: Final = ("me", "user", "phone", "application", "voicemail")
MOST_TARGETS: Final = 25
SHORTEST_RING: Final = 15  # seconds
LONGEST_RING: Final = 90

_E164 = re.compile(r"\+[1-9][0-9]{1,14}")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A target as somebody asks for it; `me` needs no id."""

    kind: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """What limits the targets of one call."""

    me: str = ""  # Graph's id of the person who decides, empty when not linked
    way: telephones.Way = "account"  # how the call came about
    ourselves: frozenset[str] = frozenset()  # ids and numbers that would bring the call back to us


def resolve(wanted: Sequence[Wanted], place: Place) -> tuple[list[Wanted], str]:
    """Return the targets with `me` made a user, and what is wrong with them (empty: nothing)."""
    if not 1 <= len(wanted) <= MOST_TARGETS:
        return [], f"Name 1 to {MOST_TARGETS} targets."
    targets = [Wanted("user", place.me) if one.kind == "me" else _spelled(one) for one in wanted]
    problems = (_problem(one, target, place) for one, target in zip(wanted, targets, strict=True))
    return targets, next(filter(None, problems), "") or _repeated(targets)


def wrong_guests(wanted: Sequence[Wanted]) -> str:
    """Return why these cannot be invited into a call, empty when they can (REFERENCE 5.5)."""
    if any(one.kind == "voicemail" for one in wanted):
        return "A voicemail cannot join a call: transfer the call to it."
    return ""


def rung_already(targets: Sequence[Mapping[str, str]], being_rung: Sequence[Mapping[str, str]]) -> str:
    """Return who of `targets` is being rung into the same call already, in words; empty when nobody is."""
    ids = {one["id"] for one in being_rung}
    found = next((one for one in targets if one["id"] in ids), None)
    return f"{found.get('name') or found['id']} is being rung already." if found else ""


def wrong_timeout(seconds: int | None) -> str:
    """Return what is wrong with a ring of `seconds`, empty when nothing is."""
    if seconds is None or SHORTEST_RING <= seconds <= LONGEST_RING:
        return ""
    return f"A redirected call rings {SHORTEST_RING} to {LONGEST_RING} seconds."


def _spelled(one: Wanted) -> Wanted:
    digits = one.id.replace("-", "").lower()
    if one.kind == "phone" or not re.fullmatch(r"[0-9a-f]{32}", digits):
        return one
    return Wanted(one.kind, "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])))


def _problem(one: Wanted, target: Wanted, place: Place) -> str:
    if one.kind not in KINDS:
        return f"A target is one of: {', '.join(KINDS)}."
    if one.kind == "me":
        return _me(one, place)
    if target.kind == "phone":
        return _phone(target, place)
    if not _GUID.fullmatch(target.id):
        return f"The id of a target of kind {one.kind} is a GUID of the directory."
    return _self(target, place)


def _me(one: Wanted, place: Place) -> str:
    if one.id:
        return "A target of kind me has no id."
    if place.me:
        return ""
    return (
        "Your account is not linked to a Microsoft account of this organisation, so calls cannot be sent to you. "
        "Sign in with Microsoft once, or ask an administrator to enter your object id."
    )


def _phone(target: Wanted, place: Place) -> str:
    if not _E164.fullmatch(target.id):
        return "Write a phone number as +, country code, number (E.164)."
    return telephones.TABLE[place.way] or _self(target, place)


def _self(target: Wanted, place: Place) -> str:
    if target.id in place.ourselves and target.kind != "voicemail":
        return "That is where the call is now."
    return ""


def _repeated(targets: Sequence[Wanted]) -> str:
    return "" if len(set(targets)) == len(targets) else "Each target is named once."
