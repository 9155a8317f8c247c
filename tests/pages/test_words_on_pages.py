"""What templates make of names, lengths and instants."""

from datetime import UTC, datetime, timedelta

import pytest

from calls.templatetags.desk import initials, instant, span


@pytest.mark.parametrize(
    ("name", "mark"),
    [("Rita Ruiz", "RR"), ("Lucía María Fernández", "LF"), ("ada", "A"), ("+49 30 1", ""), ("", ""), ("  ", "")],
)
def test_initials_are_first_and_last(name: str, mark: str) -> None:
    assert initials(name) == mark


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (9.9, "0:09"), (65, "1:05"), (3725, "1:02:05"), (-3, "0:00")]
)
def test_lengths_are_minutes_and_seconds(seconds: float, text: str) -> None:
    assert span(timedelta(seconds=seconds)) == text


def test_an_unknown_length_is_nothing() -> None:
    assert span(None) == ""


def test_instants_carry_their_zone_for_the_script() -> None:
    at = datetime(2026, 11, 21, 14, 2, 58, tzinfo=UTC)
    assert instant(at, "both") == (
        '<time datetime="2026-11-21T14:02:58+00:00" data-local="both">21 Nov 14:02:58</time>'
    )
    assert instant(None) == ""
