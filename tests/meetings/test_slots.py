"""When people have time for each other."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meetings.rules import slots
from meetings.rules.schedules import (
    Attendee,
    Busy,
    ScheduleError,
    Status,
    WorkingHours,
    decode_availability,
    hours_about,
    outside_hours,
)
from meetings.rules.slots import Conflict, Suggestion, conflicts, suggest
from meetings.rules.times import Interval, Weekday

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
BERLIN, NEW_YORK, KATHMANDU, LORD_HOWE = (
    ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")
)
WORKDAYS = frozenset(Weekday(day) for day in range(5))
OFFICE = WorkingHours(WORKDAYS, time(9), time(17))
NIGHT = WorkingHours(WORKDAYS, time(22), time(6))
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
# Days about which clocks leap, and one on which none do.
DAYS = [
    datetime(2026, month, day, tzinfo=UTC) for month, day in ((3, 2), (3, 8), (3, 29), (4, 4), (10, 25), (11, 1))
]


def span(start: datetime, minutes: float, length: float = 60) -> Interval:
    """Return an interval by minutes after `start`."""
    return Interval(start + minutes * MINUTE, start + (minutes + length) * MINUTE)


def clock(hour: int, minute: int = 0, length: float = 60) -> Interval:
    """Return an interval on Monday, by the clock of UTC."""
    return span(MONDAY, hour * 60 + minute, length)


hours = st.none() | st.builds(
    WorkingHours,
    st.frozensets(st.sampled_from(Weekday), min_size=1),
    st.integers(0, 95).map(lambda at: time(at // 4, at % 4 * 15)),
    st.integers(0, 95).map(lambda at: time(at // 4, at % 4 * 15)),
)


@st.composite
def gatherings(draw: st.DrawFn) -> tuple[list[Attendee], Interval, timedelta, int]:
    """Make up who is to meet, when at all, for how long and on which grid."""
    start = draw(st.sampled_from(DAYS)) + draw(st.integers(0, 300)) * MINUTE
    taken = st.builds(
        Busy,
        st.builds(span, st.just(start), st.integers(-100, 900), st.sampled_from([0, 1, 15, 30, 45, 300])),
        st.sampled_from(Status),
    )
    people = [
        Attendee(
            key,
            draw(st.sampled_from([BERLIN, NEW_YORK, KATHMANDU, LORD_HOWE])),
            tuple(draw(st.lists(taken, max_size=4))),
            draw(hours),
            draw(st.booleans()),
            draw(st.booleans()),
        )
        for key in draw(st.lists(st.sampled_from("abcdef"), max_size=4, unique=True))
    ]
    length = draw(st.sampled_from([1, 15, 30, 50, 60, 240])) * MINUTE
    return people, span(start, 0, draw(st.integers(0, 900))), length, draw(st.sampled_from([5, 15, 30, 60, 7]))


def grid(window: Interval, length: timedelta, step: int) -> Iterator[Interval]:
    """Yield all meetings that fit, one after the other."""
    start = window.start
    while start + length <= window.end:
        yield Interval(start, start + length)
        start += step * MINUTE


def is_at_work(one: Attendee, interval: Interval) -> bool:
    """Tell, looking at the clock of each minute, whether all of it is within somebody's hours."""
    return all(works_at(one, interval.start + n * MINUTE) for n in range(interval.length // MINUTE))


def works_at(one: Attendee, moment: datetime) -> bool:
    """Tell whether somebody's clock and calendar show a time at which they work."""
    if one.hours is None:
        return True
    shown = moment.astimezone(one.zone)
    today, yesterday = shown.weekday() in one.hours.days, (shown.weekday() - 1) % 7 in one.hours.days
    at, opens, closes = shown.time(), one.hours.start, one.hours.end
    if opens < closes:
        return today and opens <= at < closes
    return (today and at >= opens) or (yesterday and at < closes)


def status_of(one: Attendee, interval: Interval) -> set[Status]:
    """Return what somebody is in each minute."""
    moments = [interval.start + n * MINUTE for n in range(interval.length // MINUTE)]
    return {busy.status for busy in one.busy for at in moments if busy.interval.start <= at < busy.interval.end}


def badness(people: list[Attendee], interval: Interval) -> tuple[int, int, int, int, datetime]:
    """Return what makes a time worse, told minute by minute."""
    required = outside = optional = tentative = 0
    for one in people:
        found = status_of(one, interval)
        is_taken = bool(found & {Status.BUSY, Status.OOF})
        required += is_taken and one.is_required
        optional += is_taken and not one.is_required
        tentative += not is_taken and Status.TENTATIVE in found
        outside += not is_at_work(one, interval)
    return required, outside, optional, tentative, interval.start


def is_regular(people: list[Attendee], window: Interval) -> bool:
    """Tell whether clocks do not leap near: hours that begin in a leap begin later, which no minute tells."""
    near = (window.start - timedelta(days=1), window.end + timedelta(days=1))
    return all(
        one.hours is None or len({at.astimezone(one.zone).utcoffset() for at in near}) == 1 for one in people
    )


@settings(max_examples=150, deadline=None)
@given(gatherings())
def test_suggestions_are_those_of_trying_everything(
    asked: tuple[list[Attendee], Interval, timedelta, int],
) -> None:
    people, window, length, step = asked
    if not is_regular(people, window):
        people = [replace(one, hours=None) for one in people]
    expected = sorted(badness(people, one) for one in grid(window, length, step))
    found = suggest(people, length, window, step, 10_000)
    assert [badness(people, one.interval) for one in found] == expected
    assert suggest(people, length, window, step, 3) == found[:3]


@settings(max_examples=150, deadline=None)
@given(gatherings())
def test_what_is_good_is_good_for_everybody_required(
    asked: tuple[list[Attendee], Interval, timedelta, int],
) -> None:
    people, window, length, step = asked
    found = suggest(people, length, window, step, 10_000)
    for one in found:
        if one.is_good:
            required = [who for who in people if who.is_required]
            assert not any(status_of(who, one.interval) & {Status.BUSY, Status.OOF} for who in required)
            assert not any(outside_hours(who, one.interval) for who in people)
        assert window.contains(one.interval)
        assert one.interval.length == length
    good = [one.is_good for one in found]
    assert good == sorted(good, reverse=True)


@settings(max_examples=80, deadline=None)
@given(gatherings(), st.randoms(use_true_random=False))
def test_the_order_of_people_and_of_what_they_do_does_not_matter(
    asked: tuple[list[Attendee], Interval, timedelta, int], dice: object
) -> None:
    people, window, length, step = asked
    other = [replace(one, busy=tuple(dice.sample(one.busy, len(one.busy)))) for one in people]  # type: ignore[attr-defined]
    dice.shuffle(other)  # type: ignore[attr-defined]
    assert suggest(other, length, window, step) == suggest(people, length, window, step)


@settings(max_examples=80, deadline=None)
@given(gatherings(), st.integers(-11, 12))
def test_the_same_by_clocks_elsewhere_is_the_same_elsewhere(
    asked: tuple[list[Attendee], Interval, timedelta, int], east: int
) -> None:
    people, window, length, step = asked
    here = [replace(one, zone=ZoneInfo("Etc/GMT")) for one in people]
    zone = ZoneInfo(f"Etc/GMT{-east:+d}")

    def shifted(interval: Interval) -> Interval:
        return Interval(interval.start - east * HOUR, interval.end - east * HOUR)

    there = [
        replace(one, zone=zone, busy=tuple(Busy(shifted(busy.interval), busy.status) for busy in one.busy))
        for one in people
    ]
    one_side = suggest(here, length, window, step)
    other_side = suggest(there, length, shifted(window), step)
    assert [shifted(one.interval) for one in one_side] == [one.interval for one in other_side]
    assert [[(c.key, c.reason) for c in one.conflicts] for one in one_side] == [
        [(c.key, c.reason) for c in one.conflicts] for one in other_side
    ]
    assert [[at.start.replace(tzinfo=None) for at in one.local_times] for one in one_side] == [
        [at.start.replace(tzinfo=None) for at in one.local_times] for one in other_side
    ]


@settings(max_examples=150, deadline=None)
@given(gatherings(), st.integers(-60, 900))
def test_conflicts_are_what_overlaps(asked: tuple[list[Attendee], Interval, timedelta, int], minutes: int) -> None:
    people, window, length, _ = asked
    when = span(window.start, minutes, length / MINUTE)
    found = conflicts(people, when)
    for one in people:
        mine = [conflict for conflict in found if conflict.key == one.key]
        taken = [conflict.interval for conflict in mine if conflict.interval]
        expected = [b.interval for b in one.busy if b.status and b.interval.length and b.interval.overlaps(when)]
        assert sorted(taken, key=repr) == sorted(expected, key=repr)
        assert taken == sorted(taken, key=lambda interval: interval.start)
        reasons = [conflict.reason for conflict in mine]
        assert ("outside_hours" in reasons) == outside_hours(one, when)
        assert ("unknown" in reasons) == (not one.is_known)
        assert {conflict.is_required for conflict in mine} <= {one.is_required}
    assert [one.key for one in found] == sorted(one.key for one in found)
    (alone,) = suggest(people, length, when, 1)
    assert alone.conflicts == found


def starts(found: list[Suggestion]) -> list[str]:
    """Return when they begin, by the clock of UTC."""
    return [one.interval.start.strftime("%H:%M") for one in found]


def test_the_required_come_first_then_hours_then_the_optional_then_the_tentative() -> None:
    rita = Attendee("rita", BERLIN, (Busy(clock(8)), Busy(clock(10), Status.TENTATIVE)), OFFICE)
    omar = Attendee("omar", BERLIN, (Busy(clock(9), Status.OOF),), OFFICE, is_required=False)
    found = suggest([rita, omar], HOUR, Interval(clock(7).start, clock(13).start), 60)
    assert starts(found) == ["11:00", "12:00", "10:00", "09:00", "07:00", "08:00"]
    assert [one.is_good for one in found] == [True, True, True, True, False, False]
    assert [one.unavailable for one in found] == [(), (), (), ("omar",), (), ("rita",)]
    assert found[2].conflicts == (Conflict("rita", "tentative", True, clock(10)),)
    assert found[3].conflicts == (Conflict("omar", "oof", False, clock(9)),)
    assert [one.reason for one in found[4].conflicts] == ["outside_hours", "outside_hours"]


def test_fewer_are_better_at_every_step() -> None:
    one, two, three = (
        Attendee(key, BERLIN, tuple(Busy(clock(hour)) for hour in range(9, 9 + count)), is_required=False)
        for key, count in (("a", 1), ("b", 2), ("c", 3))
    )
    assert starts(suggest([three, one, two], HOUR, Interval(clock(9).start, clock(13).start), 60)) == [
        "12:00",
        "11:00",
        "10:00",
        "09:00",
    ]


def test_everybody_is_told_their_own_time() -> None:
    people = [Attendee("b", NEW_YORK), Attendee("a", KATHMANDU)]
    (found,) = suggest(people, HOUR, clock(14))
    assert [(at.key, at.start.strftime("%H:%M"), at.end.strftime("%H:%M")) for at in found.local_times] == [
        ("a", "19:45", "20:45"),
        ("b", "09:00", "10:00"),
    ]


def test_who_works_elsewhere_can_come_and_who_is_not_known_is_named() -> None:
    people = [
        Attendee("a", BERLIN, (Busy(clock(9), Status.ELSEWHERE), Busy(clock(9), Status.FREE))),
        Attendee("b", BERLIN, is_known=False),
    ]
    (found,) = suggest(people, HOUR, clock(9))
    assert found.is_good and found.unavailable == ()
    assert [(one.key, one.reason) for one in found.conflicts] == [("a", "elsewhere"), ("b", "unknown")]


def test_what_touches_does_not_overlap() -> None:
    rita = Attendee("rita", BERLIN, (Busy(clock(8)), Busy(clock(10))), OFFICE)
    assert suggest([rita], HOUR, clock(9))[0].conflicts == ()
    assert conflicts([rita], clock(9, 0, 60.1))[0].interval == clock(10)


def test_nothing_fits_into_too_short_a_window() -> None:
    assert suggest([], HOUR, clock(9, 0, 59)) == []
    assert starts(suggest([], HOUR, clock(9, 0, 60))) == ["09:00"]
    assert starts(suggest([], HOUR, clock(9, 0, 120), 25)) == ["09:00", "09:25", "09:50"]


@pytest.mark.parametrize("wrong", [{"length": timedelta(0)}, {"step": 0}, {"most": 0}])
def test_nothing_is_asked_for_that_cannot_be_meant(wrong: dict[str, object]) -> None:
    with pytest.raises(ScheduleError, match="must be positive"):
        suggest(**({"attendees": [], "length": HOUR, "window": clock(9)} | wrong))  # type: ignore[arg-type]


def test_a_key_names_one() -> None:
    with pytest.raises(ScheduleError, match="named twice"):
        suggest([Attendee("a", BERLIN), Attendee("a", NEW_YORK)], HOUR, clock(9))


# Hours


@pytest.mark.parametrize(
    ("hours", "interval", "expected"),
    [
        (OFFICE, clock(8), False),  # nine in Berlin
        (OFFICE, clock(7, 59), True),
        (OFFICE, clock(15), False),
        (OFFICE, clock(15, 1), True),
        (OFFICE, span(MONDAY - DAY, 10 * 60), True),  # Sunday
        (NIGHT, clock(21), False),
        (NIGHT, clock(22, 30, 120), False),  # across midnight
        (NIGHT, clock(4, 0, 60), True),  # the night of Sunday
        (NIGHT, span(MONDAY + DAY, 4 * 60), False),
        (NIGHT, span(MONDAY + 5 * DAY, 4 * 60), False),  # the morning of Saturday is the night of Friday
        (NIGHT, span(MONDAY + 5 * DAY, 22 * 60), True),
        (WorkingHours(WORKDAYS, time(), time()), span(MONDAY, 12 * 60, 24 * 60), False),
        (WorkingHours(WORKDAYS, time(), time()), span(MONDAY + 4 * DAY, 12 * 60, 24 * 60), True),
        (WorkingHours(frozenset(Weekday), time(6), time(6)), span(MONDAY, 0, 9 * 24 * 60), False),
        (None, span(MONDAY - DAY, 0), False),
    ],
)
def test_hours_are_by_ones_own_clock(hours: WorkingHours | None, interval: Interval, expected: bool) -> None:
    assert outside_hours(Attendee("rita", BERLIN, hours=hours), interval) == expected
    reasons = [one.reason for one in conflicts([Attendee("rita", BERLIN, hours=hours)], interval)]
    assert ("outside_hours" in reasons) == expected


def test_hours_follow_daylight_saving() -> None:
    rita = Attendee("rita", BERLIN, hours=OFFICE)
    friday, monday = (datetime(2026, 3, day, 7, tzinfo=UTC) for day in (27, 30))
    assert outside_hours(rita, span(friday, 0))
    assert not outside_hours(rita, span(monday, 0))


@pytest.mark.parametrize(
    ("day", "expected"), [(date(2026, 3, 29), 7), (date(2026, 10, 25), 9), (date(2026, 6, 7), 8)]
)
def test_a_night_is_as_long_as_its_clocks_make_it(day: date, expected: int) -> None:
    nightly = WorkingHours(frozenset({Weekday.SATURDAY}), time(22), time(6))
    noon = datetime(day.year, day.month, day.day, 1, tzinfo=UTC)
    assert [one.length / HOUR for one in hours_about(BERLIN, nightly, span(noon, 0))] == [expected]


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        (
            BERLIN,
            "2026-03-28T23:00Z",
            ["00:00", "00:30", "01:00", "01:30", "02:00"],
        ),  # one to five, without an hour
        (
            BERLIN,
            "2026-10-24T22:00Z",
            ["23:00", "23:30", "00:00", "00:30", "01:00", "01:30", "02:00", "02:30", "03:00"],
        ),
        (
            LORD_HOWE,
            "2026-10-03T13:30Z",
            ["14:30", "15:00", "15:30", "16:00", "16:30", "17:00"],
        ),  # half an hour less
    ],
)
def test_suggestions_lie_within_hours_that_leap(zone: ZoneInfo, day: str, expected: list[str]) -> None:
    early = Attendee("rita", zone, hours=WorkingHours(frozenset({Weekday.SUNDAY}), time(1), time(5)))
    found = suggest([early], HOUR, span(datetime.fromisoformat(day), 0, 24 * 60), 30, 100)
    assert starts([one for one in found if one.is_good]) == expected


def test_hours_that_a_day_leaps_over_are_none() -> None:
    short = WorkingHours(frozenset({Weekday.SUNDAY}), time(2), time(3))
    assert hours_about(BERLIN, short, span(datetime(2026, 3, 29, 1, tzinfo=UTC), 0)) == ()
    assert hours_about(LORD_HOWE, short, span(datetime(2026, 10, 3, 15, tzinfo=UTC), 0))[0].length == HOUR / 2


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(DAYS), hours.filter(bool), st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE]), st.integers(0, 4000)
)
def test_hours_are_those_at_which_the_clock_says_so(
    day: datetime, its: WorkingHours, zone: ZoneInfo, minutes: int
) -> None:
    """Between the leaps, which one minute alone cannot tell."""
    when = span(day, minutes, 1)
    about = {(when.start + n * HOUR).astimezone(zone).utcoffset() for n in range(-26, 27)}
    if len(about) == 1:
        one = Attendee("a", zone, hours=its)
        assert outside_hours(one, when) == (not works_at(one, when.start))


