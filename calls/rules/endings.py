"""What somebody can do about how a call ended (REFERENCE 16.3). Pure."""

from collections.abc import Mapping
from typing import Final

# By Microsoft's sub-code. Most ends need no remedy: somebody hung up.
REMEDIES: Final[Mapping[int, str]] = {
    1005: "Microsoft's service could not reach the bot's media; if that happens often, look at its health page.",
    5000: (
        "Somebody took the bot out, or it may not stay in a call that others widen: for that an administrator "
        "grants the application Calls.JoinGroupCall.All in this tenant."
    ),
    5300: "Somebody in the call took the bot out.",
    5855: (
        "The bot waited in the lobby and nobody let it in: have the meeting's organiser let people of the "
        "organisation in without waiting."
    ),
    8529: "The application has used up Microsoft's calls of this month.",
    8530: "The application has as many calls at a time as Microsoft allows.",
    8537: "Nothing kept the call alive for 45 minutes: see that a worker runs, and reaches Microsoft.",
    301005: "The sound of the call broke off; if that happens often, look at the network of whoever was called.",
}


def remedy(subcode: int | None) -> str:
    """Return what to do about an end with this sub-code, empty when there is nothing."""
    return REMEDIES.get(subcode, "") if subcode is not None else ""
