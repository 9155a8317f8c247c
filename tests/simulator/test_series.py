"""What takes place in a time: series expanded in their own zone, held against python-dateutil (REFERENCE 23.4)."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from dateutil import rrule
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simulator.engine import GraphFault
from simulator.engine.calendars import Calendars
from simulator.engine.events import Instance
from simulator.engine.meetings import Meetings
from simulator.engine.series import DAYS, checked_pattern, days
from simulator.faults import Faults
from simulator.people import load_directory

DAY = timedelta(days=1)
TENANT = load_directory().tenants[0]
ADA = next(iter(TENANT.people.values()))
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ZONES = {
    "UTC": "UTC",
    "W. Europe Standard Time": "Europe/Berlin",
    "Pacific Standard Time": "America/Los_Angeles",
    "Europe/Dublin": "Europe/Dublin",  # its summer is the standard time
    "America/Sao_Paulo": "America/Sao_Paulo",  # leapt at midnight
    "Australia/Lord_Howe": "Australia/Lord_Howe",  # leaps by half an hour
    "Nepal Standard Time": "Asia/Kathmandu",
    "Africa/Casablanca": "Africa/Casablanca",
}
WEEKDAYS = (rrule.MO, rrule.TU, rrule.WE, rrule.TH, rrule.FR, rrule.SA, rrule.SU)
PLACES = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
FREQUENCIES = {"daily": rrule.DAILY, "weekly": rrule.WEEKLY, "Monthly": rrule.MONTHLY, "Yearly": rrule.YEARLY}


def calendars() -> Calendars:
    """Return the calendars of nobody yet, with ids that are the same in every run."""
    numbers = count(1)

    def new_id() -> str:
        return str(UUID(int=next(numbers)))

    return Calendars(new_id, Meetings(new_id, Faults()))


def event(start: datetime, zone: str, length: timedelta, recurrence: Any = None) -> dict[str, Any]:
    """Return the body of an event."""
    ends = (start.replace(tzinfo=ZoneInfo(ZONES[zone])).astimezone(UTC) + length).replace(tzinfo=None)
    body = {
        "start": {"dateTime": start.isoformat(), "timeZone": zone},
        "end": {"dateTime": ends.isoformat(), "timeZone": "UTC"},
    }
    return body | ({"recurrence": recurrence} if recurrence else {})


patterns = st.builds(
    lambda kind, interval, names, first, day, month, index: {
        "type": kind,
        "interval": interval,
        "daysOfWeek": names,
        "firstDayOfWeek": first,
        "dayOfMonth": day,
        "month": month,
        "index": index,
    },
    st.sampled_from(["daily", "weekly", "absoluteMonthly", "relativeMonthly", "absoluteYearly", "relativeYearly"]),
    st.integers(1, 5),
    st.lists(st.sampled_from(DAYS), min_size=1, unique=True),
    st.sampled_from(DAYS),
    st.integers(1, 31),
    st.integers(1, 12),
    st.sampled_from(list(PLACES)),
)
limits = st.one_of(
    st.just({"type": "noEnd"}),
    st.integers(1, 40).map(lambda number: {"type": "numbered", "numberOfOccurrences": number}),
    st.integers(0, 1200).map(lambda more: {"type": "endDate", "more": more}),
)


def oracle(pattern: dict[str, Any], start: date, ends: dict[str, Any], last: date) -> list[date]:
    """Return the days of a series until `last`, as python-dateutil counts them."""
    kind = pattern["type"]
    frequency = next(value for name, value in FREQUENCIES.items() if kind.endswith(name))
    rules: dict[str, Any] = {}
    if kind == "weekly":
        rules["byweekday"] = [WEEKDAYS[DAYS.index(name)] for name in pattern["daysOfWeek"]]
        rules["wkst"] = WEEKDAYS[DAYS.index(pattern["firstDayOfWeek"])]
    if kind.startswith("relative"):
        rules["byweekday"] = [WEEKDAYS[DAYS.index(name)] for name in pattern["daysOfWeek"]]
        rules["bysetpos"] = PLACES[pattern["index"]]
    if kind.startswith("absolute"):  # the last day of a month that is shorter
        rules["bymonthday"] = list(range(min(28, pattern["dayOfMonth"]), pattern["dayOfMonth"] + 1))
        rules["bysetpos"] = -1
    if kind.endswith("Yearly"):
        rules["bymonth"] = pattern["month"]
    if ends["type"] == "numbered":
        rules["count"] = ends["numberOfOccurrences"]
    until = min(last, date.fromisoformat(ends["endDate"])) if ends["type"] == "endDate" else last
    if "count" not in rules:
        rules["until"] = datetime.combine(until, time())
    begin = datetime.combine(start, time())
    found = rrule.rrule(frequency, dtstart=begin, interval=pattern["interval"], **rules)
    return [at.date() for at in found if at.date() <= last]


def walls(shown: datetime, length: timedelta, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return from when to when a date is whose beginning and end clocks show as on any other."""
    begins, ends = (one.replace(tzinfo=zone).astimezone(UTC) for one in (shown, shown + length))
    exists = begins.astimezone(zone).replace(tzinfo=None) == shown
    return begins, ends if exists and ends >= begins else begins + length


