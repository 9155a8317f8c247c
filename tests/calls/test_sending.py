"""A request leaves once; what became of it is found out, not guessed."""

from typing import Any

import pytest

from calls import automation, cards, commands, operations
from calls.models import Call, Operation, Timer
from calls.rules.targets import Wanted
from commsportal import worker
from commsportal.clock import now
from directory.models import User
from graph import errors
from routing.models import Line
from tests.calls.service import Service, answer, error, state, tell
from tests.people import OIDS
from webhooks import deliveries

LOST = errors.OutcomeUnknown("no answer came")
UNREACHABLE = errors.NotSent("connection refused", retryable=True)


def card(call: Call) -> dict[str, Any]:
    return cards.cards([call.pk])[call.pk].card


def drain(clock: Any, seconds: float = 2, steps: int = 1) -> None:
    for _ in range(steps):
        worker.run_pending()
        clock.forward(seconds)
    worker.run_pending()


def test_what_never_left_is_sent_again(ringing: Call, rita: User, service: Service, clock: Any) -> None:
    service.fail("redirect", UNREACHABLE, UNREACHABLE)
    row = commands.redirect(ringing.pk, rita)
    drain(clock, steps=3)
    assert len(service.made("redirect")) == 3
    row.refresh_from_db()
    assert row.accepted_at is not None and row.sends == 1


