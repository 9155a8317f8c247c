"""How much of what Microsoft allows an application is used, told to people and to Prometheus."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import generate_latest

from calls import budget
from calls.models import Call
from commsportal.clock import now
from directory.models import User
from tests.people import api, tenant_id


def call(received_at: datetime, state: str = "terminated", graph_id: str = "") -> Call:
    ended_at = received_at if state == "terminated" else None
    return Call.objects.create(
        tenant_id=tenant_id(),
        graph_id=graph_id or str(Call().pk),
        direction="incoming",
        state=state,
        received_at=received_at,
        last_seen_at=received_at,
        ended_at=ended_at,
    )


@pytest.mark.django_db
def test_calls_at_a_time_and_of_this_month_are_counted(clock: Any, rita: User) -> None:
    clock.at = datetime(2026, 3, 1, 0, 0, 5, tzinfo=UTC)
    call(clock.at - timedelta(seconds=6))  # of last month, and over
    call(clock.at - timedelta(seconds=6), "established")  # of last month, and still on
    call(clock.at)
    call(clock.at, "incoming")
    Call.objects.create(  # Microsoft has not named it: it may never be
        tenant_id=tenant_id(), direction="outgoing", state="establishing", received_at=now(), last_seen_at=now()
    )
    assert budget.used() == budget.Budget(2, 2, datetime(2026, 3, 1, tzinfo=UTC))
    assert api(rita).get("/api/v1/budget/").json() == {
        "at_once": {"used": 2, "allowed": 100},
        "month": {"used": 2, "allowed": 10_000},
        "since": "2026-03-01T00:00:00+00:00",
    }


@pytest.mark.django_db
def test_prometheus_is_told(clock: Any) -> None:
    call(now(), "established")
    told = generate_latest().decode()
    assert 'portal_calls_used{of="at once"} 1.0' in told and 'portal_calls_allowed{of="at once"} 100.0' in told
    assert 'portal_calls_used{of="month"} 1.0' in told and 'portal_calls_allowed{of="month"} 10000.0' in told


@pytest.mark.django_db
def test_it_costs_two_queries_however_many_calls(clock: Any, django_assert_num_queries: Any) -> None:
    for _ in range(3):
        call(now())
    with django_assert_num_queries(2):
        budget.used()
