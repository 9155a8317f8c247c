"""When nobody decides, the line does: once."""

from typing import Any

import pytest

from audit.models import Entry
from calls import automation, cards, commands
from calls.models import Call, Operation, Timer
from commsportal import worker
from directory.models import User
from routing.models import Line
from tests.calls.service import Service, error, state, tell
from tests.people import OIDS


def card(call: Call) -> dict[str, Any]:
    return cards.cards([call.pk])[call.pk].card


def ring(service: Service, line: str) -> Call:
    graph_id = service.ring(line)
    worker.run_pending()
    return Call.objects.get(graph_id=graph_id)


@pytest.mark.case(19)
@pytest.mark.parametrize(
    ("line", "kind", "expected"),
    [
        ("main", "redirect", {"endpointType": "voicemail"}),
        ("sales", "redirect", {"phone": "+14255550199"}),
        ("clinic", "reject", {"reason": "busy"}),
    ],
)
def test_the_lines_own_fallback_decides_at_the_deadline_and_not_before(
    service: Service,
    main: Line,
    sales: Line,
    clinic: Line,
    clock: Any,
    line: str,
    kind: str,
    expected: dict[str, str],
) -> None:
    call = ring(service, line)
    clock.forward(11.5)
    worker.run_pending()
    assert not Operation.objects.exists()
    clock.forward(0.6)
    worker.run_pending()
    (body,) = service.made(kind)
    assert_sent(body, expected)
    tell(call.graph_id, "deleted", state("terminated"))
    worker.run_pending()
    shown = card(call)
    assert (shown["outcome"], shown["lane"]) == ("fallback", "handled")
    assert bool(shown["handled_to"]) == (kind == "redirect")  # a rejected call went nowhere
    assert Entry.objects.filter(kind="timer.fallback", call_id=call.pk).count() == 1


def assert_sent(body: dict[str, Any], expected: dict[str, str]) -> None:
    if "reason" in expected:
        assert body["reason"] == expected["reason"]
    elif "phone" in expected:
        assert body["targets"][0]["identity"]["phone"]["id"] == expected["phone"]
    else:
        assert body["targets"][0]["endpointType"] == "voicemail"
        assert body["targets"][0]["identity"]["user"]["id"] == OIDS["max"]


def test_a_call_that_reached_no_line_is_rejected_as_busy(service: Service, main: Line, clock: Any) -> None:
    service.ring(targets=[])
    worker.run_pending()
    clock.forward(12.1)
    worker.run_pending()
    assert [body["reason"] for body in service.made("reject")] == ["busy"]


def test_a_fallback_that_would_come_straight_back_rejects_instead(
    service: Service, main: Line, clock: Any
) -> None:
    target = {"fallback": "redirect", "fallback_kind": "phone", "fallback_target": main.phone}
    Line.objects.filter(pk=main.pk).update(**target)
    ring(service, "main")
    clock.forward(12.1)
    worker.run_pending()
    assert service.made("redirect") == [] and len(service.made("reject")) == 1


@pytest.mark.case(19)
def test_a_claim_does_not_stop_the_clock(ringing: Call, rita: User, service: Service, clock: Any) -> None:
    clock.forward(11.9)
    commands.claim(ringing.pk, rita)
    clock.forward(0.2)
    worker.run_pending()
    assert len(service.made("redirect")) == 1


def test_a_decision_under_way_stops_the_fallback(ringing: Call, rita: User, service: Service, clock: Any) -> None:
    commands.redirect(ringing.pk, rita)
    worker.run_pending()
    clock.forward(12.5)
    worker.run_pending()
    assert not Operation.objects.filter(by_fallback=True).exists()


@pytest.mark.case(17)
def test_a_person_is_too_late_when_the_fallback_has_decided(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    from calls.errors import NotNow

    clock.forward(12.5)
    (timer,) = automation.claim_clocks(1)
    automation.run(timer)
    with pytest.raises(NotNow) as refused:
        commands.answer(ringing.pk, rita)
    assert refused.value.code == "pending"


@pytest.mark.control("R5")
@pytest.mark.case(19)
def test_a_timer_leased_by_a_worker_that_died_fires_once(ringing: Call, service: Service, clock: Any) -> None:
    clock.forward(12.1)
    (slept,) = automation.claim_clocks(1)
    clock.forward(automation.LEASE_SECONDS)
    (second,) = automation.claim_clocks(1)
    automation.run(second)
    automation.run(slept)
    assert Operation.objects.filter(by_fallback=True).count() == 1


@pytest.mark.case(20)
def test_a_fallback_that_comes_too_late_leaves_a_missed_call(ringing: Call, service: Service, clock: Any) -> None:
    service.fail("redirect", error(404, "8522"))
    clock.forward(12.1)
    worker.run_pending()
    assert card(ringing)["outcome"] == "missed" and card(ringing)["lane"] == "missed"
    worker.run_pending()
    assert len(service.made("redirect")) == 1
    assert not Timer.objects.filter(call=ringing).exists()


@pytest.mark.case(4)
def test_a_caller_who_gives_up_is_abandoned_and_nothing_is_sent(
    ringing: Call, service: Service, clock: Any
) -> None:
    service.states[ringing.graph_id] = "terminated"
    tell(ringing.graph_id, "deleted", state("terminated", 200, 4521))
    worker.run_pending()
    clock.forward(13)
    worker.run_pending()
    assert card(ringing)["outcome"] == "abandoned"
    assert service.made("redirect") == service.made("reject") == []


def test_a_report_that_was_applied_late_still_counts_from_its_receipt(
    service: Service, main: Line, clock: Any
) -> None:
    service.ring("main")
    clock.forward(12.1)
    worker.run_pending()
    assert len(service.made("redirect")) == 1
