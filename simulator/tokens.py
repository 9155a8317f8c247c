"""The token endpoint: client credentials, authorization code with PKCE, refresh (REFERENCE 24.1, 24.2, 24.5)."""

import base64
import hmac
import json
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha1, sha256
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, JsonResponse

from simulator import schema
from simulator.people import Person, Tenant
from simulator.world import new_id, utc_now, world

LIFE = 3599
CODE_LIFE = timedelta(minutes=10)
CODES_KEPT = 1_000
GRAPH = "https://graph.microsoft.com"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class TokenError(Exception):
    """A refusal of the token service."""

    def __init__(self, status: int, error: str, number: int, text: str) -> None:
        super().__init__(text)
        self.status, self.error, self.number, self.text = status, error, number, text


def token_error(status: int, error: str, number: int, text: str) -> TokenError:
    """Make a refusal with its AADSTS number."""
    return TokenError(status, error, number, text)


def refusal(error: TokenError, correlation: str = "") -> JsonResponse:
    """Return a refusal in the shape of REFERENCE 24.2."""
    stamp, trace, correlation = utc_now().strftime("%Y-%m-%d %H:%M:%SZ"), new_id(), correlation or new_id()
    lines = [f"AADSTS{error.number}: {error.text}", f"Trace ID: {trace}"]
    lines += [f"Correlation ID: {correlation}", f"Timestamp: {stamp}"]
    body = {
        "error": error.error,
        "error_description": "\r\n".join(lines),
        "error_codes": [error.number],
        "timestamp": stamp,
        "trace_id": trace,
        "correlation_id": correlation,
    }
    return JsonResponse(body, status=error.status)


@dataclass(frozen=True)
class Code:
    """Remember what a code or refresh token stands for."""

    tenant_id: str
    person_id: str
    redirect_uri: str
    scope: str
    nonce: str
    challenge: str
    expires: datetime
    used: bool = False

    @classmethod
    def of(cls, tenant: Tenant, person: Person, asked: dict[str, str]) -> "Code":
        """Remember one answer of the sign-in page."""
        return cls(
            tenant_id=tenant.id,
            person_id=person.id,
            redirect_uri=asked.get("redirect_uri", ""),
            scope=asked.get("scope", ""),
            nonce=asked.get("nonce", ""),
            challenge=asked.get("code_challenge", ""),
            expires=utc_now() + CODE_LIFE,
        )


class Codes:
    """Keep codes until they are used or too old; their number is bounded."""

    def __init__(self) -> None:
        self._codes: dict[str, Code] = {}

    def issue(self, code: Code) -> str:
        """Return a new random name for what it stands for."""
        while len(self._codes) >= CODES_KEPT:
            self._codes.pop(next(iter(self._codes)))
        name = secrets.token_urlsafe(32)
        self._codes[name] = code
        return name

    def redeem(self, name: str, tenant: Tenant, *, once: bool = True) -> Code:
        """Return what a code stands for; it is good once.

        :raises TokenError: if it is unknown, used, too old or another tenant's.
        """
        code = self._codes.get(name)
        if code is None or (once and code.expires < utc_now()):
            raise token_error(400, "invalid_grant", 70008, "The code or refresh token has expired.")
        if code.tenant_id != tenant.id:
            raise token_error(400, "invalid_grant", 700005, "The code was issued for another tenant.")
        if code.used:
            raise token_error(400, "invalid_grant", 54005, "The code was already redeemed.")
        if once:
            self._codes[name] = replace(code, used=True)
        return code


_codes = Codes()


def codes() -> Codes:
    """Return the codes of this process."""
    return _codes


async def token(request: ASGIRequest, tenant: str) -> HttpResponse:
    """Answer the token endpoint."""
    if request.method != "POST":
        return HttpResponse(status=405)
    form = request.POST.dict()
    correlation = request.headers.get("client-request-id", "")
    try:
        body = grant(tenant, {name: str(value) for name, value in form.items()}, request)
    except TokenError as error:
        return refusal(error, correlation)
    schema.require("token.response", body)
    return JsonResponse(body)


def grant(key: str, form: dict[str, str], request: ASGIRequest) -> dict[str, Any]:
    """Return the tokens that a request is entitled to."""
    tenant = world().directory.tenant(key)
    if tenant is None:
        raise token_error(400, "invalid_request", 90002, f"Tenant '{key}' not found.")
    check_client(tenant, form, request)
    match form.get("grant_type"):
        case "client_credentials":
            return client_credentials(tenant, form)
        case "authorization_code":
            return authorization_code(tenant, form)
        case "refresh_token":
            return refresh(tenant, form)
    raise token_error(400, "unsupported_grant_type", 70003, "The grant type is not supported.")


def check_client(tenant: Tenant, form: dict[str, str], request: ASGIRequest) -> None:
    """Refuse an application that cannot prove itself by secret or certificate."""
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, basic = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        client_id, _, secret = base64.b64decode(basic).decode().partition(":")
    if client_id != tenant.client_id:
        raise token_error(400, "unauthorized_client", 700016, f"Application '{client_id}' was not found.")
    if form.get("client_assertion_type") == ASSERTION:
        check_assertion(client_id, form.get("client_assertion", ""), request)
    elif not hmac.compare_digest(secret.encode(), world().config.client_secret.encode()):
        raise token_error(401, "invalid_client", 7000215, "Invalid client secret provided.")


