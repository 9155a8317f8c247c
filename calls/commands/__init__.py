"""What people ask for. A command locks the call, asks the rules, writes the operation and commits.

The worker sends it.
"""

from calls.commands.deciding import answer, bridge, claim, connect, hang_up, redirect, reject, release, transfer
from calls.commands.in_call import (
    cancel_media,
    gallery,
    hold,
    mute,
    mute_all,
    mute_bot,
    remove,
    resume,
    route_audio,
    share_screen,
    tones,
    unmute_bot,
    unroute,
)
from calls.commands.inviting import call_one, consult, create, invite, ring_again
from calls.commands.waiting import park, unpark

__all__ = [
    "answer",
    "bridge",
    "call_one",
    "cancel_media",
    "claim",
    "connect",
    "consult",
    "create",
    "gallery",
    "hang_up",
    "hold",
    "invite",
    "mute",
    "mute_all",
    "mute_bot",
    "park",
    "redirect",
    "reject",
    "release",
    "remove",
    "resume",
    "ring_again",
    "route_audio",
    "share_screen",
    "tones",
    "transfer",
    "unmute_bot",
    "unpark",
    "unroute",
]
