"""No token, password, cookie or signed address is in what the portal logs, prints, counts or shows of a call."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.test import Client

from audit.models import Entry
from calls import commands
from calls.models import Call
from commsportal import worker
from directory import tokens
from directory.models import User
from graph import conf, delegated
from graph.auth import TokenSource
from graph.client import GraphClient
from graph.credentials import ClientCredentials
from graph.errors import GraphError
from graph.transport import Wire
from routing.models import Line
from tests.calls.service import Service, error, incoming
from tests.graph.fake_service import Authority, FakeService, Reply
from tests.people import OIDS, api, tenant_id
from tests.webhooks.issuer import Issuer
from tests.webhooks.notifications import body, item, new_call
from tests.webhooks.posting import post_now
from webhooks.intake import Intake
from webhooks.writer import Writer

pytestmark = [pytest.mark.case(54), pytest.mark.django_db(transaction=True)]
CALL = "2e1a0b00-2db4-4022-9570-243709c565ab"
SIGNED = "https://media.example/recording?sig=canary-address"
RECORDED = "canary-recording-token"
logger = logging.getLogger(__name__)


class Said:
    """What was logged, at any level, and printed."""

    def __init__(self, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
        self.caplog, self.capfd = caplog, capfd

    def assert_without(self, *secrets: str) -> None:
        """Assert that nothing said so far holds one of the secrets."""
        logger.debug("all heard")
        printed = self.capfd.readouterr()
        records = self.caplog.get_records("setup") + self.caplog.get_records("call")
        text = "\n".join(map(self.caplog.handler.format, records)) + printed.out + printed.err
        assert "all heard" in text
        assert [secret for secret in secrets if secret in text] == []


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Said:
    """Listen to everything from here on."""
    caplog.set_level(logging.DEBUG)
    return Said(caplog, capfd)


def test_what_people_and_scripts_show_themselves_with(said: Said, rita: User, quick_hasher: None) -> None:
    right, wrong = "a staple of the correct horse", "canary-typed-password"
    User.objects.filter(pk=rita.pk).update(password=make_password(right))
    token = tokens.issue(rita)
    browser = Client(HTTP_HOST=f"localhost:{settings.PORT}")
    for word in (wrong, right):
        browser.post("/sign-in/", {"username": "rita", "password": word})
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME].value
    for header in (f"Bearer {token}", f"Bearer {token}x", f"Bearer canary {token}"):
        Client().get("/api/v1/calls/?live=perhaps", HTTP_AUTHORIZATION=header)
    browser.get("/nothing-here/")
    said.assert_without(right, wrong, token, token.split("_", 2)[2], cookie)


@pytest.fixture
def quick_hasher(settings: Any) -> None:
    """Hash passwords fast."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeService]:
    """Return Graph and its login service over TLS."""
    authority = Authority(tmp_path_factory.mktemp("ca"))
    service = FakeService(authority.context("localhost"))
    service.ca = str(authority.file)  # type: ignore[attr-defined]
    yield service
    service.stop()


def lost(handler: Any) -> None:
    """Answer with nothing at all."""


def document_of(graph: FakeService, tenant: str) -> Reply:
    """Return a tenant's OpenID configuration."""
    base = f"{graph.url}/{tenant}"
    document = {
        "issuer": f"{base}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "jwks_uri": f"{base}/discovery/v2.0/keys",
    }
    return Reply(200, document)


FATES: dict[str, Callable[[], Reply]] = {
    "accepted": lambda: Reply(202),
    "refused token": lambda: Reply(401, {"error": {"code": "InvalidAuthenticationToken", "message": "no"}}),
    "forbidden": lambda: Reply(403, {"error": {"code": "7504", "message": "no"}}),
    "broken": lambda: Reply(500, b"<html>"),
    "lost": lambda: Reply(raw=lost),
}


