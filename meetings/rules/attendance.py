"""Who was in a meeting, for how long, and whether in time (REFERENCE 9.6). Pure.

Microsoft reports one record for each way in: who joins with a second device is there twice, and the seconds of its
records count double what a person sat through once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from meetings.rules.times import Interval, merged


class Verdict(StrEnum):
    """How somebody kept to the planned time."""

    ON_TIME = "on_time"
    LATE = "late"
    LEFT_EARLY = "left_early"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay of somebody, with one device; without an object id and an address it is nobody else's as well."""

    interval: Interval
    oid: str = ""
    email: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Attendance:
    """All the time that one person was there; `intervals` are apart from each other and in order."""

    intervals: tuple[Interval, ...]
    oid: str = ""
    email: str = ""
    name: str = ""

    @property
    def seconds(self) -> int:
        """Return for how long they were there, however many devices they had."""
        return sum((one.length for one in self.intervals), timedelta()) // timedelta(seconds=1)

    @property
    def first_join(self) -> datetime:
        """Return when they came first."""
        return self.intervals[0].start

    @property
    def last_leave(self) -> datetime:
        """Return when they left for good."""
        return self.intervals[-1].end

    @property
    def rejoins(self) -> int:
        """Return how often they came back after they had been gone with all devices."""
        return len(self.intervals) - 1


def attendances(stays: Iterable[Stay]) -> tuple[Attendance, ...]:
    """Return everybody's attendance, by the time they came first.

    An object id tells who somebody is. A stay without one belongs to whom another stay with the same address, in
    any case, belongs to; when these are several, to the first of their ids. Two ids with one address stay two
    people.
    """
    ordered = sorted(stays, key=lambda one: (one.interval.start, one.interval.end, one.oid, one.email, one.name))
    oids = _oids_by_address(ordered)
    people: dict[tuple[str, str], list[Stay]] = {}
    for number, stay in enumerate(ordered):
        people.setdefault(_person(stay, oids, number), []).append(stay)
    found = (_attendance(of_one) for of_one in people.values())
    return tuple(sorted(found, key=lambda one: (one.first_join, one.last_leave, one.oid, one.email, one.name)))


def judge(attendance: Attendance | None, planned: Interval, tolerance: int = 0) -> frozenset[Verdict]:
    """Return how somebody kept to `planned`; only being late and leaving early can both be said of one.

    What they sat through before and after it does not count: who was there only then was missing.

    :param attendance: None for somebody who never came.
    :param tolerance: minutes that nobody is blamed for, at the beginning and at the end.
    :raises ValueError: when the tolerance is negative.
    """
    if tolerance < 0:
        raise ValueError("The tolerance cannot be negative.")
    there = [one for one in attendance.intervals if one.overlaps(planned)] if attendance else []
    if not there:
        return frozenset({Verdict.MISSING})
    allowed, found = timedelta(minutes=tolerance), set()
    if there[0].start > planned.start + allowed:
        found.add(Verdict.LATE)
    if there[-1].end < planned.end - allowed:
        found.add(Verdict.LEFT_EARLY)
    return frozenset(found or {Verdict.ON_TIME})


def _oids_by_address(stays: Sequence[Stay]) -> dict[str, str]:
    found: dict[str, str] = {}
    for stay in stays:
        address = stay.email.casefold()
        if stay.oid and address:
            found[address] = min(found.get(address, stay.oid), stay.oid)
    return found


def _person(stay: Stay, oids: dict[str, str], number: int) -> tuple[str, str]:
    address = stay.email.casefold()
    if oid := stay.oid or oids.get(address, ""):
        return "oid", oid
    return ("email", address) if address else ("stay", str(number))


def _attendance(stays: Sequence[Stay]) -> Attendance:
    """Return the attendance of one person, with what their stays first say of who they are."""
    return Attendance(
        merged(stay.interval for stay in stays),
        next((stay.oid for stay in stays if stay.oid), ""),
        next((stay.email for stay in stays if stay.email), ""),
        next((stay.name for stay in stays if stay.name), ""),
    )
