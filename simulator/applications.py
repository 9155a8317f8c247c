"""How an application proves itself to the token service: by secret or by certificate (REFERENCE 24.1)."""

import base64
import hmac
from typing import Any
from urllib.parse import unquote_plus

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.handlers.asgi import ASGIRequest

from simulator.errors import TokenError
from simulator.people import Tenant
from simulator.world import world

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def check_client(tenant: Tenant, form: dict[str, str], request: ASGIRequest) -> None:
    """Refuse an application that cannot prove itself by secret or certificate."""
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, basic = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        client_id, secret = read_basic(basic)
    if client_id != tenant.client_id:
        raise TokenError(400, "unauthorized_client", 700016, f"Application '{client_id}' was not found.")
    if form.get("client_assertion_type") == ASSERTION:
        check_assertion(client_id, form.get("client_assertion", ""), request)
    elif not hmac.compare_digest(secret.encode(), world().config.client_secret.encode()):
        raise TokenError(401, "invalid_client", 7000215, "Invalid client secret provided.")


def read_basic(encoded: str) -> tuple[str, str]:
    """Return name and secret of basic authentication; both are form-encoded inside (RFC 6749, 2.3.1)."""
    try:
        name, _, secret = base64.b64decode(encoded).decode().partition(":")
    except ValueError:
        raise TokenError(401, "invalid_client", 7000215, "The Authorization header cannot be read.") from None
    return unquote_plus(name), unquote_plus(secret)


def check_assertion(client_id: str, assertion: str, request: ASGIRequest) -> None:
    """Refuse an assertion that the registered certificate did not sign for this endpoint."""
    file = world().config.certificate_file
    if not file.exists():
        raise TokenError(401, "invalid_client", 700027, "No certificate is registered for the application.")
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise TokenError(401, "invalid_client", 700027, "The registered certificate has no RSA key.")
    try:
        header = jwt.get_unverified_header(assertion)
        audience = f"{world().config.tls_url}{request.path}"
        claims = jwt.decode(assertion, key, algorithms=["RS256", "PS256"], audience=audience, issuer=client_id)
    except jwt.PyJWTError:
        raise TokenError(401, "invalid_client", 700027, "The client assertion is not valid.") from None
    if claims.get("sub") != client_id or not names_certificate(header, certificate):
        raise TokenError(401, "invalid_client", 700027, "The client assertion names another certificate.")


def names_certificate(header: dict[str, Any], certificate: x509.Certificate) -> bool:
    """Tell whether a token's header names this certificate, by either thumbprint."""
    named = {str(header.get(name)).rstrip("=") for name in ("x5t#S256", "x5t")}  # MSAL sends the padding
    legacy = certificate.fingerprint(hashes.SHA1())  # noqa: S303  x5t is SHA-1 by definition
    return bool(named & {encode(certificate.fingerprint(hashes.SHA256())), encode(legacy)})


def encode(data: bytes) -> str:
    """Return bytes as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
