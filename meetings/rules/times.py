"""Instants, intervals and the clocks on people's walls. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum
from typing import Final
from zoneinfo import ZoneInfo


class Weekday(IntEnum):
    """A day of the week, numbered as `date.weekday()` does."""

    MONDAY = 0
    TUESDAY = 1
    WEDNESDAY = 2
    THURSDAY = 3
    FRIDAY = 4
    SATURDAY = 5
    SUNDAY = 6


WEEKDAYS: Final = tuple((day.name.lower(), day.name.lower()) for day in Weekday)  # Graph's names


@dataclass(frozen=True, slots=True)
class Interval:
    """The time from `start` until before `end`, both kept in UTC; it may be empty.

    :raises ValueError: when one of them has no zone, or the end lies before the start.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Turn both into UTC: of two times in one zone Python compares what the clocks show, not the instants."""
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("The beginning and the end of an interval need a zone.")
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))
        if self.end < self.start:
            raise ValueError("An interval cannot end before it begins.")

    @property
    def length(self) -> timedelta:
        """Return how long it is."""
        return self.end - self.start

    def overlaps(self, other: "Interval") -> bool:
        """Tell whether both have time in common; an empty one is taken for the instant at which it stands."""
        if not self.length or not other.length:
            return self.start <= other.start < self.end or other.start <= self.start < other.end or self == other
        return self.start < other.end and other.start < self.end

    def contains(self, other: "Interval") -> bool:
        """Tell whether all of `other` lies in this one."""
        return self.start <= other.start and other.end <= self.end

    def common(self, other: "Interval") -> "Interval | None":
        """Return the time that both have in common, None when they have not even an instant."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Interval(start, end) if start <= end else None


def merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the same time in order, with those joined that overlap or touch."""
    found: list[Interval] = []
    for one in sorted(intervals, key=lambda interval: (interval.start, interval.end)):
        if found and one.start <= found[-1].end:
            found[-1] = Interval(found[-1].start, max(found[-1].end, one.end))
        else:
            found.append(one)
    return tuple(found)


def instant(shown: datetime, zone: ZoneInfo) -> datetime:
    """Return when clocks in `zone` show `shown`, in UTC.

    What they show twice is the first time. What they leave out is as much later as they leap: half past two at
    the beginning of daylight saving is half past three.

    :raises OverflowError: at the very ends of the calendar.
    """
    return shown.replace(tzinfo=zone, fold=0).astimezone(UTC)


def instants(day: date, begins: time, ends: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when clocks in `zone` show two times of `day`; what ends before it begins ends on the next day.

    :raises OverflowError: at the very ends of the calendar.
    """
    last = day if ends > begins else day + timedelta(days=1)
    return instant(datetime.combine(day, begins), zone), instant(datetime.combine(last, ends), zone)


def day_at(moment: datetime, zone: ZoneInfo) -> date:
    """Return which day it is in `zone`; beyond the ends of the calendar, its first or last one."""
    try:
        return moment.astimezone(zone).date()
    except OverflowError:
        return date.min if moment.year == 1 else date.max
