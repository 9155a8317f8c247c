"""The token endpoint: client credentials, authorization code with PKCE, refresh (REFERENCE 24.1, 24.2, 24.5)."""

import hmac
import json
import re
import secrets
from dataclasses import replace
from hashlib import sha1, sha256
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.core.exceptions import SuspiciousOperation
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError

from simulator import schema
from simulator.applications import check_client, encode
from simulator.codes import Code, codes
from simulator.errors import TokenError
from simulator.people import DELEGATED, Person, Tenant
from simulator.world import new_id, utc_now, world

GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
LIFE = 3599
GRAPH = "https://graph.microsoft.com"
RESERVED = {"openid", "profile", "email", "offline_access"}
SCOPES = tuple(
    f"{resource}/.default" for resource in (GRAPH, f"{GRAPH}/", "00000003-0000-0000-c000-000000000000")
)  # by address, by address with its own slash, by id


def refusal(error: TokenError, correlation: str = "") -> JsonResponse:
    """Return a refusal in the shape of REFERENCE 24.2; it echoes a `client-request-id` that is one."""
    stamp, trace = utc_now().strftime("%Y-%m-%d %H:%M:%SZ"), new_id()
    correlation = correlation if GUID.fullmatch(correlation) else new_id()
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
    schema.require("token.error", body)
    return JsonResponse(body, status=error.status)


async def token(request: ASGIRequest, tenant: str) -> HttpResponse:
    """Answer the token endpoint."""
    correlation = request.headers.get("client-request-id", "")
    try:
        body = grant(tenant, read_form(request), request)
    except TokenError as error:
        return refusal(error, correlation)
    schema.require("token.response", body)
    return JsonResponse(body)


def read_form(request: ASGIRequest) -> dict[str, str]:
    """Return the fields of a request."""
    if request.method != "POST":
        raise TokenError(405, "invalid_request", 900561, "The endpoint only accepts POST requests.")
    try:
        return {name: str(value) for name, value in request.POST.items()}
    except (SuspiciousOperation, MultiPartParserError):
        raise TokenError(400, "invalid_request", 900144, "The request body cannot be read.") from None


def grant(key: str, form: dict[str, str], request: ASGIRequest) -> dict[str, Any]:
    """Return the tokens that a request is entitled to."""
    tenant = world().directory.tenant(key)
    if tenant is None:
        raise TokenError(400, "invalid_request", 90002, f"Tenant '{key}' not found.")
    check_client(tenant, form, request)
    match form.get("grant_type"):
        case "client_credentials":
            return client_credentials(tenant, form)
        case "authorization_code":
            return authorization_code(tenant, form)
        case "refresh_token":
            return refresh(tenant, form)
    raise TokenError(400, "unsupported_grant_type", 70003, "The grant type is not supported.")


def client_credentials(tenant: Tenant, form: dict[str, str]) -> dict[str, Any]:
    """Return an application's token for Graph."""
    if form.get("scope") not in SCOPES:
        raise TokenError(400, "invalid_scope", 70011, "The scope must be https://graph.microsoft.com/.default.")
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
        raise TokenError(400, "invalid_grant", 500112, "The redirect URI is not the one of the code.")
    verifier = encode(sha256(form.get("code_verifier", "").encode()).digest())
    if code.challenge and not hmac.compare_digest(verifier.encode(), code.challenge.encode()):
        raise TokenError(400, "invalid_grant", 501481, "The code verifier does not match the code challenge.")
    return user_tokens(tenant, code, code.scope)


def refresh(tenant: Tenant, form: dict[str, str]) -> dict[str, Any]:
    """Return new tokens for an old sign-in, another refresh token among them."""
    code = codes().refresh(form.get("refresh_token", ""), tenant)
    return user_tokens(tenant, code, form.get("scope") or code.scope)


def user_tokens(tenant: Tenant, code: Code, scope: str) -> dict[str, Any]:
    """Return access and ID token of a person, and a refresh token if `offline_access` is asked for."""
    person, granted = tenant.people[code.person_id], granted_of(tenant, scope)
    info = encode(json.dumps({"uid": person.id, "utid": tenant.id}).encode())
    claims = id_claims(tenant, person, code.nonce)
    schema.require("idToken.claims", claims)
    answer = {
        "token_type": "Bearer",
        "scope": " ".join([*granted, "openid", "profile"]),
        "expires_in": LIFE,
        "ext_expires_in": LIFE,
        "access_token": delegated_token(tenant, person, granted),
        "id_token": world().directory_keys.sign(claims),
        "client_info": info,
    }
    if "offline_access" in scope.split():
        answer["refresh_token"] = codes().issue(replace(code, is_refresh=True))
    return answer


def granted_of(tenant: Tenant, scope: str) -> list[str]:
    """Return the permissions of Graph that are asked for, by their names or below Graph's address.

    :raises TokenError: if there are none such, or the tenant's administrator has not consented.
    """
    asked = {name.removeprefix(f"{GRAPH}/") for name in scope.split()} - RESERVED
    if strange := asked - DELEGATED:
        raise TokenError(400, "invalid_scope", 70011, f"The scope {min(strange)} is not valid.")
    if asked and not tenant.delegated_consent:
        text = "The user or administrator has not consented to use the application."
        raise TokenError(400, "invalid_grant", 65001, text)
    return sorted(asked)


def delegated_token(tenant: Tenant, person: Person, granted: list[str]) -> str:
    """Return a person's token for Graph, good for what was granted; nobody needs it otherwise."""
    claims = {
        "aud": GRAPH,
        "iss": f"https://sts.windows.net/{tenant.id}/",
        "appid": tenant.client_id,
        "tid": tenant.id,
        "oid": person.id,
        "idtyp": "user",
        "scp": " ".join(granted or ["User.Read"]),
        "uti": secrets.token_urlsafe(16),
        "ver": "1.0",
        **times(),
    }
    return world().directory_keys.sign(claims)


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
