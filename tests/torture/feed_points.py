"""Counted points of the live feed: a web process that has only sockets, killed at the n-th step of its hub."""

import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import uvicorn

from calls.live import access, hub, tail
from calls.live.board import Board
from calls.live.feed import Feed
from calls.live.hub import Hub
from calls.live.messages import Message
from commsportal.asgi import live
from tests.live.pace import PACE
from tests.torture.points import Points

STEPS: list[tuple[Any, str, str]] = [
    (Hub, "start", "start of the hub"),
    (tail, "first_turn", "reading all cards"),
    (tail, "next_turn", "reading the tail"),
    (tail, "encode", "encoding a card"),
    (access, "admit", "looking at a handshake"),
    (Hub, "join", "joining"),
    (Hub, "take", "taking a turn"),
    (Hub, "leave", "leaving"),
    (Hub, "seen", "taking an answer to a heartbeat"),
    (hub, "renew", "renewing claims"),
    (Board, "snapshot", "building a snapshot"),
    (Board, "since", "building what was missed"),
    (Board, "apply", "changing the board"),
]


class FeedPoints(Points):
    """Numbers the steps of a hub, and each message to each socket, by what it is: the moments before them."""

    def install(self) -> None:
        """Watch the hub that this process is going to have."""
        super().install()
        for owner, name, label in STEPS:
            self._before(owner, name, lambda *_, label=label: label)
        self._before(Feed, "_pass_on", lambda feed, message: f"sending a {_kind(message)}")

    def _before(self, owner: Any, name: str, label: Callable[..., str]) -> None:
        honest = getattr(owner, name)

        def called(*args: Any, **kwargs: Any) -> Any:
            self(label(*args))
            return honest(*args, **kwargs)

        setattr(owner, name, called)


def _kind(message: Message) -> str:
    return str(message.event["text"].split('"')[3])


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def loaded() -> uvicorn.Config:
    """Return how the server is set up, with all that it imports."""
    config = uvicorn.Config(live, log_config=None, lifespan="off", access_log=False)
    config.load()
    return config


def serve(config: uvicorn.Config, listener: socket.socket) -> None:
    """Be a web process until killed or left alone, on a socket that outlives it."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    hub.make = lambda: Hub(hub.Pace(**PACE | {"silence": 60.0}))
    uvicorn.Server(config).run(sockets=[listener])
