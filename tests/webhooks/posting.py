"""POST to an ASGI application without a server."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

PATH = "/webhooks/graph/calls"


@dataclass
class Answer:
    """What the application sent, and how many messages of the request it took."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    taken: int = 0


def encode(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def scope(
    headers: Iterable[tuple[str, str]], method: str = "POST", path: str = PATH, query: str = ""
) -> dict[str, Any]:
    pairs = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "scheme": "http",
        "headers": pairs,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }


async def post(application: Any, body: Any, token: str | None, *headers: tuple[str, str], **where: str) -> Answer:
    """POST `body` (bytes, JSON, or an async iterator of parts that may never end)."""
    parts = body if isinstance(body, AsyncIterator) else _parts(encode(body))
    given = [("content-type", "application/json"), *headers]
    if token is not None:
        given.append(("authorization", f"Bearer {token}"))
    answer = Answer()

    async def receive() -> dict[str, Any]:
        answer.taken += 1
        return await anext(parts)

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    await application(scope(given, **where), receive, send)
    return answer


async def _parts(body: bytes, size: int = 65536) -> AsyncIterator[dict[str, Any]]:
    for start in range(0, len(body), size) or [0]:
        more = start + size < len(body)
        yield {"type": "http.request", "body": body[start : start + size], "more_body": more}
    yield {"type": "http.disconnect"}


def post_now(application: Any, body: Any, token: str | None, *headers: tuple[str, str], **where: str) -> Answer:
    """POST from a test that is not asynchronous."""
    return asyncio.run(post(application, body, token, *headers, **where))
