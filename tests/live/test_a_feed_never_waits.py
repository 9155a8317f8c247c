"""One socket's feed: order, bounds, and what the server does with `send`."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from calls.live import feed as feeds
from calls.live.access import Admission, Credential
from calls.live.feed import Feed
from calls.live.messages import Message
from calls.live.scope import EVERYTHING

ADMISSION = Admission(1, "rita", EVERYTHING, Credential(token_digest="x"), 0)


def message(number: int, size: int = 10) -> Message:
    """Return a message that can be told apart."""
    return Message({"type": "websocket.send", "text": str(number)}, size)


class Server:
    """A server's `send` that waits whenever it is `full`, as uvicorn's does at its high-water mark."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.writable = asyncio.Event()
        self.writable.set()

    async def send(self, event: dict[str, Any]) -> None:
        """Take an event."""
        await self.writable.wait()
        self.sent.append(event["text"])


def run(scenario: Callable[[Server, Feed], Coroutine[Any, Any, None]]) -> None:
    """Run a scenario with a fresh server and a feed that began with message 0."""

    async def whole() -> None:
        server = Server()
        feed = Feed(server.send, ADMISSION)
        feed.task = None
        feed.start(message(0), 0.0)
        await scenario(server, feed)

    asyncio.run(whole())


def test_a_server_that_takes_everything_needs_no_task() -> None:
    async def scenario(server: Server, feed: Feed) -> None:
        assert all(feed.offer(message(n)) for n in range(1, 4))
        assert server.sent == ["0", "1", "2", "3"]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(scenario)


def test_what_had_to_wait_follows_in_order() -> None:
    async def scenario(server: Server, feed: Feed) -> None:
        server.writable.clear()
        assert all(feed.offer(message(n)) for n in range(1, 4))
        await asyncio.sleep(0)
        assert server.sent == ["0"]
        server.writable.set()
        while len(server.sent) < 4:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        feed.offer(message(4))
        assert server.sent == ["0", "1", "2", "3", "4"]

    run(scenario)


@pytest.mark.control("R16")
@pytest.mark.parametrize("size", [1, 100_000])
def test_what_waits_is_bounded_in_number_and_bytes(size: int) -> None:
    async def scenario(server: Server, feed: Feed) -> None:
        server.writable.clear()
        taken = 0
        while feed.offer(message(taken, size)):
            taken += 1
        assert taken <= feeds.QUEUE_MESSAGES + 1
        assert taken * size <= feeds.QUEUE_BYTES + size
        feed.end(4008)
        await asyncio.sleep(0)
        server.writable.set()
        await asyncio.sleep(0)
        assert server.sent == ["0"], "nothing follows once the feed has ended"

    run(scenario)


@pytest.mark.control("R16")
def test_a_server_that_buffers_without_end_is_bounded_by_what_is_acknowledged() -> None:
    async def scenario(server: Server, feed: Feed) -> None:
        taken = 0
        while feed.offer(message(taken, 100_000)):
            taken += 1
        assert taken * 100_000 <= feeds.UNSEEN_BYTES

    run(scenario)


def test_a_console_that_answers_is_sent_any_amount() -> None:
    async def scenario(server: Server, feed: Feed) -> None:
        for number in range(200):
            assert feed.offer(message(number, 100_000))
            if feed.must_be_asked:
                assert feed.ask(message(-1), 1.0)
                feed.seen(1.0)
        assert len(server.sent) > 200

    run(scenario)


def test_an_answer_covers_only_what_went_out_before_its_question() -> None:
    async def scenario(server: Server, feed: Feed) -> None:
        feed.ask(message(1, 0), 1.0)
        for number in range(5):
            feed.offer(message(number, feeds.UNSEEN_BYTES // 5))
        feed.seen(2.0)
        feed.seen(2.0)
        assert not feed.offer(message(9, 10))

    run(scenario)


def test_a_closing_server_does_no_harm() -> None:
    async def scenario(server: Server, feed: Feed) -> None:
        async def closed(event: dict[str, Any]) -> None:
            raise OSError("gone")

        feed._send = closed
        assert feed.offer(message(1))
        assert feed.offer(message(2))

    run(scenario)
