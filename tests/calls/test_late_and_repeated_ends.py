"""What was asked is settled by its own failure or end, not by an earlier one's told once more, nor by silence."""

from typing import Any

import pytest

from calls import cards, commands
from calls.errors import NotNow
from calls.models import Call, Operation
from calls.rules.targets import Wanted
from commsportal import worker
from directory.models import User
from graph import errors
from tests.calls.service import Service, state, tell
from tests.people import OIDS
from webhooks import deliveries

FAILED = state("established", 500, 7000)
COMPLETED = state("terminated", 0, 7015)


def card(call: Call) -> dict[str, Any]:
    return cards.cards([call.pk])[call.pk].card


def status(call: Call) -> str:
    found: str = card(call)["operation"]["status"]
    return found


def report(call: Call, change: str, resource: dict[str, Any]) -> None:
    """Have Microsoft tell something, and have it applied."""
    tell(call.graph_id, change, resource)
    worker.run_pending()


def transfer(call: Call, user: User, to: str) -> Operation:
    row = commands.transfer(call.pk, user, wanted=Wanted("user", OIDS[to]))
    worker.run_pending()
    return row


@pytest.fixture
def failed(live: Call, rita: User, service: Service, clock: Any) -> Call:
    """Return a call whose transfer to omar has failed."""
    transfer(live, rita, "omar")
    report(live, "updated", state("transferring"))
    service.states[live.graph_id] = "established"
    report(live, "updated", FAILED)
    assert status(live) == "failed"
    clock.forward(1)
    return live


def transferred_to(call: Call, name: str) -> None:
    """Assert that the call left by its newest transfer, and that everything says so."""
    shown = card(call)
    assert (shown["state"], shown["lane"], shown["outcome"]) == ("terminated", "handled", "transferred")
    assert (shown["handled_to"], shown["handled_by"]["username"]) == (name, "rita")
    assert (shown["operation"]["status"], shown["operation"]["error"]) == ("done", None)


@pytest.mark.case(2)
@pytest.mark.case(26)
def test_a_failure_told_twice_does_not_end_the_next_transfer(
    failed: Call, rita: User, service: Service, clock: Any
) -> None:
    row = transfer(failed, rita, "omar")
    report(failed, "updated", FAILED)
    assert status(failed) == "pending"
    with pytest.raises(NotNow):
        transfer(failed, rita, "max")
    for resource in (state("transferring"), state("transferAccepted")):
        report(failed, "updated", resource)
    report(failed, "deleted", COMPLETED)
    transferred_to(failed, row.parameters["to"])
    assert list(Operation.objects.filter(kind="transfer").values_list("status", flat=True)) == ["failed", "done"]


@pytest.mark.case(26)
def test_a_failure_told_before_it_was_asked_does_not_end_it_although_it_comes_after_its_beginning(
    failed: Call, rita: User, service: Service, clock: Any
) -> None:
    late = tell(failed.graph_id, "updated", FAILED)
    clock.forward(0.1)
    type(late).objects.filter(pk=late.pk).update(due_at=None, status="applied")
    transfer(failed, rita, "omar")
    report(failed, "updated", state("transferring"))
    type(late).objects.filter(pk=late.pk).update(due_at=clock(), status="pending")
    worker.run_pending()
    assert status(failed) == "pending"


@pytest.mark.case(26)
def test_a_failure_whose_beginning_was_lost_counts_once_a_read_confirms_it(
    live: Call, rita: User, service: Service, clock: Any
) -> None:
    transfer(live, rita, "omar")
    service.states[live.graph_id] = "established"
    clock.forward(1)
    report(live, "updated", FAILED)
    assert status(live) == "pending"
    clock.forward(4)
    worker.run_pending()
    shown = card(live)["operation"]
    assert (shown["status"], shown["error"]["code"], shown["error"]["subcode"]) == ("failed", "500", 7000)


@pytest.mark.case(26)
def test_a_failure_that_overtook_its_beginning_keeps_its_numbers(
    live: Call, rita: User, service: Service, clock: Any
) -> None:
    transfer(live, rita, "omar")
    service.states[live.graph_id] = "established"
    report(live, "updated", FAILED)
    report(live, "updated", state("transferring"))
    assert card(live)["state"] == "transferring"
    clock.forward(5)
    worker.run_pending()
    shown = card(live)
    assert (shown["state"], shown["operation"]["status"]) == ("established", "failed")
    assert shown["operation"]["error"]["subcode"] == 7000


