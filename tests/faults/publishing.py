"""The portal; `/publish` gives the feed numbered messages of any size for one line, as fast as it takes them."""

import asyncio
import uuid
from typing import Any
from urllib.parse import parse_qs

from commsportal.asgi import application as portal  # sets Django up, so it goes first

from calls.live import hub as live  # isort: skip
from calls.live.board import Card
from calls.live.tail import Turn


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve the portal, and the switch of the test."""
    if scope["type"] != "http" or scope["path"] != "/publish":
        await portal(scope, receive, send)
        return
    asked = {name: int(values[0]) for name, values in parse_qs(scope["query_string"].decode()).items()}
    await publish(asked["line"], range(asked["first"], asked["first"] + asked["count"]), asked["size"])
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def publish(line_id: int, numbers: range, size: int) -> None:
    """Give the hub one turn for each number."""
    hub, place = live.current(), uuid.UUID(int=line_id)
    for number in numbers:
        text = b'{"id":"%s","number":%d,"text":"%s"}' % (str(place).encode(), number, b"x" * size)
        hub.take(Turn(hub.board.seq, [Card(place, line_id, text)], []))
        await asyncio.sleep(0)
