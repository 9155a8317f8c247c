"""A console that went away while its handshake was looked at is nobody's error."""

import asyncio
import logging
from typing import Any

import pytest
from django.db import connection

from calls.live import hub as hubs
from calls.live.hub import Hub
from commsportal.asgi import live
from directory import tokens
from tests.live import world

pytestmark = pytest.mark.django_db(transaction=True)


def handshake(*headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "websocket", "path": "/ws/console/", "query_string": b"", "headers": headers, "extensions": {}}


async def receive() -> dict[str, Any]:
    return {"type": "websocket.connect"}


async def to_nobody(event: dict[str, Any]) -> None:
    """Do as uvicorn does when the connection is gone."""
    raise ConnectionError(event["type"])


async def left_by(scope: dict[str, Any]) -> Hub:
    """Serve a handshake that nobody waits for; return the hub."""
    hub = hubs.current()
    try:
        await live(scope, receive, to_nobody)
    finally:
        hub._door.submit(connection.close)
        hub.stop()
    return hub


@pytest.mark.control("I15")
@pytest.mark.parametrize("is_known", [True, False])
def test_a_console_that_left_before_it_was_answered_leaves_no_error_and_no_socket(
    database: None, caplog: pytest.LogCaptureFixture, is_known: bool
) -> None:
    token = tokens.issue(world.person()) if is_known else "nobody's"
    hub = asyncio.run(left_by(handshake((b"authorization", f"Bearer {token}".encode()))))
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert not hub.feeds
