"""However a call came to live: it is kept alive every 15 minutes, and only a read ends it without our asking."""

from collections.abc import Callable
from typing import Any

import pytest

from audit.models import Entry
from calls import commands
from calls.models import Call, Timer
from calls.rules.targets import Wanted
from commsportal import worker
from directory.models import User
from routing.models import Line
from tests.calls.service import Service, state, tell
from tests.people import OIDS

Make = Callable[["Desk"], Call]
FRESH = "dddddddd-0000-4000-8000-000000000038"


class Desk:
    """What a test acts with."""

    def __init__(self, service: Service, line: Line, rita: User, clock: Any) -> None:
        self.service, self.line, self.rita, self.clock = service, line, rita, clock

    def told(self, graph_id: str, word: str, **result: int) -> None:
        """Have Microsoft tell a state, which is the true one."""
        self.service.states[graph_id] = word
        tell(graph_id, "updated", state(word, **result))
        worker.run_pending()


def answered(desk: Desk) -> Call:
    graph_id = desk.service.ring()
    worker.run_pending()
    call = Call.objects.get(graph_id=graph_id)
    commands.answer(call.pk, desk.rita)
    worker.run_pending()
    desk.told(graph_id, "established")
    return call


def adopted(desk: Desk) -> Call:
    desk.told(FRESH, "established")
    return Call.objects.get(graph_id=FRESH)


def adopted_by_a_part(desk: Desk) -> Call:
    desk.service.states[FRESH] = "established"
    tell(FRESH, "updated", {"mediaState": {"audio": "active"}})
    worker.run_pending()
    return Call.objects.get(graph_id=FRESH)


def placed(desk: Desk) -> Call:
    row = commands.create(desk.line, Wanted("user", OIDS["omar"]), desk.rita)
    worker.run_pending()
    call = Call.objects.get(pk=row.call_id)
    desk.told(call.graph_id, "established")
    return call


def reopened(desk: Desk) -> Call:
    call = answered(desk)
    tell(call.graph_id, "deleted", state("terminated"))
    worker.run_pending()
    return call


def back_from_a_transfer(desk: Desk) -> Call:
    call = answered(desk)
    desk.clock.forward(1)
    commands.transfer(call.pk, desk.rita, wanted=Wanted("user", OIDS["omar"]))
    worker.run_pending()
    desk.told(call.graph_id, "transferring")
    desk.told(call.graph_id, "established", code=500, subcode=7000)
    return call


WAYS: list[Make] = [answered, adopted, adopted_by_a_part, placed, reopened, back_from_a_transfer]


@pytest.fixture
def desk(service: Service, main: Line, rita: User, clock: Any) -> Desk:
    """Return a desk on the main line."""
    return Desk(service, main, rita, clock)


@pytest.mark.case(38)
@pytest.mark.parametrize("make", WAYS, ids=lambda make: make.__name__)
def test_it_is_kept_alive_and_its_end_is_found_out(desk: Desk, make: Make) -> None:
    call = make(desk)
    call.refresh_from_db()
    assert call.state == "established"
    desk.service.requests.clear()
    for times in (1, 2):
        desk.clock.forward(15 * 60)
        worker.run_pending()
        assert len(desk.service.made("keepAlive")) == times
    seen = desk.clock()
    desk.service.states[call.graph_id] = "terminated"
    desk.clock.forward(15 * 60)
    worker.run_pending()
    call.refresh_from_db()
    assert (call.state, call.ended_by, call.ended_at) == ("terminated", "inferred", seen)
    assert not Timer.objects.filter(call=call).exists()


@pytest.mark.control("W6")
@pytest.mark.parametrize("make", [answered, placed, adopted], ids=lambda make: make.__name__)
def test_an_end_that_nobody_asked_for_is_asked_about_and_taken_back_with_an_alarm(
    desk: Desk, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    call = make(desk)
    desk.service.requests.clear()
    tell(call.graph_id, "deleted", state("terminated", 200, 4521))
    worker.run_pending()
    call.refresh_from_db()
    assert [action for action, _, _ in desk.service.requests] == ["get"]
    assert (call.state, call.ended_at, call.outcome) == ("established", None, "")
    assert Entry.objects.filter(kind="call.reopened", call_id=call.pk).count() == 1
    assert [record.levelname for record in caplog.records if "alive" in record.message] == ["ERROR"]


@pytest.mark.control("W6")
def test_an_end_that_is_true_is_asked_about_once_and_stays(desk: Desk) -> None:
    call = answered(desk)
    desk.clock.forward(1)
    desk.service.requests.clear()
    desk.service.states[call.graph_id] = "terminated"
    tell(call.graph_id, "deleted", state("terminated", 200, 4521))
    for _ in range(3):
        worker.run_pending()
        desk.clock.forward(60)
    call.refresh_from_db()
    assert [action for action, _, _ in desk.service.requests] == ["get"]
    assert (call.state, call.ended_by, call.outcome, call.result_subcode) == (
        "terminated",
        "read",
        "answered",
        4521,
    )


@pytest.mark.control("W6")
@pytest.mark.parametrize("moved_on", [False, True])
def test_an_end_that_we_brought_about_needs_no_question(desk: Desk, moved_on: bool) -> None:
    call = answered(desk)
    desk.clock.forward(1)
    if moved_on:
        commands.transfer(call.pk, desk.rita, wanted=Wanted("user", OIDS["omar"]))
        worker.run_pending()
        desk.told(call.graph_id, "transferring")
        desk.told(call.graph_id, "transferAccepted")
    else:
        commands.hang_up(call.pk, desk.rita)
        worker.run_pending()
    desk.service.requests.clear()
    result = (0, 7015) if moved_on else (200, 7000)
    tell(call.graph_id, "deleted", state("terminated", *result))
    worker.run_pending()
    call.refresh_from_db()
    assert (call.outcome, desk.service.requests) == ("transferred" if moved_on else "hung_up", [])
