"""Graph is down, slow or throttles: decisions come first, nothing is sent twice, nothing is lost."""

import threading
import uuid
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from calls import cards, commands, operations
from calls.models import Call, Operation
from calls.rules.targets import Wanted
from commsportal import worker
from commsportal.clock import now
from commsportal.worker import Worker
from directory.models import User
from graph import errors
from routing.models import Line
from tests.calls.service import Service, error
from tests.faults.working import SOON, Gate, wait_until, working
from tests.people import OIDS, tenant_id

__all__ = ["working"]
THREADS = next(duty.threads for duty in worker.duties() if duty.name == "operations")
FOR_ALL = THREADS - operations.KEPT_FOR_DECISIONS
DOWN = {
    "refuses": errors.NotSent("refused", retryable=True),
    "fails": error(500, "down"),
    "is silent": errors.OutcomeUnknown("no answer"),
}


def established(line: Line, service: Service) -> Call:
    """Make a call that somebody has answered."""
    at, graph_id = now(), str(uuid.uuid4())
    service.states[graph_id] = "established"
    return Call.objects.create(
        tenant_id=tenant_id(),
        graph_id=graph_id,
        direction="incoming",
        state="established",
        line=line,
        received_at=at,
        last_seen_at=at,
        established_at=at,
    )


def pass_time(clock: Any, seconds: float) -> None:
    for _ in range(round(seconds * 4)):
        worker.run_pending()
        clock.forward(0.25)
    worker.run_pending()


@pytest.mark.control("R11")
@pytest.mark.django_db(transaction=True)
def test_requests_that_hang_leave_threads_for_decisions(
    main: Line, rita: User, service: Service, working: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "LEASE_SECONDS", 120.0)  # what hangs stays whose it is, however slow all is
    gate, answered = Gate(), threading.Event()
    many = [established(main, service) for _ in range(THREADS + 8)]
    service.fail("delete", *[gate] * len(many))
    service.fail("answer", answered.set)
    for call in many:
        commands.hang_up(call.pk, rita)
    wait_until(lambda: gate.count == FOR_ALL)
    graph_id = service.ring("main")
    wait_until(lambda: Call.objects.filter(graph_id=graph_id, state="incoming").exists())
    commands.answer(Call.objects.get(graph_id=graph_id).pk, rita)
    assert answered.wait(SOON)
    assert gate.count == FOR_ALL and len(service.made("delete")) == FOR_ALL
    gate.is_open.set()
    wait_until(lambda: Operation.objects.filter(kind="hang-up", accepted_at__isnull=False).count() == len(many))
    assert Counter(call_id for name, call_id, _ in service.requests if name == "delete").most_common(1)[0][1] == 1


@pytest.mark.control("R11")
@pytest.mark.parametrize("kind", ["answer", "reject", "redirect"])
def test_what_graph_did_after_our_limit_is_found_out_and_not_asked_for_again(
    ringing: Call, rita: User, service: Service, clock: Any, kind: str
) -> None:
    def late() -> None:
        service.states[ringing.graph_id] = "establishing" if kind == "answer" else "terminated"
        clock.forward(10)
        raise errors.OutcomeUnknown("no answer within 10 s")

    service.requests.clear()
    service.fail(kind, late)
    row = getattr(commands, kind)(ringing.pk, rita)
    pass_time(clock, 3)
    asked = [name for name, _, _ in service.requests]
    assert asked[:2] == [kind, "get"] and asked.count(kind) == 1
    row.refresh_from_db()
    assert row.status != "pending"


@pytest.mark.control("R11")
def test_answers_go_before_what_was_asked_earlier(ringing: Call, main: Line, rita: User, service: Service) -> None:
    others = [commands.hang_up(established(main, service).pk, rita) for _ in range(FOR_ALL)]
    row = commands.answer(ringing.pk, rita)
    first, *rest = operations.claim_for(THREADS)
    assert first == row and len(rest) == FOR_ALL - 1
    assert operations.claim_for(operations.KEPT_FOR_DECISIONS) == []
    assert operations.claim(THREADS) == [one for one in others if one not in rest]


@pytest.mark.control("R10")
@pytest.mark.parametrize("fault", DOWN)
def test_the_fallback_decides_in_time_and_is_sent_as_soon_as_graph_is_back(
    ringing: Call, service: Service, clock: Any, fault: str
) -> None:
    for action in ("get", "redirect"):
        service.fail(action, *[DOWN[fault]] * 400)
    pass_time(clock, 13)
    row = Operation.objects.get()
    assert row.by_fallback and row.status == "pending"
    assert ringing.deadline and ringing.deadline <= row.created_at <= ringing.deadline + timedelta(seconds=0.5)
    service.faults.clear()
    sent = len(service.made("redirect"))
    pass_time(clock, 1.5)
    row.refresh_from_db()
    assert row.accepted_at is not None and len(service.made("redirect")) == sent + 1


@pytest.mark.control("R10")
@pytest.mark.parametrize("fault", ["fails", "is silent"])
def test_a_call_out_and_a_transfer_are_never_sent_twice(
    main: Line, rita: User, service: Service, clock: Any, fault: str
) -> None:
    target = Wanted("user", OIDS["max"])
    service.fail("create", *[DOWN[fault]] * 9)
    service.fail("transfer", *[DOWN[fault]] * 9)
    commands.create(main, target, rita)
    commands.transfer(established(main, service).pk, rita, wanted=target)
    pass_time(clock, 70)
    assert len(service.made("create")) == len(service.made("transfer")) == 1
    assert {row.status for row in Operation.objects.filter(kind__in=["create", "transfer"])} <= {
        "unknown",
        "failed",
    }


@pytest.mark.control("R10")
def test_what_graph_never_saw_says_why_on_the_card(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    service.fail("redirect", *[DOWN["refuses"]] * 400)
    commands.redirect(ringing.pk, rita)
    pass_time(clock, 1)
    assert cards.cards([ringing.pk])[ringing.pk].card["operation"]["status"] == "pending"
    pass_time(clock, 15)
    shown = cards.cards([ringing.pk])[ringing.pk].card["operation"]
    assert shown["status"] == "failed" and shown["error"]["detail"]


@pytest.mark.control("R12")
@pytest.mark.case(32)
def test_all_workers_wait_as_one_was_told_and_decisions_go_before(
    ringing: Call, main: Line, rita: User, service: Service, clock: Any
) -> None:
    told, *others = [commands.hang_up(established(main, service).pk, rita) for _ in range(4)]
    service.fail("delete", error(429, "TooManyRequests", **{"retry-after": "20"}))
    service.requests.clear()
    (row,) = operations.claim(1)
    operations.run(row)
    assert row == told
    anew = commands.hang_up(established(main, service).pk, rita)
    decision = commands.answer(ringing.pk, rita)
    worker.run_pending()  # another one
    assert [name for name, _, _ in service.requests] == ["delete", "answer"]
    assert operations.claim(THREADS) == []
    Operation.objects.filter(pk=decision.pk).delete()
    clock.forward(19)
    assert operations.claim(THREADS) == []
    clock.forward(1.5)
    assert operations.claim(THREADS) == [told]
    clock.forward(1)
    assert set(operations.claim(THREADS)) == {*others, anew}
