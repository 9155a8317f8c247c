"""What nobody sends by mistake: answered as a problem of the sender, never as one of the portal."""

import base64
import json
import uuid
from typing import Any

import pytest
from django.test import Client

from calls.models import Call
from directory import tokens
from directory.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def bearer(rita: User) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens.issue(rita, 'odd', 1)}"}


BODIES = {
    "nested without end": b'{"fence":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "longer than any": b'{"fence":"' + b"x" * 3_000_000 + b'"}',
    "half a surrogate pair as a name": b'{"\\ud800": 1}',
    "half a surrogate pair": b'{"fence": "\\ud800"}',
    "NUL as a name": b'{"\\u0000": 1}',
    "not a number": b'{"fence": NaN}',
    "UTF-16": '{"fence": 1}'.encode("utf-16"),
    "not UTF-8": b'{"fence": "\xff"}',
    "cut off": b'{"fence": ',
    "6000 digits": b'{"fence": ' + b"1" * 6000 + b"}",
}


@pytest.mark.parametrize("with_key", [False, True])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_no_body_brings_an_action_down(
    client: Client, bearer: dict[str, str], ringing: Call, body: bytes, with_key: bool
) -> None:
    headers = bearer | ({"Idempotency-Key": str(uuid.uuid4())} if with_key else {})
    path = f"/api/v1/calls/{ringing.pk}/claim/"
    answer = client.post(path, data=body, content_type="application/json", headers=headers)
    assert answer.status_code in (400, 413)
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code


def cursor(values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "values",
    [
        ["0001-01-01T00:00:00+14:00", str(uuid.uuid4())],
        ["9999-12-31T23:59:59-14:00", str(uuid.uuid4())],
        ["2026-01-01T00:00:00", str(uuid.uuid4())],
        ["2026-01-01", "\x00"],
        ["\x00", "\x00"],
        ["yesterday", "x"],
        ["a"],
        {"a": 1},
    ],
)
def test_no_cursor_brings_a_list_down(client: Client, bearer: dict[str, str], ringing: Call, values: Any) -> None:
    answer = client.get("/api/v1/calls/", {"cursor": cursor(values)}, headers=bearer)
    assert answer.status_code == 400 and "cursor" in answer.json()["errors"]
