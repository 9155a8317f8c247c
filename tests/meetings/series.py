"""Series of meetings, and a running simulator that has their organiser's calendar."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from commsportal import worker
from commsportal.clock import now
from directory.models import User
from graph import conf
from graph.client import GraphClient
from graph.transport import Wire
from meetings.models import OnlineMeeting, Organizer
from meetings.rules.patterns import Pattern, Range, Recurrence
from meetings.rules.plan import Guest, Plan
from meetings.rules.times import Weekday
from tests.people import tenant_id
from tests.simulator.process import Running, Webhook, start, stop
from tests.simulator.test_online_meetings_over_http import Tokens

BERLIN = ZoneInfo("Europe/Berlin")
YEAR = now().year + 1


def first_of(month: int, weekday: Weekday = Weekday.TUESDAY) -> date:
    """Return the first such day of a month of next year."""
    day = date(YEAR, month, 1)
    return day + timedelta(days=(weekday - day.weekday()) % 7)


MARCH = first_of(3) + timedelta(days=14)  # two weeks before the last Tuesday or so: clocks change in between


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Return a running simulator."""
    webhook, folder = Webhook(), tmp_path_factory.mktemp("series")
    child, base = start(folder, webhook.url)
    yield Running(base, folder)
    assert stop(child) == 0
    webhook.stop()


@pytest.fixture
def graph(service: Running, monkeypatch: pytest.MonkeyPatch) -> GraphClient:
    """Return the client of the worker, and have the worker take it."""
    there = service.connection
    made = GraphClient(
        there["graph"], there["tenant"], Tokens(service), Wire(there["ca"]), app_id=there["client_id"]
    )
    monkeypatch.setattr(conf, "client", lambda tenant="": made)
    return made


@pytest.fixture
def dana(service: Running, max_: User) -> Organizer:
    """Return an organiser who has a mailbox."""
    person = service.person("ada")
    organizer = Organizer.objects.create(tenant_id=tenant_id(), oid=person["id"], name=person["name"])
    organizer.staff.add(max_)
    return organizer


def at(day: date, hour: int = 9) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=BERLIN)


def weekly(day: date = MARCH, count: int = 6, **changes: Any) -> Plan:
    pattern = Pattern("weekly", days=frozenset({Weekday(day.weekday())}))
    whole = Plan(
        "Rounds",
        at(day),
        at(day) + timedelta(minutes=30),
        "Europe/Berlin",
        on_calendar=True,
        recurrence=Recurrence(pattern, Range(day, count=count)),
        attendees=(Guest(address="guest@fabrikam.example"),),
    )
    return replace(whole, **changes)


def brought(meeting: OnlineMeeting) -> OnlineMeeting:
    worker.run_pending()
    meeting.refresh_from_db()
    assert (meeting.error_title, meeting.error_detail) == ("", "")
    return meeting