@settings(max_examples=250, deadline=None)
@given(
    patterns,
    limits,
    st.dates(date(2015, 1, 1), date(2027, 12, 31)),
    st.times().map(lambda at: at.replace(second=0, microsecond=0, fold=0)),
    st.sampled_from(list(ZONES)),
    st.integers(0, 50).map(lambda halves: timedelta(minutes=30 * halves)),
    st.integers(-30, 900),
    st.integers(1, 400),
)
def test_a_view_shows_what_dateutil_expands(
    pattern: dict[str, Any],
    ends: dict[str, Any],
    start: date,
    at: time,
    zone: str,
    length: timedelta,
    after: int,
    width: int,
) -> None:
    ends = dict(ends)
    more = ends.pop("more", None)
    if more is not None:
        ends["endDate"] = (start + more * DAY).isoformat()
    recurrence = {"pattern": pattern, "range": ends | {"startDate": start.isoformat()}}
    shown = datetime.combine(start, at)
    where = ZoneInfo(ZONES[zone])
    # A time that clocks leap over on the first day is not the time that the series is meant for.
    assume(shown.replace(tzinfo=where).astimezone(UTC).astimezone(where).replace(tzinfo=None) == shown)
    table = calendars()
    copy = table.create(TENANT, ADA, event(shown, zone, length, recurrence), NOW)
    since = datetime.combine(start, time(), UTC) + after * DAY
    until = since + width * DAY
    expected = []
    for day in oracle(pattern, start, ends, until.date() + DAY):
        begins, ends = walls(datetime.combine(day, at), length, where)
        overlaps = begins < until and ends > since
        if overlaps or (not length and since <= begins < until):
            expected.append((day, begins, ends))
    found = table.within(ADA.id, since, until)
    assert [(one.day, one.start.at, one.end.at) for one in found] == expected
    assert {one.kind for one in found} <= {"occurrence"}
    assert [one.id for one in copy.within(since, until)] == [one.id for one in found]


WEEKLY = {
    "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"]},
    "range": {"type": "numbered", "startDate": "2026-03-02", "numberOfOccurrences": 6},
}
START = datetime(2026, 3, 2, 9)
WINDOW = (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))


def series() -> tuple[Calendars, Any]:
    """Return calendars with a series of six Mondays in Berlin, at 9, across the spring's leap."""
    table = calendars()
    copy = table.create(TENANT, ADA, event(START, "W. Europe Standard Time", timedelta(hours=1), WEEKLY), NOW)
    return table, copy


def shown(found: list[Instance]) -> list[str]:
    return [f"{one.kind[:3]} {one.start.at:%m-%d %H}" for one in found]


def moved(to: str) -> dict[str, Any]:
    """Return the body that moves an occurrence."""
    start = datetime.fromisoformat(to)
    ends = (start + timedelta(hours=1)).isoformat()
    return {"start": {"dateTime": to, "timeZone": "UTC"}, "end": {"dateTime": ends, "timeZone": "UTC"}}


