"""People mirrored from Graph's users."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from commsportal import worker
from commsportal.clock import now
from commsportal.worker import Dispatcher
from directory import search, sync
from directory.models import Edition, Person, SyncState
from directory.rules.finding import Asked
from graph.errors import OutcomeUnknown
from graph.types import User as GraphUser

pytestmark = pytest.mark.django_db
TENANT = "11111111-1111-4111-8111-111111111111"
DAGNY = GraphUser(
    id="DDDDDDDD-0000-4000-8000-000000000001",
    display_name="Dagny Sørensen",
    user_principal_name="dagny@contoso.example",
    mail="dagny@contoso.example",
    department="Sales",
    job_title="Head of Sales",
    mobile_phone="+47 22 33 44 55",
    business_phones=("+1 (425) 555-0110",),
    account_enabled=True,
    preferred_language="nb-NO",
)
LIAM = replace(DAGNY, id="dddddddd-0000-4000-8000-000000000002", display_name="Liam O'Connor", department="Legal")


class Directory:
    """The two methods of the Graph client that the mirror uses, on a list that tests change."""

    def __init__(self, users: list[GraphUser]) -> None:
        self.users_there = users
        self.breaks_after: int | None = None
        self.users = self

    def iterate(self) -> Iterator[GraphUser]:
        for number, user in enumerate(self.users_there):
            if number == self.breaks_after:
                raise OutcomeUnknown("the page was not answered", retryable=True)
            yield user


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Directory:
    """Return the other side's directory with two people."""
    directory = Directory([DAGNY, LIAM])
    monkeypatch.setattr("graph.conf.client", lambda tenant: directory)
    return directory


def found(query: str) -> list[int]:
    """Return the keys of those whom a search finds."""
    asked = Asked(tuple(search.words_of(query)))
    return [entry.pk for _, entry in search.find(list(Edition.objects.all()), asked)]


def one_round() -> SyncState:
    """Let a worker come by when the tenant is due."""
    sync.next_due()
    SyncState.objects.update(due_at=now())
    for state in sync.claim(1):
        sync.run(state)
    return SyncState.objects.get()


def test_the_first_round_is_due_at_once_and_the_next_in_a_quarter_of_an_hour(there: Directory) -> None:
    due = sync.next_due()
    assert due is not None and due <= now()
    state = one_round()
    assert state.people == 2 and state.error == "" and state.lease is None
    assert timedelta(minutes=14) < state.due_at - now() <= timedelta(minutes=15)
    assert sync.next_due() == state.due_at


def test_a_person_is_mirrored_whole(there: Directory) -> None:
    one_round()
    person = Person.objects.get(oid=DAGNY.id.lower())
    assert person.tenant_id == TENANT and person.name == "Dagny Sørensen" and person.enabled
    assert (person.business_phone, person.mobile_phone) == ("+1 (425) 555-0110", "+47 22 33 44 55")
    assert person.language == "nb-NO" and found("sorensen sales") == [person.pk]


def test_a_worker_mirrors_people_among_its_duties(there: Directory) -> None:
    (duty,) = [duty for duty in worker.duties() if duty.name == "people"]
    duty.next_due()
    worker.run_pending()
    assert sorted(Person.objects.values_list("name", flat=True)) == ["Dagny Sørensen", "Liam O'Connor"]


def test_only_one_worker_has_a_tenant_at_a_time(there: Directory) -> None:
    sync.next_due()
    assert len(sync.claim(1)) == 1
    assert sync.claim(1) == []


def test_what_changed_is_changed_and_who_is_gone_is_disabled(there: Directory) -> None:
    one_round()
    there.users_there = [replace(DAGNY, department="Board")]
    one_round()
    assert list(Person.objects.order_by("name").values_list("department", "enabled")) == [
        ("Board", True),
        ("Legal", False),
    ]
    there.users_there = [DAGNY, LIAM]
    one_round()
    assert Person.objects.filter(enabled=True).count() == 2


def test_a_disabled_account_is_a_disabled_person(there: Directory) -> None:
    there.users_there = [DAGNY, replace(LIAM, account_enabled=False)]
    one_round()
    assert not Person.objects.get(name="Liam O'Connor").enabled


def test_a_round_without_news_writes_no_person(there: Directory) -> None:
    one_round()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        one_round()
    written = [q["sql"] for q in queries if "directory_person" in q["sql"] and not q["sql"].startswith("SELECT")]
    assert written == []


