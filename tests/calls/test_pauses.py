"""How long the portal waits after a failure: as long as Microsoft asks, but never past the caller's patience."""

from typing import Any

import pytest

from calls import cards, commands
from calls.models import Call, Operation
from commsportal import worker
from directory.models import User
from graph import errors
from routing.models import Line
from tests.calls.service import Service, error, state, tell

BUSY = error(503, "busy", **{"retry-after": "30"})
DECISIONS = ["answer", "reject", "redirect"]


def pass_time(clock: Any, seconds: float) -> None:
    """Let time pass in small steps, with a worker at it."""
    for _ in range(int(seconds * 4)):
        worker.run_pending()
        clock.forward(0.25)
    worker.run_pending()


def asked(service: Service) -> list[str]:
    return [name for name, _, _ in service.requests]


@pytest.fixture
def waiting(ringing: Call, service: Service, clock: Any) -> Call:
    """Return a call that has rung for two seconds."""
    clock.forward(2)
    service.requests.clear()
    return ringing


@pytest.mark.control("R3")
@pytest.mark.parametrize("kind", DECISIONS)
def test_a_decision_answered_with_a_long_pause_is_looked_after_and_sent_again_at_once(
    waiting: Call, rita: User, service: Service, clock: Any, kind: str
) -> None:
    service.fail(kind, BUSY)
    row = getattr(commands, kind)(waiting.pk, rita)
    pass_time(clock, 1)
    assert asked(service) == [kind, "get", kind]
    row.refresh_from_db()
    assert row.accepted_at is not None


@pytest.mark.control("R3")
@pytest.mark.parametrize("fault", [BUSY, error(429, "TooManyRequests", **{"retry-after": "30"})])
@pytest.mark.parametrize("kind", DECISIONS)
def test_a_look_answered_with_a_long_pause_is_repeated_while_the_decision_is_of_use(
    waiting: Call, rita: User, service: Service, clock: Any, kind: str, fault: Any
) -> None:
    service.fail(kind, BUSY)
    service.fail("get", *[fault] * 3)
    row = getattr(commands, kind)(waiting.pk, rita)
    pass_time(clock, 5)
    assert asked(service) == [kind, "get", "get", "get", "get", kind]
    row.refresh_from_db()
    assert row.accepted_at is not None


def test_a_decision_that_was_lost_shortly_before_the_limit_is_still_sent_in_time(
    waiting: Call, rita: User, service: Service, clock: Any
) -> None:
    service.fail("redirect", BUSY)
    commands.claim(waiting.pk, rita)
    commands.redirect(waiting.pk, rita)
    clock.forward(12.2)
    service.fail("get", BUSY)
    pass_time(clock, 0.75)
    assert asked(service) == ["redirect", "get", "get", "redirect"]


def test_a_decision_that_microsoft_never_takes_fails_and_leaves_the_call_to_the_clock(
    waiting: Call, rita: User, service: Service, clock: Any
) -> None:
    service.fail("redirect", *[BUSY] * 60)
    commands.redirect(waiting.pk, rita)
    pass_time(clock, 14)
    assert len(service.made("redirect")) > 10
    assert not Operation.objects.filter(status="pending").exists()
    service.states[waiting.graph_id] = "terminated"
    pass_time(clock, 10)
    shown = cards.cards([waiting.pk])[waiting.pk].card
    assert (shown["state"], shown["lane"]) == ("terminated", "missed")


@pytest.mark.case(19)
def test_a_fallback_answered_with_a_long_pause_is_sent_again_in_time(
    waiting: Call, service: Service, clock: Any
) -> None:
    service.fail("redirect", BUSY)
    clock.forward(10.1)
    pass_time(clock, 1)
    assert asked(service) == ["redirect", "get", "redirect"]


@pytest.mark.control("R12")
def test_what_has_time_waits_as_long_as_microsoft_asks(
    waiting: Call, rita: User, service: Service, clock: Any
) -> None:
    service.fail("delete", BUSY)
    service.states[waiting.graph_id] = "establishing"
    commands.answer(waiting.pk, rita)
    Call.objects.filter(pk=waiting.pk).update(state="established", established_at=clock())
    Operation.objects.all().delete()
    commands.hang_up(waiting.pk, rita)
    pass_time(clock, 29)
    assert asked(service).count("delete") == 1
    pass_time(clock, 2)
    assert asked(service).count("delete") == 2


@pytest.mark.control("R12")
@pytest.mark.case(32)
def test_a_throttled_decision_waits_as_told_when_there_is_time(
    waiting: Call, rita: User, service: Service, clock: Any
) -> None:
    service.fail("redirect", error(429, "TooManyRequests", **{"retry-after": "5"}))
    commands.redirect(waiting.pk, rita)
    pass_time(clock, 4.5)
    assert asked(service) == ["redirect"]
    pass_time(clock, 1)
    assert asked(service) == ["redirect", "redirect"]


def test_what_never_left_is_tried_until_the_limit(waiting: Call, rita: User, service: Service, clock: Any) -> None:
    service.fail("redirect", *[errors.NotSent("refused", retryable=True)] * 12)
    commands.redirect(waiting.pk, rita)
    pass_time(clock, 12.5)
    assert len(service.made("redirect")) == 13


@pytest.mark.control("R3")
@pytest.mark.parametrize("fault", [BUSY, error(429, "TooManyRequests", **{"retry-after": "60"})])
def test_a_ring_that_is_over_stops_soon_however_long_microsoft_asks_to_wait(
    main: Line, service: Service, clock: Any, fault: Any
) -> None:
    graph_id = service.ring("main")
    service.states[graph_id] = "terminated"
    service.fail("get", fault)
    pass_time(clock, 6)
    assert cards.cards([Call.objects.get(graph_id=graph_id).pk]).popitem()[1].card["lane"] == "missed"
    assert asked(service) == ["get"] * 3  # refused, gone, still gone


@pytest.mark.control("R3")
def test_a_ring_that_microsoft_will_not_speak_about_falls_silent_however_long_it_asks_to_wait(
    waiting: Call, service: Service, clock: Any
) -> None:
    service.fail("redirect", *[BUSY] * 99)
    service.fail("reject", *[BUSY] * 99)
    service.fail("get", *[error(429, "TooManyRequests", **{"retry-after": "60"})] * 99)
    for _ in range(60):
        clock.forward(1)
        worker.run_pending()
    waiting.refresh_from_db()
    assert waiting.silent


@pytest.mark.control("R3")
def test_a_call_that_nobody_waits_for_is_asked_about_as_late_as_microsoft_asks(
    waiting: Call, rita: User, service: Service, clock: Any
) -> None:
    commands.answer(waiting.pk, rita)
    worker.run_pending()
    tell(waiting.graph_id, "updated", state("establishing"))
    worker.run_pending()
    service.requests.clear()
    service.fail("get", error(429, "TooManyRequests", **{"retry-after": "30"}))
    clock.forward(46)
    worker.run_pending()
    pass_time(clock, 29)
    assert asked(service) == ["get"]
    clock.forward(2)
    worker.run_pending()
    assert asked(service)[1] == "get"
