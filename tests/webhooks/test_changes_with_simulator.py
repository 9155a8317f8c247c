"""Changes of a calendar reach a listener: the portal and the simulator, over real HTTP on both ways."""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from commsportal.clock import now
from graph import conf
from graph.calendar_values import EventSettings, ZonedTime
from tests.calls.simulation import PATIENCE, Here, Simulation, connect, portal, wait_for
from webhooks import changes
from webhooks.changes import Change, Listener
from webhooks.models import Subscription

pytestmark = pytest.mark.django_db(transaction=True)

NINE, TEN = ZonedTime(datetime(2027, 3, 1, 9)), ZonedTime(datetime(2027, 3, 1, 10))


class Told:
    """A listener whose test waits for news; what it did not hear of it looks up, as listeners do."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self._news = threading.Condition()

    def __call__(self, subscription: Subscription, found: Sequence[Change]) -> None:
        with self._news:
            self.changes += found
            self._news.notify_all()

    def wait(self, wanted: Callable[[list[str]], bool]) -> list[Change]:
        """Wait until the kinds of what was told are as wanted."""
        with self._news:
            heard = self._news.wait_for(lambda: wanted([one.kind for one in self.changes]), PATIENCE)
            assert heard, self.changes
            return list(self.changes)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """Return who listens."""
    listener = Told()
    monkeypatch.setitem(changes._listeners, "tests", Listener(listener, "Calendars.Read"))
    return listener


@pytest.fixture
def here(simulation: Simulation, settings: Any, told: Told) -> Iterator[Here]:
    """Have the portal connected to the simulator and running."""
    connect(simulation, settings)
    with portal(simulation) as running:
        conf.warm_up(PATIENCE)
        yield running


def held(row: Subscription) -> Subscription:
    """Return a subscription once Microsoft has it."""
    return wait_for(Subscription.objects.filter(pk=row.pk).exclude(graph_id="").first, "subscription")


def test_a_changed_event_is_heard_of_for_as_long_as_somebody_wants_it(
    simulation: Simulation, here: Here, told: Told
) -> None:
    tenant, mailbox = simulation.connection["tenant"], simulation.ask("GET", "people")[0]["id"]
    row = changes.subscribe("tests", tenant, f"/users/{mailbox}/events")
    first = held(row)
    calendars = conf.client(tenant).calendars
    made = calendars.create(mailbox, EventSettings(subject="Rounds", start=NINE, end=TEN))
    calendars.update(mailbox, made.id, EventSettings(subject="Visit"))
    heard = told.wait(lambda kinds: kinds == ["missed", "created", "updated"])
    assert {change.id for change in heard[1:]} == {made.id}
    assert calendars.get(mailbox, heard[-1].id).subject == "Visit"

    simulation.ask("POST", f"subscriptions/{first.graph_id}/lifecycle", {"event": "reauthorizationRequired"})
    renewed = Subscription.objects.filter(pk=row.pk, expires_at__gt=first.expires_at)
    wait_for(renewed.first, "renewal")

    simulation.ask("POST", f"subscriptions/{first.graph_id}/lifecycle", {"event": "subscriptionRemoved"})
    told.wait(lambda kinds: kinds.count("missed") == 2)
    second = held(row)
    assert second.graph_id != first.graph_id
    calendars.delete(mailbox, made.id)
    told.wait(lambda kinds: kinds[-1] == "deleted")

    changes.unsubscribe("tests", tenant, f"/users/{mailbox}/events")
    wait_for(lambda: not Subscription.objects.exists(), "end")
    assert simulation.ask("GET", "subscriptions")["results"] == []


def test_what_cannot_be_subscribed_to_says_so_and_is_asked_for_again(
    simulation: Simulation, here: Here, told: Told
) -> None:
    row = changes.subscribe("tests", simulation.connection["tenant"], "/communications/callRecords")
    failed = wait_for(Subscription.objects.filter(pk=row.pk).exclude(error="").first, "refusal")
    assert "not simulated" in failed.error
    assert now() < failed.due_at < now() + timedelta(minutes=5)
    assert told.changes == []
    changes.unsubscribe("tests", row.tenant_id, row.resource)
    wait_for(lambda: not Subscription.objects.exists(), "end")
