"""When a meeting's attendance is looked at. Pure.

Microsoft makes a report minutes after a session has ended, and a session may outlast its plan; a meeting may be
held again later. So each is looked at several times by itself, less and less often.
"""

from datetime import datetime, timedelta
from typing import Final

AFTER_THE_END: Final = (
    *(timedelta(minutes=minutes) for minutes in (5, 15, 30)),
    *(timedelta(hours=hours) for hours in (1, 2, 4, 8, 24)),
    timedelta(days=7),
)
SETTLED: Final = timedelta(hours=1)  # so long after its end a report may still change


def next_after(ends_at: datetime, at: datetime) -> datetime | None:
    """Return when a meeting that is planned to end at `ends_at` is looked at next, None when it is no more."""
    return next((ends_at + pause for pause in AFTER_THE_END if ends_at + pause > at), None)


def last(ends_at: datetime) -> datetime:
    """Return when a meeting is looked at for the last time."""
    return ends_at + AFTER_THE_END[-1]


def is_due(ended_at: datetime | None, read_at: datetime | None, asked_at: datetime | None) -> bool:
    """Tell whether a session's report is to be read.

    :param ended_at: when the session ended, if that was told.
    :param read_at: when its report was read last, None if never.
    :param asked_at: since when somebody wants all of them read anew, None if nobody does.
    """
    if read_at is None or ended_at is None or read_at < ended_at + SETTLED:
        return True
    return asked_at is not None and read_at < asked_at
