"""Which calls can be led to a telephone, refused before Microsoft would (REFERENCE 18.2). Pure."""

from collections.abc import Mapping
from typing import Final, Literal

Way = Literal["number", "bot identity", "account", "out by bot identity", "out without one"]

# How a call came about, and why nobody can be reached by telephone from it; empty: they can.
TABLE: Final[Mapping[Way, str]] = {
    "number": "",
    "bot identity": "",
    "account": (
        "This caller reached the bot's own account, and Microsoft leads such a call to no telephone: have people "
        "ring the line's number or its bot identity."
    ),
    "out by bot identity": "",
    "out without one": (
        "This line has no bot identity to call from, and Microsoft reaches no telephone without: an administrator "
        "enters one at the line."
    ),
}


def way(*, is_outgoing: bool, reached_kind: str, line_has_number: bool, line_has_identity: bool) -> Way:
    """Return how a call came about.

    :param reached_kind: what the caller reached, in Graph's word; empty when it was not told.
    """
    if is_outgoing:
        return "out by bot identity" if line_has_identity else "out without one"
    if reached_kind == "phone" or (not reached_kind and line_has_number):
        return "number"
    if reached_kind == "applicationInstance" or (not reached_kind and line_has_identity):
        return "bot identity"
    return "account"
