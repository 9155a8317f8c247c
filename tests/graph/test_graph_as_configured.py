"""Clients and verifiers as the settings describe them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

from graph import conf
from graph.errors import NotSent, Refused
from graph.signatures import ForeignTenant, NoKeys
from tests.graph.conftest import TENANT
from tests.graph.fake_service import FakeService, Reply
from tests.graph.signing import NOW, claims, header, jwk, key, token

OTHER = "0d8f4a52-7a9e-4a4c-8a3c-1b1f9b8f2b11"
CLIENT = "f2f0a1de-52c5-4a60-9c1c-1b9d1f6a7a01"
CALL = "2e1a0b00-2db4-4022-9570-243709c565ab"


@pytest.fixture
def configured(service: FakeService, ca_file: Path, settings: Any) -> Iterator[Any]:
    """Point the settings at the fake service, as a real tenant's would be."""
    settings.GRAPH_URL = f"{service.url}/v1.0"
    settings.GRAPH_LOGIN_URL = service.url
    settings.GRAPH_CA_FILE = str(ca_file)
    settings.GRAPH_TENANT_IDS = [TENANT]
    settings.GRAPH_CLIENT_ID = CLIENT
    settings.GRAPH_CLIENT_SECRET = "s3cret"
    settings.GRAPH_CLIENT_SECRET_FILE = ""
    settings.GRAPH_CERTIFICATE_FILE = ""
    settings.GRAPH_CERTIFICATE_THUMBPRINT = ""
    settings.CALLBACK_OPENID_URLS = [f"{service.url}/callbacks/openid"]
    settings.CALLBACK_ISSUERS = ["https://graph.microsoft.com"]
    settings.CALLBACK_AUDIENCE = CLIENT
    settings.CALLBACK_CLOCK_SKEW = 60
    for tenant in (TENANT, OTHER):
        login(service, tenant)
    service.on("GET", "/callbacks/openid", Reply(200, {"jwks_uri": f"{service.url}/callbacks/keys"}))
    service.on("GET", "/callbacks/keys", Reply(200, {"keys": [jwk(key(1), "k1")]}))
    yield settings
    conf.wire.cache_clear()


def login(service: FakeService, tenant: str) -> None:
    base = f"{service.url}/{tenant}"
    document = {
        "issuer": f"{base}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "jwks_uri": f"{base}/discovery/v2.0/keys",
    }
    service.on("GET", f"/{tenant}/v2.0/.well-known/openid-configuration", Reply(200, document))
    service.on("GET", f"/{tenant}/discovery/v2.0/keys", Reply(200, {"keys": [jwk(key(1), "k1")]}))
    granted = {"token_type": "Bearer", "expires_in": 3599, "access_token": f"token-of-{tenant}"}
    service.on("POST", f"/{tenant}/oauth2/v2.0/token", Reply(200, granted))


@pytest.mark.control("O5")
def test_a_client_is_made_once_per_tenant_and_asks_with_that_tenants_token(
    configured: Any, service: FakeService
) -> None:
    configured.GRAPH_TENANT_IDS = [TENANT, OTHER]
    service.on("DELETE", f"/v1.0/communications/calls/{CALL}", Reply(204))
    for tenant in (TENANT, OTHER, TENANT.upper(), ""):
        conf.client(tenant).calls.delete(CALL)
    assert conf.client(TENANT) is conf.client("") is conf.client(TENANT.upper())
    assert conf.client(OTHER).app_id == CLIENT
    sent = [seen.headers["authorization"] for seen in service.of(f"/v1.0/communications/calls/{CALL}")]
    assert sent == [f"Bearer token-of-{tenant}" for tenant in (TENANT, OTHER, TENANT, TENANT)]


@pytest.mark.control("O5")
@pytest.mark.parametrize("tenant", [OTHER, "common", "../x"])
def test_a_tenant_that_is_not_configured_has_no_client(configured: Any, tenant: str) -> None:
    with pytest.raises(Refused) as caught:
        conf.client(tenant)
    assert caught.value.code == "ForeignTenant"


def test_without_any_tenant_there_is_no_client(configured: Any) -> None:
    configured.GRAPH_TENANT_IDS = []
    with pytest.raises(Refused):
        conf.client()
    with pytest.raises(NoKeys):
        conf.verifier()


@pytest.mark.control("O4")
def test_settings_that_would_send_secrets_in_the_clear_are_refused(configured: Any) -> None:
    for name in ("GRAPH_URL", "GRAPH_LOGIN_URL"):
        good = getattr(configured, name)
        setattr(configured, name, good.replace("https:", "http:"))
        with pytest.raises(Refused) as caught:
            conf.client(TENANT)
        assert caught.value.code == "Misconfigured"
        setattr(configured, name, good)
    configured.CALLBACK_OPENID_URLS = ["http://localhost:8100/openid"]
    with pytest.raises(NoKeys, match="https"):
        conf.verifier()


def test_a_secret_file_may_come_late(configured: Any, service: FakeService, tmp_path: Path) -> None:
    late = tmp_path / "secret"
    configured.GRAPH_CLIENT_SECRET = ""
    configured.GRAPH_CLIENT_SECRET_FILE = str(late)
    credential = conf._Configuration.read().credential
    with pytest.raises(NotSent, match="secret"):
        credential()
    late.write_text("from-the-file\n")
    assert credential() == "from-the-file"


