"""When a console is asked whether it is there, and when it is given up: by the hub's own pace."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import orjson
import pytest

from calls.live import hub as hubs
from calls.live.access import Admission, Credential
from calls.live.board import Board, Card
from calls.live.feed import Feed
from calls.live.hub import Hub
from calls.live.scope import EVERYTHING
from tests.live.test_board_equals_snapshot import IDS

Scenario = Callable[[Hub, "Clock"], Coroutine[Any, Any, None]]


class Clock:
    """The hub's clock: it stands until a test moves it."""

    def __init__(self, hub: Hub) -> None:
        self.at = 1000.0
        self.hub = hub
        hub.clock = lambda: self.at

    def forward(self, seconds: float) -> None:
        """Let time pass in ticks, as the hub's own task does."""
        until = self.at + seconds
        while self.at < until:
            self.at = min(self.at + self.hub.pace.tick, until)
            self.hub.beat()


class Console:
    """One socket of somebody: what it was sent, and whether it is still on the feed."""

    def __init__(self, hub: Hub, username: str, user_id: int) -> None:
        self.hub = hub
        self.sent: list[dict[str, Any]] = []
        admission = Admission(user_id, username, EVERYTHING, Credential(token_digest=username), 0)
        self.feed: Feed = hub.join(self.take, admission, None)
        self.feed.task = None

    async def take(self, event: dict[str, Any]) -> None:
        """Be the server's `send`."""
        self.sent.append(orjson.loads(event["text"]))

    def answer(self) -> None:
        """Answer the last heartbeat."""
        self.hub.seen(self.feed)

    @property
    def beats(self) -> int:
        """Return how many heartbeats came."""
        return sum(message["type"] == "heartbeat" for message in self.sent)

    @property
    def is_on(self) -> bool:
        """Tell whether the console still gets news."""
        return self.feed in self.hub.feeds


def run(scenario: Scenario) -> None:
    """Run a scenario with a hub of the portal's own pace whose threads and tasks do not run."""

    async def whole() -> None:
        hub = Hub()
        hub.board = Board()
        hub.board.load(7, [Card(IDS[0], 1, b'{"id":"x"}')])
        await scenario(hub, Clock(hub))
        hub.stop()

    asyncio.run(whole())


def claimed(hub: Hub, username: str) -> None:
    """Have `username` hold the call, or nobody."""
    hub.board.apply(hub.board.seq + 1, [Card(IDS[0], 1, b'{"id":"x"}', claimed_by=username)], [], 0.0)


def test_everybody_is_asked_every_five_seconds() -> None:
    async def scenario(hub: Hub, clock: Clock) -> None:
        rita = Console(hub, "rita", 1)
        for beats in range(4):
            clock.forward(4.75)
            assert rita.beats == beats
            clock.forward(0.25)
            assert rita.beats == beats + 1
            rita.answer()
        told = [message for message in rita.sent if message["type"] == "heartbeat"]
        assert [sorted(message) for message in told] == [["now", "seq", "type"]] * 4
        assert {message["seq"] for message in told} == {7}

    run(scenario)


@pytest.mark.control("R6")
def test_all_are_told_when_the_database_goes_and_when_it_comes_and_of_no_short_wait() -> None:
    async def scenario(hub: Hub, clock: Clock) -> None:
        rita = Console(hub, "rita", 1)
        hub._pulse.is_waiting = True
        clock.forward(3.0)
        hub._pulse.is_waiting = False
        clock.forward(0.25)
        assert rita.beats == 0
        hub._pulse.is_waiting = True
        clock.forward(3.25)
        assert rita.sent[-1] == {"type": "heartbeat", "seq": 7, "now": rita.sent[-1]["now"], "stale": True}
        omar = Console(hub, "omar", 2)
        assert omar.sent[-1].get("stale")
        heard = rita.beats
        hub._pulse.is_waiting = False
        clock.forward(0.25)
        assert (rita.beats, omar.beats) == (heard + 1, 2)
        assert not any("stale" in console.sent[-1] for console in (rita, omar))

    run(scenario)


@pytest.mark.control("R6")
def test_a_process_that_was_stopped_for_long_tells_nothing_of_the_database() -> None:
    async def scenario(hub: Hub, clock: Clock) -> None:
        rita = Console(hub, "rita", 1)
        hub._pulse.is_waiting = True
        clock.at += 7.0
        clock.forward(0.25)
        assert rita.beats == 1 and "stale" not in rita.sent[-1]

    run(scenario)


def test_who_holds_a_claim_is_asked_every_second_and_a_half_and_nobody_else_is() -> None:
    async def scenario(hub: Hub, clock: Clock) -> None:
        rita, omar = Console(hub, "rita", 1), Console(hub, "omar", 2)
        claimed(hub, "rita")
        for beats in range(3):
            clock.forward(1.25)
            assert (rita.beats, omar.beats) == (beats, 0)
            clock.forward(0.25)
            assert (rita.beats, omar.beats) == (beats + 1, 0)
            rita.answer()
        claimed(hub, "")
        clock.forward(4.5)
        assert (rita.beats, omar.beats) == (3, 1)

    run(scenario)


def test_fifteen_seconds_without_an_answer_are_too_long() -> None:
    async def scenario(hub: Hub, clock: Clock) -> None:
        rita, omar = Console(hub, "rita", 1), Console(hub, "omar", 2)
        for _ in range(3):
            clock.forward(5)
            omar.answer()
        assert rita.is_on and omar.is_on
        clock.forward(0.25)
        assert not rita.is_on and omar.is_on
        assert rita.feed.close_code == hubs.UNRESPONSIVE

    run(scenario)


def test_an_answer_has_the_claims_of_its_person_renewed_if_there_are_any() -> None:
    async def scenario(hub: Hub, clock: Clock) -> None:
        rita, omar = Console(hub, "rita", 1), Console(hub, "omar", 2)
        claimed(hub, "rita")
        omar.answer()
        assert hub.renewals == set()
        rita.answer()
        assert hub.renewals == {1} and hub._renewal_news.is_set()

    run(scenario)


@pytest.mark.django_db(transaction=True)
def test_a_process_has_one_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Hub] = []

    class Counted(Hub):
        def start(self) -> None:
            made.append(self)

    monkeypatch.setattr(hubs, "make", Counted)
    monkeypatch.setattr(hubs, "_current", None)

    async def many() -> set[Hub]:
        return {hubs.current() for _ in range(3)}

    assert asyncio.run(many()) == set(made) and len(made) == 1
    made[0].stop()
