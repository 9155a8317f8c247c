"""The console's web socket: lets in whom it may, then only listens; what it sends comes from the hub."""

import asyncio
import logging
import time
from typing import Any, Final
from urllib.parse import parse_qs

import orjson
from django.db import DatabaseError, InterfaceError

from calls.live import hub as live
from calls.live.feed import Feed
from calls.live.hub import Hub
from commsportal import plain

MESSAGE_BYTES: Final = 4096
MESSAGES_PER_SECOND: Final = 20
READY_SECONDS: Final = 5.0
FAREWELL_SECONDS: Final = 1.0
BAD_MESSAGE: Final = 4400
TRY_AGAIN: Final = 1013

logger = logging.getLogger(__name__)


async def console(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve one socket. Plain ASGI: stock Channels consumers make a thread hop for each message."""
    if (await receive())["type"] != "websocket.connect":
        return
    hub = live.current()
    if hub.is_crowded:
        await refuse(scope, send, 503)
        return
    try:
        admission = await hub.admit(scope)
        async with asyncio.timeout(READY_SECONDS):
            await hub.ready.wait()
    except (DatabaseError, InterfaceError, TimeoutError):
        await refuse(scope, send, 503)
        return
    if admission is None:
        await refuse(scope, send, 403)
    elif not hub.has_room_for(admission.user_id):
        await refuse(scope, send, 429)
    elif await reaches(send, {"type": "websocket.accept"}):
        await listen(hub, hub.join(send, admission, since(scope)), receive, send)


async def refuse(scope: dict[str, Any], send: Any, status: int) -> None:
    """Answer the handshake with `status` where the server can, with 403 where it cannot."""
    if status == 403 or "websocket.http.response" not in scope.get("extensions", {}):
        await reaches(send, {"type": "websocket.close", "code": 4403})
        return
    headers = [*plain.HEADERS, (b"retry-after", b"1")]
    start = {"type": "websocket.http.response.start", "status": status, "headers": headers}
    if await reaches(send, start):
        await reaches(send, {"type": "websocket.http.response.body", "body": b""})


async def reaches(send: Any, event: dict[str, Any]) -> bool:
    """Send; tell whether the console was still there, of which servers tell by an OSError."""
    try:
        await send(event)
    except OSError as error:
        logger.debug("gone before it was answered: %r", error)
        return False
    return True


def since(scope: dict[str, Any]) -> int | None:
    """Return the `seq` that the console says it has, None if it says nothing of use."""
    text = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("since", [""])[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


async def listen(hub: Hub, feed: Feed, receive: Any, send: Any) -> None:
    """Take what the console says until it or the hub ends the socket."""
    code: int | None = None
    try:
        code = await converse(hub, feed, receive)
    except asyncio.CancelledError:
        code = feed.close_code  # the hub ends a socket by cancelling this task
        if code is None:
            raise
    finally:
        feed.task = None
        hub.leave(feed)
    if code is not None:
        await farewell(send, code)


async def converse(hub: Hub, feed: Feed, receive: Any) -> int | None:
    """Return the code to close with, None when the console went away."""
    budget = Budget()
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return None
        if not budget.spend() or not is_seen(message.get("text")):
            return BAD_MESSAGE
        hub.seen(feed)


def is_seen(text: str | None) -> bool:
    """Tell whether a client's message is the one that there is: `{"type": "seen", "seq": number}`."""
    if not text or len(text) > MESSAGE_BYTES:
        return False
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return isinstance(body, dict) and body.get("type") == "seen" and type(body.get("seq")) is int


async def farewell(send: Any, code: int) -> None:
    """Close, but do not wait long for somebody who does not read."""
    try:
        async with asyncio.timeout(FAREWELL_SECONDS):
            await send({"type": "websocket.close", "code": code})
    except (TimeoutError, OSError, RuntimeError) as error:
        logger.debug("not closed: %r", error)


class Budget:
    """How many messages a console may still send: 20 at once, 20 more each second."""

    __slots__ = ("at", "left")

    def __init__(self) -> None:
        self.left, self.at = float(MESSAGES_PER_SECOND), time.monotonic()

    def spend(self) -> bool:
        """Take one; tell whether there was one."""
        at = time.monotonic()
        self.left = min(MESSAGES_PER_SECOND, self.left + (at - self.at) * MESSAGES_PER_SECOND)
        self.at = at
        if self.left < 1:
            return False
        self.left -= 1
        return True
