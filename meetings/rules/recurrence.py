"""Series of meetings: on which days, and at which instants (REFERENCE 23.4). Pure.

A series is a pattern of days and a range of them. All that is asked of it is computed from the number of a period,
be that a day, a week, a month or a year, so that what lies far away costs no more than what lies near. Where
Microsoft's pages are silent it follows Outlook:

- the 31st of a shorter month is its last day, and the 29th of February is the 28th in most years;
- several days of a relative pattern are one kind of day: the second of Monday to Friday is the second working day
  of the month, not the second Monday;
- what `interval` counts begins with the day, week, month or year of the first day, weeks with `first_day_of_week`;
- a first day that does not fit the pattern has no occurrence.
"""

import heapq
from calendar import monthrange
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from meetings.rules.patterns import FIRST, LAST, PLACES, Pattern, Recurrence, RecurrenceError
from meetings.rules.times import Interval, day_at, instant

Exceptions = Mapping[date, Interval | None]  # by original day: when it is instead, None when it is cancelled

NO_EXCEPTIONS: Final[Exceptions] = MappingProxyType({})

_DAY: Final = timedelta(days=1)
_WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One meeting of a series. `day` is what the pattern gives it, wherever it was moved; times are UTC."""

    day: date
    start: datetime
    end: datetime
    is_moved: bool = False

    @property
    def interval(self) -> Interval:
        """Return from when to when it is."""
        return Interval(self.start, self.end)


def occurrences(
    start: datetime,
    zone: ZoneInfo,
    length: timedelta,
    recurrence: Recurrence,
    window: Interval,
    *,
    exceptions: Exceptions = NO_EXCEPTIONS,
    holidays: Container[date] = frozenset(),
) -> Iterator[Occurrence]:
    """Yield, as they are asked for, the occurrences that overlap `window`, by their beginning.

    Clocks in `zone` show the same time at the beginning of each, and the same at its end, as Outlook keeps both:
    a night in which they change is an hour shorter or longer. See `instant` for times that they show twice or
    never; what begins at a time that they leap over takes as long as it does by the clock. Where a whole day never
    was, its occurrence is at the time of the next day's, and both are yielded.

    :param start: when the first day's begins, on the wall; on the day of `recurrence.range.start`.
    :param length: how much later clocks show its end.
    :param exceptions: what was moved or cancelled, by the day that the pattern gave it; other days are ignored.
    :param holidays: days without an occurrence, unless it was moved: that was meant. They count for a numbered
        range as cancelled ones do: in Outlook a series of ten of which one is cancelled has nine and ends when it
        did, so that nobody is invited for longer than was agreed.
    :raises RecurrenceError: when `start` has a zone or is on another day, or `length` is negative.
    """
    if start.tzinfo is not None or start.date() != recurrence.range.start:
        raise RecurrenceError("The first meeting must be on the first day of the series, by its own clocks.")
    if length < timedelta(0):
        raise RecurrenceError("A meeting cannot end before it begins.")
    first, last = _days_of(window, zone, length)
    usual = (
        _on(day, start, zone, length)
        for day in days(recurrence, first, last)
        if day not in exceptions and day not in holidays
    )
    moved = (
        Occurrence(day, when.start, when.end, is_moved=True)
        for day, when in exceptions.items()
        if when is not None and when.overlaps(window) and is_day(recurrence, day)
    )
    return heapq.merge(
        (one for one in usual if one.interval.overlaps(window)),
        sorted(moved, key=lambda one: one.start),
        key=lambda one: one.start,
    )


def days(recurrence: Recurrence, first: date = FIRST, last: date = LAST) -> Iterator[date]:
    """Yield the days of the series from `first` to `last`, both inclusive."""
    first, last = max(first, recurrence.range.start), min(last, _closing(recurrence))
    if first > last:
        return
    for number in range(_period_of(recurrence, first), _period_of(recurrence, last) + 1):
        yield from (day for day in _period(recurrence, number) if first <= day <= last)


def days_before(recurrence: Recurrence, day: date) -> Iterator[date]:
    """Yield the days of the series before `day`, the latest first."""
    start = recurrence.range.start
    if day <= start:
        return
    last = min(day - _DAY, _closing(recurrence))
    for number in range(_period_of(recurrence, last), _period_of(recurrence, start) - 1, -1):
        yield from (one for one in reversed(_period(recurrence, number)) if start <= one <= last)


def is_day(recurrence: Recurrence, day: date) -> bool:
    """Tell whether the series has an occurrence on `day`, before any exception."""
    return any(True for _ in days(recurrence, day, day))


def last_day(recurrence: Recurrence) -> date | None:
    """Return the day of the last occurrence, before any exception; None when there is no end, or no occurrence."""
    if recurrence.range.end is None and recurrence.range.count is None:
        return None
    return next(days_before(recurrence, LAST + _DAY), None)


def crossed_neighbour(
    recurrence: Recurrence,
    day: date,
    moved_to: date,
    zone: ZoneInfo,
    *,
    exceptions: Exceptions = NO_EXCEPTIONS,
    holidays: Container[date] = frozenset(),
) -> date | None:
    """Return the original day of the neighbour onto or past which an occurrence would be moved, if there is one.

    Microsoft refuses it: 400 `ErrorOccurrenceCrossingBoundary` (`event-update.md`). Neighbours are the nearest
    occurrences before and after `day` that take place, where they were moved themselves.

    :param day: the original day of the occurrence that is moved, and `moved_to` that on which it would begin.
    :param exceptions: as for `occurrences`; that of `day` itself does not matter.
    :raises RecurrenceError: when the series has nothing on `day`.
    """
    if not is_day(recurrence, day):
        raise RecurrenceError(f"The series has no occurrence on {day}.")
    before, after = (
        next(
            ((one, _now_on(one, zone, exceptions)) for one in found if takes_place(one, exceptions, holidays)),
            None,
        )
        for found in (days_before(recurrence, day), days(recurrence, day + _DAY))
    )
    if before and moved_to <= before[1]:
        return before[0]
    return after[0] if after and moved_to >= after[1] else None


def takes_place(
    day: date, exceptions: Exceptions = NO_EXCEPTIONS, holidays: Container[date] = frozenset()
) -> bool:
    """Tell whether an occurrence that the pattern gives to `day` takes place, then or another time."""
    return exceptions[day] is not None if day in exceptions else day not in holidays


def _now_on(day: date, zone: ZoneInfo, exceptions: Exceptions) -> date:
    when = exceptions.get(day)
    return day_at(when.start, zone) if when else day


def _days_of(window: Interval, zone: ZoneInfo, length: timedelta) -> tuple[date, date]:
    """Return between which days all occurrences begin that can overlap, even where clocks leap over a day."""
    first, last = day_at(window.start, zone), day_at(window.end, zone)
    margin = length + 2 * _DAY
    return first - margin if first - date.min > margin else date.min, last


def _on(day: date, start: datetime, zone: ZoneInfo, length: timedelta) -> Occurrence:
    shown = datetime.combine(day, start.time())
    begin, end = instant(shown, zone), instant(shown + length, zone)
    is_leapt_over = begin.astimezone(zone).replace(tzinfo=None) != shown
    return Occurrence(day, begin, begin + length if is_leapt_over or end <= begin else end)


def _closing(recurrence: Recurrence) -> date:
    """Return the last day on which the range lets the series have an occurrence."""
    if recurrence.range.count is not None:
        return _nth(recurrence, recurrence.range.count)
    return min(recurrence.range.end or LAST, LAST)


def _nth(recurrence: Recurrence, count: int) -> date:
    """Return the day of the occurrence with this number, the first having 1."""
    in_first = [day for day in _period(recurrence, 0) if day >= recurrence.range.start]
    if count <= len(in_first):
        return in_first[count - 1]
    number, place = divmod(count - len(in_first) - 1, len(_period(recurrence, 0)))
    if number + 1 > _period_of(recurrence, LAST):
        return LAST
    return min(_period(recurrence, number + 1)[place], LAST)


def _period_of(recurrence: Recurrence, day: date) -> int:
    """Return the number of the period that has begun last on `day`; that of the first day of the series is 0."""
    pattern, start = recurrence.pattern, recurrence.range.start
    if pattern.kind == "daily":
        return (day - start).days // pattern.interval
    if pattern.kind == "weekly":
        return (day - _begin_of_week(pattern, start)).days // (_WEEK * pattern.interval)
    if pattern.month:
        return (day.year - start.year) // pattern.interval
    return (_months(day) - _months(start)) // pattern.interval


def _period(recurrence: Recurrence, number: int) -> tuple[date, ...]:
    """Return the days of the pattern in this period, within the range or not; as many as in any other."""
    pattern, start = recurrence.pattern, recurrence.range.start
    if pattern.kind == "daily":
        return (start + timedelta(days=number * pattern.interval),)
    if pattern.kind == "weekly":
        week = _begin_of_week(pattern, start) + timedelta(weeks=number * pattern.interval)
        offsets = sorted((day - pattern.first_day_of_week) % _WEEK for day in pattern.days)
        return tuple(week + timedelta(days=offset) for offset in offsets)
    if pattern.month:
        return (_in_month(pattern, start.year + number * pattern.interval, pattern.month),)
    year, month = divmod(_months(start) + number * pattern.interval, 12)
    return (_in_month(pattern, year, month + 1),)


def _in_month(pattern: Pattern, year: int, month: int) -> date:
    weekday, length = monthrange(year, month)
    if pattern.day_of_month:
        return date(year, month, min(pattern.day_of_month, length))
    fitting = [day for day in range(1, length + 1) if (weekday + day - 1) % _WEEK in pattern.days]
    return date(year, month, fitting[PLACES[pattern.index]])


def _begin_of_week(pattern: Pattern, day: date) -> date:
    return day - timedelta(days=(day.weekday() - pattern.first_day_of_week) % _WEEK)


def _months(day: date) -> int:
    return day.year * 12 + day.month - 1
