"""When people have time for each other, from what is known of each (REFERENCE 23.8). Pure.

Microsoft's own findMeetingTimes takes no application token. So every time at which a meeting might begin is looked
at here, and the best are suggested with what speaks against each.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest
from itertools import accumulate
from typing import Final, Literal

from meetings.rules.schedules import (
    UNAVAILABLE,
    VIEW_INTERVAL,
    Attendee,
    Busy,
    ScheduleError,
    Status,
    hours_about,
)
from meetings.rules.times import Interval

Reason = Literal["busy", "oof", "tentative", "elsewhere", "outside_hours", "unknown"]

MOST: Final = 20  # suggestions, unless more are asked for

# From what matters least to what matters most.
_BY_WEIGHT: Final = (Status.FREE, Status.ELSEWHERE, Status.TENTATIVE, Status.BUSY, Status.OOF)
_REASONS: Final[dict[Status, Reason]] = {
    Status.ELSEWHERE: "elsewhere",
    Status.TENTATIVE: "tentative",
    Status.BUSY: "busy",
    Status.OOF: "oof",
}


@dataclass(frozen=True, slots=True)
class Conflict:
    """What speaks against a time for one attendee; `interval` is what is taken, None for reasons without one."""

    key: str
    reason: Reason
    is_required: bool
    interval: Interval | None = None

    @property
    def is_unavailable(self) -> bool:
        """Tell whether they cannot come: for the other reasons one may ask them to."""
        return self.reason in ("busy", "oof")


@dataclass(frozen=True, slots=True)
class LocalTime:
    """What an attendee's clocks show at the beginning and at the end."""

    key: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A time for a meeting, what speaks against it, and what time that is for everybody, by key."""

    interval: Interval
    conflicts: tuple[Conflict, ...]
    local_times: tuple[LocalTime, ...]

    @property
    def is_good(self) -> bool:
        """Tell whether all who are required are free, and it is within everybody's hours."""
        return not any(
            one.reason == "outside_hours" or (one.is_required and one.is_unavailable) for one in self.conflicts
        )

    @property
    def unavailable(self) -> tuple[str, ...]:
        """Return the keys of those who cannot come, each once."""
        return tuple(dict.fromkeys(one.key for one in self.conflicts if one.is_unavailable))


def suggest(
    attendees: Sequence[Attendee],
    length: timedelta,
    window: Interval,
    step: int = VIEW_INTERVAL,
    most: int = MOST,
) -> list[Suggestion]:
    """Return the best times for a meeting of `length` that lies in `window`, best first.

    What counts most is how few cannot come of those who are required; then how few are outside their hours,
    optional people too; then how few optional people cannot come; then how few are tentative; and of equal times
    the earlier is better. So those come first that are good, if there are any.

    :param step: minutes between the times that are looked at, the first of which is the beginning of `window`.
    :param most: how many are wanted.
    :raises ScheduleError: when the length, the step or the number is not positive, or two attendees share a key.
    """
    if length <= timedelta(0) or step < 1 or most < 1:
        raise ScheduleError("The length, the step and the number of suggestions must be positive.")
    people = sorted(attendees, key=lambda one: one.key)
    if len({one.key for one in people}) < len(people):
        raise ScheduleError("An attendee is named twice.")
    grid = _Grid.of(window, length, timedelta(minutes=step))
    calendars = [_Calendar.of(one, grid.whole) for one in people]
    scores = _scores(calendars, grid)
    best = nsmallest(most, range(grid.count), key=lambda place: (*scores[place], place))
    return [_suggestion(calendars, grid.interval(place)) for place in best]


def conflicts(attendees: Iterable[Attendee], interval: Interval) -> tuple[Conflict, ...]:
    """Return what speaks against a meeting then, by key, and for each attendee in the order of time."""
    people = sorted(attendees, key=lambda one: one.key)
    return tuple(found for one in people for found in _Calendar.of(one, interval).conflicts(interval))


