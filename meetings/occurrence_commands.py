"""What people ask of one date of a series: move it, cancel it, have it take place again."""

from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

from directory.models import User
from meetings import series
from meetings.commands import LONGEST_REASON, UNDECIDED, acting, record, renew, whole_second
from meetings.errors import BadPlan, NothingToDo, OccurrenceNotFound, Undecided
from meetings.models import Occurrence, OnlineMeeting
from meetings.rules.plan import one_line


def move(
    user: User, meeting_id: UUID, day: date, *, starts_at: datetime, ends_at: datetime, version: int
) -> OnlineMeeting:
    """Have the date of a day be at another time.

    :raises OccurrenceNotFound: the series has no such date.
    :raises BadPlan: it cannot be then.
    :raises Changed: there is a newer version than was looked at.
    :raises Undecided: the meeting was changed in Teams as well.
    """

    def do(meeting: OnlineMeeting, row: Occurrence) -> None:
        series.move(meeting, row, whole_second(starts_at), whole_second(ends_at))

    return _do(user, meeting_id, day, version, "meeting.date_moved", do)


def cancel(user: User, meeting_id: UUID, day: date, *, version: int, reason: str = "") -> OnlineMeeting:
    """Have the date of a day not take place; the others do.

    :param reason: kept with the date, one line.
    :raises BadPlan: it is the only date left, or the reason is none.
    """
    if len(reason) > LONGEST_REASON or reason != one_line(reason):
        raise BadPlan({"reason": f"A reason is one line of at most {LONGEST_REASON} characters."})

    def do(meeting: OnlineMeeting, row: Occurrence) -> None:
        series.cancel(meeting, row, reason)

    return _do(user, meeting_id, day, version, "meeting.date_cancelled", do)


def restore(user: User, meeting_id: UUID, day: date, *, version: int) -> OnlineMeeting:
    """Have the date of a day take place as the pattern has it, though it was moved, cancelled or a holiday.

    :raises BadPlan: it cannot be then any more.
    """
    return _do(user, meeting_id, day, version, "meeting.date_restored", series.restore)


def _do(
    user: User,
    meeting_id: UUID,
    day: date,
    version: int,
    kind: str,
    change: Callable[[OnlineMeeting, Occurrence], None],
) -> OnlineMeeting:
    with acting(user, meeting_id, version) as meeting:
        if meeting.theirs is not None:
            raise Undecided(UNDECIDED)
        row = meeting.occurrences.filter(day=day).first() if meeting.recurrence else None
        if row is None:
            raise OccurrenceNotFound
        before = series.record_of(row)
        change(meeting, row)
        after = series.record_of(row)
        if before == after:
            raise NothingToDo("That date is so already.")
        renew(meeting)
        changes = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
        record(meeting, user.username, kind, day=day.isoformat(), changes=changes)
    return meeting
