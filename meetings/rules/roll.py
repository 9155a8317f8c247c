"""Who was to be in a meeting and who was: what readings of a report tell together, and an entry for each. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from meetings.rules.attendance import Attendance, Stay, Verdict, attendances, judge
from meetings.rules.times import Interval

UNINVITED: Final = "uninvited"


@dataclass(frozen=True, slots=True)
class Record:
    """What a report tells of one person: `key` is Microsoft's id of it."""

    key: str
    intervals: tuple[Interval, ...] = ()
    oid: str = ""
    email: str = ""
    name: str = ""
    role: str = ""

    @property
    def is_of_somebody(self) -> bool:
        """Tell whether it says whose it is: of guests it may hold a name alone, or nothing."""
        return bool(self.oid or self.email)


@dataclass(frozen=True, slots=True)
class Expected:
    """Somebody who was to be there; `part` is `organizer`, `presenter` or `attendee`."""

    part: str
    oid: str = ""
    address: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class RollEntry:
    """One person: who they are, when they were there, and how they kept to the plan, if that can be said."""

    part: str
    oid: str = ""
    address: str = ""
    name: str = ""
    attendance: Attendance | None = None
    verdicts: frozenset[Verdict] = frozenset()

    @property
    def is_invited(self) -> bool:
        """Tell whether they were to be there."""
        return self.part != UNINVITED


def interval(joined_at: datetime | None, left_at: datetime | None, session: Interval | None) -> Interval | None:
    """Return from when to when somebody was there, None when nothing says it.

    What was not told is the beginning or the end of the session: nobody is blamed for what Microsoft leaves out.
    """
    start = joined_at or (session.start if session else None)
    end = left_at or (session.end if session else None) or start
    return Interval(start, max(start, end)) if start and end else None


def united(kept: Iterable[Record], told: Iterable[Record]) -> tuple[Record, ...]:
    """Return what is known of a session: what was told now, and what was told before and is left out now.

    The service has cut reports off and overwritten them when people came again. Of nameless people the last
    reading alone counts, since nothing says which of them were there already.
    """
    found: dict[str, Record] = {}
    for one in told:
        found[one.key] = _together(found.get(one.key, one), one)
    for old in kept:
        if old.key in found:
            found[old.key] = _together(found[old.key], old)
        elif old.is_of_somebody:
            found[old.key] = old
    return tuple(found.values())


def _together(new: Record, old: Record) -> Record:
    return replace(
        new,
        intervals=tuple(sorted({*new.intervals, *old.intervals}, key=lambda one: (one.start, one.end))),
        oid=new.oid or old.oid,
        email=new.email or old.email,
        name=new.name or old.name,
        role=new.role or old.role,
    )


def roll(
    expected: Sequence[Expected], stays: Iterable[Stay], planned: Interval, tolerance: int, *, is_known: bool
) -> tuple[RollEntry, ...]:
    """Return everybody: those who were to be there in their order, then whoever else came, by their coming.

    :param tolerance: minutes that nobody is blamed for.
    :param is_known: whether it can be said who was missing or late: the meeting is over and was reported.
    """
    came = attendances(stays)
    owners = _owners(expected, came)
    by_place = {place: one for one, place in zip(came, owners, strict=True) if place is not None}
    entries = [_entry(one, by_place.get(place)) for place, one in enumerate(expected)]
    entries += [
        RollEntry(UNINVITED, one.oid, one.email, one.name, one)
        for one, place in zip(came, owners, strict=True)
        if place is None
    ]
    return tuple(_judged(entry, planned, tolerance) for entry in entries) if is_known else tuple(entries)


def _owners(expected: Sequence[Expected], came: Sequence[Attendance]) -> list[int | None]:
    """Return for each who came their place among those expected: by object id, else by an address that fits."""
    by_oid = {one.oid: place for place, one in reversed(list(enumerate(expected))) if one.oid}
    owners = [by_oid.get(one.oid) if one.oid else None for one in came]
    taken = set(owners)
    by_address = {
        one.address.casefold(): place
        for place, one in reversed(list(enumerate(expected)))
        if one.address and place not in taken
    }
    for number, one in enumerate(came):
        place = by_address.get(one.email.casefold()) if owners[number] is None else None
        if place is not None and place not in taken and not (one.oid and expected[place].oid):
            owners[number] = place
            taken.add(place)
    return owners


def _entry(one: Expected, attendance: Attendance | None) -> RollEntry:
    there = attendance or Attendance(())
    return RollEntry(
        one.part, one.oid or there.oid, one.address or there.email, one.name or there.name, attendance
    )


def _judged(entry: RollEntry, planned: Interval, tolerance: int) -> RollEntry:
    verdicts = judge(entry.attendance, planned, tolerance)
    return replace(entry, verdicts=verdicts if entry.is_invited else verdicts - {Verdict.MISSING})
