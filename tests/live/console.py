"""A console without a browser: listens, answers heartbeats, and keeps the cards as a page would."""

import contextlib
import json
import time
from collections.abc import Callable
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from directory import tokens
from directory.models import User

WAIT_SECONDS = 60.0


class Console:
    """One socket of `user`, by token unless other `headers` are given."""

    def __init__(
        self,
        server: str,
        user: User | None,
        *,
        since: int | None = None,
        headers: dict[str, str] | None = None,
        path: str = "/ws/console/",
        answers: bool = True,
    ) -> None:
        if headers is None:
            headers = {"Authorization": f"Bearer {tokens.issue(user)}"} if user else {}
        query = "" if since is None else f"?since={since}"
        address = f"ws://{server}{path}{query}"
        self._connection = connect(
            address,
            additional_headers=headers,
            open_timeout=WAIT_SECONDS,
            compression=None,
            max_size=None,
            proxy=None,
        )
        self.socket: ClientConnection = self._connection.__enter__()
        self.answers = answers
        self.cards: dict[str, dict[str, Any]] = {}
        self.seq = 0 if since is None else since
        self.heard: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.__exit__(None, None, None)

    def read(self, wait: float = WAIT_SECONDS) -> dict[str, Any]:
        """Take the next message as a page does: apply it, answer it if it asks."""
        message: dict[str, Any] = json.loads(self.socket.recv(timeout=wait))
        assert message["seq"] >= self.seq, "the feed went backwards"
        self.seq = message["seq"]
        self.heard.append(message)
        if message["type"] == "heartbeat" and self.answers:
            self.say({"type": "seen", "seq": self.seq})
        if message["type"] == "snapshot":
            self.cards.clear()
        self.cards |= {card["id"]: card for card in message.get("cards", [])}
        for gone in message.get("gone", []):
            self.cards.pop(gone, None)
        return message

    def until(self, reached: Callable[[Self], object]) -> Self:
        """Read on until `reached` holds."""
        end = time.monotonic() + WAIT_SECONDS
        while not reached(self):
            self.read(end - time.monotonic())
        return self

    def next(self, kind: str) -> dict[str, Any]:
        """Read on until a message of that kind and return it."""
        while (message := self.read())["type"] != kind:
            pass
        return message

    def until_closed(self, *others: "Console") -> int | None:
        """Read on, and the `others` too, until the server closes; return its code."""
        end = time.monotonic() + WAIT_SECONDS
        try:
            while time.monotonic() < end:
                with contextlib.suppress(TimeoutError):
                    self.read(0.05 if others else WAIT_SECONDS)
                for other in others:
                    other.catch_up()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None
        return None

    def catch_up(self) -> None:
        """Read what is there."""
        with contextlib.suppress(TimeoutError):
            while True:
                self.read(0)

    def say(self, message: object) -> None:
        """Send something."""
        self.socket.send(message if isinstance(message, (str, bytes)) else json.dumps(message))
