"""What must hold of meetings is looked at, and what does not hold is found."""

from datetime import timedelta

import pytest

from commsportal.clock import now
from meetings import invariants
from meetings.models import OnlineMeeting, Organizer
from tests.clock import Clock
from tests.meetings.rows import hold

pytestmark = pytest.mark.django_db


def quiet(seen: int) -> None:
    return None


@pytest.fixture
def meeting(dana: Organizer, clock: Clock) -> OnlineMeeting:
    """Return a meeting that Microsoft has."""
    staff = dana.staff.first()
    assert staff is not None
    return hold(
        organizer=dana,
        subject="Follow-up",
        starts_at=now(),
        ends_at=now() + timedelta(hours=1),
        zone="UTC",
        created_by=staff,
        created_at=now(),
        sent=1,
        join_url="https://teams.example/x",
    )


@pytest.mark.control("I16")
def test_a_meeting_that_nobody_brings_is_found(meeting: OnlineMeeting, clock: Clock) -> None:
    assert list(invariants.meetings_are_brought(quiet)) == []
    OnlineMeeting.objects.update(sent=0)
    assert len(list(invariants.meetings_are_brought(quiet))) == 1
    OnlineMeeting.objects.update(error_title="Microsoft refused")
    assert list(invariants.meetings_are_brought(quiet)) == []
    OnlineMeeting.objects.update(error_title="", due_at=now())
    assert list(invariants.meetings_are_brought(quiet)) == []
    clock.forward(3600)
    assert len(list(invariants.meetings_are_brought(quiet))) == 1


@pytest.mark.control("I17")
def test_a_meeting_without_a_way_in_is_found(meeting: OnlineMeeting) -> None:
    assert list(invariants.meetings_can_be_joined(quiet)) == []
    OnlineMeeting.objects.update(join_url="")
    assert len(list(invariants.meetings_can_be_joined(quiet))) == 1
    OnlineMeeting.objects.update(state="cancelled")
    assert list(invariants.meetings_can_be_joined(quiet)) == []


@pytest.mark.control("I20")
def test_a_meeting_without_its_dates_is_found(meeting: OnlineMeeting, clock: Clock) -> None:
    assert list(invariants.meetings_have_their_dates(quiet)) == []
    OnlineMeeting.objects.update(over_at=meeting.over_at + timedelta(hours=1))
    assert len(list(invariants.meetings_have_their_dates(quiet))) == 1
    OnlineMeeting.objects.update(over_at=meeting.over_at)
    meeting.occurrences.update(state="cancelled")
    assert len(list(invariants.meetings_have_their_dates(quiet))) == 1
