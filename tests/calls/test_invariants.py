"""The invariants of calls hold after work, and notice when they are broken."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from audit import trail
from calls import commands
from calls.models import Call, Operation, Timer
from commsportal import worker
from commsportal.invariants import violations
from directory.models import User
from routing.models import Line
from tests.calls.service import Service, state, tell
from tests.found import found
from webhooks.models import Delivery

OTHER = "99999999-9999-4999-8999-999999999999"


def test_they_hold_for_a_call_from_ring_to_end(ringing: Call, rita: User, service: Service, clock: Any) -> None:
    assert violations() == []
    commands.redirect(ringing.pk, rita)
    worker.run_pending()
    assert violations() == []
    tell(ringing.graph_id, "deleted", state("terminated"))
    worker.run_pending()
    assert violations() == []


@pytest.mark.control("I8")
def test_an_ended_call_that_is_not_quiet_is_noticed(ringing: Call, rita: User, clock: Any) -> None:
    commands.redirect(ringing.pk, rita)
    over = {"state": "terminated", "ended_at": clock(), "claim_owner": None, "claim_until": None}
    Call.objects.filter(pk=ringing.pk).update(**over)
    assert len(found("I8")) == 1


@pytest.mark.control("I9")
def test_a_live_call_without_a_check_is_noticed(ringing: Call, rita: User, clock: Any) -> None:
    commands.claim(ringing.pk, rita)
    Timer.objects.exclude(kind="claim").delete()
    assert len(found("I9")) == 1


@pytest.mark.control("I11")
def test_a_fence_that_does_not_rise_is_noticed(ringing: Call, rita: User, clock: Any) -> None:
    commands.redirect(ringing.pk, rita)
    with transaction.atomic():
        trail.append([trail.Event("claim.taken", call_id=ringing.pk, data={"fence": 1})])
    Operation.objects.update(fence=2)
    assert len(found("I11")) == 2


@pytest.mark.control("I3")
def test_an_operation_that_nobody_settles_is_noticed(ringing: Call, rita: User, clock: Any) -> None:
    commands.redirect(ringing.pk, rita)
    Operation.objects.update(created_at=clock() - timedelta(minutes=12))
    assert len(found("I3")) == 1


@pytest.mark.control("I3")
def test_an_operation_that_nobody_sees_to_is_noticed(ringing: Call, rita: User, clock: Any) -> None:
    commands.redirect(ringing.pk, rita)
    assert found("I3") == []
    clock.forward(61)
    assert len(found("I3")) == 1


@pytest.mark.control("I9")
def test_a_check_that_nobody_does_is_noticed(ringing: Call, clock: Any) -> None:
    assert found("I9") == []
    clock.forward(120)
    assert found("I9") != []


@pytest.mark.control("I6")
def test_a_state_that_nothing_brought_is_noticed(ringing: Call, clock: Any) -> None:
    Call.objects.filter(pk=ringing.pk).update(state="established")
    assert found("I6") == [f"I6: call {ringing.pk}: it is established, and its record ends with incoming"]


@pytest.mark.control("I6")
def test_a_report_that_was_marked_applied_and_never_was_is_noticed(ringing: Call, clock: Any) -> None:
    tell(ringing.graph_id, "updated", state("established"))
    Delivery.objects.filter(status="pending").update(status="applied", due_at=None, applied_at=clock())
    told = f"I6: call {ringing.pk}: it was told to be established, which its record does not know"
    assert found("I6") == [told]


@pytest.mark.control("I6")
def test_a_report_that_is_gone_is_noticed(ringing: Call, clock: Any) -> None:
    tell(ringing.graph_id, "updated", state("established"))
    worker.run_pending()
    assert found("I6") == []
    Delivery.objects.latest("pk").delete()
    gone = f"I6: call {ringing.pk}: its record has it told to be established, which no delivery says"
    assert found("I6") == [gone]


@pytest.mark.control("I6")
@pytest.mark.parametrize(
    ("kind", "data", "fault"),
    [
        ("call.state", {"from": "established", "to": "established"}, "leads from established to established"),
        ("call.reopened", {"to": "incoming"}, "reopens what was incoming"),
        ("call.incoming", {}, "begins what was incoming already"),
    ],
)
def test_a_record_that_contradicts_itself_is_noticed(
    ringing: Call, clock: Any, kind: str, data: dict[str, str], fault: str
) -> None:
    with transaction.atomic():
        trail.append([trail.Event(kind, "system", ringing.tenant_id, call_id=ringing.pk, data=data)])
    assert any(fault in line for line in found("I6"))


@pytest.mark.control("I6")
def test_after_the_end_only_a_read_changes_a_call(ringing: Call, clock: Any) -> None:
    end = trail.Event("call.ended", "microsoft", ringing.tenant_id, call_id=ringing.pk, data={})
    data = {"from": "incoming", "to": "established"}
    move = trail.Event("call.state", "microsoft", ringing.tenant_id, call_id=ringing.pk, data=data)
    with transaction.atomic():
        trail.append([end, move])
    assert any("it was terminated" in line for line in found("I6"))


@pytest.mark.control("I12")
@pytest.mark.control("Z7")
def test_a_call_of_another_tenant_than_its_line_is_noticed(ringing: Call, clock: Any) -> None:
    assert found("I12") == []
    Line.objects.filter(pk=ringing.line_id).update(tenant_id=OTHER)
    assert any("than its line" in line for line in found("I12"))
    assert any("entry 1 is of another tenant" in line for line in found("I12"))


@pytest.mark.control("I12")
@pytest.mark.control("Z7")
def test_a_delivery_of_another_tenant_than_its_call_is_noticed(ringing: Call, clock: Any) -> None:
    Delivery.objects.update(tenant_id=OTHER)
    number = Delivery.objects.get().pk
    assert any(line.startswith(f"I12: delivery {number} was applied and is of another") for line in found("I12"))


@pytest.mark.control("I12")
@pytest.mark.control("Z7")
def test_an_entry_of_another_tenant_than_its_call_is_noticed(ringing: Call, clock: Any) -> None:
    with transaction.atomic():
        seq = trail.append([trail.Event("call.heard", tenant_id=OTHER, call_id=ringing.pk)])
    assert found("I12") == [f"I12: entry {seq} is of another tenant than its call or its line"]