def test_what_never_left_is_given_up_when_it_is_of_no_more_use(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    service.fail("redirect", *[UNREACHABLE] * 40)
    row = commands.redirect(ringing.pk, rita)
    drain(clock, steps=10)
    row.refresh_from_db()
    assert row.status == "failed" and row.error_title
    assert all(row.sends == 0 for row in Operation.objects.filter(kind="redirect"))


@pytest.mark.control("R3")
@pytest.mark.parametrize("fault", [LOST, error(502, "BadGateway"), error(500, "9999")])
@pytest.mark.parametrize("kind", ["answer", "reject", "redirect"])
def test_a_lost_answer_of_a_decision_that_had_no_effect_is_sent_again_after_a_read(
    ringing: Call, rita: User, service: Service, clock: Any, fault: Any, kind: str
) -> None:
    service.requests.clear()
    service.fail(kind, fault)
    row = getattr(commands, kind)(ringing.pk, rita)
    drain(clock)
    assert [name for name, _, _ in service.requests] == [kind, "get", kind]
    row.refresh_from_db()
    assert row.accepted_at is not None and row.sends == 2
    assert Operation.objects.count() == 1


@pytest.mark.control("R3")
@pytest.mark.parametrize("status", [400, 403, 405, 409, 412, 422])
def test_a_repeated_request_refused_because_the_first_had_worked_is_settled_by_the_call(
    ringing: Call, rita: User, service: Service, clock: Any, status: int
) -> None:
    def work_late() -> None:
        service.states[ringing.graph_id] = "establishing"
        raise errors.Refused("wrong state", status=status, code="BadRequest")

    service.fail("answer", LOST, work_late)
    row = commands.answer(ringing.pk, rita)
    drain(clock, steps=2)
    row.refresh_from_db()
    assert row.status == "done" and len(service.made("answer")) == 2


def test_a_repeated_request_refused_on_its_merits_fails_with_the_reason(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    service.fail("answer", LOST, error(400, "8523", "invalid argument"))
    row = commands.answer(ringing.pk, rita)
    drain(clock, steps=2)
    row.refresh_from_db()
    assert (row.status, row.error_code, row.error_subcode) == ("failed", "8523", 8523)
    assert "invalid argument" in row.error_detail and len(service.made("answer")) == 2


@pytest.mark.control("R3")
def test_an_answer_that_took_effect_unheard_is_not_sent_again(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    def accept_and_lose() -> None:
        service.states[ringing.graph_id] = "establishing"
        raise LOST

    service.fail("answer", accept_and_lose)
    row = commands.answer(ringing.pk, rita)
    drain(clock)
    row.refresh_from_db()
    assert row.status == "done" and len(service.made("answer")) == 1


@pytest.mark.control("R3")
@pytest.mark.parametrize("kind", ["redirect", "reject"])
def test_a_lost_answer_and_a_call_that_is_gone_are_told_as_unknown(
    ringing: Call, rita: User, service: Service, clock: Any, kind: str
) -> None:
    def accept_and_lose() -> None:
        service.states[ringing.graph_id] = "terminated"
        raise LOST

    service.fail(kind, accept_and_lose)
    getattr(commands, kind)(ringing.pk, rita)
    drain(clock)
    shown = card(ringing)
    assert shown["operation"]["status"] == "unknown"
    assert "Not known" in shown["operation"]["error"]["title"]
    assert (shown["state"], shown["outcome"], shown["claim"]) == ("terminated", "", None)
    assert shown["lane"] == "missed"
    assert len(service.made(kind)) == 1


@pytest.mark.control("R3")
def test_a_worker_that_died_in_the_request_is_followed_by_one_that_reads_first(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    row = commands.redirect(ringing.pk, rita)
    (leased,) = operations.claim(1)
    assert operations._mark(leased)
    worker.run_pending()
    assert service.made("redirect") == []  # the lease holds
    Operation.objects.filter(pk=row.pk).update(lease_until=clock())
    service.requests.clear()
    worker.run_pending()
    assert [name for name, _, _ in service.requests] == ["get", "redirect"]


@pytest.mark.control("R3")
def test_a_decision_whose_worker_died_is_sent_in_time_by_the_next(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    commands.redirect(ringing.pk, rita)
    (leased,) = operations.claim(1)
    operations._mark(leased)
    drain(clock, seconds=6)
    assert len(service.made("redirect")) == 1


@pytest.mark.control("R5")
def test_a_fallback_whose_worker_died_comes_in_time_by_the_next(
    ringing: Call, service: Service, clock: Any
) -> None:
    clock.forward(12)
    assert len(automation.claim_clocks(2)) == 1
    drain(clock, seconds=2)
    assert len(service.made("redirect")) == 1


@pytest.mark.control("R19")
def test_a_lease_that_is_kept_does_not_run_out_and_a_lost_one_is_not_taken_back(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    commands.redirect(ringing.pk, rita)
    (leased,) = operations.claim(1)
    for _ in range(3):
        clock.forward(4)
        operations.keep(leased)
        assert operations.claim(1) == []
    clock.forward(6)
    (other,) = operations.claim(1)
    operations.keep(leased)
    other.refresh_from_db()
    assert other.lease != leased.lease
    clock.forward(6)
    assert len(operations.claim(1)) == 1


@pytest.mark.control("R19")
def test_a_worker_that_slept_through_its_lease_sends_nothing(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    commands.redirect(ringing.pk, rita)
    (slept,) = operations.claim(1)
    Operation.objects.filter(pk=slept.pk).update(lease_until=clock())
    worker.run_pending()
    operations.run(slept)
    assert len(service.made("redirect")) == 1


@pytest.mark.control("R19")
def test_a_late_answer_after_a_second_worker_took_over_changes_nothing_twice(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    row = commands.redirect(ringing.pk, rita)
    (slept,) = operations.claim(1)
    operations._mark(slept)
    Operation.objects.filter(pk=slept.pk).update(lease_until=clock())
    worker.run_pending()
    tell(ringing.graph_id, "deleted", state("terminated"))
    worker.run_pending()
    operations._not_done(slept, error_of(409))
    row.refresh_from_db()
    assert row.status == "done" and card(ringing)["outcome"] == "taken"


def error_of(status: int) -> errors.GraphError:
    return errors.Refused("wrong state", status=status, code="8585", subcode=8585)


@pytest.mark.control("R3")
def test_an_end_heard_before_the_answer_is_settled_by_the_answer(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    def hear_the_end_first() -> None:
        tell(ringing.graph_id, "deleted", state("terminated"))
        for rows in deliveries.claim(1):
            deliveries.apply(rows)
        assert card(ringing)["state"] == "terminated"
        assert card(ringing)["operation"]["status"] == "pending"

    service.fail("redirect", hear_the_end_first)
    commands.redirect(ringing.pk, rita)
    worker.run_pending()
    shown = card(ringing)
    assert (shown["operation"]["status"], shown["outcome"]) == ("done", "taken")
    assert shown["handled_by"]["username"] == "rita"


@pytest.mark.control("R3")
@pytest.mark.parametrize("kind", ["redirect", "reject"])
def test_a_read_that_overtakes_the_answer_settles_nothing(
    ringing: Call, rita: User, service: Service, clock: Any, kind: str
) -> None:
    def read_before_the_answer_is_here() -> None:
        service.states[ringing.graph_id] = "terminated"
        changes_looked_for(ringing)
        service.states[ringing.graph_id] = "incoming"
        shown = card(ringing)
        assert (shown["state"], shown["operation"]["status"]) == ("terminated", "pending")

    service.fail(kind, read_before_the_answer_is_here)
    getattr(commands, kind)(ringing.pk, rita)
    drain(clock)
    shown = card(ringing)
    assert (shown["operation"]["status"], shown["operation"]["error"]) == ("done", None)
    assert shown["outcome"] == {"redirect": "taken", "reject": "rejected"}[kind]


def changes_looked_for(call: Call) -> None:
    """Have the call read now, as after any surprise."""
    due = {"due_at": now(), "gone": True}
    Timer.objects.update_or_create(call=call, kind=Timer.Kind.CONFIRM, defaults=due)
    for timer in automation.claim_checks(4):
        automation.run(timer)


@pytest.mark.control("R3")
@pytest.mark.parametrize("is_told", ["before the answer is lost", "and then read", "after a read"])
def test_an_end_without_a_result_tells_that_a_decision_whose_answer_was_lost_had_worked(
    ringing: Call, rita: User, service: Service, clock: Any, is_told: str
) -> None:
    def accept_and_lose() -> None:
        service.states[ringing.graph_id] = "terminated"
        if is_told != "after a read":
            tell_and_apply(ringing)
        if is_told == "and then read":
            changes_looked_for(ringing)
        raise LOST

    service.fail("redirect", accept_and_lose)
    commands.redirect(ringing.pk, rita)
    drain(clock)
    if is_told == "after a read":
        assert card(ringing)["operation"]["status"] == "unknown"
        tell_and_apply(ringing)
    shown = card(ringing)
    assert (shown["operation"]["status"], shown["operation"]["error"]) == ("done", None)
    assert shown["outcome"] == "taken" and shown["handled_by"]["username"] == "rita"


def tell_and_apply(call: Call) -> None:
    tell(call.graph_id, "deleted", {})
    for rows in deliveries.claim(1):
        deliveries.apply(rows)


@pytest.mark.control("R10")
def test_a_decision_is_settled_by_the_notified_end_although_no_read_is_answered(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    service.fail("redirect", LOST)
    service.fail("get", *[LOST] * 50)
    row = commands.redirect(ringing.pk, rita)
    worker.run_pending()
    tell(ringing.graph_id, "deleted", {})
    worker.run_pending()
    row.refresh_from_db()
    assert row.status == "done"


@pytest.mark.case(20)
@pytest.mark.parametrize(
    "fault", [error(404, "8522"), error(400, "8528"), error(400, "8587"), error(404, "UnknownError")]
)
def test_a_decision_that_came_too_late_is_missed_and_not_tried_again(
    ringing: Call, rita: User, service: Service, clock: Any, fault: Any
) -> None:
    commands.answer(ringing.pk, rita)
    clock.forward(14.9)
    service.states[ringing.graph_id] = "terminated"
    service.fail("answer", fault)
    drain(clock, steps=4)
    shown = card(ringing)
    assert (shown["state"], shown["lane"], shown["outcome"]) == ("terminated", "missed", "missed")
    assert shown["claim"] is None
    assert shown["operation"]["status"] == "failed"
    assert shown["operation"]["error"]["title"] == "The call has already ended"
    assert len(service.made("answer")) == 1


@pytest.mark.case(21)
def test_an_accepted_answer_to_a_caller_who_had_hung_up_is_abandoned(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    commands.answer(ringing.pk, rita)
    worker.run_pending()
    service.states[ringing.graph_id] = "terminated"
    tell(ringing.graph_id, "deleted", state("terminated", 200, 4521))
    drain(clock)
    shown = card(ringing)
    assert (shown["outcome"], shown["lane"]) == ("abandoned", "missed")
    assert shown["operation"]["status"] == "failed"


@pytest.mark.case(24)
@pytest.mark.parametrize("action", ["transfer", "hang_up"])
def test_acting_on_a_call_that_ended_unheard_ends_it_here(
    live: Call, rita: User, service: Service, clock: Any, action: str
) -> None:
    service.states[live.graph_id] = "terminated"
    if action == "transfer":
        commands.transfer(live.pk, rita, wanted=Wanted("user", OIDS["omar"]))
    else:
        commands.hang_up(live.pk, rita)
    drain(clock)
    shown = card(live)
    assert shown["state"] == "terminated" and shown["outcome"] == "answered"
    assert shown["operation"]["status"] == ("failed" if action == "transfer" else "done")


@pytest.mark.case(26)
def test_a_failed_transfer_brings_the_caller_back_and_can_be_tried_elsewhere(
    live: Call, rita: User, service: Service, clock: Any
) -> None:
    commands.transfer(live.pk, rita, wanted=Wanted("user", OIDS["omar"]))
    worker.run_pending()
    tell(live.graph_id, "updated", state("transferring"))
    worker.run_pending()
    assert card(live)["state"] == "transferring"
    service.states[live.graph_id] = "established"
    tell(live.graph_id, "updated", state("established", 500, 7000, "declined"))
    worker.run_pending()
    shown = card(live)
    assert shown["state"] == "established" and shown["operation"]["status"] == "failed"
    assert shown["operation"]["error"]["subcode"] == 7000
    commands.transfer(live.pk, rita, wanted=Wanted("user", OIDS["max"]))
    worker.run_pending()
    tell(live.graph_id, "updated", state("transferAccepted"))
    tell(live.graph_id, "updated", {"mediaState": {"audio": "inactive"}})
    tell(live.graph_id, "deleted", state("terminated", 0, 7015))
    worker.run_pending()
    assert card(live)["outcome"] == "transferred"


@pytest.mark.case(32)
@pytest.mark.parametrize("wait", ["3", ""])
def test_a_throttled_request_waits_as_told_and_goes_out(
    live: Call, rita: User, service: Service, clock: Any, wait: str
) -> None:
    headers = {"retry-after": wait} if wait else {}
    service.fail("transfer", error(429, "TooManyRequests", **headers))
    commands.transfer(live.pk, rita, wanted=Wanted("user", OIDS["omar"]))
    worker.run_pending()
    assert len(service.made("transfer")) == 1
    clock.forward(3.1)
    worker.run_pending()
    assert len(service.made("transfer")) == 2


@pytest.mark.case(32)
def test_a_throttled_decision_is_sent_before_what_can_wait(
    live: Call, rita: User, service: Service, main: Line, clock: Any
) -> None:
    second = service.ring()
    worker.run_pending()
    call = Call.objects.get(graph_id=second)
    service.fail("redirect", error(429, "8516", **{"retry-after": "2"}))
    commands.redirect(call.pk, rita)
    (leased,) = operations.claim(1)
    commands.transfer(live.pk, rita, wanted=Wanted("user", OIDS["omar"]))
    commands.create(main, Wanted("user", OIDS["omar"]), rita)
    operations.run(leased)
    service.requests.clear()
    worker.run_pending()
    assert service.requests == []
    clock.forward(2.1)
    worker.run_pending()
    assert [name for name, _, _ in service.requests] == ["redirect"]
    clock.forward(5)
    worker.run_pending()
    assert {name for name, _, _ in service.requests} >= {"redirect", "transfer", "create"}


@pytest.mark.case(33)
@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("7504", ["Calls.Initiate.All", "permission"]),
        ("7505", ["consent"]),
        ("7503", ["registered"]),
        ("Forbidden", ["Calls.Initiate.All"]),
    ],
)
def test_a_missing_permission_is_told_with_its_name_and_tenant_and_not_tried_again(
    ringing: Call, rita: User, service: Service, clock: Any, code: str, words: list[str]
) -> None:
    service.fail("redirect", error(403, code, "no"))
    row = commands.redirect(ringing.pk, rita)
    drain(clock)
    row.refresh_from_db()
    assert row.status == "failed" and len(service.made("redirect")) == 1
    for word in [*words, ringing.tenant_id, "req-1"]:
        assert word in row.error_detail


def test_a_refused_decision_leaves_time_for_another_and_then_the_fallback(
    ringing: Call, rita: User, omar: User, service: Service, clock: Any
) -> None:
    service.fail("redirect", error(400, "8523"))
    commands.redirect(ringing.pk, rita)
    worker.run_pending()
    assert card(ringing)["operation"]["status"] == "failed" and card(ringing)["state"] == "incoming"
    clock.forward(13)
    worker.run_pending()
    assert len(service.made("redirect")) == 2  # the second is the line's
    assert Operation.objects.filter(by_fallback=True).count() == 1


def test_an_accepted_request_whose_effect_is_never_told_is_found_by_reading(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    commands.redirect(ringing.pk, rita)
    drain(clock, seconds=25)
    shown = card(ringing)
    assert (shown["operation"]["status"], shown["outcome"]) == ("done", "taken")


def test_a_hang_up_ends_the_call(live: Call, rita: User, service: Service, clock: Any) -> None:
    commands.hang_up(live.pk, rita)
    worker.run_pending()
    tell(live.graph_id, "updated", state("terminating"))
    tell(live.graph_id, "deleted", state("terminated", 200, 7000))
    worker.run_pending()
    assert card(live)["outcome"] == "hung_up"


def test_a_created_call_is_known_by_its_answer(service: Service, main: Line, rita: User, clock: Any) -> None:
    row = commands.create(main, Wanted("phone", "+14255550177"), rita)
    worker.run_pending()
    row.refresh_from_db()
    call = Call.objects.get()
    assert row.status == "done" and call.graph_id in service.states and not call.unconfirmed
    (body,) = service.made("create")
    assert body["callbackUri"].endswith(f"?operation={row.token}")
    assert body["source"]["identity"]["applicationInstance"]["id"] == main.instance_id


@pytest.mark.control("R3")
@pytest.mark.parametrize("fault", [LOST, error(503, "busy"), answer(201, {})])
def test_a_create_without_a_readable_answer_is_never_repeated_and_found_by_its_token(
    service: Service, main: Line, rita: User, clock: Any, fault: Any
) -> None:
    service.fail("create", fault)
    row = commands.create(main, Wanted("user", OIDS["omar"]), rita)
    drain(clock, seconds=10, steps=3)
    assert len(service.made("create")) == 1
    made = "dddddddd-0000-4000-8000-000000000009"
    service.states[made] = "establishing"
    tell(made, "updated", state("establishing"), query=f"operation={row.token}")
    worker.run_pending()
    row.refresh_from_db()
    call = Call.objects.get()
    assert row.status == "done" and call.graph_id == made and call.direction == "outgoing"
    assert len(service.made("create")) == 1


@pytest.mark.control("R3")
def test_a_create_that_nothing_ever_answers_ends_as_unknown(
    service: Service, main: Line, rita: User, clock: Any
) -> None:
    service.fail("create", LOST)
    row = commands.create(main, Wanted("user", OIDS["omar"]), rita)
    drain(clock, seconds=31, steps=3)
    row.refresh_from_db()
    assert row.status == "unknown" and len(service.made("create")) == 1
    assert Call.objects.get().state == "terminated"


def test_a_create_that_never_left_may_be_tried_again(service: Service, main: Line, rita: User, clock: Any) -> None:
    service.fail("create", UNREACHABLE)
    row = commands.create(main, Wanted("user", OIDS["omar"]), rita)
    drain(clock)
    row.refresh_from_db()
    assert row.status == "done" and len(service.made("create")) == 2


@pytest.mark.control("W4")
def test_a_create_token_in_another_tenants_mouth_is_no_proof(
    service: Service, main: Line, rita: User, clock: Any
) -> None:
    service.fail("create", LOST)
    row = commands.create(main, Wanted("user", OIDS["omar"]), rita)
    worker.run_pending()
    made = "dddddddd-0000-4000-8000-000000000009"
    tell(made, "updated", state("establishing"), query=f"operation={row.token}", tenant="other")
    worker.run_pending()
    row.refresh_from_db()
    assert row.status == "pending" and row.call.graph_id == ""
