"""What somebody changes in Outlook is heard of: the portal and the simulator, over real HTTP on both ways."""

from collections.abc import Iterator
from typing import Any

import pytest

from directory.models import User
from graph import conf
from graph.calendar_values import EventSettings
from meetings import commands
from meetings.calendar_changes import KIND
from meetings.models import OnlineMeeting, Organizer
from tests.calls.simulation import PATIENCE, Here, Simulation, connect, portal, wait_for
from tests.meetings.series import weekly
from tests.people import make_user
from webhooks.models import Subscription

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def here(simulation: Simulation, settings: Any) -> Iterator[Here]:
    """Have the portal connected to the simulator and running."""
    connect(simulation, settings)
    with portal(simulation) as running:
        conf.warm_up(PATIENCE)
        yield running


@pytest.fixture
def max_(here: Here) -> User:
    """Return a manager."""
    return make_user("max")


@pytest.fixture
def organizer(simulation: Simulation, max_: User) -> Organizer:
    """Return somebody who has a mailbox."""
    person = simulation.ask("GET", "people")[0]
    tenant = simulation.connection["tenant"]
    made = Organizer.objects.create(tenant_id=tenant, oid=person["id"], name=person["name"])
    made.staff.add(max_)
    return made


def held(meeting: OnlineMeeting) -> OnlineMeeting:
    """Return a meeting once Microsoft has it as it is wanted."""
    rows = OnlineMeeting.objects.filter(pk=meeting.pk, sent=meeting.version, version=meeting.version)
    return wait_for(rows.first, "a held meeting")


def test_what_is_changed_or_deleted_in_outlook_is_shown(
    simulation: Simulation, here: Here, max_: User, organizer: Organizer
) -> None:
    meeting = held(commands.schedule(max_, organizer.pk, weekly()))
    wait_for(Subscription.objects.filter(kind=KIND).exclude(graph_id="").first, "a subscription")
    calendars = conf.client(organizer.tenant_id).calendars
    calendars.update(organizer.oid, meeting.event_id, EventSettings(subject="Visit"))
    rows = OnlineMeeting.objects.filter(pk=meeting.pk)
    seen = wait_for(rows.filter(theirs__isnull=False).first, "the change")
    assert seen.theirs["subject"] == "Visit" and seen.subject == "Rounds"
    commands.resolve(max_, meeting.pk, keep="theirs", version=1)
    assert wait_for(rows.filter(sent=2).first, "the decision").subject == "Visit"

    calendars.delete(organizer.oid, meeting.event_id)
    gone = wait_for(rows.exclude(error_title="").first, "the deletion")
    assert gone.error_title == "The meeting is gone from Teams"
    commands.cancel(max_, meeting.pk, version=2)
    wait_for(lambda: not Subscription.objects.exists(), "end of the subscription")
