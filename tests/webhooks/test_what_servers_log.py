"""What both servers log, at the lowest level, while they are shown secrets: lines of JSON without any."""

import hashlib
from pathlib import Path

import orjson
import pytest

from directory import tokens
from directory.models import User
from tests.graph.fake_service import Authority
from tests.webhooks.issuer import Issuer
from tests.webhooks.posting import PATH
from tests.webhooks.serving import SERVERS, start

pytestmark = pytest.mark.django_db(transaction=True)
METRICS, KEY, CLIENT_SECRET = "canary-metrics-token", "canary-secret-key-" * 4, "canary-client-secret"
COOKIE, TYPED, STATE = "canary0session0cookie", "canary-typed-password", "canary-sign-in-code"
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.mark.control("S2")
@pytest.mark.control("P3")
@pytest.mark.parametrize("kind", SERVERS)
def test_no_secret_that_was_shown_is_logged(
    kind: str, signer: tuple[Issuer, Authority], rita: User, tmp_path: Path
) -> None:
    token, callback = tokens.issue(rita), signer[0].token()
    secrets = {"METRICS_TOKEN": METRICS, "SECRET_KEY": KEY, "GRAPH_CLIENT_SECRET": CLIENT_SECRET}
    server = start(kind, signer, tmp_path, LOG_LEVEL="DEBUG", **secrets)
    cookie = {"Cookie": f"portal={COOKIE}"}
    for query in (f"token={token}", f"since=1&access_token={token}", f"authorization=Bearer%20{token}"):
        assert server.ask("GET", f"/ws/console?{query}", **HANDSHAKE)[0] in (400, 403)
        assert server.ask("GET", f"/ws/console?{query}", **HANDSHAKE, Authorization=f"Bearer {token}")[0] == 403
        assert server.ask("GET", f"/api/v1/me/?{query}", **cookie)[0] == 401
    assert server.ask("GET", "/metrics", Authorization=f"Bearer {METRICS}")[0] == 200
    assert server.ask("GET", "/api/v1/me/", Authorization=f"Bearer {token}")[0] == 200
    assert server.ask("POST", PATH, b"{", Authorization=f"Bearer {callback}")[0] == 400
    assert (
        server.ask("GET", f"/sign-in/microsoft/callback/?code={STATE}&state={STATE}", Host="localhost")[0] == 302
    )
    form = f"username=rita&password={TYPED}".encode()
    asked = {"Content-Type": "application/x-www-form-urlencoded", **cookie}
    assert server.ask("POST", "/sign-in/", form, **asked)[0] == 403
    assert server.ask("GET", "/nothing%0d%0a%1b%5b31m%7b%22level%22%3a%22ERROR%22%7d/", **cookie)[0] in (302, 404)
    server.end()
    lines = [orjson.loads(line) for line in server.output().splitlines()]
    assert any("request_id" in line for line in lines)
    shown = (token, token[-20:], callback, callback[-40:], METRICS, KEY, CLIENT_SECRET, COOKIE, TYPED, STATE)
    assert [secret for secret in shown if secret in server.output()] == []
    assert hashlib.sha256(token.encode()).hexdigest() not in server.output()
