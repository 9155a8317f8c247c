"""A read that began before the call moved is no news: the call is read again."""

from typing import Any

import pytest

from audit.models import Entry
from calls import cards, commands
from calls.models import Call, Timer
from calls.rules.targets import Wanted
from commsportal import worker
from commsportal.clock import now
from directory.models import User
from graph import errors
from graph.transport import Answer
from tests.calls.service import Service, answer, state, tell
from tests.people import OIDS
from webhooks import deliveries

LOST = errors.OutcomeUnknown("no answer came")


def card(call: Call) -> dict[str, Any]:
    return cards.cards([call.pk])[call.pk].card


def overtaken(service: Service, call: Call, read: str, *told: tuple[str, dict[str, Any]], truth: str) -> None:
    """Have the next read say `read`, and be applied after `told`, when `truth` is how the call stands."""

    def meanwhile() -> Answer:
        for change, resource in told:
            tell(call.graph_id, change, resource)
        for rows in deliveries.claim(9):
            deliveries.apply(rows)
        service.states[call.graph_id] = truth
        return answer(200, {"state": read, "direction": "incoming"})

    service.fail("get", meanwhile)


def go_on(clock: Any, seconds: float = 2) -> None:
    for _ in range(int(seconds * 4)):
        worker.run_pending()
        clock.forward(0.25)


@pytest.mark.case(27)
@pytest.mark.control("R3")
def test_a_transfer_that_began_while_the_call_was_read_has_not_failed(
    live: Call, rita: User, service: Service, clock: Any
) -> None:
    service.fail("transfer", LOST)
    overtaken(service, live, "established", ("updated", state("transferring")), truth="transferring")
    commands.transfer(live.pk, rita, wanted=Wanted("user", OIDS["omar"]))
    go_on(clock)
    assert (card(live)["state"], card(live)["operation"]["status"]) == ("transferring", "pending")
    assert len(service.made("transfer")) == 1 and len(service.made("get")) >= 2
    tell(live.graph_id, "updated", state("transferAccepted"))
    tell(live.graph_id, "deleted", state("terminated", 0, 7015))
    service.states[live.graph_id] = "terminated"
    go_on(clock)
    shown = card(live)
    assert (shown["operation"]["status"], shown["outcome"]) == ("done", "transferred")


@pytest.mark.control("R3")
@pytest.mark.control("W6")
@pytest.mark.parametrize("kind", ["redirect", "reject", "answer"])
def test_a_caller_who_gave_up_while_the_call_was_read_does_not_ring_again(
    ringing: Call, rita: User, service: Service, clock: Any, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    service.fail(kind, LOST)
    overtaken(service, ringing, "incoming", ("deleted", state("terminated", 200, 4521)), truth="terminated")
    getattr(commands, kind)(ringing.pk, rita)
    go_on(clock)
    shown = card(ringing)
    assert (shown["state"], shown["operation"]["status"]) == ("terminated", "unknown")
    assert len(service.made(kind)) == 1
    assert not Entry.objects.filter(kind="call.reopened").exists()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.control("W6")
def test_an_end_that_was_only_claimed_is_still_taken_back_by_the_next_read(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    service.fail("redirect", LOST)
    overtaken(service, ringing, "incoming", ("deleted", state("terminated", 200, 4521)), truth="incoming")
    row = commands.redirect(ringing.pk, rita)
    go_on(clock)
    row.refresh_from_db()
    assert Entry.objects.filter(kind="call.reopened").count() == 1
    assert row.accepted_at is not None and len(service.made("redirect")) == 2


def due_now(call: Call, kind: str, in_state: str = "") -> None:
    values = {"due_at": now(), "attempts": 0, "set_in_state": in_state, "lease": None, "lease_until": None}
    Timer.objects.update_or_create(call=call, kind=kind, defaults=values)


@pytest.mark.parametrize("kind", ["confirm", "watchdog"])
def test_every_other_reader_drops_an_overtaken_read_too(
    live: Call, rita: User, service: Service, clock: Any, kind: str
) -> None:
    service.states[live.graph_id] = "transferring"
    tell(live.graph_id, "updated", state("transferring"))
    worker.run_pending()
    due_now(live, kind, "transferring" if kind == "watchdog" else "")
    overtaken(service, live, "established", ("updated", state("transferAccepted")), truth="transferAccepted")
    go_on(clock)
    assert card(live)["state"] == "transferAccepted"
    assert not Entry.objects.filter(kind="call.ignored").exists()


def test_a_confirming_read_that_was_overtaken_is_made_again(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    Call.objects.filter(pk=ringing.pk).update(unconfirmed=True)
    due_now(ringing, "confirm")
    overtaken(service, ringing, "incoming", ("updated", state("establishing")), truth="establishing")
    go_on(clock)
    assert len(service.made("get")) >= 2
    ringing.refresh_from_db()
    assert ringing.state == "establishing" and not ringing.unconfirmed
    assert not Entry.objects.filter(kind="call.ignored").exists()


@pytest.mark.case(27)
def test_a_completed_transfer_corrects_what_only_a_read_took_for_a_failure(
    live: Call, rita: User, service: Service, clock: Any
) -> None:
    commands.transfer(live.pk, rita, wanted=Wanted("user", OIDS["omar"]))
    worker.run_pending()
    tell(live.graph_id, "updated", state("transferring"))
    worker.run_pending()
    service.states[live.graph_id] = "established"
    clock.forward(46)
    worker.run_pending()
    assert card(live)["operation"]["status"] == "failed"
    tell(live.graph_id, "updated", state("transferAccepted"))
    tell(live.graph_id, "deleted", state("terminated", 0, 7015))
    worker.run_pending()
    shown = card(live)
    assert (shown["operation"]["status"], shown["operation"]["error"]) == ("done", None)
    assert (shown["outcome"], shown["handled_by"]["username"]) == ("transferred", "rita")
