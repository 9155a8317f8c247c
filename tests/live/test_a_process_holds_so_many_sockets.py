"""A web process holds a limited number of sockets, whoever opens them."""

import asyncio
from typing import Any

import pytest

from calls.consumers import console
from calls.live import access
from calls.live import hub as live
from calls.live.access import Admission, Credential
from calls.live.hub import Hub, Limits
from calls.live.scope import EVERYTHING


def admitted(user_id: int) -> Admission:
    return Admission(user_id, f"u{user_id}", EVERYTHING, Credential(token_digest=str(user_id)), 0)


async def send(message: dict[str, Any]) -> None:
    """Take what a console is told."""


@pytest.mark.control("S4")
def test_no_more_than_the_process_may_hold_and_room_again_when_one_leaves() -> None:
    async def crowd() -> list[bool]:
        hub = Hub(limits=Limits(per_person=2, per_process=3))
        feeds, rooms = [], []
        for user_id in (1, 1, 2):
            rooms.append(hub.has_room_for(user_id))
            feeds.append(hub.join(send, admitted(user_id), None))
        rooms.append(hub.has_room_for(3))
        hub.leave(feeds[0])
        rooms.append(hub.has_room_for(3))
        return rooms

    assert asyncio.run(crowd()) == [True, True, True, False, True]


@pytest.mark.control("S4")
@pytest.mark.control("I14")
def test_no_more_handshakes_wait_than_the_process_may_hold_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    async def knock() -> list[str]:
        hub = Hub(limits=Limits(per_process=2))
        monkeypatch.setattr(live, "current", lambda: hub)
        hub.admit = lambda handshake: pytest.fail("it was looked at")  # type: ignore[method-assign,misc]
        hub.knocking, told = 2, []

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        async def hear(message: dict[str, Any]) -> None:
            told.append(f"{message['type']} {message.get('status', '')}".strip())

        await console({"extensions": {"websocket.http.response": {}}}, receive, hear)
        return told

    assert asyncio.run(knock()) == ["websocket.http.response.start 503", "websocket.http.response.body"]


@pytest.mark.control("I14")
def test_a_handshake_is_counted_as_long_as_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    async def knock() -> list[int]:
        hub = Hub()
        monkeypatch.setattr(access, "admit", lambda handshake, seq: counts.append(hub.knocking))
        counts = [hub.knocking]
        await hub.admit({})
        return [*counts, hub.knocking]

    assert asyncio.run(knock()) == [0, 1, 0]
