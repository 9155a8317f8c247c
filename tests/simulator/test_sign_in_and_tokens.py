"""MSAL unmodified, against the running process; tokens and documents as REFERENCE 24 shows them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from simulator import schema

from .process import Running

GRAPH_SCOPE = ["https://graph.microsoft.com/.default"]
BACK = "http://localhost:8000/sign-in/microsoft/callback/"


def sign_in(simulator: Running, person: str, **options: Any) -> tuple[Any, dict[str, Any], dict[str, str]]:
    """Go through the sign-in page as somebody, and return what came back to the application."""
    client = simulator.client()
    flow = client.initiate_auth_code_flow([], redirect_uri=BACK, response_mode="query", **options)
    page = simulator.plain.get(flow["auth_uri"])
    assert page.status_code == 200 and "Rita Hansen" in page.text
    chosen = simulator.plain.get(f"{flow['auth_uri']}&person={person}", allow_redirects=False)
    assert chosen.status_code == 302 and chosen.headers["Location"].startswith(BACK)
    query = parse_qs(urlsplit(chosen.headers["Location"]).query)
    return client, flow, {name: values[0] for name, values in query.items()}


def keys_of(simulator: Running, document: str) -> dict[str, Any]:
    """Return the published keys that a document leads to."""
    configuration = simulator.session().get(document).json()
    keys = simulator.session().get(configuration["jwks_uri"]).json()
    schema.require("jwks", keys)
    return {key["kid"]: jwt.PyJWK(key, "RS256").key for key in keys["keys"]}


def test_a_secret_gets_a_token_with_the_granted_roles(simulator: Running) -> None:
    result = simulator.client().acquire_token_for_client(GRAPH_SCOPE)
    claims = jwt.decode(result["access_token"], options={"verify_signature": False})
    assert (claims["tid"], claims["appid"]) == (simulator.connection["tenant"], simulator.connection["client_id"])
    assert "Calls.Initiate.All" in claims["roles"] and claims["aud"] == "https://graph.microsoft.com"


def test_a_token_without_consent_has_no_roles_and_is_refused_by_graph(simulator: Running) -> None:
    simulator.put("/api/permissions", {simulator.connection["tenant"]: []})
    token = simulator.token()
    assert "roles" not in jwt.decode(token, options={"verify_signature": False})
    answer = simulator.session().get(
        f"{simulator.connection['graph']}/users", headers={"Authorization": f"Bearer {token}"}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "Authorization_RequestDenied")


def test_a_wrong_secret_is_refused_in_the_documented_shape(simulator: Running) -> None:
    result = simulator.client("wrong").acquire_token_for_client(GRAPH_SCOPE)
    assert (result["error"], result["error_codes"]) == ("invalid_client", [7000215])
    endpoint = f"{simulator.connection['authority']}/oauth2/v2.0/token"
    form = {"grant_type": "client_credentials", "client_id": simulator.connection["client_id"]}
    answer = simulator.session().post(endpoint, data=form)
    schema.require("token.error", answer.json())
    assert answer.status_code == 401


@pytest.mark.parametrize("asked", ["7a1f2c34-0000-4000-8000-0123456789ab", "no GUID", "x" * 300])
def test_a_refusal_echoes_a_request_id_that_is_one(simulator: Running, asked: str) -> None:
    endpoint = f"{simulator.connection['authority']}/oauth2/v2.0/token"
    answer = simulator.session().post(endpoint, data={}, headers={"client-request-id": asked})
    assert answer.status_code in (400, 401)
    schema.require("token.error", answer.json())
    assert (answer.json()["correlation_id"] == asked) is (len(asked) == 36)


def test_an_unknown_tenant_is_refused(simulator: Running) -> None:
    base = simulator.connection["authority"].rsplit("/", 1)[0]
    answer = simulator.session().get(f"{base}/nowhere.example/v2.0/.well-known/openid-configuration")
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [90002])


def test_the_tenant_is_known_by_its_domain_too(simulator: Running) -> None:
    base = simulator.connection["authority"].rsplit("/", 1)[0]
    client = simulator.client(authority=f"{base}/contoso.example")
    assert "access_token" in client.acquire_token_for_client(GRAPH_SCOPE)


@pytest.fixture
def certificate(simulator: Running) -> Any:
    """Register a certificate for the application and return its private key with its thumbprints."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "commsportal")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = Path(simulator.folder) / "simulator" / "client-certificate.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    yield {"private_key": pem.decode(), "thumbprint": made.fingerprint(hashes.SHA1()).hex()}
    file.unlink()