@pytest.mark.parametrize("fate", FATES)
def test_what_the_portal_shows_itself_to_microsoft_with(said: Said, graph: FakeService, fate: str) -> None:
    tenant, secret, bought = tenant_id(), "canary-client-secret", "canary-graph-token"
    graph.on("GET", f"/{tenant}/v2.0/.well-known/openid-configuration", document_of(graph, tenant))
    granted = {"token_type": "Bearer", "expires_in": 3599, "access_token": bought}
    graph.on("POST", f"/{tenant}/oauth2/v2.0/token", Reply(200, granted))
    graph.on("POST", f"/v1.0/communications/calls/{CALL}/answer", FATES[fate]())
    wire = Wire(graph.ca)  # type: ignore[attr-defined]
    source = TokenSource(tenant, ClientCredentials(graph.url, tenant, CALL, lambda: secret, wire))
    client = GraphClient(f"{graph.url}/v1.0", tenant, source, wire)
    try:
        client.calls.answer(CALL, callback_uri="https://desk.example/webhooks/graph/calls?operation=canary-hint")
    except GraphError as failure:
        logger.error("%s %r", failure, failure, exc_info=failure)
    assert any(seen.headers.get("authorization") == f"Bearer {bought}" for seen in graph.seen)
    said.assert_without(secret, bought)


@pytest.mark.parametrize("is_taken", [True, False])
def test_what_somebody_who_has_signed_in_lets_the_portal_act_by(
    said: Said, graph: FakeService, settings: Any, is_taken: bool
) -> None:
    tenant, oid, kept, bought, fresh = tenant_id(), OIDS["max"], "canary-refresh", "canary-own", "canary-fresh"
    settings.GRAPH_LOGIN_URL, settings.GRAPH_CA_FILE = graph.url, graph.ca  # type: ignore[attr-defined]
    settings.GRAPH_URL, settings.GRAPH_CLIENT_SECRET = f"{graph.url}/v1.0", "canary-client-secret"
    graph.on("GET", f"/{tenant}/v2.0/.well-known/openid-configuration", document_of(graph, tenant))
    granted = {"token_type": "Bearer", "expires_in": 3599, "access_token": bought, "refresh_token": fresh}
    refused = {"error": "invalid_grant", "error_codes": [70008], "error_description": "expired"}
    answer = Reply(200, granted) if is_taken else Reply(400, refused)
    graph.on("POST", f"/{tenant}/oauth2/v2.0/token", answer)
    graph.on("GET", "/v1.0/me/onlineMeetings/m", Reply(403, {"error": {"code": "Forbidden", "message": "no"}}))
    told: list[str] = []
    try:
        delegated.client(tenant, oid, kept, told.append).meetings.get(oid, "m")
    except GraphError as failure:
        logger.error("%s %r", failure, failure, exc_info=failure)
    conf.wire.cache_clear()
    assert told == ([fresh] if is_taken else [])
    said.assert_without(kept, bought, fresh, "canary-client-secret")


@pytest.fixture
def intake() -> Iterator[tuple[Intake, Issuer]]:
    """Return an intake and who signs for it."""
    issuer = Issuer()
    made = Intake(issuer.verifier(), Writer())
    yield made, issuer
    made.stop()


def test_what_microsoft_shows_itself_with_and_hands_over_for_a_moment(
    said: Said, intake: tuple[Intake, Issuer], main: Line, rita: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, call_id = Service(), new_call()
    monkeypatch.setattr(conf, "client", service.client)
    service.states[call_id] = "incoming"
    good, bad = intake[1].token(), intake[1].token(aud="canary-audience")
    recorded = {
        "@odata.type": "#microsoft.graph.recordOperation",
        "status": "completed",
        "recordingLocation": SIGNED,
        "recordingAccessToken": RECORDED,
    }
    rung = item(call_id, resourceData={"@odata.type": "#microsoft.graph.call", "id": call_id} | incoming())
    told = item(call_id, "", "updated", resourceData=recorded)
    told["resourceUrl"] += f"/operations/{new_call()}"
    forged = told | {"resourceData": recorded | {"@odata.type": "#microsoft.graph.call", "tenantId": "other"}}
    assert post_now(intake[0], body(rung, told, forged, "malformed"), good).status == 202
    assert post_now(intake[0], body(told), bad).status == 401
    service.fail("redirect", error(403, "7504", "no"))
    worker.run_pending()
    call = Call.objects.get(graph_id=call_id)
    commands.redirect(call.pk, rita)
    worker.run_pending()
    secrets = (good, bad, good.rpartition(".")[2], RECORDED, SIGNED, "canary-address", "Bearer token")
    said.assert_without(*secrets)
    reader, shown = api(rita), []
    for path in ("calls/", f"calls/{call.pk}/", f"calls/{call.pk}/timeline/"):
        shown.append(reader.get(f"/api/v1/{path}").content.decode())
    shown += [Client().get("/metrics").content.decode(), *Entry.objects.values_list("text", flat=True)]
    assert [secret for secret in secrets if any(secret in one for one in shown)] == []
