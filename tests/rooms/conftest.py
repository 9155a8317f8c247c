"""A meeting that Microsoft holds, and the scripted Graph of calls."""

from datetime import timedelta
from typing import Any

import pytest

from directory.models import User
from meetings.models import Attendee, OnlineMeeting
from routing.models import Line
from tests.calls.conftest import service  # noqa: F401
from tests.calls.test_joining_meetings import link
from tests.clock import Clock
from tests.meetings.conftest import make_organizer
from tests.meetings.rows import hold
from tests.people import OIDS, make_person

THREAD = "19:meeting_abc@thread.v2"  # as in `link()`


@pytest.fixture
def meeting(main: Line, max_: User, rita: User, omar: User, clock: Clock) -> OnlineMeeting:
    """Return a meeting of Max, Omar, Una and somebody of another house, which begins in five minutes."""
    for name in ("omar", "max", "una"):
        make_person(name.title(), oid=OIDS[name])
    return make_meeting(max_, [max_, rita, omar], clock)


def make_meeting(by: User, staff: list[User], clock: Clock, **changes: Any) -> OnlineMeeting:
    """Make a meeting as Microsoft has it."""
    begins = clock.at + timedelta(minutes=5)
    held = {"join_url": link(), "thread_id": THREAD, "graph_id": "graph-1", "version": 1, "sent": 1, "asked": True}
    made = hold(
        organizer=make_organizer("Dana Lee", *staff),
        subject="Round",
        starts_at=begins,
        ends_at=begins + timedelta(minutes=30),
        zone="Europe/Berlin",
        created_by=by,
        created_at=clock.at,
        **held | changes,
    )
    invited = [{"oid": OIDS[name], "address": f"{name}@contoso.example", "name": name.title()} for name in INVITED]
    for position, who in enumerate([*invited, {"address": "guest@fabrikam.example"}]):
        Attendee.objects.create(meeting=made, position=position, **who)
    return made


INVITED = ("max", "omar", "una")
