"""The portal as it is served, trusting the bench's key; `/publish` drives the feed without a database."""

import asyncio
import uuid
from typing import Any
from urllib.parse import parse_qs

from commsportal.asgi import application as portal  # sets Django up, so it goes first

from calls.live import hub as live  # isort: skip
from calls.live.board import Card
from calls.live.tail import Turn
from tests.bench import keys
from tests.bench.bare import TEXT
from webhooks import intake

intake.application.given_verifier = keys.published().verifier()
PLACE = uuid.UUID(int=1)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve the portal, and the bench's own switch."""
    if scope["type"] == "http" and scope["path"] == "/publish":
        count = int(parse_qs(scope["query_string"].decode())["count"][0])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})
        await publish(count)
    else:
        await portal(scope, receive, send)


async def publish(count: int) -> None:
    """Give the hub as many turns, each as large as a ring and each its own message."""
    hub = live.current()
    for _ in range(count):
        hub.take(Turn(hub.board.seq, [Card(PLACE, None, TEXT)], []))
        await asyncio.sleep(0)
