"""A call in words, for pages: which colour, icon and sentence its result has."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from calls.models import Call
from calls.rules.state import MOVING_AWAY
from commsportal.clock import now

Outcome = Call.Outcome


@dataclass(frozen=True)
class Result:
    """How a call came out: `tone` and `icon` of the chip, its word, a sentence for the call's own page."""

    tone: str
    icon: str
    word: str
    sentence: str


WORDS = {
    Outcome.TAKEN: Result("active", "check", "Taken", "{by} took the call."),
    Outcome.REDIRECTED: Result("active", "redirect", "Redirected", "{by} redirected the call{to}."),
    Outcome.ANSWERED: Result("active", "check", "Answered", "{by} answered the call by the bot."),
    Outcome.TRANSFERRED: Result("active", "transfer", "Transferred", "{by} transferred the call{to}."),
    Outcome.REJECTED: Result("waiting", "block", "Rejected", "{by} rejected the call."),
    Outcome.HUNG_UP: Result("waiting", "hang-up", "Hung up", "{by} hung up."),
    Outcome.FALLBACK: Result(
        "hold", "replay", "Fallback", "Nobody decided in time; the line's fallback did: {target}."
    ),
    Outcome.ABANDONED: Result("failed", "hang-up", "Abandoned", "The caller gave up before anybody decided."),
    Outcome.MISSED: Result("failed", "alert", "Missed", "Nobody decided, and the fallback did not work out."),
    Outcome.FAILED: Result("failed", "alert", "Failed", "The call was never connected."),
}
RINGING = Result("ringing", "bell", "Ringing", "The call rings.")
LIVE = Result("active", "phone", "Live", "The call is on. Audio is in Teams.")
MOVING = Result("moving", "transfer", "Moving", "The call is transferred; nobody has answered yet.")
PARKED = Result(
    "parked", "park", "Parked in {slot}", "The caller waits in slot {slot} for whoever takes them back."
)
SILENT = Result("failed", "alert", "No news", "It rang, and nothing was heard of it since.")
UNKNOWN = Result(
    "failed",
    "alert",
    "Unknown",
    "The call ended, and nobody knows whether what was asked of Microsoft took effect.",
)


def result_of(call: Call) -> Result:
    """Return how `call` stands or came out."""
    if call.state == "incoming":
        return SILENT if call.silent else RINGING
    if call.is_live:
        return _result_of_live(call)
    found = WORDS.get(Outcome(call.outcome), UNKNOWN)
    by = call.handled_by.get_full_name() if call.handled_by else "Somebody"
    to = f" to {call.handled_to}" if call.handled_to else ""
    if call.outcome == Outcome.FAILED and call.direction == Call.Direction.OUTGOING and call.established_at:
        return replace(found, word="No answer", sentence="Nobody of those who were called came.")
    sentence = found.sentence.format(by=by, to=to, target=call.handled_to or "rejected as busy")
    return replace(found, sentence=sentence)


def _result_of_live(call: Call) -> Result:
    if call.state in MOVING_AWAY:
        return MOVING
    if call.park_slot is None:
        return LIVE
    word, sentence = (text.format(slot=call.park_slot) for text in (PARKED.word, PARKED.sentence))
    return replace(PARKED, word=word, sentence=sentence)


def caller_of(call: Call) -> str:
    """Return the caller's name, else the number, else whom we call ourselves, else that it is unknown."""
    called = call.handled_to if call.direction == Call.Direction.OUTGOING else ""
    return call.caller_name or call.caller_phone or called or "Anonymous"


def waited(call: Call) -> timedelta:
    """Return how long the caller waited until the call was established or over, or until now."""
    return (call.established_at or call.ended_at or now()) - call.received_at


def talked(call: Call) -> timedelta | None:
    """Return how long the call was on, None when it never was."""
    if call.established_at is None:
        return None
    return (call.ended_at or now()) - call.established_at


def after(length: timedelta) -> str:
    """Return how long after the first event something was: to the tenth below a minute, then m:ss."""
    seconds = length.total_seconds()
    if seconds < 60:
        return f"+{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"+{minutes}:{rest:02}"


TONES = {
    "call": "active",
    "claim": "hold",
    "operation": "moving",
    "park": "parked",
    "timer": "ringing",
    "delivery": "failed",
}


def tone_of(event: dict[str, Any]) -> str:
    """Return the colour of an event of the timeline; its words carry the meaning, the colour helps to find it."""
    return "failed" if "failed" in event["title"] else TONES.get(event["kind"], "waiting")