@dataclass(frozen=True, slots=True)
class _Grid:
    """The times at which a meeting might begin, numbered."""

    start: datetime
    step: timedelta
    length: timedelta
    count: int

    @classmethod
    def of(cls, window: Interval, length: timedelta, step: timedelta) -> "_Grid":
        return cls(window.start, step, length, max((window.length - length) // step + 1, 0))

    @property
    def whole(self) -> Interval:
        return Interval(self.start, self.start + max(self.count - 1, 0) * self.step + self.length)

    def interval(self, place: int) -> Interval:
        start = self.start + place * self.step
        return Interval(start, start + self.length)

    def overlapping(self, taken: Interval) -> slice:
        """Return the places of meetings that have time in common with `taken`."""
        first = (taken.start - self.length - self.start) // self.step + 1
        return self._slice(first, -((self.start - taken.end) // self.step))

    def within(self, shift: Interval) -> slice:
        """Return the places of meetings that lie in `shift` as a whole."""
        first = -((self.start - shift.start) // self.step)
        return self._slice(first, (shift.end - self.length - self.start) // self.step + 1)

    def _slice(self, first: int, end: int) -> slice:
        return slice(min(max(first, 0), self.count), min(max(first, end, 0), self.count))


@dataclass(frozen=True, slots=True)
class _Calendar:
    """What is known of somebody's time during a span, in a form in which a time is found fast."""

    owner: Attendee
    busy: Sequence[Busy]  # by their beginning
    starts: Sequence[datetime]
    latest_ends: Sequence[datetime]  # of all up to each
    shifts: Sequence[Interval] | None  # None when the hours are not known

    @classmethod
    def of(cls, owner: Attendee, span: Interval) -> "_Calendar":
        taken = [one for one in owner.busy if one.status and one.interval.length and one.interval.overlaps(span)]
        taken.sort(key=lambda one: (one.interval.start, one.interval.end, one.status))
        starts = [one.interval.start for one in taken]
        latest_ends = list(accumulate((one.interval.end for one in taken), max))
        shifts = hours_about(owner.zone, owner.hours, span) if owner.hours else None
        return cls(owner, taken, starts, latest_ends, shifts)

    def conflicts(self, interval: Interval) -> Iterator[Conflict]:
        """Yield what speaks against `interval`, which lies in the span."""
        for one in self.busy[
            bisect_right(self.latest_ends, interval.start) : bisect_left(self.starts, interval.end)
        ]:
            if one.interval.overlaps(interval):
                yield Conflict(self.owner.key, _REASONS[one.status], self.owner.is_required, one.interval)
        if self.is_outside(interval):
            yield Conflict(self.owner.key, "outside_hours", self.owner.is_required)
        if not self.owner.is_known:
            yield Conflict(self.owner.key, "unknown", self.owner.is_required)

    def is_outside(self, interval: Interval) -> bool:
        """Tell whether any of `interval` is outside the hours; False when these are not known."""
        if self.shifts is None:
            return False
        place = bisect_right(self.shifts, interval.start, key=lambda shift: shift.start) - 1
        return place < 0 or not self.shifts[place].contains(interval)

    def local_time(self, interval: Interval) -> LocalTime:
        """Return what the owner's clocks show then."""
        zone = self.owner.zone
        return LocalTime(self.owner.key, interval.start.astimezone(zone), interval.end.astimezone(zone))


def _suggestion(calendars: Sequence[_Calendar], interval: Interval) -> Suggestion:
    found = tuple(conflict for one in calendars for conflict in one.conflicts(interval))
    return Suggestion(interval, found, tuple(one.local_time(interval) for one in calendars))


def _scores(calendars: Sequence[_Calendar], grid: _Grid) -> list[tuple[int, ...]]:
    """Return for each place what makes it worse, the most important first."""
    required, outside, optional, tentative = ([0] * grid.count for _ in range(4))
    for one in calendars:
        _add(outside, _outside(one, grid))
        status = _statuses(one, grid)
        _add(tentative, status.translate(_IS_TENTATIVE))
        _add(required if one.owner.is_required else optional, status.translate(_IS_UNAVAILABLE))
    return list(zip(required, outside, optional, tentative, strict=True))


# Tables for `bytes.translate`, which is many times as fast as a loop.
_IS_TENTATIVE: Final = bytes(int(code == Status.TENTATIVE) for code in range(256))
_IS_UNAVAILABLE: Final = bytes(int(code in UNAVAILABLE) for code in range(256))


def _add(counts: list[int], more: bytes | bytearray) -> None:
    counts[:] = map(int.__add__, counts, more)


def _statuses(calendar: _Calendar, grid: _Grid) -> bytearray:
    """Return, for each place, the worst that a meeting then meets in somebody's calendar."""
    found = bytearray(grid.count)
    for taken in sorted(calendar.busy, key=lambda one: _BY_WEIGHT.index(one.status)):
        where = grid.overlapping(taken.interval)
        found[where] = bytes([taken.status]) * (where.stop - where.start)
    return found


def _outside(calendar: _Calendar, grid: _Grid) -> bytes | bytearray:
    """Return 1 for each place that is outside somebody's hours, 0 for the others."""
    if calendar.shifts is None:
        return bytes(grid.count)
    found = bytearray(b"\1" * grid.count)
    for shift in calendar.shifts:
        where = grid.within(shift)
        found[where] = bytes(where.stop - where.start)
    return found
