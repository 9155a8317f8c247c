"""MSAL against a login service over TLS: secret, certificate, refusals, bounds (REFERENCE 24, O2, O5, O6)."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from graph.auth import TokenSource
from graph.credentials import ClientCredentials, Credential
from graph.errors import NotSent
from graph.transport import Wire
from tests.graph.conftest import TENANT
from tests.graph.fake_service import FakeService, Reply

CLIENT = "f2f0a1de-52c5-4a60-9c1c-1b9d1f6a7a01"
OTHER = "0d8f4a52-7a9e-4a4c-8a3c-1b1f9b8f2b11"


def discovery(service: FakeService, tenant: str = TENANT, **changes: Any) -> None:
    base = f"{service.url}/{tenant}"
    document = {
        "issuer": f"{base}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "jwks_uri": f"{base}/discovery/v2.0/keys",
    }
    service.on("GET", f"/{tenant}/v2.0/.well-known/openid-configuration", Reply(200, document | changes))


def token_path(tenant: str = TENANT) -> str:
    return f"/{tenant}/oauth2/v2.0/token"


def issued(value: str, **more: Any) -> Reply:
    return Reply(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": value} | more)


def refused(error: str, number: int, status: int = 401) -> Reply:
    text = f"AADSTS{number}: No.\r\nTrace ID: x\r\nTimestamp: y"
    return Reply(status, {"error": error, "error_description": text, "error_codes": [number]})


def credentials(
    service: FakeService, wire: Wire, credential: Credential = "s3cret", tenant: str = TENANT
) -> ClientCredentials:
    return ClientCredentials(service.url, tenant, CLIENT, lambda: credential, wire)


def test_a_secret_buys_a_token(service: FakeService, wire: Wire) -> None:
    discovery(service)
    service.on("POST", token_path(), issued("abc"))
    token = credentials(service, wire)()
    assert (token.value, token.lifetime) == ("abc", 3599)
    form = service.of(token_path())[0].form
    assert form["grant_type"] == "client_credentials"
    assert form["client_id"] == CLIENT
    assert form["client_secret"] == "s3cret"
    assert form["scope"] == "https://graph.microsoft.com/.default"
    assert "abc" not in repr(token)


@pytest.mark.parametrize(("told", "lifetime"), [("3599", 3599), (-1, 60), (True, 60), ("9" * 40, 60)])
def test_a_lifetime_may_be_told_as_text(service: FakeService, wire: Wire, told: object, lifetime: float) -> None:
    discovery(service)
    service.on("POST", token_path(), issued("abc", expires_in=told))
    assert credentials(service, wire)().lifetime == lifetime


def certificate_pem() -> tuple[rsa.RSAPrivateKey, str]:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "desk")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return key, (private + certificate.public_bytes(serialization.Encoding.PEM)).decode()


@pytest.mark.parametrize("by", ["thumbprint", "public_certificate"])
def test_a_certificate_buys_a_token_by_a_signed_assertion(service: FakeService, wire: Wire, by: str) -> None:
    key, pem = certificate_pem()
    discovery(service)
    service.on("POST", token_path(), issued("abc"))
    known = {"thumbprint": "a" * 40, "public_certificate": pem}[by]
    assert credentials(service, wire, {"private_key": pem, by: known})().value == "abc"
    form = service.of(token_path())[0].form
    assert form["client_assertion_type"].endswith(":jwt-bearer")
    assertion = jwt.decode(
        form["client_assertion"],
        key.public_key(),
        algorithms=["RS256", "PS256"],
        audience=service.url + token_path(),
    )
    assert (assertion["iss"], assertion["sub"]) == (CLIENT, CLIENT)
    assert "client_secret" not in form


def test_a_fresh_token_is_fetched_even_while_msal_remembers_the_last(service: FakeService, wire: Wire) -> None:
    discovery(service)
    service.on("POST", token_path(), issued("first"), issued("second"))
    source = TokenSource(TENANT, credentials(service, wire))
    assert source.bearer() == "first"
    source.drop("first")
    assert source.bearer() == "second"


def test_a_rotated_secret_counts_from_the_next_token_on(service: FakeService, wire: Wire) -> None:
    discovery(service)
    service.on("POST", token_path(), issued("abc"))
    secrets = iter(["old", "new"])
    fetch = ClientCredentials(service.url, TENANT, CLIENT, lambda: next(secrets), wire)
    fetch()
    fetch()
    assert [seen.form["client_secret"] for seen in service.of(token_path())] == ["old", "new"]


@pytest.mark.parametrize(
    ("error", "number", "status", "retryable"),
    [
        ("invalid_client", 7000215, 401, False),
        ("unauthorized_client", 700016, 400, False),
        ("invalid_request", 90002, 400, False),
        ("temporarily_unavailable", 90033, 400, True),
    ],
)
def test_a_refusal_names_its_number_and_whether_waiting_helps(
    service: FakeService, wire: Wire, error: str, number: int, status: int, retryable: bool
) -> None:
    discovery(service)
    service.on("POST", token_path(), refused(error, number, status))
    with pytest.raises(NotSent) as caught:
        credentials(service, wire)()
    found = caught.value
    assert (found.code, found.subcode, found.status, found.retryable) == (error, number, status, retryable)
    assert f"AADSTS{number}" in found.message
    assert "Trace ID" not in found.message


def test_a_refusal_is_not_remembered_by_msal(service: FakeService, wire: Wire) -> None:
    discovery(service)
    service.on("POST", token_path(), refused("invalid_client", 7000215), issued("mended"))
    fetch = credentials(service, wire)
    with pytest.raises(NotSent):
        fetch()
    assert fetch().value == "mended"


def test_a_login_service_in_trouble_says_when_to_come_back(service: FakeService, wire: Wire) -> None:
    discovery(service)
    service.on("POST", token_path(), Reply(503, {}, {"Retry-After": "17"}), issued("back"))
    fetch = credentials(service, wire)
    with pytest.raises(NotSent) as caught:
        fetch()
    assert (caught.value.retryable, caught.value.status, caught.value.retry_after) == (True, 503, 17)
    assert fetch().value == "back"


ODD = [
    Reply(200, b"<html>captive portal</html>"),
    Reply(200, []),
    Reply(200, "text"),
    Reply(200, {}),
    Reply(200, {"access_token": 7, "expires_in": 10}),
    Reply(200, {"access_token": "a\r\nX-Evil: 1", "expires_in": 10}),
    Reply(200, b" " * (256 * 1024 + 1)),
    Reply(302, headers={"Location": "https://evil.example/"}),
    Reply(raw=lambda handler: None),
]


@pytest.mark.control("O6")
@pytest.mark.parametrize("reply", ODD, ids=lambda reply: f"{reply.status} {str(reply.body)[:20]!r}")
@pytest.mark.parametrize("where", ["discovery", "token"])
def test_an_odd_answer_of_the_login_service_is_a_failure_like_any_other(
    service: FakeService, wire: Wire, reply: Reply, where: str
) -> None:
    discovery(service)
    service.on("POST", token_path(), reply)
    if where == "discovery":
        service.on("GET", f"/{TENANT}/v2.0/.well-known/openid-configuration", reply)
    source = TokenSource(TENANT, credentials(service, wire))
    with pytest.raises(NotSent):
        source.bearer()


@pytest.mark.control("O2")
@pytest.mark.parametrize(
    "endpoint", ["https://evil.example/token", "http://localhost:{port}/token", "https://localhost:1/token"]
)
def test_the_secret_goes_to_the_configured_login_host_only(
    service: FakeService, wire: Wire, endpoint: str
) -> None:
    discovery(service, token_endpoint=endpoint.format(port=service.port))
    with pytest.raises(NotSent):
        credentials(service, wire)()
    assert [seen.method for seen in service.seen] == ["GET"]


@pytest.mark.control("O5")
def test_each_tenant_has_its_own_token(service: FakeService, wire: Wire) -> None:
    sources = {}
    for tenant in (TENANT, OTHER):
        discovery(service, tenant)
        service.on("POST", token_path(tenant), issued(f"of {tenant}"[:40].replace(" ", "-")))
        sources[tenant] = TokenSource(tenant, credentials(service, wire, tenant=tenant))
    for _ in range(3):
        for tenant, source in sources.items():
            assert source.bearer() == f"of-{tenant}"[:40]
            source.drop(source.bearer())
    assert len(service.of(token_path())) == len(service.of(token_path(OTHER))) == 3


def test_a_missing_ca_file_is_no_token_yet(service: FakeService, tmp_path: Path) -> None:
    source = TokenSource(TENANT, credentials(service, Wire(str(tmp_path / "later.pem"))))
    with pytest.raises(NotSent, match=r"later\.pem") as caught:
        source.bearer()
    assert caught.value.retryable
