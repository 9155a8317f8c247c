"""How long a request is of use, and how soon to try again or to look."""

from datetime import datetime, timedelta

from calls.models import Operation
from calls.rules import state
from graph import errors

DECISION_SECONDS = 15  # Microsoft's own limit
USEFUL_SECONDS = {"transfer": 60, "hang-up": 300, "create": 60}
BACK_OFF = (0.25, 8.0)


def useful_until(row: Operation) -> datetime:
    """Return when there is no more point in asking."""
    if row.kind in state.DECISIONS:
        return row.call.received_at + timedelta(seconds=DECISION_SECONDS)
    return row.created_at + timedelta(seconds=USEFUL_SECONDS[row.kind])


def pause(row: Operation, error: errors.GraphError) -> timedelta:
    """Return how long to wait after `error`."""
    if error.retry_after is not None:
        return timedelta(seconds=error.retry_after)
    shortest, longest = BACK_OFF
    return timedelta(seconds=min(longest, shortest * 2 ** min(row.attempts - 1, 10)))
