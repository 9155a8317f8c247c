"""People and workers at the same instant: one effect, and everybody learns whose."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from audit import trail
from calls import automation, claims, commands, operations
from calls.errors import NotNow
from calls.models import Call, Operation, Timer
from commsportal import worker
from commsportal.invariants import violations
from directory.models import User
from routing.models import Line
from tests.calls.service import Service, state, tell

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Run the jobs in threads that start together; return results or refusals in their order."""
    start = threading.Barrier(len(jobs))
    results: list[Any] = [None] * len(jobs)
    failures: list[Exception] = []

    def run(n: int, job: Callable[[], Any]) -> None:
        start.wait()
        try:
            results[n] = job()
        except NotNow as refusal:
            results[n] = refusal
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    return results


def sort(results: list[Any]) -> tuple[list[Any], list[NotNow]]:
    lost = [one for one in results if isinstance(one, NotNow)]
    return [one for one in results if not isinstance(one, NotNow)], lost


@pytest.mark.case(16)
@pytest.mark.control("Z5")
@pytest.mark.parametrize("attempt", range(5))
def test_two_receptionists_answer_in_the_same_instant(
    ringing: Call, rita: User, omar: User, service: Service, attempt: int
) -> None:
    won, lost = sort(at_once(lambda: commands.answer(ringing.pk, rita), lambda: commands.answer(ringing.pk, omar)))
    assert len(won) == len(lost) == 1
    winner = won[0].requested_by
    assert lost[0].code == "claimed"
    assert lost[0].members["claim"]["owner"] == winner.username
    at_once(worker.run_pending, worker.run_pending)
    assert len(service.made("answer")) == 1


@pytest.mark.case(17)
def test_answer_reject_and_redirect_in_the_same_instant_are_one_decision(
    ringing: Call, rita: User, omar: User, max_: User, service: Service
) -> None:
    jobs = [
        lambda: commands.answer(ringing.pk, rita),
        lambda: commands.reject(ringing.pk, omar),
        lambda: commands.redirect(ringing.pk, max_),
        lambda: commands.redirect(ringing.pk, rita),
    ]
    won, lost = sort(at_once(*jobs))
    assert len(won) == 1 and len(lost) == 3
    at_once(*[worker.run_pending] * 3)
    sent = Counter(name for name, _, _ in service.requests if name in ("answer", "reject", "redirect"))
    assert sent == {won[0].kind: 1}


@pytest.mark.case(18)
def test_a_double_click_is_one_operation(ringing: Call, rita: User, service: Service) -> None:
    won, lost = sort(at_once(*[lambda: commands.redirect(ringing.pk, rita)] * 4))
    assert len(won) == 1 and {one.code for one in lost} == {"pending"}


def test_one_of_many_gets_the_claim(ringing: Call, rita: User, omar: User, max_: User) -> None:
    jobs = [lambda user=user: commands.claim(ringing.pk, user) for user in (rita, omar, max_)]
    won, lost = sort(at_once(*jobs))
    assert len(won) == 1 and len(lost) == 2
    ringing.refresh_from_db()
    assert ringing.claim_fence == 1


@pytest.mark.case(19)
@pytest.mark.control("R5")
def test_the_fallback_fires_once_with_many_workers(ringing: Call, service: Service, clock: Any) -> None:
    clock.forward(12.1)

    def see_to_clocks() -> None:
        for timer in automation.claim_clocks(5):
            automation.run(timer)

    assert at_once(*[see_to_clocks] * 4) == [None] * 4
    assert Operation.objects.filter(by_fallback=True).count() == 1
    at_once(*[worker.run_pending] * 3)
    assert len(service.made("redirect")) == 1


@pytest.mark.case(19)
def test_a_person_and_the_clock_in_the_same_instant_are_one_decision(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    clock.forward(12.1)
    (timer,) = automation.claim_clocks(1)
    at_once(lambda: automation.run(timer), lambda: commands.answer(ringing.pk, rita))
    at_once(*[worker.run_pending] * 2)
    assert Operation.objects.count() == 1
    sent = [name for name, _, _ in service.requests if name in ("answer", "reject", "redirect")]
    assert len(sent) == 1


@pytest.mark.control("R5")
def test_several_workers_share_the_work_and_double_nothing(
    service: Service, main: Line, rita: User, clock: Any
) -> None:
    for _ in range(20):
        service.ring("main")
    at_once(*[worker.run_pending] * 3)
    worker.run_pending()
    assert Call.objects.filter(state="incoming").count() == 20
    clock.forward(12.1)
    at_once(*[worker.run_pending] * 3)
    worker.run_pending()
    targets = Counter(call_id for name, call_id, _ in service.requests if name == "redirect")
    assert len(targets) == 20 and set(targets.values()) == {1}
    for graph_id in targets:
        tell(graph_id, "deleted", state("terminated"))
    at_once(*[worker.run_pending] * 3)
    worker.run_pending()
    assert Call.objects.filter(state="terminated", outcome="fallback").count() == 20
    assert not Timer.objects.exists() and not Operation.objects.filter(status="pending").exists()
    assert violations() == []
    assert trail.verify() is None


def test_consoles_people_reports_and_workers_do_not_block_each_other(
    service: Service, main: Line, rita: User, omar: User, clock: Any
) -> None:
    for _ in range(10):
        service.ring("main")
    worker.run_pending()
    calls = list(Call.objects.all())
    for call in calls:
        commands.claim(call.pk, rita)
        tell(call.graph_id, "updated", {"mediaState": {"audio": "active"}})

    def console() -> None:
        for _ in range(20):
            claims.renew([rita.pk, omar.pk])

    def decide() -> None:
        for call in reversed(calls):
            commands.redirect(call.pk, rita)

    at_once(console, console, decide, worker.run_pending, worker.run_pending)
    worker.run_pending()
    assert len(service.made("redirect")) == 10


@pytest.mark.control("R19")
def test_two_workers_that_hold_the_same_row_send_it_once(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    commands.redirect(ringing.pk, rita)
    (first,) = operations.claim(1)
    clock.forward(0.1)
    Operation.objects.update(lease_until=clock())
    (second,) = operations.claim(1)
    at_once(lambda: operations.run(first), lambda: operations.run(second))
    assert len(service.made("redirect")) == 1
