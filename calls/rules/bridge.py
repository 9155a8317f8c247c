"""The way of a caller into a meeting of their own, step by step (REFERENCE 5.5, 9.2, 18.1). Pure.

The bot has answered, and Microsoft gives no control over a call of two. So the bot enters a meeting made for this
call, rings whoever takes it into that, and when they are there moves the caller in, which ends the first call.
"""

from dataclasses import dataclass
from typing import Final, Literal

from calls.rules.operations import End
from calls.rules.state import TERMINATED

Verb = Literal["open", "ring", "move", "wait", "done", "give up", "end"]
Asked = Literal["", "pending"] | End

STILL_HERE: Final = "The caller is still with the bot: bridge the call again, transfer it, or hang up."


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it came: the states of both calls (no `room` before there is one), what was asked in the meeting."""

    caller: str
    room: str = ""
    desk: Asked = ""  # the invitation of whoever takes the call
    desk_is_in: bool = False
    moved: Asked = ""  # the caller's own invitation
    caller_is_in: bool = False
    hung_up: bool = False  # somebody here hangs up the meeting
    is_late: bool = False  # it has taken longer than anybody waits
    trouble: str = ""  # what Microsoft said of whatever failed


@dataclass(frozen=True, slots=True)
class Step:
    """What to do now; `title` and `detail` say why it came to nothing."""

    verb: Verb
    title: str = ""
    detail: str = ""


WAIT: Final = Step("wait")
DONE: Final = Step("done")


def next_step(now: Progress) -> Step:
    """Return what is to be done."""
    if now.moved == "done" or now.caller_is_in:
        return DONE
    if now.caller == TERMINATED:
        return _caller_gone(now)
    if now.hung_up:
        return Step("end", "Hung up", "The meeting was hung up before the caller was in it.")
    if now.room == TERMINATED:
        return _given_up("The meeting could not be held", now)
    if now.is_late:
        return _given_up("The meeting did not come about in time", now)
    if now.caller != "established":
        return WAIT
    if not now.room:
        return Step("open")
    return _inside(now) if now.room == "established" else WAIT


def _caller_gone(now: Progress) -> Step:
    if now.moved == "pending" and now.room not in ("", TERMINATED):
        return WAIT  # they may have come in
    return Step("give up", "The call ended first", "The caller was gone before the meeting began.")


def _inside(now: Progress) -> Step:
    if not now.desk:
        return Step("ring")
    if now.desk == "pending" and not now.desk_is_in:
        return WAIT
    if now.desk != "done" and not now.desk_is_in:
        return _given_up("Nobody took the call in Teams", now)
    if not now.moved:
        return Step("move")
    return WAIT if now.moved == "pending" else _given_up("The caller could not be moved into the meeting", now)


def _given_up(title: str, now: Progress) -> Step:
    return Step("give up", title, f"{now.trouble} {STILL_HERE}".strip())
