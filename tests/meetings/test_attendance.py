"""Who was in a meeting, for how long, and whether in time."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.rules.attendance import Attendance, Stay, Verdict, attendances, judge
from meetings.rules.times import Interval, merged

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = 60
ZERO = timedelta(0)


def minutes(start: float, end: float) -> Interval:
    """Return an interval by minutes after nine."""
    return Interval(NINE + timedelta(minutes=start), NINE + timedelta(minutes=end))


PLANNED = minutes(0, HOUR)
spans = st.tuples(st.integers(-40, 100), st.integers(0, 60)).map(lambda pair: minutes(pair[0], sum(pair)))
stays = st.builds(
    Stay,
    spans,
    st.sampled_from(["", "", "anna", "ben"]),
    st.sampled_from(["", "a@x.test", "A@X.test", "b@x.test"]),
    st.sampled_from(["", "Anna", "Ben"]),
)
lists = st.lists(stays, max_size=12)


def minutes_of(found: Attendance | tuple[Interval, ...]) -> set[int]:
    """Return which minutes after nine are covered, one by one."""
    intervals = found.intervals if isinstance(found, Attendance) else found
    return {
        at for one in intervals for at in range(-40, 161) if one.start <= NINE + timedelta(minutes=at) < one.end
    }


def test_two_devices_are_one_person_and_a_pause_is_a_return() -> None:
    (anna,) = attendances(
        [
            Stay(minutes(30, 45), oid="anna"),
            Stay(minutes(1, 20), "anna", "anna@x.test", "Anna"),
            Stay(minutes(10, 25), email="Anna@X.test", name="Phone"),
            Stay(minutes(45, 46), oid="anna"),
        ]
    )
    assert anna == Attendance((minutes(1, 25), minutes(30, 46)), "anna", "anna@x.test", "Anna")
    assert (anna.seconds, anna.rejoins) == (40 * 60, 1)
    assert (anna.first_join, anna.last_leave) == (minutes(1, 46).start, minutes(1, 46).end)


def test_people_without_a_name_are_nobody_elses_double() -> None:
    guests = attendances([Stay(minutes(1, 20), name="Guest"), Stay(minutes(5, 10), name="Guest")])
    assert [one.intervals for one in guests] == [(minutes(1, 20),), (minutes(5, 10),)]


def test_an_address_alone_is_somebody_and_that_of_an_id_is_theirs() -> None:
    alone = [Stay(minutes(1, 2), email="x@x.test"), Stay(minutes(3, 4), email="X@x.test")]
    assert [one.rejoins for one in attendances(alone)] == [1]
    shared = [Stay(minutes(0, 9), oid=oid, email="desk@x.test") for oid in ("omar", "rita")]
    found = attendances([*shared, Stay(minutes(20, 30), email="desk@x.test")])
    assert [(one.oid, one.rejoins) for one in found] == [("rita", 0), ("omar", 1)]


def test_half_a_second_is_kept_until_the_sum() -> None:
    half = timedelta(milliseconds=500)
    found = attendances(
        [Stay(Interval(NINE + n * 4 * half, NINE + (n * 4 + 1) * half), oid="anna") for n in range(3)]
    )
    assert [one.seconds for one in found] == [1]
    assert attendances([]) == ()


@given(lists)
def test_a_persons_time_is_that_of_all_devices_once(given_stays: list[Stay]) -> None:
    found = attendances(given_stays)
    by_oid = {one.oid: one for one in found if one.oid}
    assert by_oid.keys() == {one.oid for one in given_stays if one.oid}
    for person in found:
        assert person.seconds == 60 * len(minutes_of(person))
        apart = zip(person.intervals, person.intervals[1:], strict=False)
        assert all(one.end < other.start for one, other in apart)
        assert person.rejoins == len(person.intervals) - 1 >= 0
        assert person.first_join == min(one.start for one in person.intervals)
        assert person.last_leave == max(one.end for one in person.intervals)
    for stay in given_stays:
        holders = [one for one in found if any(span.contains(stay.interval) for span in one.intervals)]
        assert [one for one in holders if not stay.oid or one.oid == stay.oid]
    assert sum((one.interval.length for one in given_stays), ZERO).total_seconds() >= sum(
        one.seconds for one in found
    )


@given(lists)
def test_stays_with_one_address_and_at_most_one_id_are_one_person(given_stays: list[Stay]) -> None:
    found = attendances(given_stays)
    addresses = {one.email.casefold() for one in given_stays} - {""}
    for address in addresses:
        mine = [one for one in given_stays if one.email.casefold() == address]
        oids = {one.oid for one in mine} - {""}
        if len(oids) > 1:
            continue
        whole = set().union(*(minutes_of((one.interval,)) for one in mine))
        assert any(whole <= minutes_of(person) and (not oids or person.oid in oids) for person in found)
    nameless = [one for one in given_stays if not one.oid and not one.email]
    named = {one.oid or one.email.casefold() for one in found} - {""}
    assert len(found) == len(nameless) + len(named)


@given(st.lists(stays, max_size=4))
def test_the_order_of_the_records_does_not_matter(given_stays: list[Stay]) -> None:
    assert len({attendances(order) for order in permutations(given_stays)}) == 1


@given(st.lists(spans, max_size=10))
def test_merging_keeps_the_time_and_is_done_once(given_spans: list[Interval]) -> None:
    found = merged(given_spans)
    assert minutes_of(found) == minutes_of(tuple(given_spans))
    assert merged(found) == found == merged(reversed(given_spans))


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ([(0, 60)], {Verdict.ON_TIME}),
        ([(-20, 90)], {Verdict.ON_TIME}),
        ([(5, 55)], {Verdict.ON_TIME}),  # within the tolerance
        ([(5.1, 60)], {Verdict.LATE}),
        ([(0, 54.9)], {Verdict.LEFT_EARLY}),
        ([(20, 30)], {Verdict.LATE, Verdict.LEFT_EARLY}),
        ([(0, 10), (50, 60)], {Verdict.ON_TIME}),
        ([(-20, -10), (20, 60)], {Verdict.LATE}),  # gone again before it began
        ([(0, 30), (70, 80)], {Verdict.LEFT_EARLY}),
        ([(-20, 0)], {Verdict.MISSING}),
        ([(60, 90)], {Verdict.MISSING}),
        ([(-20, -10), (61, 90)], {Verdict.MISSING}),
    ],
)
def test_how_somebody_kept_to_the_time(there: list[tuple[float, float]], expected: set[Verdict]) -> None:
    attendance = Attendance(tuple(minutes(*one) for one in there))
    assert judge(attendance, PLANNED, 5) == expected


def test_who_never_came_is_missing() -> None:
    assert judge(None, PLANNED) == {Verdict.MISSING}
    with pytest.raises(ValueError, match="negative"):
        judge(None, PLANNED, -1)


@given(st.lists(spans.filter(lambda one: one.length > ZERO), min_size=1, max_size=5), st.integers(0, 30))
def test_judged_minute_by_minute_it_is_the_same(given_spans: list[Interval], tolerance: int) -> None:
    attendance = Attendance(merged(given_spans))
    inside = sorted(at for at in minutes_of(attendance) if 0 <= at < HOUR)
    expected = set()
    if not inside:
        expected = {Verdict.MISSING}
    elif inside[0] > tolerance:
        expected |= {Verdict.LATE}
    if inside and inside[-1] + 1 < HOUR - tolerance:
        expected |= {Verdict.LEFT_EARLY}
    assert judge(attendance, PLANNED, tolerance) == (expected or {Verdict.ON_TIME})


@given(st.lists(spans, min_size=1, max_size=5), st.integers(0, 30), st.integers(0, 30))
def test_more_tolerance_blames_nobody_more(given_spans: list[Interval], less: int, more: int) -> None:
    attendance = Attendance(merged(given_spans))
    strict, kind = judge(attendance, PLANNED, less), judge(attendance, PLANNED, less + more)
    assert kind <= strict or kind == {Verdict.ON_TIME}