@pytest.mark.case(26)
def test_a_read_that_finds_the_transfer_under_way_leaves_it_open(
    failed: Call, rita: User, service: Service, clock: Any
) -> None:
    transfer(failed, rita, "omar")
    report(failed, "updated", FAILED)
    clock.forward(6)
    worker.run_pending()
    assert (card(failed)["state"], status(failed)) == ("transferring", "pending")


@pytest.mark.case(27)
def test_a_completion_corrects_the_newest_transfer_although_microsoft_seemed_to_call_it_failed(
    failed: Call, rita: User, service: Service, clock: Any
) -> None:
    row = transfer(failed, rita, "omar")
    report(failed, "updated", state("transferring"))
    report(failed, "updated", FAILED)  # the first one's, once more
    assert status(failed) == "failed"
    report(failed, "updated", state("transferAccepted"))
    report(failed, "deleted", COMPLETED)
    transferred_to(failed, row.parameters["to"])
    assert list(Operation.objects.filter(kind="transfer").values_list("status", flat=True)) == ["failed", "done"]


@pytest.mark.case(26)
def test_nothing_but_a_completion_corrects_it(failed: Call, service: Service, clock: Any) -> None:
    report(failed, "updated", state("transferAccepted"))  # told once more
    service.states[failed.graph_id] = "terminated"
    report(failed, "deleted", state("terminated", 200, 4521))
    assert (status(failed), card(failed)["outcome"]) == ("failed", "answered")


@pytest.mark.case(27)
def test_an_accepted_transfer_of_which_nothing_is_told_is_unknown_until_its_completion_is(
    live: Call, rita: User, service: Service, clock: Any
) -> None:
    row = transfer(live, rita, "omar")
    service.states[live.graph_id] = "terminated"
    clock.forward(21)
    worker.run_pending()
    shown = card(live)
    assert (shown["state"], shown["lane"], shown["outcome"]) == ("terminated", "missed", "")
    assert (shown["operation"]["status"], shown["handled_to"]) == ("unknown", "")
    report(live, "deleted", COMPLETED)
    transferred_to(live, row.parameters["to"])


def test_one_whose_caller_turns_out_to_have_hung_up_has_failed(
    live: Call, rita: User, service: Service, clock: Any
) -> None:
    transfer(live, rita, "omar")
    service.states[live.graph_id] = "terminated"
    clock.forward(21)
    worker.run_pending()
    assert status(live) == "unknown"
    report(live, "deleted", state("terminated", 200, 4521))
    assert (status(live), card(live)["outcome"]) == ("failed", "answered")


def unanswered(service: Service, call: Call, kind: str, user: User, clock: Any) -> None:
    """Ask for a decision of which Microsoft loses the answer, and find the call gone."""

    def lose() -> None:
        service.states[call.graph_id] = "terminated"
        raise errors.OutcomeUnknown("no answer came")

    service.fail(kind, lose)
    getattr(commands, kind)(call.pk, user)
    for _ in range(4):
        worker.run_pending()
        clock.forward(1)
    assert status(call) == "unknown"


@pytest.mark.parametrize("kind", ["answer", "redirect", "reject"])
@pytest.mark.parametrize(("code", "subcode"), [(487, 0), (408, 10057)])
def test_numbers_that_say_that_nobody_decided_make_a_failure_of_a_decision_in_doubt(
    ringing: Call, rita: User, service: Service, clock: Any, kind: str, code: int, subcode: int
) -> None:
    unanswered(service, ringing, kind, rita, clock)
    report(ringing, "deleted", state("terminated", code, subcode))
    shown = card(ringing)
    assert (shown["operation"]["status"], shown["outcome"]) == ("failed", "abandoned")
    error = shown["operation"]["error"]
    assert (error["title"], error["code"]) == ("The call ended first", str(code))


@pytest.mark.control("R3")
def test_an_end_told_before_the_answer_was_lost_counts_as_well(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    def end_and_lose() -> None:
        service.states[ringing.graph_id] = "terminated"
        tell(ringing.graph_id, "deleted", state("terminated", 487))
        for rows in deliveries.claim(1):
            deliveries.apply(rows)
        raise errors.OutcomeUnknown("no answer came")

    service.fail("redirect", end_and_lose)
    commands.redirect(ringing.pk, rita)
    for _ in range(4):
        worker.run_pending()
        clock.forward(1)
    assert (status(ringing), card(ringing)["outcome"]) == ("failed", "abandoned")
