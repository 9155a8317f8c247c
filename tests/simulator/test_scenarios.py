"""Callers who come by themselves, without waiting for them."""

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

from simulator import scenarios
from simulator.engine import actions, legs

from .conftest import Desk
from .test_calls_follow_their_states import ANSWER, established, to_user


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


def test_a_lunch_rush_brings_many_while_half_of_the_people_are_away(desk: Desk) -> None:
    here = world(desk, "quiet")
    scenarios.start(here)
    scenarios.choose(here, "lunch rush")
    desk.pass_time(minutes=5)
    starts = [call.created_at for call in desk.engine.calls.values()]
    assert len(starts) > 100
    assert max((later - earlier).total_seconds() for earlier, later in pairwise(starts)) < 20
    away = [legs.is_absent(desk.engine, person) for person in desk.app.tenant.people.values()]
    assert 0 < sum(away) < len(away)
    scenarios.choose(here, "quiet")
    assert not any(legs.is_absent(desk.engine, person) for person in desk.app.tenant.people.values())


def test_where_transfers_fail_every_one_comes_back(desk: Desk) -> None:
    scenarios.choose(world(desk, "quiet"), "failed transfers")
    call = established(desk)
    target = {"transferTarget": to_user(desk.person("farah.aziz").id)}
    actions.transfer(desk.engine, desk.app, call, target)
    desk.pass_time(seconds=9)
    assert desk.items(call)[-1]["resourceData"]["resultInfo"]["subcode"] == 7000


def test_in_the_escalation_scenario_callers_add_colleagues(desk: Desk) -> None:
    here = world(desk, "escalation")
    scenarios.start(here)
    answered: set[str] = set()
    for _ in range(60):
        desk.pass_time(seconds=2)
        for call in list(desk.engine.calls.values()):
            if call.state == "incoming":
                actions.answer(desk.engine, desk.app, call, ANSWER)
                answered.add(call.id)
    grown = [call for call in desk.engine.calls.values() if call.was_peer]
    assert grown and {call.id for call in grown} <= answered


def test_a_flaky_graph_makes_trouble_and_takes_it_back(desk: Desk) -> None:
    here, before = world(desk, "quiet"), desk.faults.as_dict()
    scenarios.choose(here, "flaky Graph")
    assert desk.faults.as_dict() == before | scenarios.TROUBLE
    scenarios.choose(here, "gentle")
    assert desk.faults.as_dict() == before


def test_a_load_comes_at_its_rate(desk: Desk) -> None:
    ids = scenarios.load(world(desk, "quiet"), rate=10, count=30, target=None)
    desk.pass_time(seconds=1.95)
    assert list(desk.engine.calls) == ids[:20]
    desk.pass_time(seconds=1)
    assert list(desk.engine.calls) == ids