def test_the_same_user_on_two_pages_is_one_person_and_the_last_counts(there: Directory) -> None:
    there.users_there = [DAGNY, LIAM, replace(DAGNY, department="Board")]
    one_round()
    assert Person.objects.count() == 2
    assert Person.objects.get(oid=DAGNY.id.lower()).department == "Board"


@pytest.mark.parametrize("fault", ["half", "empty"])
def test_a_list_that_is_not_whole_disables_nobody_and_is_asked_for_again_soon(
    there: Directory, fault: str
) -> None:
    one_round()
    if fault == "half":
        there.breaks_after = 1
    else:
        there.users_there = []
    state = one_round()
    assert Person.objects.filter(enabled=True).count() == 2
    assert state.error and state.failures == 1
    assert timedelta(0) < state.due_at - now() <= sync.FIRST_RETRY
    there.breaks_after, there.users_there = None, [DAGNY, LIAM]
    assert one_round().error == ""


def test_failures_are_asked_about_less_and_less_often(there: Directory) -> None:
    there.breaks_after = 0
    waits = []
    for _ in range(12):
        state = one_round()
        waits.append(state.due_at - now())
    assert all(later > earlier for earlier, later in pairwise(waits[:6]))
    assert waits[-1] <= sync.EVERY


def test_tenants_do_not_mix(there: Directory, settings: Any) -> None:
    other = "99999999-9999-4999-8999-999999999999"
    stranger = Person.objects.create(tenant_id=other, oid=DAGNY.id.lower(), name="Same id", synced_at=now())
    one_round()
    stranger.refresh_from_db()
    assert stranger.name == "Same id" and stranger.enabled
    assert Person.objects.count() == 3


def test_more_people_than_one_statement_takes(there: Directory) -> None:
    there.users_there = [
        replace(DAGNY, id=f"dddddddd-0000-4000-8000-{n:012d}", display_name=f"Person {n}") for n in range(450)
    ]
    assert one_round().people == Person.objects.count() == 450


def test_odd_values_fit_the_columns(there: Directory) -> None:
    there.users_there = [
        GraphUser(id="dddddddd-0000-4000-8000-000000000009"),
        replace(LIAM, display_name="L\0" * 400, department="D" * 500),
        GraphUser(id=""),
        GraphUser(id="x" * 80, display_name="no id of a user"),
    ]
    assert one_round().people == 2
    assert Person.objects.get(oid__endswith="9").name == "dddddddd-0000-4000-8000-000000000009"


def test_an_error_of_our_own_is_not_taken_for_graphs(there: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "merge", lambda tenant, people: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        one_round()
    assert SyncState.objects.get().lease is not None  # tried again when the lease runs out


class Stopwatch:
    """Time that passes only while a page is read."""

    def __init__(self, seconds_a_user: float) -> None:
        self.at = 0.0
        self.seconds = seconds_a_user

    def monotonic(self) -> float:
        self.at += self.seconds
        return self.at


def test_a_list_that_takes_minutes_is_mirrored(there: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "time", Stopwatch(600))  # far beyond what other pieces of work may take
    state = one_round()
    assert (state.people, state.error) == (2, "")


def test_a_list_without_end_is_given_up_before_the_worker_would_be(
    there: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "time", Stopwatch(sync.LONGEST_READING / 10))
    there.users_there = [replace(DAGNY, id=f"dddddddd-0000-4000-8000-{n:012d}") for n in range(10_000)]
    state = one_round()
    assert "too long" in state.error and state.failures == 1 and state.lease is None
    assert not Person.objects.exists()
    assert sync.DUTY.longest > sync.LONGEST_READING


def test_a_worker_keeps_a_tenant_as_long_as_it_reads_and_no_longer_than_half_a_minute_beyond(
    there: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync.next_due()
    (state,) = sync.claim(1)
    assert state.lease_until - now() <= timedelta(seconds=30)
    dispatcher = Dispatcher(sync.DUTY, threading.Event())
    monkeypatch.setitem(dispatcher.running, 1, (time.monotonic() - 600, state))
    SyncState.objects.update(lease_until=now())
    assert not dispatcher.is_stuck()
    dispatcher.keep()
    assert SyncState.objects.get().lease_until > now() + timedelta(seconds=20)
    assert sync.claim(1) == []
    monkeypatch.setitem(dispatcher.running, 1, (time.monotonic() - sync.LONGEST_ROUND - 1, state))
    assert dispatcher.is_stuck()
