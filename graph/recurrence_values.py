"""The recurrence of an event in Graph's own words, read tolerantly (REFERENCE 23.4).

Nothing is computed here: on which days a series is belongs to whoever holds meetings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from graph.values import integer, mapping, member, text

PATTERNS = ("daily", "weekly", "absoluteMonthly", "relativeMonthly", "absoluteYearly", "relativeYearly")
RANGES = ("endDate", "noEnd", "numbered")
DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
INDEXES = ("first", "second", "third", "fourth", "last")

_USES = {
    "daily": (),
    "weekly": ("daysOfWeek", "firstDayOfWeek"),
    "absoluteMonthly": ("dayOfMonth",),
    "relativeMonthly": ("daysOfWeek", "index"),
    "absoluteYearly": ("dayOfMonth", "month"),
    "relativeYearly": ("daysOfWeek", "index", "month"),
}


@dataclass(frozen=True)
class RecurrencePattern:
    """On which days (`resources/recurrencepattern.md`); what a type has no use for is left as it is here."""

    type: str
    interval: int = 1
    days_of_week: tuple[str, ...] = ()
    first_day_of_week: str = "sunday"
    day_of_month: int = 0
    month: int = 0
    index: str = "first"

    @classmethod
    def from_graph(cls, value: object) -> RecurrencePattern:
        """Read a recurrencePattern; its unused members hold anything, and are dropped."""
        told = mapping(value)
        type_ = member(told.get("type"), PATTERNS)
        used = {name: told.get(name) for name in _USES.get(type_, ())}
        days = used.get("daysOfWeek")
        return cls(
            type_,
            integer(told.get("interval")) or 1,
            tuple(member(day, DAYS) for day in (days if isinstance(days, list) else []) if text(day)),
            member(used.get("firstDayOfWeek"), DAYS) or "sunday",
            integer(used.get("dayOfMonth")) or 0,
            integer(used.get("month")) or 0,
            member(used.get("index"), INDEXES) or "first",
        )

    def to_graph(self) -> dict[str, Any]:
        """Write what its type uses."""
        whole = {
            "daysOfWeek": list(self.days_of_week),
            "firstDayOfWeek": self.first_day_of_week,
            "dayOfMonth": self.day_of_month,
            "month": self.month,
            "index": self.index,
        }
        used = {name: whole[name] for name in _USES.get(self.type, tuple(whole))}
        return {"type": self.type, "interval": self.interval, **used}


@dataclass(frozen=True)
class RecurrenceRange:
    """From which day on and until when (`resources/recurrencerange.md`); days as Graph writes them."""

    type: str
    start_date: str
    end_date: str = ""
    number_of_occurrences: int = 0
    recurrence_time_zone: str = ""

    @classmethod
    def from_graph(cls, value: object) -> RecurrenceRange:
        """Read a recurrenceRange; `0001-01-01` and 0 stand where its type has no use for them."""
        told = mapping(value)
        type_ = member(told.get("type"), RANGES)
        return cls(
            type_,
            text(told.get("startDate")),
            text(told.get("endDate")) if type_ == "endDate" else "",
            (integer(told.get("numberOfOccurrences")) or 0) if type_ == "numbered" else 0,
            text(told.get("recurrenceTimeZone")),
        )

    def to_graph(self) -> dict[str, Any]:
        """Write what is told."""
        members = {
            "endDate": self.end_date,
            "numberOfOccurrences": self.number_of_occurrences,
            "recurrenceTimeZone": self.recurrence_time_zone,
        }
        told = {name: value for name, value in members.items() if value}
        return {"type": self.type, "startDate": self.start_date, **told}


@dataclass(frozen=True)
class PatternedRecurrence:
    """A series: which days of which range."""

    pattern: RecurrencePattern
    range: RecurrenceRange = field(default_factory=lambda: RecurrenceRange("noEnd", ""))

    @classmethod
    def from_graph(cls, value: object) -> PatternedRecurrence | None:
        """Read a patternedRecurrence; None on whatever is not the master of a series."""
        told = mapping(value)
        if not mapping(told.get("pattern")):
            return None
        return cls(RecurrencePattern.from_graph(told["pattern"]), RecurrenceRange.from_graph(told.get("range")))

    def to_graph(self) -> dict[str, Any]:
        """Write the patternedRecurrence of an event."""
        return {"pattern": self.pattern.to_graph(), "range": self.range.to_graph()}
