"""On which days a series has an occurrence (REFERENCE 23.4): a patternedRecurrence, checked and expanded."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta

from simulator.engine.model import GraphFault, Json

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
INDEXES = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}
NEEDS = {
    "daily": (),
    "weekly": ("daysOfWeek",),
    "absoluteMonthly": ("dayOfMonth",),
    "relativeMonthly": ("daysOfWeek",),
    "absoluteYearly": ("dayOfMonth", "month"),
    "relativeYearly": ("daysOfWeek", "month"),
}
UNUSED: Json = {"month": 0, "dayOfMonth": 0, "daysOfWeek": [], "firstDayOfWeek": "sunday", "index": "first"}
USES = {kind: {*needs, "firstDayOfWeek"} for kind, needs in NEEDS.items()}
USES["relativeMonthly"].add("index")
USES["relativeYearly"].add("index")
FIRST, LAST = date(1601, 1, 1), date(4500, 8, 31)
NEVER = "0001-01-01"
MOST_OCCURRENCES = 999  # Outlook has no more of a numbered series
MOST_APART = 99
WEEK = 7


def refused(text: str) -> GraphFault:
    """Make the 400 of a series that cannot be."""
    return GraphFault(400, "ErrorInvalidRecurrence", text)


def checked(recurrence: Json, start: date, zone: str) -> Json:
    """Return a recurrence as it is kept and answered: unused members filled in.

    :raises GraphFault: if it cannot be.
    """
    pattern, limits = recurrence.get("pattern") or {}, recurrence.get("range") or {}
    return {"pattern": checked_pattern(pattern), "range": checked_range(limits, start, zone)}


def checked_pattern(pattern: Json) -> Json:
    """Return a pattern; what its type does not use is validated by the schema alone, and dropped."""
    kind = pattern.get("type")
    if kind not in NEEDS:
        raise refused("recurrence.pattern needs a type.")
    interval = pattern.get("interval", 1)
    used = {name: pattern[name] for name in USES[kind] if pattern.get(name) is not None}
    if missing := [name for name in NEEDS[kind] if not used.get(name)]:
        raise refused(f"A pattern of type {kind} needs {', '.join(missing)}.")
    if not 1 <= interval <= MOST_APART:
        raise refused(f"interval is from 1 to {MOST_APART}.")
    if not 1 <= used.get("dayOfMonth", 1) <= 31 or not 1 <= used.get("month", 1) <= 12:
        raise refused("There is no such day or month.")
    return {"type": kind, "interval": interval, **UNUSED, **used}


def checked_range(limits: Json, start: date, zone: str) -> Json:
    """Return a range that begins on the day of the event."""
    kind = limits.get("type")
    begins, ends = day_of(limits.get("startDate"), "startDate"), NEVER
    if begins != start:
        raise refused("range.startDate must be the date of the event's start.")
    count = limits.get("numberOfOccurrences") or 0 if kind == "numbered" else 0
    if kind == "endDate":
        last = day_of(limits.get("endDate"), "endDate")
        if last < begins:
            raise refused("range.endDate must not be before range.startDate.")
        ends = last.isoformat()
    elif kind == "numbered":
        if not 1 <= count <= MOST_OCCURRENCES:
            raise refused(f"numberOfOccurrences is from 1 to {MOST_OCCURRENCES}.")
    elif kind != "noEnd":
        raise refused("recurrence.range needs a type.")
    named = limits.get("recurrenceTimeZone") or zone
    told = {"startDate": begins.isoformat(), "endDate": ends, "recurrenceTimeZone": named}
    return {"type": kind, **told, "numberOfOccurrences": count}


def day_of(text: object, name: str) -> date:
    """Return a day of Outlook's calendar."""
    try:
        day = date.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        raise refused(f"range.{name} must be a day such as 2026-03-02.") from None
    if not FIRST <= day <= LAST:
        raise refused(f"range.{name} lies outside the calendar.")
    return day


def days(recurrence: Json, first: date, last: date) -> Iterator[date]:
    """Yield the days of a series from `first` to `last`, both inclusive, in order."""
    limits, pattern = recurrence["range"], recurrence["pattern"]
    start, count = date.fromisoformat(limits["startDate"]), limits["numberOfOccurrences"]
    end = min(last, date.fromisoformat(limits["endDate"]) if limits["type"] == "endDate" else LAST)
    # A numbered series is counted from its beginning; any other is looked at where it is asked about.
    number, done = 0 if count else max(0, period_of(pattern, start, max(first, start)) - 1), 0
    while (found := period(pattern, start, number)) is not None:
        for day in found:
            if day < start:
                continue
            done += 1
            if day > end or (count and done > count):
                return
            if day >= first:
                yield day
        number += 1


def period_of(pattern: Json, start: date, day: date) -> int:
    """Return the number of the day, week, month or year of a pattern that a day lies in."""
    kind, interval = pattern["type"], pattern["interval"]
    if kind == "daily":
        return int((day - start).days // interval)
    if kind == "weekly":
        return int((day - week_of(pattern, start)).days // (WEEK * interval))
    months = (day.year - start.year) * 12 + day.month - start.month
    return int(months // (interval * (12 if kind.endswith("Yearly") else 1)))


def period(pattern: Json, start: date, number: int) -> list[date] | None:
    """Return the days of a pattern in one of its periods; nothing beyond the end of the calendar."""
    kind, steps = pattern["type"], number * pattern["interval"]
    try:
        if kind == "daily":
            return [start + timedelta(days=steps)]
        if kind == "weekly":
            monday = week_of(pattern, start) + timedelta(weeks=steps)
            return sorted(monday + timedelta(days=offset(pattern, name)) for name in set(pattern["daysOfWeek"]))
        if kind.endswith("Yearly"):
            return [in_month(pattern, start.year + steps, pattern["month"])]
        year, month = divmod(start.year * 12 + start.month - 1 + steps, 12)
        return [in_month(pattern, year, month + 1)]
    except (ValueError, OverflowError):
        return None


def in_month(pattern: Json, year: int, month: int) -> date:
    """Return the day of a month: the last where it is shorter, and the n-th of any of several weekdays."""
    weekday, length = monthrange(year, month)
    if pattern["type"].startswith("absolute"):
        return date(year, month, min(pattern["dayOfMonth"], length))
    wanted = {DAYS.index(name) for name in pattern["daysOfWeek"]}
    fitting = [day for day in range(1, length + 1) if (weekday + day - 1) % WEEK in wanted]
    return date(year, month, fitting[INDEXES[pattern["index"]]])


def week_of(pattern: Json, day: date) -> date:
    """Return the first day of the week that a day lies in."""
    return day - timedelta(days=(day.weekday() - DAYS.index(pattern["firstDayOfWeek"])) % WEEK)


def offset(pattern: Json, name: str) -> int:
    """Return how many days into the week a weekday is."""
    return (DAYS.index(name) - DAYS.index(pattern["firstDayOfWeek"])) % WEEK
