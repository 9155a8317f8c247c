"""A series as calendar programs have it (RFC 5545, 3.3.10): its rule, and which dates are otherwise. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, Final

from meetings.rules.patterns import PLACES, Pattern, Recurrence
from meetings.rules.plan import zone_of
from meetings.rules.recurrence import Occurrence
from meetings.rules.series import laid_out
from meetings.rules.times import instant

DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LONGEST_MONTH: Final = 31
SHORTEST_MONTH: Final = 28


@dataclass(frozen=True)
class Series:
    """A series whose first date begins and ends as clocks in a zone show it; both are naive."""

    recurrence: Recurrence
    start: datetime
    end: datetime
    zone: str

    @cached_property
    def usual(self) -> list[Occurrence]:
        """All dates as the rule has them."""
        return laid_out(self.recurrence, self.start, self.end - self.start, zone_of(self.zone))

    def uneven(self) -> list[Occurrence]:
        """Return those dates that are not as long as the first, because clocks change meanwhile.

        Programs differ in how long they take these for (RFC 5545, 3.8.5.3, has them as long as the first).
        """
        return [one for one in self.usual if one.interval.length != self.usual[0].interval.length]

    def rule(self) -> dict[str, Any]:
        """Return the RRULE by the names of its parts; it ends with the beginning of the last date, in UTC."""
        dates = self.usual
        until = dates[-1].start if dates else instant(self.start, zone_of(self.zone))
        return parts(self.recurrence.pattern) | {"UNTIL": until.astimezone(UTC)}


def parts(pattern: Pattern) -> dict[str, Any]:
    """Return on which days, as parts of an RRULE.

    The 31st of a shorter month is its last day here as in Outlook, while a rule would leave that month out: the
    last of the days up to it says the same.
    """
    found: dict[str, Any] = {"FREQ": _FREQUENCIES[pattern.kind], "INTERVAL": pattern.interval}
    if pattern.kind == "weekly":
        found |= {"BYDAY": _days(pattern), "WKST": DAYS[pattern.first_day_of_week]}
    elif pattern.kind.startswith("relative"):
        found |= {"BYDAY": _days(pattern), "BYSETPOS": _place(pattern)}
    elif pattern.day_of_month > SHORTEST_MONTH:
        found |= {"BYMONTHDAY": list(range(SHORTEST_MONTH, pattern.day_of_month + 1)), "BYSETPOS": -1}
    elif pattern.day_of_month:
        found |= {"BYMONTHDAY": pattern.day_of_month}
    return found | ({"BYMONTH": pattern.month} if pattern.month else {})


_FREQUENCIES: Final[Mapping[str, str]] = {
    "daily": "DAILY",
    "weekly": "WEEKLY",
    "absoluteMonthly": "MONTHLY",
    "relativeMonthly": "MONTHLY",
    "absoluteYearly": "YEARLY",
    "relativeYearly": "YEARLY",
}


def _days(pattern: Pattern) -> list[str]:
    return [DAYS[day] for day in sorted(pattern.days)]


def _place(pattern: Pattern) -> int:
    place = PLACES[pattern.index]
    return place if place < 0 else place + 1


def left_out(dates: Mapping[str, Sequence[str] | None]) -> list[date]:
    """Return the days of the rule on which nothing is."""
    return sorted(date.fromisoformat(day) for day, when in dates.items() if when is None)


def moved(dates: Mapping[str, Sequence[str] | None]) -> Iterator[tuple[date, datetime, datetime]]:
    """Yield each day of the rule whose date is at another time, and when that is."""
    for day, when in sorted(dates.items()):
        if when is not None:
            begins, ends = map(datetime.fromisoformat, when)
            yield date.fromisoformat(day), begins, ends
