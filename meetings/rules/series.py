"""The dates of a meeting that is wanted: one, or those of a series, and whether a series can be so. Pure."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from meetings.rules import plan as plans
from meetings.rules.patterns import Range, Recurrence, RecurrenceError
from meetings.rules.plan import FURTHEST, Plan, zone_of
from meetings.rules.recurrence import Occurrence, days, is_day, last_day, occurrences
from meetings.rules.times import Interval, instant

MOST_DATES: Final = 400
ENDLESS: Final = "Say when the series ends: on a day, or after a number of dates."


def wall_of(at: datetime, zone: str) -> datetime:
    """Return what clocks in a zone show at an instant, naive."""
    return at.astimezone(zone_of(zone)).replace(tzinfo=None, fold=0)


def dates(plan: Plan) -> list[Occurrence]:
    """Return all dates of a meeting as its pattern gives them; of a series that does not end, none.

    :raises RecurrenceError: the pattern does not fit the first date.
    """
    start, end = (wall_of(at, plan.zone) for at in (plan.starts_at, plan.ends_at))
    if plan.recurrence is None:
        return [Occurrence(start.date(), plan.starts_at.astimezone(UTC), plan.ends_at.astimezone(UTC))]
    return laid_out(plan.recurrence, start, end - start, zone_of(plan.zone))


def laid_out(recurrence: Recurrence, start: datetime, length: timedelta, zone: ZoneInfo) -> list[Occurrence]:
    """Return all dates of a series as its pattern gives them; none of one that does not end.

    :param start: of the first, as clocks in `zone` show it.
    :param length: how much later they show its end.
    :raises RecurrenceError: it is not on the first day of the series, or ends before it begins.
    """
    last = last_day(recurrence)
    if last is None:
        return []
    begin = instant(start, zone)
    until = instant(datetime.combine(last, start.time()), zone) + length + timedelta(days=1)
    return list(occurrences(start, zone, length, recurrence, Interval(begin, max(begin, until))))


def problems(plan: Plan, at: datetime) -> dict[str, str]:
    """Return what is wrong with `plan` at the instant `at`, by field, its dates among it; empty when it can be."""
    found = plans.problems(plan, at)
    if plan.recurrence is None or found.keys() & {"starts_at", "ends_at", "zone"}:
        return found
    problem = unfit(plan, at)
    return found | ({"recurrence": problem} if problem else {})


def unfit(plan: Plan, at: datetime) -> str:
    """Return why a series cannot be so; empty when it can, or is none."""
    recurrence = plan.recurrence
    if recurrence is None:
        return ""
    first = wall_of(plan.starts_at, plan.zone).date()
    if any(_is_second_time(at, plan.zone) for at in (plan.starts_at, plan.ends_at)):
        return "Clocks show that time twice on the first day. Let the series begin on another day, or earlier."
    if recurrence.range.end is None and recurrence.range.count is None:
        return ENDLESS
    if recurrence.range.start != first or not is_day(recurrence, first):
        return f"{first:%A %d %B %Y} is none of the days of the series. Let it begin on one of them."
    last = last_day(recurrence)
    if last is None or last > (at + FURTHEST).date():
        return "The series goes on for more than five years."
    if sum(1 for _, _ in zip(days(recurrence), range(MOST_DATES + 1), strict=False)) > MOST_DATES:
        return f"A series has at most {MOST_DATES} dates."
    try:
        return _unfit_dates(dates(plan), at)
    except RecurrenceError as error:
        return str(error)


def _is_second_time(at: datetime, zone: str) -> bool:
    """Tell whether clocks have shown before what they show then."""
    return instant(wall_of(at, zone), zone_of(zone)) != at


def _unfit_dates(found: Sequence[Occurrence], at: datetime) -> str:
    if any(one.end > other.start for one, other in pairwise(found)):
        return "A date would begin before the last one is over."
    return "" if any(one.end > at for one in found) else "All dates of the series are over already."


def canonical(recurrence: Recurrence | None) -> dict[str, Any] | None:
    """Return a recurrence as Graph writes it, the same for the same days: with the last of them as its end."""
    if recurrence is None:
        return None
    last = last_day(recurrence)
    return Recurrence(recurrence.pattern, Range(recurrence.range.start, end=last)).to_graph()


def clock_of(plan: Plan) -> str:
    """Return a digest of when the pattern has all dates: zones with other clocks between them have another one."""
    try:
        instants = " ".join(one.start.isoformat() for one in dates(plan))
    except RecurrenceError:
        return ""
    return sha256(instants.encode()).hexdigest()[:16]


def nearest(found: Sequence[tuple[date, Interval]], at: datetime) -> date | None:
    """Return the day of the date to which something belongs that begins at `at`: during one, or next to it."""

    def distance(one: tuple[date, Interval]) -> timedelta:
        span = one[1]
        return max(span.start - at, at - span.end, timedelta(0))

    return min(found, key=distance, default=(None, None))[0]
