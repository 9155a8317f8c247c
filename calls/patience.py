"""How long a request is of use, and how soon to try again or to look."""

from datetime import datetime, timedelta

from calls.models import Operation
from calls.rules import state
from graph import errors

DECISION_SECONDS = 15  # Microsoft's own limit
USEFUL_SECONDS = {"transfer": 60, "hang-up": 300, "create": 60}
BACK_OFF = (0.25, 8.0)
LOOK_AGAIN = timedelta(seconds=0.25)  # after a read that was overtaken
HURRY = 1.0  # the longest pause while a caller rings


def useful_until(row: Operation) -> datetime:
    """Return when there is no more point in asking."""
    if row.kind in state.DECISIONS:
        return row.call.received_at + timedelta(seconds=DECISION_SECONDS)
    return row.created_at + timedelta(seconds=USEFUL_SECONDS[row.kind])


def pause(row: Operation, error: errors.GraphError, at: datetime) -> timedelta:
    """Return how long to wait after `error`: as Microsoft asks, but a caller who rings does not wait so long.

    Only a decision that certainly had no effect waits as asked. Of any other nobody knows, until the call is read,
    whether the caller still needs one, and the fallback holds back meanwhile.
    """
    shortest, longest = BACK_OFF
    seconds = error.retry_after
    if seconds is None:
        seconds = min(longest, shortest * 2 ** min(row.attempts - 1, 10))
    left = (useful_until(row) - at).total_seconds()
    is_told_to_wait = error.retry_after is not None and row.sending_at is None
    if row.kind in state.DECISIONS and left > 0 and not is_told_to_wait:
        seconds = min(seconds, HURRY, max(left / 2, shortest))
    return timedelta(seconds=seconds)
