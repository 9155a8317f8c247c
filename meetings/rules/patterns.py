"""The pattern and the range of a series of meetings, and Graph's shapes of them (REFERENCE 23.4). Pure."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, Self, get_args

from meetings.rules.times import Weekday

Kind = Literal["daily", "weekly", "absoluteMonthly", "relativeMonthly", "absoluteYearly", "relativeYearly"]
Index = Literal["first", "second", "third", "fourth", "last"]

FIRST: Final = date(1601, 1, 1)  # Outlook's calendar has no other days
LAST: Final = date(4500, 8, 31)

_NEEDS: Final[Mapping[Kind, frozenset[str]]] = {
    "daily": frozenset(),
    "weekly": frozenset({"days", "first_day_of_week"}),
    "absoluteMonthly": frozenset({"day_of_month"}),
    "relativeMonthly": frozenset({"days", "index"}),
    "absoluteYearly": frozenset({"day_of_month", "month"}),
    "relativeYearly": frozenset({"days", "index", "month"}),
}
_UNUSED: Final[Mapping[str, object]] = {
    "days": frozenset(),
    "first_day_of_week": Weekday.SUNDAY,
    "day_of_month": 0,
    "month": 0,
    "index": "first",
}
PLACES: Final[Mapping[Index, int]] = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}
_KINDS: Final = {kind.lower(): kind for kind in get_args(Kind)}
_DAYS: Final = {day.name.lower(): day for day in Weekday}
_ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class RecurrenceError(ValueError):
    """What is described cannot be meant; its text is for people."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """On which days (`resources/recurrencepattern.md`). What `kind` has no use for is dropped.

    :raises RecurrenceError: when something is missing or out of bounds.
    """

    kind: Kind
    interval: int = 1  # days, weeks, months or years
    days: frozenset[Weekday] = frozenset()
    first_day_of_week: Weekday = Weekday.SUNDAY
    day_of_month: int = 0
    month: int = 0
    index: Index = "first"

    def __post_init__(self) -> None:
        """Drop what is not needed and look at the rest."""
        if self.kind not in _NEEDS:
            raise RecurrenceError(f"There is no pattern {self.kind!r}.")
        for name in _UNUSED.keys() - _NEEDS[self.kind]:
            object.__setattr__(self, name, _UNUSED[name])
        if self.interval < 1:
            raise RecurrenceError("The interval must be 1 or more.")
        self._check_needed(_NEEDS[self.kind])

    def _check_needed(self, needed: frozenset[str]) -> None:
        if "days" in needed and not self.days:
            raise RecurrenceError("The pattern names no day of the week.")
        if "day_of_month" in needed and not 1 <= self.day_of_month <= 31:
            raise RecurrenceError("The day of the month must be between 1 and 31.")
        if "month" in needed and not 1 <= self.month <= 12:
            raise RecurrenceError("The month must be between 1 and 12.")
        if "index" in needed and self.index not in PLACES:
            raise RecurrenceError(f"There is no index {self.index!r}.")

    def to_graph(self) -> dict[str, Any]:
        """Return it as Graph takes it, without what its kind does not need."""
        needed = _NEEDS[self.kind]
        whole = {
            "daysOfWeek": ("days", [day.name.lower() for day in sorted(self.days)]),
            "firstDayOfWeek": ("first_day_of_week", self.first_day_of_week.name.lower()),
            "dayOfMonth": ("day_of_month", self.day_of_month),
            "month": ("month", self.month),
            "index": ("index", self.index),
        }
        used = {name: value for name, (ours, value) in whole.items() if ours in needed}
        return {"type": self.kind, "interval": self.interval, **used}

    @classmethod
    def from_graph(cls, body: Mapping[str, Any]) -> Self:
        """Read one of Graph's, or of somebody's request: words in any case, unused fields with anything in them.

        :raises RecurrenceError: when it cannot be meant.
        """
        kind = _KINDS.get(str(body.get("type")).lower())
        if kind is None:
            raise RecurrenceError(f"There is no pattern {body.get('type')!r}.")
        needs = _NEEDS[kind]
        return cls(
            kind,
            _number(body, "interval", 1),
            _days(body) if "days" in needs else frozenset(),
            _day(body.get("firstDayOfWeek") or "sunday") if "first_day_of_week" in needs else Weekday.SUNDAY,
            _number(body, "dayOfMonth", 0) if "day_of_month" in needs else 0,
            _number(body, "month", 0) if "month" in needs else 0,
            _index(body.get("index") or "first") if "index" in needs else "first",
        )


@dataclass(frozen=True, slots=True)
class Range:
    """From which day on, and until when: a last possible day, a number of occurrences, or no end.

    (`resources/recurrencerange.md`)

    :raises RecurrenceError: when both ends are given, none is possible, or a day is not one of Outlook's calendar.
    """

    start: date
    end: date | None = None  # inclusive
    count: int | None = None
    time_zone: str = ""  # by its Windows or IANA name, as Graph has it; empty is that of the event

    def __post_init__(self) -> None:
        """Look at the days and at the number."""
        if not FIRST <= self.start <= LAST:
            raise RecurrenceError(f"The first day must lie between {FIRST} and {LAST}.")
        if self.end is not None and self.count is not None:
            raise RecurrenceError("A series ends on a day or after a number of occurrences, not both.")
        if self.end is not None and self.end < self.start:
            raise RecurrenceError("The last day lies before the first.")
        if self.count is not None and self.count < 1:
            raise RecurrenceError("The number of occurrences must be 1 or more.")

    def to_graph(self) -> dict[str, Any]:
        """Return it as Graph takes it."""
        body: dict[str, Any] = {"type": "noEnd", "startDate": self.start.isoformat()}
        if self.end is not None:
            body |= {"type": "endDate", "endDate": self.end.isoformat()}
        if self.count is not None:
            body |= {"type": "numbered", "numberOfOccurrences": self.count}
        return body | ({"recurrenceTimeZone": self.time_zone} if self.time_zone else {})

    @classmethod
    def from_graph(cls, body: Mapping[str, Any]) -> Self:
        """Read one of Graph's; what its type has no use for may be anything.

        :raises RecurrenceError: when it cannot be meant.
        """
        start, zone = _date(body, "startDate"), str(body.get("recurrenceTimeZone") or "")
        kind = str(body.get("type")).lower()
        if kind == "enddate":
            return cls(start, end=_date(body, "endDate"), time_zone=zone)
        if kind == "numbered":
            return cls(start, count=_number(body, "numberOfOccurrences", 0), time_zone=zone)
        if kind == "noend":
            return cls(start, time_zone=zone)
        raise RecurrenceError(f"There is no range {body.get('type')!r}.")


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A series: which days of which range."""

    pattern: Pattern
    range: Range

    def to_graph(self) -> dict[str, Any]:
        """Return the `patternedRecurrence` for an event."""
        return {"pattern": self.pattern.to_graph(), "range": self.range.to_graph()}

    @classmethod
    def from_graph(cls, body: Mapping[str, Any]) -> Self:
        """Read a `patternedRecurrence` tolerantly.

        :raises RecurrenceError: when it cannot be meant.
        """
        pattern, limits = body.get("pattern"), body.get("range")
        if not isinstance(pattern, Mapping) or not isinstance(limits, Mapping):
            raise RecurrenceError("A series needs a pattern and a range.")
        return cls(Pattern.from_graph(pattern), Range.from_graph(limits))


def _number(body: Mapping[str, Any], name: str, default: int) -> int:
    found = body.get(name, default)
    if not isinstance(found, int) or isinstance(found, bool):
        raise RecurrenceError(f"`{name}` must be a whole number.")
    return found


def _days(body: Mapping[str, Any]) -> frozenset[Weekday]:
    found = body.get("daysOfWeek") or []
    if isinstance(found, str) or not isinstance(found, Collection):
        raise RecurrenceError("`daysOfWeek` must be a list.")
    return frozenset(_day(name) for name in found)


def _day(name: object) -> Weekday:
    if str(name).lower() not in _DAYS:
        raise RecurrenceError(f"There is no day {name!r}.")
    return _DAYS[str(name).lower()]


def _index(name: object) -> Index:
    for index in PLACES:
        if index == str(name).lower():
            return index
    raise RecurrenceError(f"There is no index {name!r}.")


def _date(body: Mapping[str, Any], name: str) -> date:
    found = str(body.get(name))
    try:
        if _ISO_DATE.fullmatch(found):
            return date.fromisoformat(found)
    except ValueError:
        pass
    raise RecurrenceError(f"`{name}` must be a day like 2026-03-02, not {found!r}.")
