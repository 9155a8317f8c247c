"""When Microsoft takes no more requests: one pause for all workers, then the urgent before the rest."""

import uuid
from itertools import pairwise
from typing import Any

import pytest

from calls import automation, cards, commands, operations
from calls.models import Call, Operation, Timer
from calls.rules.targets import Wanted
from commsportal import pauses, worker
from commsportal.clock import now
from commsportal.models import Pause
from commsportal.pauses import Urgency
from directory import sync
from directory.models import SyncState, User
from routing.models import Line
from tests.calls.service import Service, answer, error
from tests.people import OIDS, tenant_id

pytestmark = [pytest.mark.control("R12"), pytest.mark.case(32)]
PEOPLE = {"value": [{"id": OIDS["max"], "displayName": "Max"}]}


def throttled(seconds: float | None) -> Any:
    headers = {} if seconds is None else {"retry-after": f"{seconds}"}
    return error(429, "TooManyRequests", **headers)


def asked(service: Service) -> list[str]:
    return [name for name, _, _ in service.requests]


def rings(service: Service) -> Call:
    """Return another call that rings."""
    graph_id = service.ring("main")
    worker.run_pending()
    return Call.objects.get(graph_id=graph_id)


def talks(line: Line, service: Service) -> Call:
    """Return a call that somebody has answered, and that is kept alive in a quarter of an hour."""
    at, graph_id = now(), str(uuid.uuid4())
    service.states[graph_id] = "established"
    told = {"state": "established", "established_at": at, "received_at": at, "last_seen_at": at}
    call = Call.objects.create(tenant_id=tenant_id(), graph_id=graph_id, direction="incoming", line=line, **told)
    Timer.objects.create(call=call, kind="keep-alive", due_at=at + automation.changes.KEEP_ALIVE)
    return call


@pytest.fixture
def desk(ringing: Call, main: Line, service: Service) -> Service:
    """Return Graph at a desk where two calls ring and one lasts, with nothing asked yet."""
    rings(service)
    talks(main, service)
    service.requests.clear()
    return service


def everything_else(rita: User, service: Service, main: Line) -> None:
    """Ask for one of everything that is not a decision, all due now."""
    lasting = Call.objects.get(state="established")
    commands.hang_up(lasting.pk, rita)
    commands.create(main, Wanted("user", OIDS["max"]), rita)
    other = talks(main, service)
    Timer.objects.filter(call=other).update(due_at=now())


def pass_time(clock: Any, seconds: float) -> None:
    for _ in range(round(seconds * 4)):
        worker.run_pending()
        clock.forward(0.25)
    worker.run_pending()


def test_what_is_asked_anew_during_a_pause_waits_and_decisions_go_first_after_it(
    desk: Service, main: Line, rita: User, omar: User, clock: Any
) -> None:
    first, second = Call.objects.filter(state="incoming").order_by("received_at")
    desk.fail("redirect", throttled(5))
    told = commands.redirect(first.pk, rita)
    worker.run_pending()
    everything_else(rita, desk, main)
    anew = commands.answer(second.pk, omar)
    pass_time(clock, 4.5)
    assert asked(desk) == ["redirect"]
    assert {row.status for row in Operation.objects.all()} == {"pending"}
    assert cards.cards([second.pk])[second.pk].card["operation"]["status"] == "pending"
    pass_time(clock, 0.5)
    assert sorted(asked(desk)[1:]) == ["answer", "redirect"]
    pass_time(clock, 4)
    assert asked(desk)[3:] == ["delete", "keepAlive", "create"]
    for row in (told, anew):
        row.refresh_from_db()
        assert row.accepted_at is not None


def test_another_worker_that_has_it_in_hand_already_waits_too(
    desk: Service, rita: User, omar: User, clock: Any
) -> None:
    first, second = Call.objects.filter(state="incoming").order_by("received_at")
    commands.redirect(first.pk, rita)
    commands.answer(second.pk, omar)
    desk.fail("redirect", throttled(5))
    one, other = sorted(operations.claim(2), key=lambda row: row.kind, reverse=True)
    operations.run(one)
    operations.run(other)
    assert asked(desk) == ["redirect"]
    other.refresh_from_db()
    assert (other.attempts, other.lease) == (0, None)


