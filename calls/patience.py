"""How long a request is of use, and how soon to try again or to look."""

from datetime import datetime, timedelta

from calls.models import Call, Operation
from calls.rules import state
from commsportal import pauses
from commsportal.pauses import Urgency
from graph import errors

DECISION_SECONDS = 15  # Microsoft's own limit
USEFUL_SECONDS = {
    "transfer": 60,
    "hang-up": 300,
    "create": 60,
    "join": 30,
    "bridge": 600,
    "invite": 60,
    "mute": 20,
    "remove": 60,
    "hold": 20,
    "resume": 60,
    "tones": 15,
    "mute-bot": 20,
    "unmute-bot": 20,
    "gallery": 60,
    "cancel-media": 20,
    "share-screen": 20,
    "route-audio": 20,
    "unroute": 60,
}
BACK_OFF = (0.25, 8.0)
LOOK_AGAIN = timedelta(seconds=0.25)  # after a read that was overtaken
HURRY = 1.0  # the longest pause while a caller rings
GIVE_UP = timedelta(minutes=10)  # to find out what became of a request
LONGEST_DEAD_RING = timedelta(seconds=5)  # that a console may show because Microsoft asked for a pause
URGENCIES = dict.fromkeys(USEFUL_SECONDS, Urgency.REQUEST) | dict.fromkeys(("create", "join"), Urgency.CREATE)


def useful_until(row: Operation) -> datetime:
    """Return when there is no more point in asking."""
    if row.kind in state.DECISIONS:
        return row.call.received_at + timedelta(seconds=DECISION_SECONDS)
    return row.created_at + timedelta(seconds=USEFUL_SECONDS[row.kind])


def urgency(row: Operation) -> Urgency:
    """Return what a request goes before, and what goes before it, when Microsoft asks for a pause."""
    return URGENCIES.get(row.kind, Urgency.DECISION)


def note(call: Call, urgency: Urgency, error: errors.GraphError) -> None:
    """Have all workers wait if Microsoft takes no more requests for now."""
    if isinstance(error, errors.Throttled):
        pauses.note(call.tenant_id, urgency, error.retry_after, str(error))


def outlasts(row: Operation, until: datetime) -> bool:
    """Tell whether a pause until then is longer than a request, or a look at what became of it, has time."""
    if row.sending_at is None or row.kind in state.DECISIONS:
        return until >= useful_until(row)
    return until >= row.created_at + GIVE_UP


def hurries(call: Call, seconds: float) -> bool:
    """Tell whether a read cannot wait so long: it alone ends a ring that is over."""
    return call.state == "incoming" and not call.silent and seconds > LONGEST_DEAD_RING.total_seconds()


def pause(row: Operation, error: errors.GraphError, at: datetime) -> timedelta:
    """Return how long to wait after `error`: as Microsoft asks, but a caller who rings does not wait so long.

    A decision that certainly had no effect waits as asked. Of any other nobody knows, until the call is read,
    whether the caller still needs one, and the fallback holds back meanwhile: its read waits only if it was one
    request too many, and not for longer than the caller.
    """
    shortest, longest = BACK_OFF
    seconds = error.retry_after
    if seconds is None:
        seconds = min(longest, shortest * 2 ** min(row.attempts - 1, 10))
    left = (useful_until(row) - at).total_seconds()
    is_in_time = isinstance(error, errors.Throttled) and seconds < left
    is_told_to_wait = error.retry_after is not None and (row.sending_at is None or is_in_time)
    if row.kind in state.DECISIONS and left > 0 and not is_told_to_wait:
        seconds = min(seconds, HURRY, max(left / 2, shortest))
    return timedelta(seconds=seconds)