def test_a_series_keeps_its_own_clock_through_the_year() -> None:
    table, _ = series()
    found = shown(table.within(ADA.id, *WINDOW))
    assert found == [
        f"occ {day}" for day in ("03-02 08", "03-09 08", "03-16 08", "03-23 08", "03-30 07", "04-06 07")
    ]


def test_exceptions_and_deleted_occurrences_are_seen_where_they_are() -> None:
    table, copy = series()
    table.update(TENANT, copy, date(2026, 3, 9), moved("2026-03-11T15:00:00"), NOW)
    table.delete(copy, date(2026, 3, 23), NOW)
    found = table.within(ADA.id, *WINDOW)
    assert shown(found) == ["occ 03-02 08", "exc 03-11 15", "occ 03-16 08", "occ 03-30 07", "occ 04-06 07"]
    assert [
        one.day for one in table.within(ADA.id, *(datetime(2026, 3, day, tzinfo=UTC) for day in (10, 12)))
    ] == [date(2026, 3, 9)]
    assert table.within(ADA.id, *(datetime(2026, 3, day, tzinfo=UTC) for day in (9, 10))) == []
    with pytest.raises(GraphFault, match="not found"):
        copy.instance(date(2026, 3, 23))
    with pytest.raises(GraphFault, match="not found"):
        copy.instance(date(2026, 3, 10))


@pytest.mark.parametrize("to", ["2026-03-02T15:00:00", "2026-03-01T15:00:00", "2026-03-16T15:00:00"])
def test_an_occurrence_crosses_no_neighbour(to: str) -> None:
    table, copy = series()
    with pytest.raises(GraphFault) as refused:
        table.update(TENANT, copy, date(2026, 3, 9), moved(to), NOW)
    assert (refused.value.status, refused.value.code) == (400, "ErrorOccurrenceCrossingBoundary")


def test_a_new_pattern_drops_exceptions() -> None:
    table, copy = series()
    table.update(TENANT, copy, date(2026, 3, 9), moved("2026-03-11T15:00:00"), NOW)
    table.delete(copy, date(2026, 3, 16), NOW)
    table.update(TENANT, copy, None, {"subject": "Rounds"}, NOW)
    assert len(table.within(ADA.id, *WINDOW)) == 5
    changed = {"recurrence": {**WEEKLY, "pattern": WEEKLY["pattern"] | {"interval": 2}}}
    table.update(TENANT, copy, None, changed, NOW)
    assert shown(table.within(ADA.id, *WINDOW))[:2] == ["occ 03-02 08", "occ 03-16 08"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"pattern": {"type": "weekly"}},
        {"pattern": {"interval": 0}},
        {"pattern": {"type": "absoluteMonthly", "dayOfMonth": 32}},
        {"pattern": {"type": "absoluteYearly", "dayOfMonth": 1}},
        {"pattern": {"type": None}},
        {"range": {"startDate": "2026-03-03"}},
        {"range": {"startDate": None}},
        {"range": {"type": "endDate", "endDate": "2026-03-01"}},
        {"range": {"type": "numbered", "numberOfOccurrences": 0}},
        {"range": {"type": "numbered", "numberOfOccurrences": 1000}},
        {"range": {"recurrenceTimeZone": "Nowhere Standard Time"}},
    ],
)
def test_a_series_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    recurrence = {part: WEEKLY[part] | wrong.get(part, {}) for part in WEEKLY}
    if wrong.get("pattern") == {"type": "weekly"}:
        recurrence["pattern"] = {"type": "weekly", "interval": 1, "daysOfWeek": []}
    with pytest.raises(GraphFault) as refused:
        calendars().create(TENANT, ADA, event(START, "UTC", DAY, recurrence), NOW)
    assert refused.value.status == 400


def test_a_series_ends_with_the_calendar() -> None:
    daily = {
        "pattern": checked_pattern({"type": "daily", "interval": 99}),
        "range": WEEKLY["range"] | {"type": "noEnd"},
    }
    daily["range"] |= {"numberOfOccurrences": 0}
    assert max(days(daily, date(4500, 1, 1), date.max)) <= date(4500, 8, 31)
