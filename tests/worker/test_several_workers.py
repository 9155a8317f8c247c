"""Several workers beside each other: each thing is done once, and all of them wait when one is told to."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from calls import commands
from calls.models import Call, Operation, Timer
from calls.rules.targets import Wanted
from commsportal.clock import now
from commsportal.models import Pause
from commsportal.pauses import Urgency
from directory.models import SyncState
from tests.calls.simulation import Simulation, connect, wait_for
from tests.worker.several import Desk, Nursery, desk

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
WORKERS, ROUNDS, KILLS = 3, 2, 3
QUOTA_SECONDS = 6  # in which the second request has to come; a ring lasts longer
Open = Callable[[int], AbstractContextManager[Desk]]
WAITED = {"redirect", "delete", "keepalive", "users"}
LONG = timedelta(minutes=5)  # what is due later than this has been set anew


@pytest.fixture(scope="module")
def nursery(
    simulation: Simulation, django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Nursery]:
    made = Nursery(simulation, tmp_path_factory.mktemp("workers"))
    yield made
    made.stop()


@pytest.fixture
def open_desk(simulation: Simulation, nursery: Nursery, settings: Any) -> Open:
    """Return what opens a desk with so many workers, at a simulator with its switches at rest."""
    connect(simulation, settings)
    simulation.ask("PUT", "faults", {"quota": 0, "retry_after": True})
    return lambda workers: desk(simulation, nursery, workers)


def synced() -> bool:
    return SyncState.objects.filter(due_at__gt=now() + LONG, lease=None).exists()


def have_fall_due(kind: str) -> Any:
    """Let it be time for the timers of a kind, of which there is one; return them."""
    timers = Timer.objects.filter(kind=kind)
    wait_for(lambda: timers.update(due_at=now()), kind)
    return timers


def have_upkeep_fall_due() -> None:
    """Let it be time to keep all calls alive and to read the directory, and wait until that is done."""
    keeping = have_fall_due("keep-alive")
    SyncState.objects.update(due_at=now())
    wait_for(lambda: not keeping.filter(due_at__lt=now() + LONG).exists(), "calls kept alive")
    wait_for(synced, "directory")


@pytest.mark.control("R5")
@pytest.mark.case(19)
def test_fallback_and_upkeep_happen_once_each_time_they_are_due(open_desk: Open) -> None:
    with open_desk(WORKERS) as at:
        wait_for(synced, "directory")
        talking = at.talk(3)
        for _ in range(ROUNDS):
            have_upkeep_fall_due()
        calls = at.ring(4)
        have_fall_due("fallback")
        over = Call.objects.filter(pk__in=[call.pk for call in calls], state="terminated", outcome="fallback")
        wait_for(lambda: len(over.all()) == len(calls), "fallback of each")
        assert [at.count(call)["keepalive"] for call in talking] == [ROUNDS] * len(talking)
        assert at.count()["users"] == 1 + ROUNDS
        assert [at.count(call)["redirect"] for call in calls] == [1] * len(calls)
        assert Operation.objects.filter(by_fallback=True).count() == len(calls)


@pytest.mark.control("R5")
def test_a_watchdog_looks_and_hangs_up_once(open_desk: Open) -> None:
    with open_desk(2) as at:
        person = at.simulation.ask("GET", "people")[-1]["id"]
        at.simulation.ask("PUT", f"people/{person}", {"behaviour": "ignore"})
        row = commands.create(at.line, Wanted("user", person), at.receptionist)
        wait_for(lambda: Operation.objects.filter(pk=row.pk, status="done").exists(), "call out")
        have_fall_due("watchdog")
        wait_for(lambda: Call.objects.filter(pk=row.call_id, state="terminated").exists(), "end")
        placed = Call.objects.get(pk=row.call_id).graph_id
        asked = [one["action"] for one in at.requests() if one["call"] == placed]
        # A look that is overtaken by news is repeated; after the end it is asked whether it is over.
        assert asked[:2] == ["create", "get"] and set(asked) == {"create", "get", "delete"}
        assert asked.count("create") == asked.count("delete") == 1
        assert Operation.objects.count() == 2


@pytest.mark.control("R5")
def test_workers_that_are_killed_and_started_all_the_time_decide_once(open_desk: Open) -> None:
    with open_desk(2) as at:
        wait_for(synced, "directory")
        talking, calls = at.talk(2), list[Call]()
        for _ in range(KILLS):
            calls += at.ring(2)
            seen = len(at.requests())
            have_fall_due("fallback")
            Timer.objects.filter(kind="keep-alive", lease=None).update(due_at=now())
            wait_for(lambda seen=seen: len(at.requests()) > seen, "requests")
            at.kill()
            at.start()
        over = Call.objects.filter(pk__in=[call.pk for call in calls], state="terminated").exclude(outcome="")
        wait_for(lambda: len(over.all()) == len(calls), "end of each")
        late = Timer.objects.filter(kind="keep-alive", due_at__lt=now() + LONG)
        wait_for(lambda: not late.all().exists(), "calls kept alive")
        effects = Counter(row["call"] for row in at.requests() if row["effect"] and row["action"] == "redirect")
        assert effects == {call.graph_id: 1 for call in calls}
        assert {call.outcome for call in over.all()} == {"fallback"}
        assert Operation.objects.filter(by_fallback=True).count() == len(calls)
        for call in talking:  # what was asked by one who was killed, the next asks again
            assert 1 <= at.count(call)["keepalive"] <= 2 * KILLS


@pytest.mark.control("R12")
@pytest.mark.case(32)
def test_all_workers_are_silent_as_long_as_one_was_told_then_decisions_go_first(open_desk: Open) -> None:
    with open_desk(2) as at:
        wait_for(synced, "directory")
        hung_up, kept = at.talk(2)
        first, second = at.ring(2)
        before = len(at.requests())
        at.simulation.ask("PUT", "faults", {"quota": 1, "quota_seconds": QUOTA_SECONDS})
        keeping = Timer.objects.filter(call=kept, kind="keep-alive")
        keeping.update(due_at=now())
        wait_for(lambda: len(at.requests()) > before, "the one request that is allowed")
        commands.redirect(first.pk, at.receptionist)
        decision = Pause.objects.filter(urgency=Urgency.DECISION)
        wait_for(decision.exists, "pause")
        commands.redirect(second.pk, at.receptionist)
        commands.hang_up(hung_up.pk, at.receptionist)
        keeping.update(due_at=now())
        SyncState.objects.update(due_at=now())
        at.simulation.ask("PUT", "faults", {"quota": 0})  # whoever asks too early is answered, and found out
        told_at = [row["at"] for row in at.requests() if row["status"] == 429]
        until = decision.get().until
        wait_for(lambda: {row["action"] for row in at.requests()[before + 2 :]} >= WAITED, "all that waited")
        later = [row for row in at.requests() if row["at"] > told_at[-1]]
        assert len(told_at) == 1
        assert min(row["at"] for row in later) >= until.isoformat()
        assert {row["call"] for row in later[:2]} == {first.graph_id, second.graph_id}
        assert {row["action"] for row in later[:2]} == {"redirect"}
        assert Operation.objects.filter(kind="redirect", status="done").count() == 2


@pytest.mark.control("R12")
@pytest.mark.case(32)
def test_without_a_time_the_pause_is_guessed_and_kept_by_all(open_desk: Open) -> None:
    with open_desk(2) as at:
        wait_for(synced, "directory")
        (kept,) = at.talk(1)
        (call,) = at.ring(1)
        at.simulation.ask("PUT", "faults", {"quota": 1, "quota_seconds": 3600, "retry_after": False})
        have_fall_due("keep-alive")
        wait_for(lambda: at.count(kept)["keepalive"] == 1, "the one request that is allowed")
        commands.redirect(call.pk, at.receptionist)
        wait_for(lambda: len(refused(at)) >= 4, "refusals")
        at.simulation.ask("PUT", "faults", {"quota": 0})
        wait_for(lambda: Operation.objects.filter(call=call, status="done").exists(), "end of the pauses")
        told = refused(at)
        assert all(later - earlier >= timedelta(seconds=0.5) for earlier, later in pairwise(told))


def refused(at: Desk) -> list[datetime]:
    return [datetime.fromisoformat(row["at"]) for row in at.requests() if row["status"] == 429]
