"""A web process holds a limited number of sockets, whoever opens them."""

import asyncio
from typing import Any

import pytest

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
