"""How long a request's body may be, held in front of Django, which would spool or read all of it.

Who declares too long a body is answered at once. A body of undeclared length is read here, up to the limit, and
handed on with its length: the views below read nothing without one.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import orjson

from commsportal import plain
from commsportal.errors import TooLong, problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

MOST_DISCARDED: Final = 8 * 1024 * 1024  # of a body that is too long, so that its sender gets to read the 413
DETAIL: Final = "Nothing that can be asked for takes so long a body."


class Gone(Exception):
    """The sender has left before the end of the body."""


class Bounded:
    """An ASGI application behind a limit of `longest` bytes for bodies."""

    def __init__(self, application: Application, longest: int) -> None:
        self.application = application
        self.longest = longest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        declared = _declared(scope)
        if declared is not None and declared <= self.longest:
            await self.application(scope, receive, send)
            return
        try:
            body = await self._read(declared or 0, receive)
        except TooLong as refusal:
            await _refuse(refusal, send)
        except Gone:
            return
        else:
            known = _with_length(scope, len(body)) if body else scope
            await self.application(known, _replayed(body, receive), send)

    async def _read(self, declared: int, receive: Receive) -> bytes:
        """:raises TooLong, Gone: there is no whole body."""
        body, length, more = bytearray(), 0, True
        while more and max(declared, length) <= MOST_DISCARDED:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Gone
            part, more = message.get("body", b""), message.get("more_body", False)
            length += len(part)
            if max(declared, length) <= self.longest:
                body += part
        if max(declared, length) > self.longest:
            raise TooLong(DETAIL)
        return bytes(body)


def _declared(scope: Scope) -> int | None:
    """Return the length that the request declares; the server has seen to it that it is a number."""
    text = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(text[:18]) if text.isdigit() else None


def _with_length(scope: Scope, length: int) -> Scope:
    headers = [pair for pair in scope["headers"] if pair[0] not in (b"content-length", b"transfer-encoding")]
    return {**scope, "headers": [*headers, (b"content-length", str(length).encode())]}


def _replayed(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


async def _refuse(refusal: TooLong, send: Send) -> None:
    body = orjson.dumps(problem(refusal.status, refusal.code, refusal.title, refusal.detail))
    headers = [
        *plain.HEADERS,
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),  # what is left of the body is not read
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