def test_a_certificate_gets_a_token(simulator: Running, certificate: dict[str, str]) -> None:
    result = simulator.client(certificate).acquire_token_for_client(GRAPH_SCOPE)
    assert "access_token" in result, result


def test_another_certificate_gets_none(simulator: Running, certificate: dict[str, str]) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    wrong = certificate | {"private_key": other.decode()}
    assert simulator.client(wrong).acquire_token_for_client(GRAPH_SCOPE)["error"] == "invalid_client"


def test_somebody_signs_in_with_code_and_proof_key(simulator: Running) -> None:
    rita = simulator.person("rita")
    client, flow, answer = sign_in(simulator, rita["id"])
    result = client.acquire_token_by_auth_code_flow(flow, answer)
    authority = simulator.connection["authority"]
    keys = keys_of(simulator, f"{authority}/v2.0/.well-known/openid-configuration")
    claims = jwt.decode(
        result["id_token"],
        keys[jwt.get_unverified_header(result["id_token"])["kid"]],
        algorithms=["RS256"],
        audience=simulator.connection["client_id"],
        issuer=f"{authority}/v2.0",
    )
    schema.require("idToken.claims", claims)
    assert (claims["oid"], claims["tid"]) == (rita["id"], simulator.connection["tenant"])
    assert (claims["name"], claims["preferred_username"]) == ("Rita Hansen", "rita@contoso.example")
    assert claims["roles"] == ["receptionist"]


def test_a_code_is_good_once(simulator: Running) -> None:
    client, flow, answer = sign_in(simulator, simulator.person("rita")["id"])
    assert "id_token" in client.acquire_token_by_auth_code_flow(flow, answer)
    again = client.acquire_token_by_auth_code_flow(flow, answer)
    assert (again["error"], again["error_codes"]) == ("invalid_grant", [54005])


def test_a_code_needs_its_verifier(simulator: Running) -> None:
    client, flow, answer = sign_in(simulator, simulator.person("rita")["id"])
    flow["code_verifier"] = "somebody-else-" * 4
    assert client.acquire_token_by_auth_code_flow(flow, answer)["error"] == "invalid_grant"


def test_somebody_without_a_role_has_no_roles_claim(simulator: Running) -> None:
    client, flow, answer = sign_in(simulator, simulator.person("eve")["id"])
    assert "roles" not in client.acquire_token_by_auth_code_flow(flow, answer)["id_token_claims"]


def test_cancelling_and_having_no_session_come_back_as_errors(simulator: Running) -> None:
    client, flow, answer = sign_in(simulator, "nobody")
    assert client.acquire_token_by_auth_code_flow(flow, answer)["error"] == "access_denied"
    silent = client.initiate_auth_code_flow([], redirect_uri=BACK, prompt="none", response_mode="query")
    back = simulator.plain.get(silent["auth_uri"], allow_redirects=False).headers["Location"]
    assert "error=login_required" in back and f"state={silent['state']}" in back


def test_a_foreign_address_is_never_gone_back_to(simulator: Running) -> None:
    flow = simulator.client().initiate_auth_code_flow(
        [], redirect_uri="https://evil.example/", response_mode="query"
    )
    rita = simulator.person("rita")["id"]
    answer = simulator.plain.get(f"{flow['auth_uri']}&person={rita}", allow_redirects=False)
    assert answer.status_code == 400 and "AADSTS50011" in answer.text


def test_documents_have_the_documented_shape(simulator: Running) -> None:
    authority, session = simulator.connection["authority"], simulator.session()
    directory = session.get(f"{authority}/v2.0/.well-known/openid-configuration").json()
    schema.require("openid.configuration", directory)
    assert directory["issuer"] == f"{authority}/v2.0"
    assert directory["authorization_endpoint"].startswith(simulator.base)
    callbacks = authority.rsplit("/", 1)[0] + "/v1/.well-known/OpenIdConfiguration"
    schema.require("openid.callbackConfiguration", session.get(callbacks).json())
    assert not set(keys_of(simulator, callbacks)) & set(
        keys_of(simulator, f"{authority}/v2.0/.well-known/openid-configuration")
    )


def test_the_authority_is_needed_to_trust_the_simulator(simulator: Running) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(simulator.connection["graph"], timeout=60)


def test_keys_and_secrets_are_private(simulator: Running) -> None:
    folder = Path(simulator.folder) / "simulator"
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes.pop("client-certificate.pem", 0o600)
    assert set(modes.values()) == {0o600}, modes
