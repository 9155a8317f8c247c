"""Whatever a stranger has written into the log, a record is one line of JSON."""

import logging
import sys
from typing import Any

import orjson
import pytest

from commsportal import redaction, tracing
from commsportal.logs import JsonFormatter

FORGED = 'ringing\r\n{"level": "ERROR"}\x1b[31m\x00\u2028end'


@pytest.mark.control("P3")
def test_control_characters_end_no_line() -> None:
    record = logging.LogRecord("calls", logging.INFO, "x", 1, "from %s", (FORGED,), None)
    line = JsonFormatter().format(record)
    assert not any(character < " " for character in line)
    assert orjson.loads(line)["message"] == f"from {FORGED}"


SECRETS = {
    "bearer": ("Authorization: Bearer canary-0123456789", "canary"),
    "scheme alone": ("sent bearer canary.0123456789 away", "canary"),
    "basic": ("Basic Y2FuYXJ5OmNhbmFyeQ==", "Y2FuYXJ5"),
    "token of ours": ("token cp_0123abcd_canary-canary-canary refused", "canary"),
    "JWT": ("got eyJhbGciOiJSUzI1NiJ9.eyJjYW5hcnkiOjF9.c2lnbmF0dXJl", "eyJjYW5hcnkiOjF9"),
    "JWT cut off": ("got eyJhbGciOiJSUzI1NiJ9.eyJjYW5hcnkiOjF9", "eyJjYW5hcnkiOjF9"),
    "password in a form": ("username=rita&password=canary&next=/", "canary"),
    "password in JSON": ('{"password": "canary", "username": "rita"}', "canary"),
    "password in quoted JSON": ('"{\\"password\\": \\"canary\\"}"', "canary"),
    "password in a mapping": ("{'password': 'canary'}", "canary"),
    "client secret": ("client_secret=canary&grant_type=x", "canary"),
    "recording token": ('"recordingAccessToken": "canary"', "canary"),
    "refresh token": ("refresh_token: canary", "canary"),
    "session cookie": ("Cookie: portal=canary; portal-csrf=canary2", "canary"),
    "secure cookie": ("__Host-portal=canary", "canary"),
    "signed address": ("GET https://media.example/a.wav?se=2026&sig=canary failed", "canary"),
    "code of a sign-in": ("/sign-in/microsoft/callback/?code=canary&state=canary", "canary"),
    "socket": ("GET /ws/console?since=1&token=canary HTTP/1.1", "canary"),
    "database": ("connect to postgresql://portal:canary@db/portal failed", "canary"),
    "private key": ("-----BEGIN PRIVATE KEY-----\nMIIEcanary\n-----END PRIVATE KEY-----", "MIIEcanary"),
}


def written(text: str, **fields: object) -> str:
    """Return the line that a record of this text becomes."""
    record = logging.LogRecord("calls", logging.INFO, "x", 1, text, (), None)
    record.__dict__.update(fields)
    return JsonFormatter().format(record)


@pytest.mark.control("P3")
@pytest.mark.parametrize("kind", SECRETS)
def test_secrets_are_known_by_their_form(kind: str) -> None:
    text, secret = SECRETS[kind]
    assert secret in text and secret not in written(text)
    try:
        raise ValueError(text)
    except ValueError:
        line = written("failed", exc_info=sys.exc_info())
    assert secret not in line and "ValueError" in line
    with tracing.about(graph_call_id=text):
        assert secret not in written("ringing")


@pytest.mark.control("P3")
def test_secrets_of_the_settings_are_known_by_their_value(settings: Any) -> None:
    assert settings.SECRET_KEY in settings.LOGGING["secrets"]
    redaction.hide("hunter22-canary", "", "short")
    assert settings.SECRET_KEY not in written(f"key {settings.SECRET_KEY} is")
    assert orjson.loads(written("hunter22-canary is a short word"))["message"] == "[redacted] is a short word"


@pytest.mark.control("P3")
@pytest.mark.parametrize(
    "text",
    [
        "no token for tenant 11111111-1111-4111-8111-111111111111: no connection",
        "token endpoint failed for tenant x: refused (7000215)",
        "notification refused (401, no bearer token); 3 more before",
        "Not Found: /calls/2e1a0b00-2db4-4022-9570-243709c565ab/",
        "the database could not be asked: is it there? No",
        "Forbidden (CSRF token missing.): /api/v1/calls/",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert orjson.loads(written(text))["message"] == text
