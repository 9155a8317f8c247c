"""What is known of people's time: when they work, and what is in their calendars (REFERENCE 23.8). Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import IntEnum
from typing import Final
from zoneinfo import ZoneInfo

from meetings.rules.times import Interval, Weekday, day_at, instant, merged

VIEW_INTERVAL: Final = 30  # minutes, getSchedule's own default
_DAY: Final = timedelta(days=1)


class ScheduleError(ValueError):
    """What was asked, or what was told of somebody's time, cannot be meant; its text is for people."""


class Status(IntEnum):
    """What somebody is at some time, as a digit of `availabilityView` says it (`calendar-getschedule.md`)."""

    FREE = 0
    TENTATIVE = 1
    BUSY = 2
    OOF = 3
    ELSEWHERE = 4


UNAVAILABLE: Final = frozenset({Status.BUSY, Status.OOF})  # who works elsewhere can come, who is tentative may


@dataclass(frozen=True, slots=True)
class Busy:
    """Some time in somebody's calendar that is taken."""

    interval: Interval
    status: Status = Status.BUSY


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """From when to when somebody works, by their own clocks.

    An `end` that is not after `start` is one of the next day: 22:00 to 06:00 on Mondays ends on Tuesday, and 0:00
    to 0:00 is the whole day.
    """

    days: frozenset[Weekday]
    start: time
    end: time

    @property
    def crosses_midnight(self) -> bool:
        """Tell whether a day's hours end on the next one."""
        return self.end <= self.start


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody who is to come; `key` names them in the answers."""

    key: str
    zone: ZoneInfo
    busy: tuple[Busy, ...] = ()
    hours: WorkingHours | None = None  # None when they are not known: then any time is as good
    is_required: bool = True
    is_known: bool = True  # False when Microsoft would not tell their time


def outside_hours(attendee: Attendee, interval: Interval) -> bool:
    """Tell whether any of `interval` is outside the attendee's hours; False when these are not known."""
    return attendee.hours is not None and not any(
        shift.contains(interval) for shift in hours_about(attendee.zone, attendee.hours, interval)
    )


def hours_about(zone: ZoneInfo, hours: WorkingHours, interval: Interval) -> tuple[Interval, ...]:
    """Return the hours that somebody in `zone` works around `interval`, in order; those that touch are joined.

    Those of the day before it and of the day after it are among them.
    """
    day, last = day_at(interval.start, zone) - _DAY, day_at(interval.end, zone) + _DAY
    shifts = []
    while day <= last:
        end_day = day + _DAY if hours.crosses_midnight else day
        opens = instant(datetime.combine(day, hours.start), zone)
        closes = instant(datetime.combine(end_day, hours.end), zone)
        if day.weekday() in hours.days and opens < closes:
            shifts.append(Interval(opens, closes))
        day += _DAY
    return merged(shifts)


def decode_availability(view: str, start: datetime, minutes: int = VIEW_INTERVAL) -> tuple[Busy, ...]:
    """Return what getSchedule's `availabilityView` says is taken, equal neighbours as one (REFERENCE 23.8).

    :param start: when the time began that was asked about, with a zone.
    :param minutes: the `availabilityViewInterval` that was asked for.
    :raises ScheduleError: when `view` holds something else than digits from 0 to 4, or `minutes` is not positive.
    """
    if minutes < 1:
        raise ScheduleError("The interval must be a minute or more.")
    if wrong := set(view) - set("01234"):
        raise ScheduleError(f"Microsoft's view of somebody's time holds {min(wrong)!r}.")
    begin, step, found, place = start.astimezone(UTC), timedelta(minutes=minutes), [], 0
    while place < len(view):
        rest = view[place:].lstrip(view[place])
        until = len(view) - len(rest)
        if view[place] != "0":
            taken = Interval(begin + place * step, begin + until * step)
            found.append(Busy(taken, Status(int(view[place]))))
        place = until
    return tuple(found)
