"""Fifty conversations outlive the processes that looked after them: none ends, none is looked after twice."""

from collections import Counter
from typing import Any

import pytest

from audit.models import Entry
from calls import automation, operations
from calls.models import Call, Operation, Timer
from commsportal import worker
from commsportal.invariants import violations
from directory.models import User
from routing.models import Line
from tests.calls.service import Service, incoming, state, tell
from tests.people import api

CALLS = 50


@pytest.fixture
def talking(service: Service, main: Line, rita: User, clock: Any) -> list[Call]:
    """Return fifty calls that the bot has answered."""
    rung = [service.ring("main", phone=f"+142555504{n:02}") for n in range(CALLS)]
    worker.run_pending()
    for call in Call.objects.all():
        assert api(rita).post(f"/api/v1/calls/{call.pk}/answer/", {}, "json").status_code == 202
    worker.run_pending()
    for graph_id in rung:
        service.states[graph_id] = "established"
        tell(graph_id, "updated", state("established"))
    worker.run_pending()
    service.requests.clear()
    clock.forward(60)
    worker.run_pending()
    return list(Call.objects.filter(state="established"))


def kept_alive(service: Service) -> Counter[str]:
    """Return how often each call was kept alive."""
    return Counter(call_id for action, call_id, _ in service.requests if action == "keepAlive")


@pytest.mark.case(41)
def test_the_next_worker_keeps_alive_what_the_last_one_had_in_its_hands(
    talking: list[Call], service: Service, clock: Any
) -> None:
    assert len(talking) == CALLS
    clock.forward(15 * 60)
    held = automation.claim_checks(CALLS + 1)  # and here that worker dies
    assert [timer.kind for timer in held] == ["keep-alive"] * CALLS
    worker.run_pending()
    assert kept_alive(service) == {}
    clock.forward(automation.LEASE_SECONDS)
    worker.run_pending()
    assert kept_alive(service) == dict.fromkeys((call.graph_id for call in talking), 1)
    timers = sorted(Timer.objects.values_list("call", "kind", "due_at"))
    clock.forward(1)
    for timer in held:
        automation.run(timer)  # it was only asleep: what it does now changes nothing
    assert sorted(Timer.objects.values_list("call", "kind", "due_at")) == timers
    assert Call.objects.filter(state="established").count() == CALLS
    assert Timer.objects.filter(kind="keep-alive", due_at__gt=clock()).count() == CALLS
    assert violations() == []


@pytest.mark.case(41)
def test_what_was_asked_and_told_during_a_restart_is_done_once_by_the_next_worker(
    talking: list[Call], rita: User, service: Service, clock: Any
) -> None:
    for call in talking:
        assert api(rita).post(f"/api/v1/calls/{call.pk}/hang-up/", {}, "json").status_code == 202
    held = operations.claim(CALLS)  # and here that worker dies
    fresh = "dddddddd-0000-4000-8000-000000000041"
    service.states[fresh] = "incoming"
    tell(fresh, "created", incoming("main", phone="+14255550499"))
    clock.forward(operations.LEASE_SECONDS)
    worker.run_pending()
    for row in held:
        operations.run(row)
    hung_up = Counter(call_id for action, call_id, _ in service.requests if action == "delete")
    assert hung_up == dict.fromkeys((call.graph_id for call in talking), 1)
    for call in talking:
        tell(call.graph_id, "deleted", state("terminated"))
    worker.run_pending()
    assert Call.objects.filter(outcome="hung_up").count() == CALLS
    assert Operation.objects.filter(kind="hang-up", status="done").count() == CALLS
    assert Call.objects.get(graph_id=fresh).state == "incoming"
    assert Entry.objects.filter(kind="call.ended").count() == CALLS and violations() == []
