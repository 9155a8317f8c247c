"""Who was to be there and who was: what readings tell together, and when meetings are looked at."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.rules import looks
from meetings.rules.attendance import Stay, Verdict
from meetings.rules.roll import Expected, Record, RollEntry, interval, roll, united
from meetings.rules.times import Interval

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


def minutes(start: float, end: float) -> Interval:
    return Interval(NINE + timedelta(minutes=start), NINE + timedelta(minutes=end))


def names(entries: tuple[RollEntry, ...]) -> list[tuple[str, str, bool]]:
    return [(one.part, one.name, one.attendance is not None) for one in entries]


records = st.builds(
    Record,
    st.sampled_from("abcd"),
    st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 20)).map(lambda pair: minutes(pair[0], sum(pair))), max_size=3
    ).map(tuple),
    st.sampled_from(["", "anna"]),
    st.sampled_from(["", "a@x.test"]),
    st.sampled_from(["", "Anna"]),
)


def test_people_are_known_by_id_then_by_address() -> None:
    expected = [
        Expected("organizer", "ada", "", "Ada"),
        Expected("attendee", "ben", "ben@x.test", "Ben"),
        Expected("attendee", "", "Guest@x.test", ""),
        Expected("presenter", "eve", "eve@x.test", "Eve"),
    ]
    stays = [
        Stay(minutes(0, 60), "ada", "", "Ada L"),
        Stay(minutes(1, 60), "", "BEN@x.test", "Ben by telephone"),
        Stay(minutes(2, 60), "guest-1", "guest@X.test", "Gus"),
        Stay(minutes(3, 60), "other", "eve@x.test", "Shares the address"),
        Stay(minutes(4, 60), "", "", "Nobody"),
    ]
    entries = roll(expected, stays, minutes(0, 60), 5, is_known=True)
    assert names(entries) == [
        ("organizer", "Ada", True),
        ("attendee", "Ben", True),
        ("attendee", "Gus", True),
        ("presenter", "Eve", False),
        ("uninvited", "Shares the address", True),
        ("uninvited", "Nobody", True),
    ]
    assert [set(one.verdicts) for one in entries][3:] == [{Verdict.MISSING}, {Verdict.ON_TIME}, {Verdict.ON_TIME}]
    assert not any(one.verdicts for one in roll(expected, stays, minutes(0, 60), 5, is_known=False))


def test_who_was_not_invited_is_not_missing() -> None:
    (entry,) = roll([], [Stay(minutes(-30, -10), "anna")], minutes(0, 60), 0, is_known=True)
    assert (entry.part, entry.verdicts) == ("uninvited", frozenset())


@given(st.lists(records, max_size=6), st.lists(records, max_size=6))
def test_nobody_who_was_told_is_forgotten(kept: list[Record], told: list[Record]) -> None:
    before = united([], kept)
    found = {one.key: one for one in united(before, told)}
    assert len(found) == len(united(before, told))
    for one in told:
        assert set(one.intervals) <= set(found[one.key].intervals)
    for one in before:
        if one.is_of_somebody:
            assert set(one.intervals) <= set(found[one.key].intervals)
    again = united(united(before, told), told)
    assert {one.key: one for one in again} == found


def test_of_nameless_people_the_last_reading_counts() -> None:
    kept = [Record("1", (minutes(0, 9),), name="Guest"), Record("2", (minutes(0, 9),), email="a@x.test")]
    assert [one.key for one in united(kept, [Record("3", (minutes(0, 9),), name="Guest")])] == ["3", "2"]


def test_what_was_not_told_is_the_sessions() -> None:
    session = minutes(0, 60)
    assert interval(None, None, session) == session
    assert interval(NINE, None, session) == session
    assert interval(NINE + timedelta(minutes=70), None, session) == minutes(70, 70)
    assert interval(NINE, NINE - timedelta(minutes=1), None) == minutes(0, 0)
    assert interval(None, None, None) is None


def test_looks_become_rarer_and_end() -> None:
    at, found = NINE, []
    while (due := looks.next_after(NINE, at)) is not None:
        found.append(due - at)
        at = due
    assert found == sorted(found) or found[1] <= found[0] * 2
    assert at == looks.last(NINE) and looks.next_after(NINE, at) is None


@pytest.mark.parametrize(
    ("ended", "read", "asked", "is_due"),
    [
        (0, None, None, True),
        (None, 5, None, True),
        (0, 59, None, True),
        (0, 60, None, False),
        (0, 60, 61, True),
        (0, 62, 61, False),
    ],
)
def test_a_report_is_read_until_it_is_settled(
    ended: int | None, read: int | None, asked: int | None, is_due: bool
) -> None:
    at = [None if one is None else NINE + timedelta(minutes=one) for one in (ended, read, asked)]
    assert looks.is_due(*at) is is_due