def test_without_a_credential_nothing_is_sent(configured: Any, service: FakeService) -> None:
    configured.GRAPH_CLIENT_SECRET = ""
    with pytest.raises(NotSent) as caught:
        conf.client(TENANT).calls.delete(CALL)
    assert caught.value.code == "NoCredential"
    assert service.seen == []


@pytest.mark.parametrize("thumbprint", ["", "AB:CD"])
def test_a_certificate_file_goes_before_the_secret(configured: Any, tmp_path: Path, thumbprint: str) -> None:
    pem = tmp_path / "desk.pem"
    pem.write_text("PEM")
    configured.GRAPH_CERTIFICATE_FILE = str(pem)
    configured.GRAPH_CERTIFICATE_THUMBPRINT = thumbprint
    known = {"thumbprint": "ABCD"} if thumbprint else {"public_certificate": "PEM"}
    assert conf._Configuration.read().credential() == {"private_key": "PEM"} | known


@pytest.mark.control("P2")
def test_secrets_do_not_show_in_descriptions(configured: Any) -> None:
    assert "s3cret" not in repr(conf._Configuration.read())


@pytest.mark.case(23)
def test_warming_up_fetches_tokens_and_keys_before_anyone_asks(configured: Any, service: FakeService) -> None:
    conf.warm_up(wait=10)
    (source,) = conf._keeper().sources()
    assert source.bearer() == f"token-of-{TENANT}"  # waits for the fetch that is under way, starts none of its own
    assert [status.tenant_id for status in conf.token_statuses()] == [TENANT]
    assert [status["keys"] for status in conf.key_statuses()] == [1]
    assert len(service.of(f"/{TENANT}/oauth2/v2.0/token")) == 1
    with pytest.raises(Exception, match="expired"):
        conf.verifier().verify(token(body=claims(aud=CLIENT, exp=1000, nbf=0)))


@pytest.mark.django_db
def test_tokens_are_in_memory_and_nowhere_else(configured: Any, tmp_path: Path) -> None:
    configured.DATA_DIR = tmp_path
    conf.warm_up()
    (source,) = conf._keeper().sources()
    token = source.bearer().encode()
    assert [file for file in tmp_path.rglob("*") if file.is_file() and token in file.read_bytes()] == []
    rows = [repr(row) for model in apps.get_models() for row in model._default_manager.values_list()]
    assert not any(token.decode() in row for row in rows)


def test_warming_up_without_any_settings_is_no_failure(configured: Any) -> None:
    configured.GRAPH_TENANT_IDS = []
    conf.warm_up()
    assert conf.token_statuses() == conf.key_statuses() == []


def test_observers_are_told_of_requests_and_cannot_break_them(configured: Any, service: FakeService) -> None:
    told: list[tuple[str, str, int]] = []

    def broken(*_: object) -> None:
        raise RuntimeError("a broken counter")

    conf.observe(broken)
    conf.observe(lambda method, template, status, seconds: told.append((method, template, status)))
    service.on("DELETE", f"/v1.0/communications/calls/{CALL}", Reply(204))
    conf.client(TENANT).calls.delete(CALL)
    conf._observers.clear()
    assert told == [("DELETE", "/communications/calls/{call}", 204)]


def test_people_are_signed_in_by_msal_and_their_tokens_verified_by_us(
    configured: Any, service: FakeService
) -> None:
    application = conf.sign_in_application(TENANT)
    flow = application.initiate_auth_code_flow([], redirect_uri="https://desk.contoso.example/back")
    assert flow["auth_uri"].startswith(f"{service.url}/{TENANT}/oauth2/v2.0/authorize?")
    verifier = conf.sign_in_verifier(TENANT)
    assert verifier.warm(10)
    issuer = f"{service.url}/{TENANT}/v2.0"
    good = claims(iss=issuer, aud=CLIENT, exp=2**35, nbf=NOW - 10**9, oid="rita")
    assert verifier.verify(token(header(), good)).values["oid"] == "rita"
    with pytest.raises(ForeignTenant):
        verifier.verify(token(header(), good | {"tid": OTHER}))
    verifier.keys.stop()


def test_one_verifier_serves_the_process(configured: Any) -> None:
    assert conf.verifier() is conf.verifier()


def test_a_token_is_never_parsed_by_us(configured: Any, service: FakeService) -> None:
    """Graph's access tokens are opaque (REFERENCE 24.1): one that is no JWT works as well."""
    opaque = base64.b64encode(json.dumps({"roles": []}).encode()).decode()
    granted = {"token_type": "Bearer", "expires_in": 3599, "access_token": opaque}
    service.on("POST", f"/{TENANT}/oauth2/v2.0/token", Reply(200, granted))
    service.on("DELETE", f"/v1.0/communications/calls/{CALL}", Reply(204))
    conf.client(TENANT).calls.delete(CALL)
    assert service.of(f"/v1.0/communications/calls/{CALL}")[0].headers["authorization"] == f"Bearer {opaque}"
