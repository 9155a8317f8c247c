"""Whoever looks for a time is offered a few, on several days, near the day that was wanted."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from meetings.rules import offers
from meetings.rules.offers import FALLBACK, MOST, MOST_OF_DAY
from meetings.rules.schedules import Attendee, Busy, Status, WorkingHours
from meetings.rules.times import Interval, Weekday
from tests.meetings.test_slots import BERLIN, DAYS, NEW_YORK, OFFICE, span

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WEDNESDAY = MONDAY + timedelta(days=2)
LONDON = ZoneInfo("Europe/London")
TEN = span(WEDNESDAY, 10 * 60)


def attendee(
    key: str = "a", zone: ZoneInfo = LONDON, *busy: Busy, hours: WorkingHours | None = OFFICE
) -> Attendee:
    return Attendee(key, zone, busy, hours)


def test_the_nearest_days_come_first_and_of_two_the_later_one() -> None:
    found = offers.days(date(2026, 3, 4))
    assert found[:4] == (date(2026, 3, 4), date(2026, 3, 5), date(2026, 3, 3), date(2026, 3, 6))
    window = offers.window(date(2026, 3, 4), BERLIN)
    assert all(offers.day(one, BERLIN).start >= window.start for one in found)
    assert max(offers.day(one, BERLIN).end for one in found) == window.end


def test_each_day_gives_a_choice_and_none_gives_all() -> None:
    found = offers.offers([attendee()], TEN, LONDON, MONDAY - timedelta(days=9))
    by_day: dict[date, int] = {}
    for one in found:
        by_day[one.interval.start.date()] = by_day.get(one.interval.start.date(), 0) + 1
    assert len(found) == MOST and set(by_day.values()) == {MOST_OF_DAY}
    assert set(by_day) == {date(2026, 3, 3), date(2026, 3, 4), date(2026, 3, 5)}
    assert TEN not in [one.interval for one in found]


def test_of_whom_no_hours_are_known_office_hours_are_believed_and_not_told() -> None:
    found = offers.offers([attendee(hours=None)], TEN, BERLIN, MONDAY - timedelta(days=9))
    for one in found:
        begins = one.interval.start.astimezone(BERLIN)
        assert 8 <= begins.hour < 18 and begins.weekday() < Weekday.SATURDAY and one.conflicts == ()


def test_nothing_is_left_of_days_that_are_over() -> None:
    late = WEDNESDAY + timedelta(days=20)
    assert offers.offers([attendee()], TEN, LONDON, late) == []


def test_a_meeting_of_a_whole_day_fits_nowhere_and_something_is_offered_all_the_same() -> None:
    whole = Interval(WEDNESDAY, WEDNESDAY + timedelta(days=1))
    found = offers.offers([attendee()], whole, LONDON, MONDAY - timedelta(days=9))
    assert len(found) == FALLBACK and not any(one.is_good for one in found)


@given(
    day=st.sampled_from(DAYS),
    hour=st.integers(0, 23),
    length=st.integers(1, 24 * 60),
    busy=st.lists(st.tuples(st.integers(0, 7 * 24 * 60), st.integers(1, 600)), max_size=5),
    past=st.integers(-2 * 24 * 60, 9 * 24 * 60),
)
def test_what_is_offered_is_to_come_as_long_in_order_and_apart(
    day: datetime, hour: int, length: int, busy: list[tuple[int, int]], past: int
) -> None:
    meeting = span(datetime.combine(day, time(hour), NEW_YORK).astimezone(UTC), 0, length)
    taken = tuple(Busy(span(day, start, minutes), Status.BUSY) for start, minutes in busy)
    at = day + timedelta(minutes=past)
    found = [one.interval for one in offers.offers([attendee("a", NEW_YORK, *taken)], meeting, NEW_YORK, at)]
    assert len(found) <= MOST and found == sorted(found, key=lambda one: one.start)
    assert all(one.start >= at and one.length == meeting.length and one != meeting for one in found)
