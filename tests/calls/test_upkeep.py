"""Live calls are looked after, and what never ends by itself is ended or found to be over."""

from datetime import timedelta
from typing import Any

import pytest

from audit.models import Entry
from calls import cards, changes, commands
from calls.models import Call, Operation, Timer
from commsportal import worker
from directory.models import User
from graph import errors
from tests.calls.service import Service, error, state, tell

MINUTES_15 = 15 * 60


def card(call: Call) -> dict[str, Any]:
    return cards.cards([call.pk])[call.pk].card


def test_a_live_call_is_kept_alive_every_15_minutes(live: Call, service: Service, clock: Any) -> None:
    for n in (1, 2, 3):
        clock.forward(MINUTES_15)
        worker.run_pending()
        worker.run_pending()
        assert len(service.made("keepAlive")) == n
    live.refresh_from_db()
    assert live.last_seen_at == clock()


@pytest.mark.case(38)
def test_an_end_that_was_never_told_is_inferred_with_the_time_last_seen(
    live: Call, service: Service, clock: Any
) -> None:
    clock.forward(MINUTES_15)
    worker.run_pending()
    seen = clock()
    service.states[live.graph_id] = "terminated"
    clock.forward(MINUTES_15)
    worker.run_pending()
    live.refresh_from_db()
    assert (live.state, live.ended_by, live.ended_at) == ("terminated", "inferred", seen)
    assert live.outcome == "answered"
    ended = Entry.objects.get(kind="call.ended", call_id=live.pk)
    assert ended.data["by"] == "inferred"


@pytest.mark.case(38)
def test_the_true_end_that_comes_late_corrects_an_inferred_one(live: Call, service: Service, clock: Any) -> None:
    service.states[live.graph_id] = "terminated"
    clock.forward(MINUTES_15)
    worker.run_pending()
    tell(live.graph_id, "deleted", state("terminated", 200, 4521))
    worker.run_pending()
    live.refresh_from_db()
    assert live.ended_at == clock() and live.result_subcode == 4521 and live.state == "terminated"


def test_a_keep_alive_that_fails_is_tried_again_sooner(live: Call, service: Service, clock: Any) -> None:
    service.fail("keepAlive", errors.NotSent("refused"), error(503, "busy"))
    clock.forward(MINUTES_15)
    worker.run_pending()
    assert len(service.made("keepAlive")) == 1
    for _ in range(3):
        clock.forward(10)
        worker.run_pending()
    assert len(service.made("keepAlive")) == 3
    assert card(live)["state"] == "established"


@pytest.mark.case(39)
def test_a_call_stuck_while_being_set_up_is_read_hung_up_and_explained(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    commands.answer(ringing.pk, rita)
    worker.run_pending()
    tell(ringing.graph_id, "updated", state("establishing"))
    worker.run_pending()
    clock.forward(44)
    worker.run_pending()
    assert service.made("delete") == []
    clock.forward(1.1)
    worker.run_pending()
    worker.run_pending()
    assert len(service.made("delete")) == 1
    noted = Entry.objects.get(kind="timer.watchdog", call_id=ringing.pk)
    assert "callback URL is probably not reachable" in noted.data["detail"]
    clock.forward(61)
    worker.run_pending()
    assert card(ringing)["state"] == "terminated"
    assert Operation.objects.filter(kind="hang-up").count() == 1


@pytest.mark.case(39)
@pytest.mark.parametrize(("truth", "expected"), [("established", "established"), ("terminated", "terminated")])
def test_a_stuck_call_that_has_moved_on_is_only_brought_up_to_date(
    ringing: Call, rita: User, service: Service, clock: Any, truth: str, expected: str
) -> None:
    commands.answer(ringing.pk, rita)
    worker.run_pending()
    tell(ringing.graph_id, "updated", state("establishing"))
    worker.run_pending()
    service.states[ringing.graph_id] = truth
    clock.forward(46)
    worker.run_pending()
    assert card(ringing)["state"] == expected
    assert service.made("delete") == []


def test_a_transfer_whose_failure_was_never_told_is_found_by_reading(
    live: Call, rita: User, service: Service, clock: Any
) -> None:
    from calls.rules.targets import Wanted
    from tests.people import OIDS

    clock.forward(1)
    commands.transfer(live.pk, rita, wanted=Wanted("user", OIDS["omar"]))
    worker.run_pending()
    tell(live.graph_id, "updated", state("transferring"))
    worker.run_pending()
    service.states[live.graph_id] = "established"
    clock.forward(46)
    worker.run_pending()
    shown = card(live)
    assert (shown["state"], shown["operation"]["status"]) == ("established", "failed")


def test_a_ring_whose_end_was_never_told_ends_shortly_after_microsofts_limit(
    ringing: Call, service: Service, clock: Any
) -> None:
    service.fail("redirect", *[errors.NotSent("refused")] * 20)
    clock.forward(12.1)
    worker.run_pending()
    service.states[ringing.graph_id] = "terminated"
    clock.forward(8)
    worker.run_pending()
    shown = card(ringing)
    assert (shown["state"], shown["outcome"]) == ("terminated", "missed")


@pytest.mark.control("R10")
def test_while_graph_is_down_nothing_is_lost_and_everything_is_looked_at_again(
    ringing: Call, service: Service, clock: Any
) -> None:
    service.fail("get", *[error(503, "down")] * 6)
    service.states[ringing.graph_id] = "terminated"
    tell(ringing.graph_id, "deleted", state("terminated"))
    for _ in range(12):
        worker.run_pending()
        clock.forward(61)
    ringing.refresh_from_db()
    assert ringing.ended_by == "read"
    assert not Timer.objects.filter(call=ringing).exists()


@pytest.mark.control("R5")
@pytest.mark.parametrize("word", ["incoming", "establishing", "established", "transferring", "terminating"])
def test_every_call_that_is_not_over_has_a_next_check(
    ringing: Call, rita: User, service: Service, clock: Any, word: str
) -> None:
    if word != "incoming":
        commands.answer(ringing.pk, rita)
        worker.run_pending()
        service.states[ringing.graph_id] = word
        tell(ringing.graph_id, "updated", state(word))
    for _ in range(5):
        worker.run_pending()
        ringing.refresh_from_db()
        if ringing.state == "terminated":
            break
        assert Timer.objects.filter(call=ringing, due_at__isnull=False).exclude(kind="claim").exists()
        clock.forward(30)


def test_an_outgoing_call_may_ring_longer_than_an_incoming_one_may_be_set_up() -> None:
    assert changes.STUCK_OUTGOING >= timedelta(seconds=90) > changes.STUCK