def check_assertion(client_id: str, assertion: str, request: ASGIRequest) -> None:
    """Refuse an assertion that the registered certificate did not sign for this endpoint."""
    file = world().config.certificate_file
    if not file.exists():
        raise token_error(401, "invalid_client", 700027, "No certificate is registered for the application.")
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise token_error(401, "invalid_client", 700027, "The registered certificate has no RSA key.")
    try:
        header = jwt.get_unverified_header(assertion)
        audience = f"{world().config.tls_url}{request.path}"
        claims = jwt.decode(assertion, key, algorithms=["RS256", "PS256"], audience=audience, issuer=client_id)
    except jwt.PyJWTError:
        raise token_error(401, "invalid_client", 700027, "The client assertion is not valid.") from None
    if claims.get("sub") != client_id or not names_certificate(header, certificate):
        raise token_error(401, "invalid_client", 700027, "The client assertion names another certificate.")


def names_certificate(header: dict[str, Any], certificate: x509.Certificate) -> bool:
    """Tell whether a token's header names this certificate, by either thumbprint."""
    named = {header.get("x5t#S256", "").rstrip("="), header.get("x5t", "").rstrip("=")}  # MSAL sends the padding
    legacy = certificate.fingerprint(hashes.SHA1())  # noqa: S303  x5t is SHA-1 by definition
    return bool(named & {encode(certificate.fingerprint(hashes.SHA256())), encode(legacy)})


def encode(data: bytes) -> str:
    """Return bytes as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def client_credentials(tenant: Tenant, form: dict[str, str]) -> dict[str, Any]:
    """Return an application's token for Graph."""
    if form.get("scope") not in (f"{GRAPH}/.default", "https://graph.microsoft.com//.default"):
        raise token_error(400, "invalid_scope", 70011, "The scope must be https://graph.microsoft.com/.default.")
    access = access_token(tenant)
    return {"token_type": "Bearer", "expires_in": LIFE, "ext_expires_in": LIFE, "access_token": access}


def access_token(tenant: Tenant) -> str:
    """Return a token with the roles that the tenant's administrator consented to; none means no `roles`."""
    claims = {
        "aud": GRAPH,
        "iss": f"https://sts.windows.net/{tenant.id}/",
        "appid": tenant.client_id,
        "tid": tenant.id,
        "oid": str(uuid5(NAMESPACE_URL, f"service-principal:{tenant.id}")),
        "idtyp": "app",
        "uti": secrets.token_urlsafe(16),
        "ver": "1.0",
        **times(),
    }
    if tenant.roles:
        claims["roles"] = sorted(tenant.roles)
    return world().directory_keys.sign(claims)


def times() -> dict[str, int]:
    """Return the times of a token made now."""
    now = int(utc_now().timestamp())
    return {"iat": now, "nbf": now, "exp": now + LIFE}


def authorization_code(tenant: Tenant, form: dict[str, str]) -> dict[str, Any]:
    """Return the tokens of somebody who signed in."""
    code = codes().redeem(form.get("code", ""), tenant)
    if form.get("redirect_uri") != code.redirect_uri:
        raise token_error(400, "invalid_grant", 500112, "The redirect URI is not the one of the code.")
    verifier = encode(sha256(form.get("code_verifier", "").encode()).digest())
    if code.challenge and not hmac.compare_digest(verifier, code.challenge):
        raise token_error(400, "invalid_grant", 501481, "The code verifier does not match the code challenge.")
    return user_tokens(tenant, code)


def refresh(tenant: Tenant, form: dict[str, str]) -> dict[str, Any]:
    """Return new tokens for an old sign-in."""
    return user_tokens(tenant, codes().redeem(form.get("refresh_token", ""), tenant, once=False))


def user_tokens(tenant: Tenant, code: Code) -> dict[str, Any]:
    """Return access, ID and refresh token of a person."""
    person = tenant.people[code.person_id]
    info = encode(json.dumps({"uid": person.id, "utid": tenant.id}).encode())
    claims = id_claims(tenant, person, code.nonce)
    schema.require("idToken.claims", claims)
    return {
        "token_type": "Bearer",
        "scope": code.scope or "openid profile",
        "expires_in": LIFE,
        "ext_expires_in": LIFE,
        "access_token": delegated_token(tenant, person),
        "refresh_token": codes().issue(code),
        "id_token": world().directory_keys.sign(claims),
        "client_info": info,
    }


def delegated_token(tenant: Tenant, person: Person) -> str:
    """Return a token for the directory's own use; Graph here serves applications only."""
    return world().directory_keys.sign(
        {
            "aud": tenant.client_id,
            "tid": tenant.id,
            "oid": person.id,
            "scp": "User.Read",
            "ver": "1.0",
            **times(),
        }
    )


def id_claims(tenant: Tenant, person: Person, nonce: str) -> dict[str, Any]:
    """Return the claims of REFERENCE 24.6; the nonce comes back as it was sent."""
    subject = sha1(f"{tenant.client_id}:{person.id}".encode(), usedforsecurity=False).digest()
    claims = {
        "aud": tenant.client_id,
        "iss": f"{world().config.tls_url}/{tenant.id}/v2.0",
        "sub": encode(subject),
        "tid": tenant.id,
        "oid": person.id,
        "name": person.name,
        "preferred_username": person.upn,
        "email": person.mail,
        "uti": secrets.token_urlsafe(16),
        "ver": "2.0",
        **times(),
    }
    if nonce:
        claims["nonce"] = nonce
    if person.app_roles:
        claims["roles"] = list(person.app_roles)
    return claims
