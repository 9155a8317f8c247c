"""A transfer that Microsoft did not answer is not repeated: a caller who is back may have been through one."""

from collections.abc import Callable
from typing import Any

import pytest

from calls import cards, commands, operations
from calls.models import Call, Operation
from calls.rules.targets import Wanted
from commsportal import worker
from commsportal.clock import now
from directory.models import User
from graph import errors
from tests.calls.service import Service, error, state, tell
from tests.people import OIDS

LOST = errors.OutcomeUnknown("no answer came")
WITHIN = 8.0  # seconds within which people are told how it stands


def drain(clock: Any, seconds: float = WITHIN) -> None:
    for _ in range(32):
        worker.run_pending()
        clock.forward(seconds / 32)
    worker.run_pending()


def transfer(call: Call, user: User, to: str = "omar") -> Operation:
    return commands.transfer(call.pk, user, wanted=Wanted("user", OIDS[to]))


def lost(service: Service, call: Call, word: str) -> Callable[[], None]:
    """Return a request's fate: the call moves to `word`, and no answer comes."""

    def accept_and_lose() -> None:
        service.states[call.graph_id] = word
        raise LOST

    return accept_and_lose


def ends(call: Call, service: Service, **result: int) -> None:
    """Let the call end, and be told so."""
    service.states[call.graph_id] = "terminated"
    tell(call.graph_id, "deleted", state("terminated", **result))
    worker.run_pending()


def shown(call: Call) -> tuple[str, str]:
    card: dict[str, Any] = cards.cards([call.pk])[call.pk].card
    return card["state"], card["operation"]["status"]


@pytest.mark.control("R3")
@pytest.mark.parametrize("fault", [LOST, error(500, "9999"), error(502, "BadGateway"), error(503, "Busy")])
def test_a_caller_who_is_back_is_no_proof_that_nobody_was_rung(
    live: Call, rita: User, service: Service, clock: Any, fault: errors.GraphError
) -> None:
    service.fail("transfer", fault)
    row = transfer(live, rita)
    drain(clock)
    assert len(service.made("transfer")) == 1
    assert shown(live) == ("established", "failed")
    row.refresh_from_db()
    assert "still here" in row.error_detail
    transfer(live, rita, "max")
    worker.run_pending()
    assert len(service.made("transfer")) == 2  # somebody who knows asked for it


def test_a_worker_that_died_with_it_on_its_way_leaves_it_to_a_read(
    live: Call, rita: User, service: Service, clock: Any
) -> None:
    row = transfer(live, rita)
    Operation.objects.filter(pk=row.pk).update(sending_at=now(), sends=1)
    drain(clock)
    assert service.made("transfer") == [] and service.made("get")
    assert shown(live) == ("established", "failed")


def test_it_is_not_given_up_before_it_could_show(live: Call, rita: User, service: Service, clock: Any) -> None:
    service.fail("transfer", LOST)
    transfer(live, rita)
    drain(clock, seconds=4)
    assert service.made("get") and shown(live) == ("established", "pending")
    service.states[live.graph_id] = "transferring"
    drain(clock)
    assert shown(live) == ("transferring", "pending")


def test_nobody_reads_while_its_answer_may_still_come(
    live: Call, rita: User, service: Service, clock: Any
) -> None:
    row = transfer(live, rita)
    [held] = operations.claim(1)
    assert held.pk == row.pk and operations._mark(held)
    for _ in range(4):
        clock.forward(4)
        operations.keep(held)
        tell(live.graph_id, "updated", state("established"))
        worker.run_pending()
    assert service.made("get") == [] and shown(live) == ("established", "pending")


def test_what_was_given_up_and_works_after_all_is_done(
    live: Call, rita: User, service: Service, clock: Any
) -> None:
    service.fail("transfer", LOST)
    transfer(live, rita)
    drain(clock)
    for word in ("transferring", "transferAccepted"):
        tell(live.graph_id, "updated", state(word))
    ends(live, service, code=0, subcode=7015)
    assert shown(live) == ("terminated", "done")


def test_a_refused_one_is_not_what_worked(live: Call, rita: User, service: Service, clock: Any) -> None:
    service.fail("transfer", LOST, errors.Refused("no", status=400))
    first = transfer(live, rita)
    drain(clock)
    second = transfer(live, rita, "max")
    drain(clock)
    ends(live, service, code=0, subcode=7015)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status, second.error_code) == ("done", "failed", "400")


def test_a_caller_who_stays_and_hangs_up_later_was_answered(
    live: Call, rita: User, service: Service, clock: Any
) -> None:
    service.fail("transfer", LOST)
    transfer(live, rita)
    drain(clock)
    ends(live, service, code=200, subcode=0)
    live.refresh_from_db()
    assert live.outcome == "answered"


def test_one_that_failed_where_it_was_seen_says_so(live: Call, rita: User, service: Service, clock: Any) -> None:
    service.fail("transfer", lost(service, live, "transferring"))
    row = transfer(live, rita)
    drain(clock)
    assert shown(live) == ("transferring", "pending")
    service.states[live.graph_id] = "established"
    tell(live.graph_id, "updated", state("established", code=500, subcode=7000))
    worker.run_pending()
    row.refresh_from_db()
    assert (row.status, row.error_subcode) == ("failed", 7000)
    assert len(service.made("transfer")) == 1
