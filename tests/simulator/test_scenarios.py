"""Callers who come by themselves, without waiting for them."""

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

from simulator import scenarios

from .conftest import Desk


def world(desk: Desk, scenario: str) -> Any:
    """Return what a scenario needs of the process."""
    return SimpleNamespace(
        engine=desk.engine, faults=desk.faults, directory=desk.engine.directory, scenario=scenario
    )


def test_gentle_callers_come_every_8_to_20_seconds_to_every_line(desk: Desk) -> None:
    scenarios.start(world(desk, "gentle"))
    desk.pass_time(minutes=30)
    calls = list(desk.engine.calls.values())
    starts = [call.created_at for call in calls]
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(starts)]
    assert min(gaps) >= 8
    assert max(gaps) <= 20
    assert {call.line for call in calls} == {"main", "sales", "clinic"}
    assert {call.caller.kind for call in calls} == {"phone", "user"}


def test_some_gentle_callers_give_up_early(desk: Desk) -> None:
    scenarios.start(world(desk, "gentle"))
    desk.pass_time(minutes=30)
    ends = [call.result.code for call in desk.engine.calls.values() if call.result]
    assert set(ends) >= {487, 408}


def test_nobody_comes_when_it_is_quiet_until_it_is_gentle_again(desk: Desk) -> None:
    here = world(desk, "quiet")
    scenarios.start(here)
    desk.pass_time(minutes=10)
    assert not desk.engine.calls
    here.scenario = "gentle"
    desk.pass_time(minutes=1)
    assert desk.engine.calls


def test_a_load_comes_at_its_rate(desk: Desk) -> None:
    ids = scenarios.load(world(desk, "quiet"), rate=10, count=30, target=None)
    desk.pass_time(seconds=1.95)
    assert list(desk.engine.calls) == ids[:20]
    desk.pass_time(seconds=1)
    assert list(desk.engine.calls) == ids
