"""No call hangs in a state that passes, and a ring that was first heard of by something else rings."""

from datetime import timedelta
from typing import Any

import pytest

from audit.models import Entry
from calls import cards, commands
from calls.models import Call, Operation, Timer
from calls.rules.targets import Wanted
from commsportal import worker
from directory.models import User
from routing.models import Line
from tests.calls.service import Service, error, state, tell
from tests.people import OIDS

UNHEARD = "aaaaaaaa-1111-4111-8111-111111111111"
MEDIA = {"mediaState": {"audio": "inactive"}}
SOMEBODY = {"@odata.type": "#microsoft.graph.participant", "id": "p1"}


def card(call: Call) -> dict[str, Any]:
    return cards.cards([call.pk])[call.pk].card


def reason(call: Call) -> str:
    return str(Entry.objects.get(kind="timer.watchdog", call_id=call.pk).data["detail"])


@pytest.mark.case(39)
@pytest.mark.parametrize("told", ["establishing", "terminating"])
def test_a_call_that_hangs_is_hung_up_even_if_a_read_finds_it_in_an_earlier_state(
    ringing: Call, rita: User, service: Service, clock: Any, told: str
) -> None:
    commands.answer(ringing.pk, rita)
    worker.run_pending()
    service.states[ringing.graph_id] = "incoming" if told == "establishing" else "established"
    tell(ringing.graph_id, "updated", state(told))
    worker.run_pending()
    service.fail("delete", *[error(503, "busy")] * 4)
    clock.forward(45.1)
    worker.run_pending()
    assert Operation.objects.filter(kind="hang-up").count() == 1
    assert Timer.objects.filter(call=ringing, kind="watchdog").exists()
    for _ in range(6):
        clock.forward(61)
        worker.run_pending()
    assert card(ringing)["state"] == "terminated"
    assert Operation.objects.get(kind="hang-up").status == "done"


@pytest.mark.case(39)
def test_the_watchdog_says_how_long_nothing_was_heard(
    ringing: Call, rita: User, service: Service, main: Line, clock: Any
) -> None:
    commands.answer(ringing.pk, rita)
    worker.run_pending()
    tell(ringing.graph_id, "updated", state("establishing"))
    worker.run_pending()
    clock.forward(46)
    worker.run_pending()
    assert "Nothing was heard of this call for 46 s" in reason(ringing)
    outgoing = commands.create(main, Wanted("user", OIDS["omar"]), rita).call
    worker.run_pending()
    clock.forward(121)
    worker.run_pending()
    assert "Nothing was heard of this call for 121 s" in reason(outgoing)


@pytest.mark.case(14)
@pytest.mark.case(19)
@pytest.mark.parametrize("fails", [0, 2])
@pytest.mark.parametrize(
    ("change", "resource", "part"),
    [("updated", MEDIA, ""), ("updated", [SOMEBODY], "/participants"), ("deleted", state("terminated"), "")],
)
def test_a_ring_of_which_something_else_is_heard_first_rings_and_falls_back(
    service: Service, main: Line, clock: Any, change: str, resource: Any, part: str, fails: int
) -> None:
    service.states[UNHEARD] = "incoming"
    service.fail("get", *[error(503, "busy")] * fails)
    tell(UNHEARD, change, resource, part=part)
    for _ in range(1 + fails):
        worker.run_pending()
        clock.forward(4.1)
    call = Call.objects.get()
    shown = card(call)
    assert (shown["state"], shown["lane"], call.unconfirmed) == ("incoming", "ringing", False)
    assert call.deadline == call.received_at + timedelta(seconds=12)
    clock.forward(12.1 - 4.1 * (1 + fails))
    worker.run_pending()
    assert len(service.made("reject")) == 1  # of no line: it is rejected
    assert Operation.objects.get().by_fallback


@pytest.mark.case(14)
def test_a_call_that_was_told_to_be_set_up_is_not_taken_back_by_late_news_of_its_ring(
    service: Service, main: Line, clock: Any
) -> None:
    service.states[UNHEARD] = "establishing"
    tell(UNHEARD, "updated", state("establishing"))
    tell(UNHEARD, "created", state("incoming"))
    worker.run_pending()
    assert Call.objects.get().state == "establishing"
    assert Entry.objects.filter(kind="call.ignored").count() == 1
