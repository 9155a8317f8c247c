"""Both error shapes, Retry-After in both forms, missing permissions (REFERENCE 2.1, 16)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from graph.client import GraphClient
from graph.errors import (
    Forbidden,
    GraphError,
    NotFound,
    PreconditionFailed,
    Refused,
    ServerFault,
    Throttled,
    Unauthorized,
    from_answer,
    retry_after,
)
from graph.types import Target
from tests.graph.conftest import FixedTokens
from tests.graph.fake_service import FakeService, Reply

CALL = "2e1a0b00-2db4-4022-9570-243709c565ab"
PATH = f"/v1.0/communications/calls/{CALL}"


def body(code: str, message: str = "m", inner: str = "innerError") -> dict[str, Any]:
    return {"error": {"code": code, "message": message, inner: {"request-id": "r-1", "date": "d"}}}


def nested(code: str) -> dict[str, Any]:
    text = json.dumps({"errorCode": code, "message": "inside", "instanceAnnotations": []})
    return body("UnknownError", text)


def error(status: int, content: Any, headers: dict[str, str] | None = None, **known: Any) -> GraphError:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return from_answer(status, headers or {}, raw, repeatable=known.pop("repeatable", False), **known)


@pytest.mark.parametrize(
    ("status", "content", "kind", "code", "subcode"),
    [
        (400, body("BadRequest"), Refused, "BadRequest", None),
        (400, body("8523"), Refused, "8523", 8523),
        (400, nested("8523"), Refused, "8523", 8523),
        (403, body("7504"), Forbidden, "7504", 7504),
        (403, nested("7504"), Forbidden, "7504", 7504),
        (404, body("8522"), NotFound, "8522", 8522),
        (404, nested("8522"), NotFound, "8522", 8522),
        (404, body("Request_ResourceNotFound"), NotFound, "Request_ResourceNotFound", None),
        (400, body("8528"), NotFound, "8528", 8528),
        (400, body("8587"), NotFound, "8587", 8587),
        (409, body("8519"), Refused, "8519", 8519),
        (412, body("8583"), Refused, "8583", 8583),
        (412, body("ErrorIrresolvableConflict"), PreconditionFailed, "ErrorIrresolvableConflict", None),
        (401, body("InvalidAuthenticationToken"), Unauthorized, "InvalidAuthenticationToken", None),
        (429, body("TooManyRequests"), Throttled, "TooManyRequests", None),
        (400, body("8516"), Throttled, "8516", 8516),
        (403, body("8529"), Throttled, "8529", 8529),
        (403, nested("8530"), Throttled, "8530", 8530),
        (500, body("9999"), ServerFault, "9999", 9999),
        (503, b"", ServerFault, "", None),
        (502, b"<html>Bad gateway</html>", ServerFault, "", None),
        (302, b"", Refused, "", None),
    ],
)
def test_an_answer_becomes_the_error_that_names_it(
    status: int, content: Any, kind: type[GraphError], code: str, subcode: int | None
) -> None:
    found = error(status, content)
    assert (type(found), found.status, found.code, found.subcode) == (kind, status, code, subcode)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe",
        b"[" * 100_000,
        b"null",
        b"[]",
        b'{"error": "text"}',
        b'{"error": {"code": ["8522"], "message": {"a": 1}, "innerError": 7}}',
        b'{"error": {"code": 400, "message": "{broken"}}',
        b'{"error": {"message": "[]"}}',
        b'{"error": {"code": "' + b"9" * 5000 + b'"}}',
        b'{"error": {"code": ' + b"9" * 5000 + b"}}",
    ],
)
def test_a_malformed_error_body_is_still_an_error(content: bytes) -> None:
    found = error(400, content)
    assert type(found) is Refused
    assert found.message


@pytest.mark.parametrize("inner", ["innerError", "innererror"])
def test_the_request_id_is_found_in_the_body_or_the_headers(inner: str) -> None:
    assert error(400, body("x", inner=inner)).request_id == "r-1"
    assert error(400, b"", {"request-id": "r-2"}).request_id == "r-2"


def test_only_what_cannot_do_harm_is_retryable() -> None:
    assert error(429, b"").retryable
    assert error(429, b"", repeatable=True).retryable
    assert not error(503, b"").retryable
    assert error(503, b"", repeatable=True).retryable
    assert not error(400, b"", repeatable=True).retryable
    assert not error(404, b"", repeatable=True).retryable


@pytest.mark.case(33)
@pytest.mark.parametrize(
    ("code", "named"), [("7504", True), ("Authorization_RequestDenied", True), ("7503", False), ("7505", False)]
)
def test_a_missing_permission_is_named_where_a_role_is_what_lacks(code: str, named: bool) -> None:
    found = error(403, body(code), permission="Calls.Initiate.All")
    assert found.permission == ("Calls.Initiate.All" if named else "")
    assert not found.retryable
    assert ("Calls.Initiate.All" in str(found)) is named


@pytest.mark.case(33)
def test_each_request_names_its_own_permission(service: FakeService, graph: GraphClient) -> None:
    target = Target("user", CALL)
    asks = {
        "/redirect": lambda: graph.calls.redirect(CALL, targets=[target]),
        "/transfer": lambda: graph.calls.transfer(CALL, target=target),
        "/answer": lambda: graph.calls.answer(CALL, callback_uri="https://x.example/"),
        "/reject": lambda: graph.calls.reject(CALL),
    }
    needed = {}
    for action, ask in asks.items():
        service.on("POST", PATH + action, Reply(403, body("7504")))
        with pytest.raises(Forbidden) as caught:
            ask()
        needed[action] = caught.value.permission
    with pytest.raises(Forbidden) as caught:
        graph.calls.answer(CALL, callback_uri="https://x.example/", in_group=True)
    assert caught.value.permission == "Calls.JoinGroupCall.All"
    service.on("GET", "/v1.0/users", Reply(403, body("Authorization_RequestDenied")))
    with pytest.raises(Forbidden) as caught:
        list(graph.users.iterate())
    assert needed == {
        "/redirect": "Calls.Initiate.All",
        "/transfer": "Calls.Initiate.All",
        "/answer": "",
        "/reject": "",
    }
    assert caught.value.permission == "User.Read.All"


def test_a_token_refused_twice_is_unauthorized(
    service: FakeService, graph: GraphClient, tokens: FixedTokens
) -> None:
    service.on("GET", PATH, Reply(401, body("InvalidAuthenticationToken")))
    with pytest.raises(Unauthorized):
        graph.calls.get(CALL)
    assert len(service.seen) == 2
    assert tokens.dropped == ["token-1"]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2", 2.0),
        ("2.128", 2.128),
        (" 10 ", 10.0),
        ("0", 0.0),
        ("999999999", 86_400.0),
        ("Fri, 20 Nov 2026 10:00:30 GMT", 30.0),
        ("Fri, 20 Nov 2026 09:00:00 GMT", 0.0),
        ("Friday, 20-Nov-26 10:00:30 GMT", 30.0),
        ("", None),
        ("-1", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("1e9", None),
        ("9" * 400, None),
        ("Fri, 99 Nov 2026 10:00:30 GMT", None),
    ],
)
def test_retry_after_is_read_in_both_forms(value: str, seconds: float | None) -> None:
    headers = {"retry-after": value, "date": "Fri, 20 Nov 2026 10:00:00 GMT"}
    assert retry_after(headers) == seconds


def test_a_date_without_the_servers_own_date_is_compared_with_our_clock() -> None:
    assert retry_after({"retry-after": "Fri, 20 Nov 2020 10:00:00 GMT"}) == 0.0
    assert retry_after({"retry-after": "Fri, 20 Nov 2999 10:00:00 GMT"}) == 86_400.0


@pytest.mark.case(32)
@pytest.mark.parametrize(("header", "seconds"), [({"Retry-After": "2.5"}, 2.5), ({}, None)])
def test_throttling_reaches_the_caller_with_its_pause(
    service: FakeService, graph: GraphClient, header: dict[str, str], seconds: float | None
) -> None:
    service.on("POST", f"{PATH}/reject", Reply(429, body("TooManyRequests"), header))
    with pytest.raises(Throttled) as caught:
        graph.calls.reject(CALL)
    assert caught.value.retryable
    assert caught.value.retry_after == seconds
