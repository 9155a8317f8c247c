"""The invariants of calls hold after work, and notice when they are broken."""

from datetime import timedelta
from typing import Any

import pytest

from audit import trail
from calls import commands
from calls.models import Call, Operation, Timer
from commsportal import worker
from commsportal.invariants import violations
from directory.models import User
from tests.calls.service import Service, state, tell


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
    assert [line[:2] for line in violations()] == ["I8"]


@pytest.mark.control("I9")
def test_a_live_call_without_a_check_is_noticed(ringing: Call, rita: User, clock: Any) -> None:
    commands.claim(ringing.pk, rita)
    Timer.objects.exclude(kind="claim").delete()
    assert [line[:2] for line in violations()] == ["I9"]


@pytest.mark.control("I11")
def test_a_fence_that_does_not_rise_is_noticed(ringing: Call, rita: User, clock: Any) -> None:
    from django.db import transaction

    commands.redirect(ringing.pk, rita)
    with transaction.atomic():
        trail.append([trail.Event("claim.taken", call_id=ringing.pk, data={"fence": 1})])
    Operation.objects.update(fence=2)
    assert [line[:3] for line in violations()] == ["I11", "I11"]


@pytest.mark.control("I3")
def test_an_operation_that_nobody_settles_is_noticed(ringing: Call, rita: User, clock: Any) -> None:
    commands.redirect(ringing.pk, rita)
    Operation.objects.update(created_at=clock() - timedelta(minutes=12))
    assert [line[:2] for line in violations()] == ["I3"]
