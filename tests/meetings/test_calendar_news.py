"""News of an organiser's calendar have the meetings in it looked at, and no others."""

from datetime import timedelta
from uuid import uuid4

import pytest

from directory.models import User
from meetings import commands
from meetings.calendar_changes import KIND
from meetings.models import OnlineMeeting, Organizer
from tests.clock import Clock
from tests.meetings.series import weekly
from webhooks import changes
from webhooks.changes import Change


@pytest.mark.django_db
def test_news_of_others_wake_nobody_and_a_calendar_without_meetings_is_left(
    dana: Organizer, max_: User, clock: Clock
) -> None:
    meeting = commands.schedule(max_, dana.pk, weekly())
    OnlineMeeting.objects.update(due_at=None, sent=1, event_id="AAMk1=", join_url="https://teams.example/x")
    row = changes.subscribe(KIND, dana.tenant_id, f"/users/{dana.oid}/events", ("updated", "deleted"))
    listener = changes.listener_of(KIND)
    listener.told(row, [Change("updated", "", "AAMk2=")])
    meeting.refresh_from_db()
    assert meeting.due_at is None
    listener.told(row, [Change("updated", "", "AAMk1="), Change("updated", "", "AAMk1=")])
    meeting.refresh_from_db()
    assert meeting.due_at == clock.at + timedelta(seconds=5)
    OnlineMeeting.objects.update(due_at=None)
    listener.told(row, [Change(changes.MISSED)])
    meeting.refresh_from_db()
    assert meeting.due_at is not None
    OnlineMeeting.objects.update(due_at=clock.at, lease=uuid4(), lease_until=clock.at + timedelta(seconds=20))
    listener.told(row, [Change("updated", "", "AAMk1=")])
    meeting.refresh_from_db()
    assert meeting.due_at == clock.at + timedelta(seconds=5)
    OnlineMeeting.objects.update(due_at=None, lease=None, lease_until=None, error_title="Refused")
    listener.told(row, [Change("updated", "", "AAMk1=")])
    meeting.refresh_from_db()
    assert meeting.due_at is None and listener.is_wanted(row)
    OnlineMeeting.objects.update(state="cancelled")
    assert not listener.is_wanted(row)
    listener.told(row, [Change(changes.MISSED)])
    row.refresh_from_db()
    assert not row.is_wanted
