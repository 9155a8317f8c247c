"""A body that is longer than any request's is refused before it is kept anywhere, whoever sends it."""

import asyncio
import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import RequestDataTooBig

from commsportal.api import OrjsonParser
from commsportal.asgi import http
from commsportal.limits import MOST_DISCARDED, Bounded
from directory.models import User
from tests.people import api

LONGEST = 100
PART = b"x" * 65_536


class Exchange:
    """One request, part by part, and what was answered."""

    def __init__(self, parts: Iterator[bytes], length: int | None = None, path: str = "/sign-in/") -> None:
        declared = [(b"content-length", str(length).encode())] if length is not None else []
        chunked = [] if declared else [(b"transfer-encoding", b"chunked")]
        self.scope: dict[str, Any] = {"type": "http", "method": "POST", "path": path, "query_string": b""}
        self.scope["headers"] = [(b"host", b"localhost:8000"), *declared, *chunked]
        self.parts = parts
        self.taken = 0
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        part = next(self.parts, b"")
        self.taken += len(part)
        return {"type": "http.request", "body": part, "more_body": bool(part)}

    async def send(self, message: Any) -> None:
        self.sent.append(dict(message))

    def ask(self, application: Any) -> int:
        asyncio.run(application(self.scope, self.receive, self.send))
        return int(self.sent[0]["status"])


class Echo:
    """An application that reads all there is, notes it, and says how long it was told that it is."""

    body: bytes | None = None
    length = b""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.body, more = b"", True
        while more:
            message = await receive()
            self.body, more = self.body + message["body"], message["more_body"]
        self.length = dict(scope["headers"]).get(b"content-length", b"")
        await send({"type": "http.response.start", "status": 200, "headers": []})


def parts(*sizes: int) -> Iterator[bytes]:
    return iter([b"x" * size for size in sizes])


@pytest.mark.parametrize("length", [LONGEST + 1, MOST_DISCARDED + 1, 10**15])
def test_who_declares_too_much_is_told_so_in_a_problem_document(length: int) -> None:
    echo, exchange = Echo(), Exchange(parts(60, 60), length)
    assert exchange.ask(Bounded(echo, LONGEST)) == 413
    assert echo.body is None
    headers, problem = dict(exchange.sent[0]["headers"]), json.loads(exchange.sent[1]["body"])
    assert headers[b"content-type"] == b"application/problem+json" and headers[b"connection"] == b"close"
    assert (problem["status"], problem["code"]) == (413, "too_long") and problem["detail"]


def test_of_a_body_without_end_no_more_is_read_than_lets_its_sender_hear_of_it() -> None:
    echo, exchange = Echo(), Exchange(iter(lambda: PART, b""))
    assert exchange.ask(Bounded(echo, LONGEST)) == 413
    assert echo.body is None and exchange.taken <= MOST_DISCARDED + len(PART)


@pytest.mark.parametrize("sizes", [(), (1,), (60, 40), (100,)])
def test_a_body_of_undeclared_length_arrives_whole_and_with_its_length(sizes: tuple[int, ...]) -> None:
    echo = Echo()
    assert Exchange(parts(*sizes)).ask(Bounded(echo, LONGEST)) == 200
    assert echo.body == b"x" * sum(sizes) and echo.length == (str(sum(sizes)).encode() if sizes else b"")


def test_a_body_of_a_declared_length_within_the_limit_is_left_alone() -> None:
    echo = Echo()
    assert Exchange(parts(60, 40), LONGEST).ask(Bounded(echo, LONGEST)) == 200
    assert echo.body == b"x" * 100 and echo.length == b"100"


def test_who_leaves_is_not_answered() -> None:
    exchange = Exchange(parts(60))

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    asyncio.run(Bounded(Echo(), LONGEST)(exchange.scope, receive, exchange.send))
    assert exchange.sent == []


@pytest.mark.parametrize("path", ["/sign-in/", "/api/v1/me/", "/admin/"])
def test_the_whole_portal_is_behind_the_limit(path: str) -> None:
    declared = Exchange(parts(10), settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1, path)
    assert declared.ask(http) == 413
    assert Exchange(iter(lambda: PART, b""), path=path).ask(http) == 413


def test_the_parser_reads_one_byte_more_than_it_takes() -> None:
    longest = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    stream = BytesIO(b" " * (longest + 1000))
    with pytest.raises(RequestDataTooBig):
        OrjsonParser().parse(stream)
    assert stream.tell() == longest + 1
    assert OrjsonParser().parse(BytesIO(b"{}" + b" " * (longest - 2))) == {}


@pytest.mark.parametrize("header", [{}, {"HTTP_IDEMPOTENCY_KEY": "k"}])
@pytest.mark.django_db
def test_a_view_refuses_it_too_where_no_server_did(rita: User, header: dict[str, str]) -> None:
    path = "/api/v1/calls/00000000-0000-4000-8000-000000000000/claim/"
    body = b'{"fence": 1' + b" " * settings.DATA_UPLOAD_MAX_MEMORY_SIZE + b"}"
    answer = api(rita).generic("POST", path, body, content_type="application/json", **header)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_long")
