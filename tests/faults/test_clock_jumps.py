"""The clock is set by seconds and by hours while calls ring: nobody's time is cut short, none is endless."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import trail
from calls import commands, operations
from calls.models import Call, Operation
from commsportal import clock, worker
from directory.models import User
from graph.auth import Token, TokenSource
from graph.errors import NotSent
from graph.keys import KeyRing
from routing.models import Line
from tests.calls.service import Service, tell
from tests.faults.machine import STEP, Machine, machine
from tests.webhooks.issuer import TENANT, Issuer
from webhooks import deliveries

__all__ = ["machine"]
JUMPS = (3600.0, 5.0, -5.0, -3600.0)
pytestmark = pytest.mark.control("R9")
any_jump = pytest.mark.parametrize("jump", JUMPS, ids=["+1h", "+5s", "-5s", "-1h"])


@pytest.fixture
def rings(machine: Machine, service: Service, main: Line) -> Call:
    """Return a call that begins to ring on that machine."""
    graph_id = service.ring("main")
    worker.run_pending()
    return Call.objects.get(graph_id=graph_id)


@any_jump
def test_the_fallback_comes_when_its_seconds_have_passed(rings: Call, machine: Machine, jump: float) -> None:
    machine.passes(3)
    machine.set_by(jump)
    machine.passes(8)
    assert not Operation.objects.exists()
    machine.passes(2)
    assert Operation.objects.get().by_fallback
    assert trail.verify() is None


@any_jump
def test_a_claim_without_a_console_lives_its_lease_and_no_longer(
    rings: Call, rita: User, machine: Machine, jump: float
) -> None:
    commands.claim(rings.pk, rita)
    machine.set_by(jump)
    machine.passes(3.5)
    rings.refresh_from_db()
    assert rings.claim_owner == rita
    machine.passes(1)
    rings.refresh_from_db()
    assert rings.claim_owner is None


@any_jump
def test_what_a_dead_worker_held_is_done_by_the_next(
    rings: Call, rita: User, machine: Machine, jump: float
) -> None:
    commands.answer(rings.pk, rita)
    tell(rings.graph_id, "updated", {"mediaState": {"audio": "active"}})
    (held,) = operations.claim(1)
    ((told,),) = deliveries.claim(1)
    machine.set_by(jump)
    machine.passes(4.5, lambda: None)
    assert operations.claim(1) == [] and deliveries.claim(1) == []
    machine.passes(1, lambda: None)
    assert operations.claim(1) == [held] and deliveries.claim(1) == [[told]]


@any_jump
def test_a_process_that_starts_after_a_jump_agrees_with_the_others(machine: Machine, jump: float) -> None:
    before = machine.started()
    machine.set_by(jump)
    assert before.seconds() == pytest.approx(-jump)
    machine.passes(20, before.seconds)
    after = machine.started()
    assert after.seconds() == pytest.approx(before.seconds(), abs=0.001)
    machine.passes(100, before.seconds)
    assert after.seconds() == pytest.approx(before.seconds(), abs=0.001)


def test_a_portal_that_starts_anew_takes_the_clock_as_it_is(machine: Machine) -> None:
    machine.set_by(3600)
    assert machine.jumps.seconds() == pytest.approx(-3600)
    clock.begin_anew(machine.kept.parent)
    assert machine.started().seconds() == 0
    clock.begin_anew(machine.kept.parent)


def test_a_jump_of_before_the_machine_started_is_none(machine: Machine) -> None:
    machine.set_by(5)
    assert machine.jumps.seconds() == pytest.approx(-5)
    machine.steady_at, machine.wall_at = 7.0, machine.wall_at + 600
    assert machine.started().seconds() == 0
    machine.kept.write_text("torn")
    assert machine.started().seconds() == 0


def test_a_clock_that_is_not_set_is_not_corrected(tmp_path: Path) -> None:
    readings = iter([1000.0, 1001.0, 1001.0, 1002.0, 1002.9, 1003.0, 1003.0])  # the second look is slow
    wall = iter([5000.0, 5001.3, 5009.0, 5003.3])
    jumps = clock.Jumps(tmp_path / "clock.json", lambda: next(wall), lambda: next(readings))
    assert [jumps.seconds() for _ in range(3)] == [0.0, 0.0, 0.0]


EVENTS = st.lists(st.one_of(st.sampled_from(JUMPS), st.floats(-7200, 7200), st.just(0.0)), max_size=30)


@given(EVENTS)
def test_time_goes_on_at_about_its_pace_however_often_the_clock_is_set(
    tmp_path_factory: pytest.TempPathFactory, jumps: list[float]
) -> None:
    machine = Machine(tmp_path_factory.getbasetemp() / "clock.json")
    machine.kept.unlink(missing_ok=True)
    machine.jumps = machine.started()

    def told() -> float:
        return (machine.now() + timedelta(seconds=machine.jumps.seconds())).timestamp()

    at = told()
    for jump in jumps:
        if abs(jump) >= clock.JUMP_SECONDS:
            machine.set_by(jump)
        machine.passes(STEP, lambda: None)
        before, at = at, told()
        assert abs((at - before) / STEP - 1) <= clock.CATCH_UP + 0.001


def test_tokens_and_keys_are_fetched_again_however_far_the_clock_was_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passed = 1000.0
    monkeypatch.setattr("time.clock_gettime", lambda _: passed)
    issuer = Issuer()
    issuer.is_down = True

    def token() -> Token:
        if issuer.is_down:
            raise NotSent("down", retryable=True)
        return Token("good", 3600)

    source, keys = TokenSource(TENANT, token), KeyRing([issuer.openid_url], issuer.fetch)
    source.renew_if_due()
    keys.refresh()
    issuer.is_down = False
    monkeypatch.setattr("time.time", lambda: 0.0)
    passed += 1.0
    source.renew_if_due()
    keys.refresh()
    assert source.bearer() == "good" and keys.is_complete()
