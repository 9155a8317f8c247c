"""Which times are offered to whoever looks for one: a few, on several days, near the day that was wanted. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from meetings.rules.schedules import Attendee, WorkingHours
from meetings.rules.slots import Suggestion, conflicts, suggest
from meetings.rules.times import Interval, Weekday, day_at, instant

STEP: Final = 30  # minutes
MOST: Final = 6
MOST_OF_DAY: Final = 2
FALLBACK: Final = 3  # of those with something against them, where nothing else is left
DAYS_BEFORE: Final = 1
DAYS_AFTER: Final = 7
LOOKED_AT: Final = 48  # of a day: all of its half hours

# When people hold meetings of whose hours nobody knows.
OFFICE: Final = WorkingHours(frozenset(Weekday(day) for day in range(5)), time(8), time(18))
_DAY: Final = timedelta(days=1)


def days(wanted: date) -> tuple[date, ...]:
    """Return the days that are looked at, the nearest first; of two as near the later one."""
    near = sorted(range(-DAYS_BEFORE, DAYS_AFTER + 1), key=lambda away: (abs(away), -away))
    return tuple(wanted + away * _DAY for away in near)


def window(wanted: date, zone: ZoneInfo) -> Interval:
    """Return the time from the beginning of the first of `days` to the end of the last one."""
    first, last = wanted - DAYS_BEFORE * _DAY, wanted + DAYS_AFTER * _DAY
    return Interval(day(first, zone).start, day(last, zone).end)


def day(which: date, zone: ZoneInfo) -> Interval:
    """Return the time from one midnight in `zone` to the next."""
    first, next_one = (datetime.combine(one, time()) for one in (which, which + _DAY))
    return Interval(instant(first, zone), instant(next_one, zone))


def offers(attendees: Sequence[Attendee], meeting: Interval, zone: ZoneInfo, at: datetime) -> list[Suggestion]:
    """Return times for a meeting as long as `meeting`, in order of time; none is over at the instant `at`.

    Those are offered that are good, on the day that was wanted and on the days about it. Where none is, those are
    that have the least against them. Of whom no hours are known office hours in `zone` are believed.
    """
    people = [one if one.hours else replace(one, zone=zone, hours=OFFICE) for one in attendees]
    wanted = day_at(meeting.start, zone)
    spans = [span for one in days(wanted) if (span := _rest(day(one, zone), at))]
    found: list[Suggestion] = []
    for span in spans:
        best = suggest(people, meeting.length, span, STEP, LOOKED_AT)
        good = (one for one in best if one.is_good and one.interval != meeting)
        found += list(_apart(good, MOST_OF_DAY))
    best = found[:MOST] or _least(people, meeting, spans)
    told = (replace(one, conflicts=conflicts(attendees, one.interval)) for one in best)  # of hours that are known
    return sorted(told, key=lambda one: one.interval.start)


def _least(people: Sequence[Attendee], meeting: Interval, spans: Sequence[Interval]) -> list[Suggestion]:
    if not spans:
        return []
    whole = Interval(min(one.start for one in spans), max(one.end for one in spans))
    best = suggest(people, meeting.length, whole, STEP, LOOKED_AT * len(spans))
    return list(_apart((one for one in best if one.interval != meeting), FALLBACK))


def _apart(suggestions: Iterator[Suggestion], most: int) -> Iterator[Suggestion]:
    """Yield some of them that have no time in common: two neighbours are no choice."""
    taken: list[Interval] = []
    for one in suggestions:
        if len(taken) == most:
            return
        if not any(one.interval.overlaps(other) for other in taken):
            taken.append(one.interval)
            yield one


def _rest(span: Interval, at: datetime) -> Interval | None:
    """Return what is left of a day, from the next half hour of its clocks on."""
    late = at - span.start
    if late <= timedelta(0):
        return span
    start = span.start + -(-late // timedelta(minutes=STEP)) * timedelta(minutes=STEP)
    return Interval(start, span.end) if start < span.end else None
