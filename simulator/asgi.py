"""The ASGI application: Django inside, and after every answer the notifications that waited for it."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from django.core.asgi import get_asgi_application

from simulator.world import world

django = get_asgi_application()

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer first, notify after (REFERENCE 21.2), even where the client did not wait for the answer."""
    if scope["type"] != "http":
        return
    held: list[str] = []
    try:
        await django({**scope, "simulator.held": held}, receive, send)
    finally:
        for call_id in held:
            world().delivery.release(call_id)
