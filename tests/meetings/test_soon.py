"""What begins within the hour: across a change of the clocks, with dates moved, cancelled and skipped."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from directory.models import User
from meetings import commands, occurrence_commands
from meetings.models import Occurrence, OnlineMeeting, Organizer
from meetings.rules.plan import Plan
from tests.clock import Clock
from tests.directory.walk import browser_of
from tests.meetings.series import MARCH, at, weekly

pytestmark = [pytest.mark.django_db, pytest.mark.case(49)]
HOUR = timedelta(hours=1)


def soon(moment: datetime) -> list[datetime]:
    return [row.starts_at for row in Occurrence.objects.beginning(moment, moment + HOUR)]


@pytest.fixture
def series(dana: Organizer, max_: User) -> OnlineMeeting:
    """Return a series of six weeks in which the clocks change."""
    return commands.schedule(max_, dana.pk, weekly())


@pytest.mark.parametrize("week", range(6))
def test_what_begins_in_59_minutes_is_within_the_hour_and_in_61_is_not(week: int, series: OnlineMeeting) -> None:
    begins = at(MARCH + timedelta(weeks=week)).astimezone(UTC)
    assert soon(begins - timedelta(minutes=59)) == [begins] == soon(begins - HOUR)
    assert soon(begins - timedelta(minutes=61)) == soon(begins) == []


def test_moved_cancelled_and_skipped_dates_are_where_they_are(
    series: OnlineMeeting, max_: User, dana: Organizer
) -> None:
    second, third = (MARCH + timedelta(weeks=n) for n in (1, 2))
    later = at(second, 15)
    occurrence_commands.move(max_, series.pk, second, starts_at=later, ends_at=later + HOUR, version=1)
    occurrence_commands.cancel(max_, series.pk, third, version=2)
    assert soon(at(second) - HOUR / 2) == [] and soon(later - HOUR / 2) == [later]
    assert soon(at(third) - HOUR / 2) == []
    commands.cancel(max_, series.pk, version=3)
    assert soon(later - HOUR / 2) == []


def test_the_page_says_what_begins_within_the_hour(dana: Organizer, max_: User, clock: Clock) -> None:
    begins = clock.at.replace(second=0, microsecond=0) + timedelta(minutes=50)
    plans: list[tuple[str, dict[str, Any]]] = [("Near", {}), ("Far", {"minutes": 20})]
    for subject, more in plans:
        start = begins + timedelta(**more)
        commands.schedule(max_, dana.pk, Plan(subject, start, start + HOUR, "UTC"))
    told = desk(max_).get("/meetings/?zone=UTC")
    assert [row.meeting.subject for row in told.context["soon"]] == ["Near"]
    assert f"begins at {begins:%H:%M}" in told.content.decode()


def desk(user: User) -> Client:
    return browser_of(user)
