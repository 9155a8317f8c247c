"""The portal as an ASGI application, the same under uvicorn and daphne.

Notifications are taken in front of Django, without its middleware. Apps are named here and not imported, since the
foundations know no app.
"""

import asyncio
import logging
import os
from contextlib import suppress
from typing import Any

from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.utils.module_loading import import_string

from commsportal import statements, tracing
from commsportal.startup import KEYS_SECONDS, take_short_turns, warm_up

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "commsportal.settings")
django_application = get_asgi_application()  # before anything that has models

FAILED = 1011
INTAKE_PATHS = frozenset({"/webhooks/graph/calls", "/webhooks/graph/calls/"})

bounded = import_string("commsportal.limits.Bounded")
portal = bounded(django_application, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
intake = import_string("webhooks.intake.application")
sockets = import_string("calls.sockets.application")

logger = logging.getLogger(__name__)


async def http(scope: Any, receive: Any, send: Any) -> None:
    """Pass notifications to the intake, everything else to Django, under an id of the request.

    A notification gets one when it is refused: one for each would cost a tenth of what can be stored. Whether we
    are at https is what PUBLIC_URL says: no header of a stranger decides it.
    """
    if scope["path"] in INTAKE_PATHS:
        await intake(scope, receive, send)
        return
    with tracing.about(request_id=tracing.new_id()):
        await portal({**scope, "scheme": "https"} if settings.HTTPS else scope, receive, send)


async def live(scope: Any, receive: Any, send: Any) -> None:
    """Serve a socket; one that fails is closed with 1011 and nothing else, and the log says why."""
    with tracing.about(request_id=tracing.new_id()):
        try:
            await sockets(scope, receive, send)
        except Exception:
            logger.exception("a socket failed")
            with suppress(Exception):  # it may be closed already
                await send({"type": "websocket.close", "code": FAILED})


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    """Open the intake's connection before the first call, and let it write what waits at the end."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await intake.start()
            await send({"type": "lifespan.startup.complete"})
        else:
            intake.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return


class Application(ProtocolTypeRouter):  # type: ignore[misc]
    """The router, which warms up on first use: with uvicorn before it accepts, with daphne at a first request."""

    def __init__(self) -> None:
        super().__init__({"http": http, "websocket": live, "lifespan": lifespan})
        self.is_warm = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        if not self.is_warm:
            self.is_warm = True
            take_short_turns()
            statements.limit()
            warming = warm_up()
            if scope["type"] == "lifespan":
                await asyncio.to_thread(warming.join, KEYS_SECONDS)
        await super().__call__(scope, receive, send)


application = Application()
