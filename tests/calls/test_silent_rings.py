"""A ring that Microsoft will not speak about stops for everybody at once, by what is on record."""

from datetime import timedelta
from typing import Any

import pytest

from audit.models import Entry
from calls import cards, changes
from calls.live.tail import next_turn
from calls.models import Call, Timer
from commsportal import worker
from directory.models import User
from graph import errors
from tests.calls.service import Service, error, state, tell
from tests.people import api

SILENCE = errors.OutcomeUnknown("no answer")


def lane(call: Call, reader: User) -> str:
    """Return the lane that the API tells, which is that of a card encoded now."""
    shown: str = api(reader).get(f"/api/v1/calls/{call.pk}/").json()["lane"]
    assert cards.cards([call.pk])[call.pk].card["lane"] == shown
    return shown


def newest_entry() -> int:
    seq: int = Entry.objects.order_by("-seq").values_list("seq", flat=True)[0]
    return seq


@pytest.fixture
def unheard(ringing: Call, service: Service, clock: Any) -> Call:
    """Return a ring after Microsoft has not answered for longer than a ring lasts."""
    service.fail("redirect", *[errors.NotSent("refused")] * 99)
    service.fail("get", *[SILENCE] * 99)
    for _ in range(9):
        clock.forward(7)
        worker.run_pending()
    return ringing


@pytest.mark.parametrize("seconds", [46, 3600])
def test_time_alone_moves_no_card(ringing: Call, rita: User, clock: Any, seconds: int) -> None:
    clock.forward(seconds)
    assert lane(ringing, rita) == "ringing"


def test_a_ring_that_nothing_is_heard_of_is_missed_and_every_console_is_told(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    service.fail("redirect", *[errors.NotSent("refused")] * 99)
    service.fail("get", *[SILENCE] * 99)
    while lane(ringing, rita) == "ringing":
        assert clock() - ringing.received_at < timedelta(seconds=80)
        clock.forward(1)
        before = newest_entry()
        worker.run_pending()
    assert clock() - ringing.received_at >= changes.LONGEST_RING
    turn = next_turn(before)
    assert turn is not None
    (told,) = turn.cards
    assert b'"lane":"missed"' in told.text
    entry = Entry.objects.get(kind="call.silent", call_id=ringing.pk)
    assert entry.seq > before
    titles = [e["title"] for e in api(rita).get(f"/api/v1/calls/{ringing.pk}/timeline/").json()["results"]]
    assert "Nothing is heard of this ring" in titles


def test_it_is_put_on_record_once_and_still_looked_after(unheard: Call, clock: Any) -> None:
    for _ in range(5):
        clock.forward(61)
        worker.run_pending()
    assert Entry.objects.filter(kind="call.silent").count() == 1
    assert Timer.objects.filter(call=unheard, kind="watchdog", due_at__isnull=False).exists()


def test_a_read_that_finds_it_ringing_brings_it_back(
    unheard: Call, rita: User, service: Service, clock: Any
) -> None:
    assert lane(unheard, rita) == "missed"
    service.faults["get"].clear()
    clock.forward(61)
    worker.run_pending()
    assert lane(unheard, rita) == "ringing"
    assert Entry.objects.filter(kind="call.heard", call_id=unheard.pk).count() == 1


@pytest.mark.parametrize(("word", "expected"), [("established", "live"), ("terminated", "missed")])
def test_what_is_told_later_counts(
    unheard: Call, rita: User, service: Service, clock: Any, word: str, expected: str
) -> None:
    service.faults["get"].clear()
    service.states[unheard.graph_id] = word
    tell(unheard.graph_id, "deleted" if word == "terminated" else "updated", state(word))
    worker.run_pending()
    assert lane(unheard, rita) == expected
    unheard.refresh_from_db()
    assert unheard.state == word


def test_a_ring_that_graph_speaks_of_stays_however_long(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    service.fail("redirect", *[errors.NotSent("refused")] * 99)
    for _ in range(3):
        clock.forward(61)
        worker.run_pending()
    assert lane(ringing, rita) == "ringing"


@pytest.mark.parametrize("first", [SILENCE, error(503, "busy"), errors.NotSent("refused")])
def test_only_a_second_404_ends_a_young_call_whatever_else_failed_before(
    main: Any, service: Service, clock: Any, first: Any
) -> None:
    call_id = service.ring("main")
    service.fail("get", first, error(404, "8522"))
    worker.run_pending()
    clock.forward(3)
    worker.run_pending()
    assert len(service.made("get")) == 2
    call = Call.objects.get(graph_id=call_id)
    assert call.state == "incoming" and call.unconfirmed
    clock.forward(3.1)
    worker.run_pending()
    call.refresh_from_db()
    assert call.state == "incoming" and not call.unconfirmed


def test_two_404s_end_it_whatever_failed_between(main: Any, service: Service, clock: Any) -> None:
    call_id = service.ring("main")
    service.fail("get", error(404, "8522"), SILENCE, error(404, "8522"))
    for _ in range(4):
        worker.run_pending()
        clock.forward(4)
    assert len(service.made("get")) == 3
    assert Call.objects.get(graph_id=call_id).state == "terminated"
