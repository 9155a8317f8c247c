"""What goes over the socket, encoded once and shared by all who get it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson


@dataclass(frozen=True, slots=True)
class Message:
    """An ASGI event, ready to be sent to any number of sockets, and its size in bytes."""

    event: dict[str, Any]
    size: int


def snapshot(seq: int, cards: Sequence[bytes]) -> Message:
    """Return all cards of a scope as of `seq`."""
    return _message(b'{"type":"snapshot","seq":%d,"cards":[%b]}' % (seq, b",".join(cards)))


def changed(seq: int, cards: Sequence[bytes], gone: Sequence[UUID]) -> Message:
    """Return whole cards that are new or different as of `seq`, and ids of those to take away."""
    return _message(
        b'{"type":"changed","seq":%d,"cards":[%b],"gone":%b}' % (seq, b",".join(cards), orjson.dumps(gone))
    )


def heartbeat(seq: int, now: datetime, is_stale: bool = False) -> Message:
    """Return the question whether somebody is there, with the server's clock for the countdowns.

    While the database is away it says that what is shown may be old.
    """
    news = {"stale": True} if is_stale else {}
    return _message(orjson.dumps({"type": "heartbeat", "seq": seq, "now": now} | news))


def _message(text: bytes) -> Message:
    return Message({"type": "websocket.send", "text": text.decode()}, len(text))