# What getSchedule says


def test_a_view_is_read_digit_by_digit() -> None:
    start = datetime(2026, 3, 15, 9, tzinfo=BERLIN)
    assert decode_availability("200220134", start, 60) == (
        Busy(span(start, 0, 60)),
        Busy(span(start, 180, 120)),
        Busy(span(start, 360, 60), Status.TENTATIVE),
        Busy(span(start, 420, 60), Status.OOF),
        Busy(span(start, 480, 60), Status.ELSEWHERE),
    )
    assert decode_availability("", start) == decode_availability("0000", start) == ()


def test_a_view_goes_on_while_clocks_leap() -> None:
    midnight = datetime(2026, 3, 29, tzinfo=BERLIN)
    (found,) = decode_availability("000022", midnight)
    assert found.interval.start.astimezone(BERLIN).strftime("%H:%M") == "03:00"


@given(st.text("01234", max_size=60), st.sampled_from([5, 15, 30, 60, 1440]))
def test_a_view_is_written_again_as_it_was(view: str, minutes: int) -> None:
    found = decode_availability(view, MONDAY, minutes)
    digits = ["0"] * len(view)
    for one in found:
        assert one.status
        for place in range(
            *((at - MONDAY) // (minutes * MINUTE) for at in (one.interval.start, one.interval.end))
        ):
            digits[place] = str(int(one.status))
    assert "".join(digits) == view
    assert not any(a.status == b.status and a.interval.end == b.interval.start for a, b in pairwise(found))


@pytest.mark.parametrize("view", ["5", "00x", "0 0", "-1", "٢"])
def test_an_unknown_digit_is_refused(view: str) -> None:
    with pytest.raises(ScheduleError, match="view of somebody's time holds"):
        decode_availability(view, MONDAY)


def test_an_empty_interval_is_refused() -> None:
    with pytest.raises(ScheduleError, match="a minute or more"):
        decode_availability("0", MONDAY, 0)


# Cost


def test_six_weeks_of_twenty_people_are_asked_person_by_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count what is looked at: each taken time once for each person, and not once for each time of the grid."""
    people = [
        Attendee(
            str(number),
            (BERLIN, NEW_YORK, KATHMANDU, LORD_HOWE)[number % 4],
            tuple(Busy(span(MONDAY, 97 * n + 11 * number, 30), Status(1 + n % 4)) for n in range(500)),
            OFFICE,
            is_required=number % 3 > 0,
        )
        for number in range(20)
    ]
    looked_at: list[object] = []
    for name in ("overlapping", "within"):
        real = getattr(slots._Grid, name)
        monkeypatch.setattr(
            slots._Grid, name, lambda grid, one, real=real: looked_at.append(one) or real(grid, one)
        )
    found = suggest(people, HOUR, Interval(MONDAY, MONDAY + 42 * DAY), 15)
    assert len(found) == 20
    assert 20 * 500 < len(looked_at) < 20 * 600