@pytest.mark.parametrize("told", ["delete", "keepAlive", "create"])
def test_a_pause_of_what_is_less_urgent_holds_no_decision_back(
    desk: Service, main: Line, rita: User, omar: User, clock: Any, told: str
) -> None:
    desk.fail(told, throttled(30))
    everything_else(rita, desk, main)
    pass_time(clock, 1)
    assert told in asked(desk)
    desk.requests.clear()
    commands.answer(Call.objects.filter(state="incoming").earliest("received_at").pk, omar)
    pass_time(clock, 0.25)
    assert asked(desk) == ["answer"]


@pytest.mark.parametrize("seconds", [1.0, None])
def test_each_pause_is_kept_and_without_a_length_each_is_longer(
    main: Line, rita: User, service: Service, clock: Any, seconds: float | None
) -> None:
    call = talks(main, service)
    service.fail("delete", *[throttled(seconds)] * 6)
    commands.hang_up(call.pk, rita)
    at: list[float] = []
    start = clock()
    while len(at) < 7:
        before = len(service.made("delete"))
        worker.run_pending()
        if len(service.made("delete")) > before:
            at.append((clock() - start).total_seconds())
        clock.forward(0.25)
    gaps = [later - earlier for earlier, later in pairwise(at)]
    if seconds:
        assert all(gap >= seconds for gap in gaps)
    else:
        assert gaps[0] >= 0.5 and gaps[-1] > 4 * gaps[0] and gaps == sorted(gaps)


def test_a_pause_is_of_one_application_and_tenant_and_several_refusals_at_once_are_one(
    db: None, clock: Any, settings: Any
) -> None:
    for _ in range(9):
        pauses.note("a", Urgency.CHECK, None, "busy")
    assert (Pause.objects.get().until - clock()).total_seconds() == pauses.UNTOLD[0]
    assert pauses.over_at("a", Urgency.CHECK) and pauses.over_at("a", Urgency.LIST)
    assert pauses.over_at("b", Urgency.LIST) is None and pauses.over_at("a", Urgency.REQUEST) is None
    settings.GRAPH_CLIENT_ID = "another"
    assert pauses.over_at("a", Urgency.LIST) is None


def test_no_header_silences_the_portal_for_long_and_no_later_one_shortens_a_pause(db: None, clock: Any) -> None:
    pauses.note("a", Urgency.DECISION, 86_400.0, "busy")
    pauses.note("a", Urgency.DECISION, 1.0, "busy")
    until = pauses.over_at("a", Urgency.DECISION)
    assert until and (until - clock()).total_seconds() == pauses.LONGEST


def test_a_decision_that_a_pause_outlasts_says_so_at_once_and_is_not_sent(
    desk: Service, rita: User, omar: User, clock: Any
) -> None:
    first, second = Call.objects.filter(state="incoming").order_by("received_at")
    desk.fail("redirect", throttled(60))
    commands.redirect(first.pk, rita)
    worker.run_pending()
    row = commands.answer(second.pk, omar)
    pass_time(clock, 0.25)
    row.refresh_from_db()
    assert row.status == "failed" and "no more requests" in row.error_detail
    pass_time(clock, 13)
    assert set(asked(desk)[1:]) <= {"get"}


def test_the_directory_waits_with_the_others_and_makes_them_wait_for_nothing(
    ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    service.fail("users", throttled(40))
    state = SyncState.objects.create(tenant_id=tenant_id(), due_at=now())
    worker.run_pending()
    assert asked(service).count("users") == 1
    state.refresh_from_db()
    assert (state.due_at - now()).total_seconds() >= 40
    commands.answer(ringing.pk, rita)
    worker.run_pending()
    assert asked(service)[-1] == "answer"
    Pause.objects.update(urgency=Urgency.DECISION)
    SyncState.objects.update(due_at=now(), lease=None)
    worker.run_pending()
    assert asked(service).count("users") == 1
    clock.forward(46)
    service.fail("users", answer(200, PEOPLE))
    worker.run_pending()
    assert asked(service).count("users") == 2


def test_a_list_that_is_being_read_stops_at_its_next_page(
    db: None, service: Service, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "LARGEST_PAGE", 1)
    link = "https://graph.test/v1.0/users?$skiptoken=2"

    def page() -> Any:
        pauses.note(tenant_id(), Urgency.DECISION, 5.0, "busy")
        return answer(200, PEOPLE | {"@odata.nextLink": link})

    service.fail("users", page)
    SyncState.objects.create(tenant_id=tenant_id(), due_at=now())
    worker.run_pending()
    assert asked(service) == ["users"]
    assert "others were told to wait" in SyncState.objects.get().error
