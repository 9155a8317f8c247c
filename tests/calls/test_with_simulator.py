"""From ring to end against the simulator: real HTTPS, tokens and signatures on both ways."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from calls import commands, operations, sending
from calls.models import Call, Operation
from calls.rules.targets import Wanted
from directory.models import User
from graph import conf
from routing.models import Line
from tests.calls.simulation import ROOT, Here, Simulation, portal, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    """Return the simulator, running."""
    running = Simulation(tmp_path_factory.mktemp("simulation"))
    yield running
    running.stop()


@pytest.fixture
def here(simulation: Simulation, settings: Any) -> Iterator[Here]:
    """Have the portal connected to the simulator and running; every invariant holds when the test is done."""
    connect(simulation, settings)
    simulation.ask("PUT", "faults", {"duplicate": 0, "reorder": 0, "error": 0, "drop": 0, "throttle": 0})
    with portal(simulation) as running:
        conf.warm_up(10)  # a ring before the keys are there is answered 503
        yield running


@pytest.fixture
def receptionist(simulation: Simulation, here: Here) -> User:
    """Return Rita of Contoso."""
    found = next(one for one in simulation.ask("GET", "people") if one["name"].startswith("Rita"))
    tenant = simulation.connection["tenant"]
    rita = User.objects.create_user(
        "rita", name=found["name"], roles=["receptionist"], tenant_id=tenant, oid=found["id"]
    )
    other = next(one for one in simulation.ask("GET", "people") if one["name"].startswith("Omar"))
    for told in json.loads((ROOT / "simulator/data/contoso.json").read_text())["lines"]:
        Line.objects.create(tenant_id=tenant, **told).staff.set([rita])
    fallback = {"fallback": "voicemail", "fallback_kind": "user", "fallback_target": other["id"]}
    Line.objects.filter(name="main").update(**fallback)
    return rita


def connect(simulation: Simulation, settings: Any) -> None:
    """Set what a deployment sets."""
    told = simulation.connection
    login = told["authority"].rsplit("/", 1)[0]
    settings.GRAPH_URL, settings.GRAPH_LOGIN_URL, settings.GRAPH_CA_FILE = told["graph"], login, told["ca"]
    settings.GRAPH_TENANT_IDS, settings.GRAPH_CLIENT_ID = [told["tenant"]], told["client_id"]
    settings.GRAPH_CLIENT_SECRET = told["client_secret"]
    settings.CALLBACK_AUDIENCE = told["client_id"]
    settings.CALLBACK_OPENID_URLS = [f"{login}/v1/.well-known/OpenIdConfiguration"]
    settings.CALLBACK_URL = f"{simulation.portal_url}/webhooks/graph/calls"


def call_of(graph_id: str) -> Call:
    return wait_for(lambda: Call.objects.filter(graph_id=graph_id).first(), "call in the portal")


def ended(graph_id: str) -> Call:
    over = Call.objects.filter(graph_id=graph_id, state="terminated").exclude(outcome="")
    return wait_for(over.first, "end of the call")


def history(simulation: Simulation, graph_id: str) -> list[str]:
    return [entry["state"] for entry in simulation.ask("GET", f"calls/{graph_id}")["history"]]


def test_a_ring_is_taken_and_graph_has_redirected_it(simulation: Simulation, receptionist: User) -> None:
    graph_id = simulation.ring("main")
    call = call_of(graph_id)
    assert call.state == "incoming" and call.line.name == "main"  # type: ignore[union-attr]
    row = commands.redirect(call.pk, receptionist)
    over = ended(graph_id)
    row.refresh_from_db()
    assert (over.outcome, row.status) == ("taken", "done")
    assert over.handled_to == receptionist.name
    assert simulation.ask("GET", f"calls/{graph_id}")["state"] == "terminated"


def person(simulation: Simulation, behaviour: str) -> dict[str, Any]:
    """Return somebody of the directory who does so when called."""
    found = simulation.ask("GET", "people")[-1]
    return simulation.ask("PUT", f"people/{found['id']}", {"behaviour": behaviour})


def transferred(simulation: Simulation, receptionist: User, behaviour: str) -> tuple[str, Operation]:
    """Answer a ring and transfer it to somebody who does so; return when that is settled."""
    graph_id = simulation.ring("main")
    commands.answer(call_of(graph_id).pk, receptionist)
    live = wait_for(Call.objects.filter(graph_id=graph_id, state="established").first, "conversation")
    wanted = Wanted("user", person(simulation, behaviour)["id"])
    row = commands.transfer(live.pk, receptionist, wanted=wanted)
    settled = Operation.objects.filter(pk=row.pk).exclude(status="pending")
    return graph_id, wait_for(settled.first, "end of the transfer")


@pytest.mark.case(27)
def test_a_ring_is_answered_and_transferred(simulation: Simulation, receptionist: User) -> None:
    graph_id, row = transferred(simulation, receptionist, "answer")
    assert row.status == "done"
    over = ended(graph_id)
    assert (over.outcome, over.result_subcode) == ("transferred", 7015)


@pytest.mark.case(26)
def test_a_transfer_that_is_declined_brings_the_caller_back(simulation: Simulation, receptionist: User) -> None:
    graph_id, row = transferred(simulation, receptionist, "decline")
    assert row.status == "failed" and row.error_subcode == 7000
    call = call_of(graph_id)
    assert call.state == "established"
    commands.hang_up(call.pk, receptionist)
    assert ended(graph_id).outcome == "hung_up"


@pytest.mark.control("R3")
def test_a_transfer_whose_answer_and_notifications_are_lost_rings_its_target_once(
    simulation: Simulation, receptionist: User, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.expected_log.append("the worker died before it could save")

    def lose(row: Operation, answer: sending.Accepted) -> None:
        raise ConnectionError("the worker died before it could save the answer")

    graph_id = simulation.ring("main")
    commands.answer(call_of(graph_id).pk, receptionist)
    live = wait_for(Call.objects.filter(graph_id=graph_id, state="established").first, "conversation")
    simulation.ask("PUT", "faults", {"drop": 1})
    monkeypatch.setattr(operations, "_accepted", lose)
    wanted = Wanted("user", person(simulation, "busy")["id"])
    row = commands.transfer(live.pk, receptionist, wanted=wanted)
    settled = wait_for(Operation.objects.filter(pk=row.pk).exclude(status="pending").first, "settlement")
    assert settled.status == "failed" and call_of(graph_id).state == "established"
    assert history(simulation, graph_id).count("transferring") == 1
    monkeypatch.undo()
    simulation.ask("PUT", "faults", {"drop": 0})
    commands.hang_up(live.pk, receptionist)
    assert ended(graph_id).outcome == "hung_up"


@pytest.mark.parametrize("reason", ["none", "busy"])
def test_a_ring_is_rejected(simulation: Simulation, receptionist: User, reason: str) -> None:
    graph_id = simulation.ring("main")
    commands.reject(call_of(graph_id).pk, receptionist, reason=reason)
    assert ended(graph_id).outcome == "rejected"


@pytest.mark.case(4)
def test_a_caller_hangs_up_while_it_rings(simulation: Simulation, receptionist: User) -> None:
    graph_id = simulation.ring("main")
    call_of(graph_id)
    simulation.ask("POST", f"calls/{graph_id}/hang-up")
    assert ended(graph_id).outcome == "abandoned"


def test_a_caller_hangs_up_on_a_conversation(simulation: Simulation, receptionist: User) -> None:
    graph_id = simulation.ring("main")
    commands.answer(call_of(graph_id).pk, receptionist)
    wait_for(Call.objects.filter(graph_id=graph_id, state="established").first, "conversation")
    simulation.ask("POST", f"calls/{graph_id}/hang-up")
    over = ended(graph_id)
    assert over.outcome == "answered" and over.result_code is not None


@pytest.mark.case(19)
@pytest.mark.parametrize("line", ["main", "clinic"])
def test_nobody_decides_and_the_lines_fallback_does(
    simulation: Simulation, receptionist: User, settings: Any, line: str
) -> None:
    settings.RING_DECISION_SECONDS = 1
    graph_id = simulation.ring(line)
    over = ended(graph_id)
    assert over.outcome == "fallback"
    assert Operation.objects.filter(call=over).count() == 1


def test_a_call_is_placed_from_a_line(simulation: Simulation, receptionist: User) -> None:
    wanted = Wanted("user", person(simulation, "answer")["id"])
    row = commands.create(Line.objects.get(name="main"), wanted, receptionist)
    call = Call.objects.get(pk=row.call_id)
    wait_for(Call.objects.filter(pk=call.pk).exclude(graph_id="").first, "call at Graph")
    wait_for(Operation.objects.filter(pk=row.pk, status="done").first, "creation")
    wait_for(Call.objects.filter(pk=call.pk, state="established").first, "conversation")
    commands.hang_up(call.pk, receptionist)
    wait_for(Call.objects.filter(pk=call.pk, outcome="hung_up").first, "end of the call")
    assert Call.objects.count() == 1


@pytest.mark.control("I10")
@pytest.mark.case(1)
@pytest.mark.case(3)
@pytest.mark.control("I4")
def test_doubled_swapped_and_failing_traffic_ends_as_at_the_other_side_and_decides_once(
    simulation: Simulation, receptionist: User
) -> None:
    faults = {"duplicate": 0.5, "reorder": 0.5, "error": 0.3, "throttle": 0.1, "seed": 7, "callback_retries": 3}
    simulation.ask("PUT", "faults", faults)
    rung = [simulation.ring("main", f"+142555503{n:02}") for n in range(12)]
    for n, graph_id in enumerate(rung):
        decide = (commands.redirect, commands.reject, commands.answer)[n % 3]
        decide(call_of(graph_id).pk, receptionist)
    settled = Operation.objects.filter(status="pending")
    wait_for(lambda: not settled.exists(), "settled operations", 90)
    simulation.ask("PUT", "faults", {"duplicate": 0, "reorder": 0, "error": 0, "throttle": 0})
    wait_for(lambda: agrees(simulation, rung), "same states on both sides", 60)
    for graph_id in rung:
        told: Any = simulation.ask("GET", f"calls/{graph_id}")
        effects = [entry for entry in told["history"] if entry["state"] in ("establishing", "redirecting")]
        assert len(effects) <= 1


def agrees(simulation: Simulation, rung: list[str]) -> bool:
    here = dict(Call.objects.filter(graph_id__in=rung).values_list("graph_id", "state"))
    there = {graph_id: simulation.ask("GET", f"calls/{graph_id}")["state"] for graph_id in rung}
    return here == there
