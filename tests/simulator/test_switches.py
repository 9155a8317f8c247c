"""What goes wrong on request, and the choices of REFERENCE 20."""

from typing import Any

import pytest

from simulator.delivery import pascal
from simulator.engine import GraphFault, legs
from simulator.engine import actions as graph
from simulator.faults import BadSwitch, Faults

from .conftest import Desk
from .test_calls_follow_their_states import established, outgoing, to_user


def test_a_duplicate_has_the_same_message_id(desk: Desk) -> None:
    desk.faults.merge({"duplicate": 1})
    desk.ring()
    assert len(desk.told) == 2
    assert desk.told[0].message_id == desk.told[1].message_id


def test_a_dropped_notification_is_lost_but_the_call_is_not(desk: Desk) -> None:
    desk.faults.merge({"drop": 1})
    call = established(desk)
    assert (desk.told, call.state) == ([], "established")


def test_reordering_swaps_establishing_and_established(desk: Desk) -> None:
    desk.faults.merge({"reorder": 1})
    call = established(desk)
    assert [state for _, state in desk.news(call)] == [
        "incoming",
        "established",
        "establishing",
        "audio active",
    ]


def test_nothing_follows_the_end_even_when_reordering(desk: Desk) -> None:
    desk.faults.merge({"reorder": 1})
    bianca = desk.person("bianca.rossi")
    bianca.behaviour = "busy"
    call = outgoing(desk, bianca.id)
    desk.pass_time(minutes=1)
    assert [state for _, state in desk.news(call)] == ["establishing", "terminated"]


def test_a_delay_is_on_the_notification_and_not_on_the_call(desk: Desk) -> None:
    desk.faults.merge({"delay_ms": 1500})
    call = desk.ring()
    assert (desk.told[0].not_before - call.created_at).total_seconds() == 1.5


def test_the_older_format_comes_with_the_offer_only(desk: Desk) -> None:
    desk.faults.merge({"legacy_first": True})
    established(desk)
    assert [bool(told.legacy) for told in desk.told] == [True, False, False, False]
    assert "value" not in (desk.told[0].legacy or {"value": 1})


def test_the_same_seed_gives_the_same_faults_and_people() -> None:
    def draws(seed: int) -> list[Any]:
        faults = Faults()
        faults.merge({"seed": seed, "drop": 0.5, "duplicate": 0.5})
        return [
            (faults.strikes("drop"), faults.strikes("duplicate"), faults.stream("people").random())
            for _ in range(50)
        ]

    assert draws(7) == draws(7)
    assert draws(7) != draws(8)


def test_one_kind_of_fault_does_not_disturb_another() -> None:
    alone, together = Faults(), Faults()
    alone.merge({"drop": 0.5})
    together.merge({"drop": 0.5, "duplicate": 0.5})
    mixed = [(together.strikes("drop"), together.strikes("duplicate"))[0] for _ in range(50)]
    assert [alone.strikes("drop") for _ in range(50)] == mixed


@pytest.mark.parametrize(
    "changes",
    [
        {"nonsense": 1},
        {"drop": 1.5},
        {"drop": True},
        {"drop": "0.5"},
        {"delay_ms": -1},
        {"delta_roster": "list"},
        {"peer_roster": True},
        {"join_token_hours": 1001},
        {"access_policy_status": 200},
        {"roster_after_removal": "no"},
        {"callback_retries": 1_001},
        {"legacy_first": "yes"},
        {"wrong_state_status": 200},
        {"reject_result": "603"},
        {"delete_incoming": "ignore"},
        {"seed": 1.5},
    ],
)
def test_a_switch_has_only_its_values(changes: dict[str, Any]) -> None:
    faults = Faults()
    with pytest.raises(BadSwitch):
        faults.merge({"reorder": 1, **changes})
    assert faults.as_dict() == Faults().as_dict()


def test_the_status_of_a_wrong_state_is_a_choice(desk: Desk) -> None:
    desk.faults.merge({"wrong_state_status": 412})
    with pytest.raises(GraphFault) as fault:
        graph.reject(desk.engine, desk.app, established(desk), {})
    assert fault.value.status == 412


def test_the_results_of_unanswered_and_rejected_calls_are_choices(desk: Desk) -> None:
    desk.faults.merge({"unanswered_result": "480/8587", "reject_result": "403/1", "reject_busy_result": "600/2"})
    unanswered, rejected, busy = desk.ring(), desk.ring(), desk.ring()
    graph.reject(desk.engine, desk.app, rejected, {})
    graph.reject(desk.engine, desk.app, busy, {"reason": "busy"})
    desk.pass_time(seconds=15)
    results = [(call.result.code, call.result.subcode) for call in (unanswered, rejected, busy) if call.result]
    assert results == [(480, 8587), (403, 1), (600, 2)]


def test_deleting_an_incoming_call_rejects_it_unless_told_otherwise(desk: Desk) -> None:
    call = desk.ring()
    assert graph.delete(desk.engine, desk.app, call)
    assert call.result and call.result.code == 603
    desk.faults.merge({"delete_incoming": "refuse"})
    with pytest.raises(GraphFault) as fault:
        graph.delete(desk.engine, desk.app, desk.ring())
    assert fault.value.status == 409


def test_inferred_subcodes_stand_where_zero_stood(desk: Desk) -> None:
    desk.faults.merge({"inferred_subcodes": True})
    bianca = desk.person("bianca.rossi")
    bianca.behaviour = "busy"
    busy, given_up, unanswered, rejected = outgoing(desk, bianca.id), desk.ring(), desk.ring(), desk.ring()
    legs.hang_up(desk.engine, given_up)
    graph.reject(desk.engine, desk.app, rejected, {})
    desk.pass_time(seconds=20)
    calls = (busy, given_up, unanswered, rejected)
    results = [(call.result.code, call.result.subcode) for call in calls if call.result]
    assert results == [(486, 8539), (487, 8542), (408, 8587), (603, 8538)]


def test_enums_may_come_in_pascal_case(desk: Desk) -> None:
    desk.ring()
    item = pascal(desk.told[0].body)["value"][0]
    assert (item["changeType"], item["resourceData"]["state"]) == ("Created", "Incoming")
    assert item["resourceUrl"] == desk.told[0].body["value"][0]["resourceUrl"]


def test_a_transfer_goes_wrong_by_the_target(desk: Desk) -> None:
    call, farah = established(desk), desk.person("farah.aziz")
    farah.behaviour = "ignore"
    graph.transfer(desk.engine, desk.app, call, {"transferTarget": to_user(farah.id)})
    desk.pass_time(seconds=29)
    assert call.state == "transferring"
    desk.pass_time(seconds=2)
    assert call.state == "established"


@pytest.mark.parametrize(("value", "shown"), [(True, True), (False, False), (1, 1.0), (0, 0.0), (0.25, 0.25)])
def test_the_older_format_is_a_yes_a_no_or_a_probability(value: Any, shown: Any) -> None:
    faults = Faults()
    faults.merge({"legacy_first": value})
    assert faults.as_dict()["legacy_first"] == shown
    assert type(faults.as_dict()["legacy_first"]) is type(shown)
    struck = sum(faults.strikes("legacy_first") for _ in range(400))
    assert abs(struck / 400 - float(value)) < 0.1


def test_the_time_to_decide_runs_from_a_delayed_notification(desk: Desk) -> None:
    desk.faults.merge({"delay_ms": 20_000})
    call = desk.ring()
    desk.pass_time(seconds=34)
    assert call.state == "incoming"
    desk.pass_time(seconds=2)
    assert call.state == "terminated"
