"""Series of meetings: their days, their instants, what moves them, and how Graph writes them."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil import tz
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from meetings.rules import recurrence as rules
from meetings.rules.patterns import FIRST, LAST, Kind, Pattern, Range, Recurrence, RecurrenceError
from meetings.rules.recurrence import (
    Occurrence,
    crossed_neighbour,
    days,
    days_before,
    is_day,
    last_day,
    occurrences,
    takes_place,
)
from meetings.rules.times import Interval, Weekday, instant
from tests.simulator.test_series import oracle

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
KINDS: list[Kind] = [
    "daily",
    "weekly",
    "absoluteMonthly",
    "relativeMonthly",
    "absoluteYearly",
    "relativeYearly",
]
INDEXES = ["first", "second", "third", "fourth", "last"]
ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "Europe/Berlin",
        "Europe/Dublin",  # its summer is the standard time
        "America/New_York",
        "America/Sao_Paulo",  # leapt at midnight
        "Australia/Lord_Howe",  # leaps by half an hour
        "Asia/Kathmandu",
        "Asia/Beirut",
        "Africa/Casablanca",
        "Africa/Cairo",
        "Pacific/Apia",  # had no 30th of December 2011
        "Pacific/Chatham",
    )
]
READ_WRONG_BY_DATEUTIL = {"Europe/Dublin", "Africa/Casablanca"}
"""Whose winter or Ramadan is a negative saving: dateutil reads an hour after it ends as if it went on."""
BERLIN, NEW_YORK, APIA = (ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Pacific/Apia"))
WORKDAYS = frozenset(Weekday(day) for day in range(5))

patterns = st.builds(
    Pattern,
    st.sampled_from(KINDS),
    st.integers(1, 5) | st.sampled_from([12, 13, 99, 10**12]),
    st.frozensets(st.sampled_from(Weekday), min_size=1),
    st.sampled_from(Weekday),
    st.integers(1, 31),
    st.integers(1, 12),
    st.sampled_from(INDEXES),
)
starts = st.dates(date(2005, 1, 1), date(2030, 12, 31))


@st.composite
def series(draw: st.DrawFn) -> Recurrence:
    """Make up a series of any kind with any end."""
    start = draw(starts)
    ends = st.none() | st.integers(0, 2500).map(lambda count: start + timedelta(days=count))
    counts = st.none() | st.integers(1, 60) | st.just(2**31 - 1)
    end = draw(ends)
    return Recurrence(draw(patterns), Range(start, end, draw(counts) if end is None else None))


def fits(pattern: Pattern, start: date, day: date) -> bool:
    """Tell by looking at one day alone whether the pattern has it."""
    months = (day.year - start.year) * 12 + day.month - start.month
    if pattern.kind == "daily":
        return (day - start).days % pattern.interval == 0
    if pattern.kind == "weekly":
        weeks = (sunday_like(pattern, day) - sunday_like(pattern, start)).days // 7
        return weeks % pattern.interval == 0 and day.weekday() in pattern.days
    if pattern.kind.endswith("Monthly") and months % pattern.interval:
        return False
    is_other_year = (day.year - start.year) % pattern.interval or day.month != pattern.month
    if pattern.kind.endswith("Yearly") and is_other_year:
        return False
    whole = [day.replace(day=number) for number in range(1, monthrange(day.year, day.month)[1] + 1)]
    if pattern.kind.startswith("absolute"):
        return day == [one for one in whole if one.day <= pattern.day_of_month][-1]
    whole = [one for one in whole if one.weekday() in pattern.days]
    return day == (whole[-1] if pattern.index == "last" else whole[INDEXES.index(pattern.index)])


def sunday_like(pattern: Pattern, day: date) -> date:
    """Return the first day of the week of `day`, going back day by day."""
    while day.weekday() != pattern.first_day_of_week:
        day -= DAY
    return day


def walked(recurrence: Recurrence, last: date) -> Iterator[date]:
    """Yield the days of a series until `last`, looking at each day."""
    day, count = recurrence.range.start, 0
    while day <= min(last, recurrence.range.end or last):
        if fits(recurrence.pattern, recurrence.range.start, day):
            count += 1
            yield day
            if count == recurrence.range.count:
                return
        day += DAY


def found_instant(shown: datetime, zone: ZoneInfo) -> datetime:
    """Return when clocks show `shown`, by trying every offset that the zone has about that time."""
    about = shown.replace(tzinfo=UTC)
    offsets = {
        (about + timedelta(hours=hours)).astimezone(zone).utcoffset() or timedelta() for hours in range(-50, 51)
    }
    tried = [about - offset for offset in offsets]
    exact = [one for one in tried if one.astimezone(zone).replace(tzinfo=None) == shown]
    if exact:
        return min(exact)
    before = (about - 2 * DAY).astimezone(zone).utcoffset()
    assert before is not None
    return about - before


def window(first: date, last: date) -> Interval:
    """Return the UTC days from `first` until the end of `last`."""
    return Interval(datetime.combine(first, time(), UTC), datetime.combine(last, time(), UTC) + DAY)


@settings(max_examples=250, deadline=None)
@given(series(), st.integers(-400, 3000), st.integers(0, 1500))
def test_days_are_those_that_fit_one_by_one(recurrence: Recurrence, offset: int, span: int) -> None:
    first = recurrence.range.start + timedelta(days=offset)
    last = first + timedelta(days=span)
    expected = [day for day in walked(recurrence, last) if day >= first]
    assert list(days(recurrence, first, last)) == expected


@settings(max_examples=100, deadline=None)
@given(series(), st.integers(-10, 2500))
def test_days_before_are_the_same_backwards(recurrence: Recurrence, offset: int) -> None:
    day = recurrence.range.start + timedelta(days=offset)
    assert list(days_before(recurrence, day)) == [*walked(recurrence, day - DAY)][::-1]


@settings(max_examples=100, deadline=None)
@given(series())
def test_the_last_day_is_the_last_of_all(recurrence: Recurrence) -> None:
    last = last_day(recurrence)
    if recurrence.range.end is None and (recurrence.range.count or 2**31) > 60:
        has_end = recurrence.range.count is not None and any(True for _ in days(recurrence))
        assert (last is not None) == has_end
        return
    found = list(islice(days(recurrence), 2600))
    assert last == (found[-1] if found else None)
    assert recurrence.range.count is None or len(found) <= recurrence.range.count


@settings(max_examples=150, deadline=None)
@given(
    series(),
    st.sampled_from(ZONES),
    st.times().map(lambda one: one.replace(second=0, microsecond=0))
    | st.sampled_from([time(), time(2, 30), time(1, 30)]),
    st.sampled_from([timedelta(0), HOUR / 2, HOUR, 8 * HOUR, DAY, 3 * DAY, DAY + HOUR]),
    st.integers(-30, 1500),
    st.integers(0, 24 * 60),
    st.integers(0, 24 * 200),
)
def test_occurrences_are_those_of_the_wall_clock_that_overlap(
    recurrence: Recurrence, zone: ZoneInfo, at: time, length: timedelta, offset: int, minutes: int, span: int
) -> None:
    begin = datetime.combine(recurrence.range.start, at, UTC) + timedelta(days=offset, minutes=minutes)
    asked = Interval(begin, begin + timedelta(hours=span))
    start = datetime.combine(recurrence.range.start, at)
    found = list(occurrences(start, zone, length, recurrence, asked))
    expected = []
    for day in walked(recurrence, asked.end.date() + 3 * DAY):
        opens = found_instant(datetime.combine(day, at), zone)
        closes = found_instant(datetime.combine(day, at) + length, zone)
        was_leapt_over = opens.astimezone(zone).replace(tzinfo=None) != datetime.combine(day, at)
        closes = opens + length if was_leapt_over or closes <= opens else closes
        if (opens < asked.end and closes > asked.start) or asked.start == opens:
            expected.append((day, opens, closes))
    assert [(one.day, one.start, one.end) for one in found] == expected
    assert [one.start for one in found] == sorted(one.start for one in found)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ZONES), st.datetimes(datetime(2005, 1, 1), datetime(2030, 1, 1)))
def test_what_clocks_show_is_found_again_or_was_leapt_over(zone: ZoneInfo, shown: datetime) -> None:
    assert instant(shown, zone) == found_instant(shown, zone)


@pytest.mark.parametrize(
    ("zone", "shown", "expected"),
    [
        ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:30Z"),  # 03:30 in summer
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30Z"),  # the first of two
        ("America/New_York", "2026-03-08T02:00", "2026-03-08T07:00Z"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:45Z"),  # 02:45
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45Z"),
        ("Asia/Kathmandu", "2026-01-01T00:00", "2025-12-31T18:15Z"),
        ("Pacific/Apia", "2011-12-30T10:00", "2011-12-30T20:00Z"),  # the 31st
        ("Africa/Casablanca", "2026-02-15T02:30", "2026-02-15T01:30Z"),  # Ramadan
    ],
)
def test_clocks_that_leap(zone: str, shown: str, expected: str) -> None:
    assert instant(datetime.fromisoformat(shown), ZoneInfo(zone)) == datetime.fromisoformat(expected)


def test_nine_o_clock_stays_nine_o_clock() -> None:
    weekly = Recurrence(Pattern("weekly", days=frozenset({Weekday.MONDAY})), Range(date(2026, 3, 16), count=4))
    found = occurrences(
        datetime(2026, 3, 16, 9), BERLIN, HOUR, weekly, window(date(2026, 1, 1), date(2026, 12, 31))
    )
    assert [one.start.strftime("%m-%d %H:%M") for one in found] == [
        "03-16 08:00",
        "03-23 08:00",
        "03-30 07:00",
        "04-06 07:00",
    ]


def test_a_whole_day_is_as_long_as_the_day_is() -> None:
    daily = Recurrence(Pattern("daily"), Range(date(2026, 3, 28), count=3))
    asked = window(date(2026, 3, 1), date(2026, 4, 30))
    found = list(occurrences(datetime(2026, 3, 28), BERLIN, DAY, daily, asked))
    assert [one.interval.length / HOUR for one in found] == [24, 23, 24]


@pytest.mark.parametrize(("first", "hours"), [(date(2026, 3, 27), [8, 7, 8]), (date(2026, 10, 23), [8, 9, 8])])
def test_a_night_shift_ends_at_six_whatever_the_clocks_do(first: date, hours: list[int]) -> None:
    daily = Recurrence(Pattern("daily"), Range(first, count=3))
    asked = window(first, first + 5 * DAY)
    found = list(occurrences(datetime.combine(first, time(22)), BERLIN, 8 * HOUR, daily, asked))
    assert [one.interval.length / HOUR for one in found] == hours
    assert {one.end.astimezone(BERLIN).hour for one in found} == {6}


@pytest.mark.parametrize(
    ("start", "minutes", "shown"),
    [
        ("2026-03-28T02:45", 15, ["02:45 03:00", "03:45 04:00"]),  # leapt over whole, on the second day
        ("2026-03-28T02:30", 90, ["02:30 04:00", "03:30 05:00"]),
        ("2026-03-28T01:30", 60, ["01:30 02:30", "01:30 03:30"]),
        ("2026-10-24T02:15", 30, ["02:15 02:45", "02:15 02:45"]),  # the first of two
    ],
)
def test_a_date_in_the_hour_that_changes_has_a_length(start: str, minutes: int, shown: list[str]) -> None:
    begin = datetime.fromisoformat(start)
    daily = Recurrence(Pattern("daily"), Range(begin.date(), count=2))
    asked = window(begin.date(), begin.date() + 5 * DAY)
    found = list(occurrences(begin, BERLIN, timedelta(minutes=minutes), daily, asked))
    walls = [[f"{at.astimezone(BERLIN):%H:%M}" for at in (one.start, one.end)] for one in found]
    assert [" ".join(one) for one in walls] == shown
    assert {one.interval.length / timedelta(minutes=1) for one in found} == {minutes}


def test_the_day_that_never_was_has_its_meeting_on_the_next() -> None:
    daily = Recurrence(Pattern("daily"), Range(date(2011, 12, 29), count=3))
    found = list(
        occurrences(datetime(2011, 12, 29, 10), APIA, DAY, daily, window(date(2011, 12, 1), date(2012, 1, 31)))
    )
    assert [one.day.day for one in found] == [29, 30, 31]
    assert found[1].start == found[2].start == datetime(2011, 12, 30, 20, tzinfo=UTC)
    assert all(one.end > one.start for one in found)


@pytest.mark.parametrize(
    ("zone", "start", "length", "asked", "expected"),
    [
        (BERLIN, "2026-06-01T23:30", HOUR, "2026-06-03T22:15Z", [3]),  # since yesterday
        (BERLIN, "2026-06-01T09:00", 5 * DAY, "2026-06-10T06:00Z", [5, 6, 7, 8, 9]),
        (APIA, "2011-12-28T10:00", HOUR, "2011-12-30T20:30Z", [30, 31]),  # the 31st, and the 30th that never was
    ],
)
def test_what_began_before_the_window_is_in_it(
    zone: ZoneInfo, start: str, length: timedelta, asked: str, expected: list[int]
) -> None:
    begin = datetime.fromisoformat(start)
    moment = datetime.fromisoformat(asked)
    daily = Recurrence(Pattern("daily"), Range(begin.date()))
    found = occurrences(begin, zone, length, daily, Interval(moment, moment + timedelta(minutes=5)))
    assert [one.day.day for one in found] == expected


def firsts(pattern: Pattern, start: date, count: int) -> list[str]:
    """Return the first days of an endless series."""
    return [day.isoformat() for day in islice(days(Recurrence(pattern, Range(start))), count)]


def test_the_31st_is_the_last_day_of_shorter_months() -> None:
    monthly = Pattern("absoluteMonthly", day_of_month=31)
    assert firsts(monthly, date(2027, 12, 31), 4) == ["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31"]
    yearly = Pattern("absoluteYearly", day_of_month=29, month=2)
    assert firsts(yearly, date(2027, 1, 1), 3) == ["2027-02-28", "2028-02-29", "2029-02-28"]
    never = Pattern("absoluteYearly", day_of_month=30, month=2)
    assert firsts(never, date(2028, 1, 1), 2) == ["2028-02-29", "2029-02-28"]


def test_several_relative_days_are_one_kind_of_day() -> None:
    working = Pattern("relativeMonthly", days=WORKDAYS, index="second")
    assert firsts(working, date(2026, 8, 1), 2) == ["2026-08-04", "2026-09-02"]
    last = Pattern("relativeYearly", days=frozenset(Weekday) - WORKDAYS, index="last", month=5)
    assert firsts(last, date(2026, 1, 1), 2) == ["2026-05-31", "2027-05-30"]


def test_weeks_are_counted_from_the_day_on_which_they_begin() -> None:
    both = frozenset({Weekday.TUESDAY, Weekday.SUNDAY})
    monday = Pattern("weekly", 2, both, Weekday.MONDAY)
    sunday = replace(monday, first_day_of_week=Weekday.SUNDAY)
    assert firsts(monday, date(1997, 8, 5), 4) == ["1997-08-05", "1997-08-10", "1997-08-19", "1997-08-24"]
    assert firsts(sunday, date(1997, 8, 5), 4) == ["1997-08-05", "1997-08-17", "1997-08-19", "1997-08-31"]


def test_a_first_day_that_does_not_fit_has_no_occurrence() -> None:
    assert firsts(Pattern("absoluteMonthly", 2, day_of_month=15), date(2026, 1, 20), 2) == [
        "2026-03-15",
        "2026-05-15",
    ]
    numbered = Recurrence(Pattern("weekly", days=frozenset({Weekday.FRIDAY})), Range(date(2026, 3, 2), count=2))
    assert list(days(numbered)) == [date(2026, 3, 6), date(2026, 3, 13)]


def test_a_range_too_short_for_its_pattern_is_empty() -> None:
    none = Recurrence(
        Pattern("weekly", days=frozenset({Weekday.FRIDAY})), Range(date(2026, 3, 2), date(2026, 3, 5))
    )
    assert list(days(none)) == []
    assert last_day(none) is None
    assert not is_day(none, date(2026, 3, 6))


# Exceptions and holidays

DAILY = Recurrence(Pattern("daily"), Range(date(2026, 3, 2), count=10))
MORNING = datetime(2026, 3, 2, 9)
MARCH = window(date(2026, 3, 1), date(2026, 3, 31))


def moved_to(day: int, hour: int) -> Interval:
    """Return an hour in March, in UTC."""
    start = datetime(2026, 3, day, hour, tzinfo=UTC)
    return Interval(start, start + HOUR)


def test_one_is_cancelled_and_one_is_moved() -> None:
    changed = {date(2026, 3, 4): None, date(2026, 3, 5): moved_to(5, 15), date(2026, 5, 1): moved_to(20, 8)}
    found = list(occurrences(MORNING, BERLIN, HOUR, DAILY, MARCH, exceptions=changed))
    assert [one.day.day for one in found] == [2, 3, 5, 6, 7, 8, 9, 10, 11]
    assert found[2] == Occurrence(date(2026, 3, 5), *astuple(moved_to(5, 15)), is_moved=True)


def astuple(interval: Interval) -> tuple[datetime, datetime]:
    """Return both ends."""
    return interval.start, interval.end


def test_moving_brings_into_the_window_and_out_of_it() -> None:
    asked = Interval(datetime(2026, 3, 3, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC))
    weekly = Recurrence(Pattern("weekly", days=frozenset({Weekday.MONDAY})), Range(date(2026, 3, 2)))
    into = {date(2026, 3, 9): moved_to(3, 10)}
    found = list(occurrences(MORNING, BERLIN, HOUR, weekly, asked, exceptions=into))
    assert [(one.day, one.is_moved) for one in found] == [(date(2026, 3, 9), True)]
    away = {date(2026, 3, 3): moved_to(3, 1), date(2026, 3, 2): moved_to(1, 1)}
    assert [one.day.day for one in occurrences(MORNING, BERLIN, HOUR, DAILY, asked, exceptions=away)] == [3]
    assert [one.start.hour for one in occurrences(MORNING, BERLIN, HOUR, DAILY, asked, exceptions=away)] == [1]


def test_moved_ones_stand_where_they_are_now() -> None:
    swapped = {date(2026, 3, 3): moved_to(6, 20), date(2026, 3, 6): moved_to(2, 1)}
    found = list(occurrences(MORNING, BERLIN, HOUR, DAILY, MARCH, exceptions=swapped))
    assert [one.day.day for one in found][:6] == [6, 2, 4, 5, 3, 7]


def test_holidays_are_skipped_and_count_as_cancelled_ones_do() -> None:
    feast = {date(2026, 3, 4), date(2026, 3, 5), date(2026, 7, 1)}
    found = list(occurrences(MORNING, BERLIN, HOUR, DAILY, MARCH, holidays=feast))
    assert [one.day.day for one in found] == [2, 3, 6, 7, 8, 9, 10, 11]  # eight of ten, and it ends when it did
    moved = {date(2026, 3, 4): moved_to(4, 18), date(2026, 3, 5): None}
    found = list(occurrences(MORNING, BERLIN, HOUR, DAILY, MARCH, holidays=feast, exceptions=moved))
    assert [one.day.day for one in found] == [2, 3, 4, 6, 7, 8, 9, 10, 11]
    assert [takes_place(date(2026, 3, day), moved, feast) for day in (3, 4, 5)] == [True, True, False]
    assert not takes_place(date(2026, 7, 1), holidays=feast)


@settings(max_examples=60, deadline=None)
@given(series(), st.data())
def test_exceptions_change_nothing_but_their_own_occurrence(recurrence: Recurrence, data: st.DataObject) -> None:
    some = list(islice(days(recurrence, last=recurrence.range.start + 4000 * DAY), 12))
    cancelled = data.draw(st.sets(st.sampled_from(some)) if some else st.just(set()))
    feast = data.draw(st.sets(st.sampled_from(some)) if some else st.just(set()))
    start = datetime.combine(recurrence.range.start, time(9))
    asked = window(recurrence.range.start, recurrence.range.start + 4000 * DAY)
    plain = list(occurrences(start, BERLIN, HOUR, recurrence, asked))
    found = list(
        occurrences(start, BERLIN, HOUR, recurrence, asked, exceptions=dict.fromkeys(cancelled), holidays=feast)
    )
    assert found == [one for one in plain if one.day not in cancelled | feast]


# Neighbours

MONDAYS = Recurrence(Pattern("weekly", days=frozenset({Weekday.MONDAY})), Range(date(2026, 3, 2), count=5))


@pytest.mark.parametrize(
    ("to", "crossed"),
    [
        ("2026-03-16", None),
        ("2026-03-10", None),
        ("2026-03-22", None),
        ("2026-03-09", "2026-03-09"),
        ("2026-03-01", "2026-03-09"),
        ("2026-03-23", "2026-03-23"),
        ("2026-09-01", "2026-03-23"),
    ],
)
def test_an_occurrence_stays_between_its_neighbours(to: str, crossed: str | None) -> None:
    found = crossed_neighbour(MONDAYS, date(2026, 3, 16), date.fromisoformat(to), BERLIN)
    assert found == (date.fromisoformat(crossed) if crossed else None)


def test_neighbours_are_those_that_take_place_where_they_are_now() -> None:
    day, to = date(2026, 3, 16), date(2026, 3, 24)
    assert crossed_neighbour(MONDAYS, day, to, BERLIN, exceptions={date(2026, 3, 23): None}) is None
    assert crossed_neighbour(MONDAYS, day, to, BERLIN, holidays={date(2026, 3, 23)}) is None
    later = {date(2026, 3, 23): moved_to(25, 8)}
    assert crossed_neighbour(MONDAYS, day, to, BERLIN, exceptions=later) is None
    assert crossed_neighbour(MONDAYS, day, date(2026, 3, 25), BERLIN, exceptions=later) == date(2026, 3, 23)
    late = {date(2026, 3, 23): moved_to(24, 23)}  # the 25th in Berlin, the 24th in New York
    assert crossed_neighbour(MONDAYS, day, to, BERLIN, exceptions=late) is None
    assert crossed_neighbour(MONDAYS, day, to, NEW_YORK, exceptions=late) == date(2026, 3, 23)
    own = {day: moved_to(17, 8)}
    assert crossed_neighbour(MONDAYS, day, date(2026, 3, 18), BERLIN, exceptions=own) is None


def test_the_first_and_the_last_have_one_neighbour() -> None:
    assert crossed_neighbour(MONDAYS, date(2026, 3, 2), date(2020, 1, 1), BERLIN) is None
    assert crossed_neighbour(MONDAYS, date(2026, 3, 30), date(2030, 1, 1), BERLIN) is None
    assert crossed_neighbour(MONDAYS, date(2026, 3, 30), date(2026, 3, 23), BERLIN) == date(2026, 3, 23)
    with pytest.raises(RecurrenceError, match="no occurrence on 2026-03-03"):
        crossed_neighbour(MONDAYS, date(2026, 3, 3), date(2026, 3, 4), BERLIN)


# Far away


@pytest.mark.parametrize("limits", [Range(FIRST), Range(FIRST, end=LAST), Range(FIRST, count=10**6)])
@pytest.mark.parametrize("kind", KINDS)
def test_what_lies_far_away_costs_no_more_than_what_lies_near(
    kind: Kind, limits: Range, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[int] = []
    period = rules._period
    monkeypatch.setattr(rules, "_period", lambda one, number: looked_at.append(number) or period(one, number))
    far = Recurrence(Pattern(kind, days=WORKDAYS, day_of_month=31, month=2, index="last"), limits)
    asked = window(date(4300, 2, 20), date(4300, 3, 5))
    assert list(occurrences(datetime(1601, 1, 1, 9), BERLIN, HOUR, far, asked))
    assert last_day(far) is None or is_day(far, last_day(far))
    assert len(looked_at) < 40


def test_the_ends_of_the_calendar_are_no_trap() -> None:
    always = Interval(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    yearly = Pattern("absoluteYearly", 10**15, day_of_month=30, month=2)
    for zone in ZONES:
        for first in (FIRST, LAST):
            start = datetime.combine(first, time(23, 59))
            rare = Recurrence(yearly, Range(first, count=10**9))
            assert len(list(occurrences(start, zone, DAY, rare, always))) == (first == FIRST)
            every = Recurrence(Pattern("daily"), Range(first))
            assert next(occurrences(start, zone, 4000 * DAY, every, always)).day == first
    assert list(days_before(DAILY, date.min)) == []


def test_it_is_lazy() -> None:
    endless = Recurrence(Pattern("daily"), Range(date(2026, 3, 2)))
    always = Interval(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    assert next(occurrences(MORNING, BERLIN, HOUR, endless, always)).day == date(2026, 3, 2)


def test_the_first_meeting_is_on_the_first_day() -> None:
    for start in (MORNING + DAY, MORNING.replace(tzinfo=UTC)):
        with pytest.raises(RecurrenceError, match="first day of the series"):
            occurrences(start, BERLIN, HOUR, DAILY, MARCH)
    with pytest.raises(RecurrenceError, match="end before it begins"):
        occurrences(MORNING, BERLIN, -HOUR, DAILY, MARCH)


# Graph's shapes

ANSWERED: dict[str, Any] = {
    "pattern": {
        "type": "weekly",
        "interval": 1,
        "month": 0,
        "dayOfMonth": 0,
        "daysOfWeek": ["monday"],
        "firstDayOfWeek": "sunday",
        "index": "first",
    },
    "range": {
        "type": "endDate",
        "startDate": "2026-03-02",
        "endDate": "2026-12-31",
        "recurrenceTimeZone": "Pacific Standard Time",
        "numberOfOccurrences": 0,
    },
}


def test_an_answer_is_read_and_written_without_what_is_not_needed() -> None:
    read = Recurrence.from_graph(ANSWERED)
    assert read.pattern == Pattern("weekly", days=frozenset({Weekday.MONDAY}))
    assert read.range == Range(date(2026, 3, 2), date(2026, 12, 31), time_zone="Pacific Standard Time")
    assert read.to_graph() == {
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"], "firstDayOfWeek": "sunday"},
        "range": {
            "type": "endDate",
            "startDate": "2026-03-02",
            "endDate": "2026-12-31",
            "recurrenceTimeZone": "Pacific Standard Time",
        },
    }


@given(series())
def test_what_is_written_is_read_again_however_it_is_filled(recurrence: Recurrence) -> None:
    sent = recurrence.to_graph()
    assert Recurrence.from_graph(sent) == recurrence
    unused = {"month": 0, "dayOfMonth": 0, "daysOfWeek": [], "firstDayOfWeek": None, "index": "first"}
    filled = {
        "@odata.type": "#microsoft.graph.patternedRecurrence",
        "pattern": unused | sent["pattern"],
        "range": {"endDate": "0001-01-01", "numberOfOccurrences": 0, "recurrenceTimeZone": None} | sent["range"],
    }
    assert Recurrence.from_graph(filled) == recurrence


def test_words_are_read_in_any_case_and_defaults_need_no_words() -> None:
    read = Pattern.from_graph({"type": "RelativeMonthly", "interval": 2, "daysOfWeek": ["Friday", "SUNDAY"]})
    assert read == Pattern("relativeMonthly", 2, frozenset({Weekday.FRIDAY, Weekday.SUNDAY}))
    assert Pattern.from_graph({"type": "Daily"}) == Pattern("daily")
    assert Range.from_graph({"type": "NoEnd", "startDate": "2026-03-02"}) == Range(date(2026, 3, 2))


@pytest.mark.parametrize(
    ("part", "changed"),
    [
        ("pattern", {"type": "hourly"}),
        ("pattern", {"type": None}),
        ("pattern", {"interval": 0}),
        ("pattern", {"interval": True}),
        ("pattern", {"interval": "1"}),
        ("pattern", {"daysOfWeek": []}),
        ("pattern", {"daysOfWeek": None}),
        ("pattern", {"daysOfWeek": "monday"}),
        ("pattern", {"daysOfWeek": 1}),
        ("pattern", {"daysOfWeek": ["mon"]}),
        ("pattern", {"firstDayOfWeek": "day"}),
        ("pattern", {"type": "absoluteMonthly"}),
        ("pattern", {"type": "absoluteMonthly", "dayOfMonth": 32}),
        ("pattern", {"type": "absoluteYearly", "dayOfMonth": 1, "month": 13}),
        ("pattern", {"type": "relativeYearly", "month": 1, "index": "fifth"}),
        ("range", {"type": "forever"}),
        ("range", {"type": "numbered"}),
        ("range", {"type": "numbered", "numberOfOccurrences": -1}),
        ("range", {"endDate": "2026-03-01"}),
        ("range", {"endDate": "2026-02-30"}),
        ("range", {"endDate": "2026-W10-1"}),
        ("range", {"endDate": None}),
        ("range", {"startDate": "0001-01-01"}),
        ("range", {"startDate": 5}),
    ],
)
def test_what_cannot_be_meant_is_refused(part: str, changed: dict[str, Any]) -> None:
    body = {**ANSWERED, part: ANSWERED[part] | changed}
    with pytest.raises(RecurrenceError) as refused:
        Recurrence.from_graph(body)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize("body", [{}, {"pattern": {}, "range": None}, {"pattern": ANSWERED["pattern"]}])
def test_a_series_needs_both_parts(body: dict[str, Any]) -> None:
    with pytest.raises(RecurrenceError, match="needs a pattern and a range"):
        Recurrence.from_graph(body)


words = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["weekly", "noEnd", "2026-03-02", "monday", "first"])
)
loose = st.dictionaries(
    st.sampled_from([*ANSWERED["pattern"], *ANSWERED["range"]]), words | st.lists(words, max_size=3)
)


@settings(max_examples=150)
@given(loose, loose)
def test_nothing_but_one_kind_of_error_comes_of_odd_bodies(
    pattern: dict[str, Any], limits: dict[str, Any]
) -> None:
    try:
        read = Recurrence.from_graph(
            {"pattern": ANSWERED["pattern"] | pattern, "range": ANSWERED["range"] | limits}
        )
    except RecurrenceError:
        return
    assert Recurrence.from_graph(read.to_graph()) == read


def test_a_range_has_one_end() -> None:
    with pytest.raises(RecurrenceError, match="not both"):
        Range(date(2026, 3, 2), date(2026, 3, 3), 2)


@settings(max_examples=80, deadline=None)
@given(
    series(),
    st.sampled_from(ZONES),
    st.times().map(lambda one: one.replace(second=0, microsecond=0, fold=0))
    | st.sampled_from([time(), time(2, 30), time(1, 30)]),
    st.integers(0, 900),
)
def test_days_and_instants_are_those_of_dateutil(
    recurrence: Recurrence, zone: ZoneInfo, at: time, span: int
) -> None:
    assume(recurrence.pattern.interval < 14 and (recurrence.range.count or 0) <= 60)
    start = recurrence.range.start
    last = start + timedelta(days=span)
    told = recurrence.to_graph()
    expected = oracle(told["pattern"], start, told["range"], last)
    assert list(days(recurrence, start, last)) == expected
    there = zone if zone.key in READ_WRONG_BY_DATEUTIL else tz.gettz(zone.key)
    shown = [datetime.combine(day, at, there) for day in expected]
    instants = [tz.resolve_imaginary(one).astimezone(UTC) for one in shown]
    asked = window(start - 2 * DAY, last + 2 * DAY)
    found = occurrences(datetime.combine(start, at), zone, HOUR, recurrence, asked)
    assert [one.start for one in found if one.day <= last] == instants
