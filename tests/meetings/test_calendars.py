"""Days of a calendar: whole weeks, and nothing that covers anything else."""

from datetime import date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from meetings.rules.calendars import (
    DAY,
    Placed,
    Span,
    hours_of,
    monday_of,
    month_after,
    month_before,
    placed,
    spans,
    weeks_of,
)

DAYS = st.dates(date(1999, 1, 1), date(2120, 12, 31))
HOURS = st.integers(0, 95).map(lambda quarter: quarter / 4)


@given(DAYS)
def test_a_month_is_shown_in_whole_weeks(day: date) -> None:
    weeks = weeks_of(day)
    shown = [one for week in weeks for one in week]
    assert all(len(week) == 7 and week[0].weekday() == 0 for week in weeks)
    assert all(after - before == DAY for before, after in pairwise(shown))
    assert shown[0] <= day.replace(day=1) and shown[-1] + DAY >= month_after(day) and day in shown
    assert all(any((one.year, one.month) == (day.year, day.month) for one in week) for week in weeks)


@given(DAYS)
def test_months_follow_each_other(day: date) -> None:
    assert month_before(month_after(day)) == day.replace(day=1)
    assert month_after(day).day == 1 and timedelta(days=1) <= month_after(day) - day <= timedelta(days=31)
    assert monday_of(day).weekday() == 0 and timedelta() <= day - monday_of(day) < timedelta(days=7)


@given(st.lists(st.tuples(HOURS, st.integers(0, 40)), max_size=30))
def test_nothing_covers_anything_else(drawn: list[tuple[float, int]]) -> None:
    day = [Span(begins, min(begins + length / 4, 24.0), n) for n, (begins, length) in enumerate(drawn)]
    found = placed(day)
    assert sorted(one.span.about for one in found) == list(range(len(day)))
    assert all(0 <= one.column < one.of for one in found)
    for number, one in enumerate(found):
        for other in found[number + 1 :]:
            assert not _overlap(one, other) or (one.of == other.of and one.column != other.column)


def _overlap(one: Placed, other: Placed) -> bool:
    return one.span.begins < _end(other.span) and other.span.begins < _end(one.span)


def _end(span: Span) -> float:
    return max(span.ends, span.begins + 0.5)


@given(st.lists(st.tuples(HOURS, st.integers(0, 40)), max_size=30))
def test_as_many_columns_as_happen_at_once(drawn: list[tuple[float, int]]) -> None:
    day = [Span(begins, min(begins + length / 4, 24.0), n) for n, (begins, length) in enumerate(drawn)]
    for one in placed(day):
        at_once = max(sum(span.begins <= at < _end(span) for span in day) for at in {span.begins for span in day})
        assert one.of <= at_once


def test_what_goes_past_midnight_stands_on_both_days() -> None:
    begins = datetime(2026, 11, 23, 22)
    shown = [(begins, begins + timedelta(hours=4)), (begins - DAY, begins - DAY + timedelta(hours=1))]
    assert spans(shown, date(2026, 11, 23)) == [Span(22, 24, 0)]
    assert spans(shown, date(2026, 11, 24)) == [Span(0, 2, 0)]
    assert spans(shown, date(2026, 11, 22)) == [Span(22, 23, 1)]


def test_what_ends_at_midnight_is_not_on_the_next_day() -> None:
    begins = datetime(2026, 11, 23, 23)
    assert spans([(begins, begins + timedelta(hours=1))], date(2026, 11, 24)) == []


def test_a_clock_that_is_set_back_leaves_no_length() -> None:
    begins = datetime(2026, 10, 25, 2, 45)
    assert spans([(begins, datetime(2026, 10, 25, 2, 15))], date(2026, 10, 25)) == [Span(2.75, 2.75, 0)]


def test_the_usual_hours_are_shown_and_those_in_which_something_happens() -> None:
    assert hours_of([[]]) == range(8, 18)
    assert hours_of([[Span(6.5, 7, 0)], [Span(17, 19.25, 1)]]) == range(6, 20)
    assert hours_of([[Span(0, 24, 0)]]) == range(24)
