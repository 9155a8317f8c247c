"""Web sockets by path."""

from typing import Any

from channels.routing import URLRouter
from django.urls import re_path

from calls.consumers import console


async def unknown(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Refuse a socket that nothing serves."""
    await receive()
    await send({"type": "websocket.close", "code": 4404})


paths: list[Any] = [(r"^ws/console/?$", console), (r"", unknown)]
application = URLRouter([re_path(pattern, served) for pattern, served in paths])
