"""The directory's OpenID documents and the sign-in page (REFERENCE 24.3 to 24.5)."""

from typing import Any
from urllib.parse import urlencode, urlsplit

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render

from simulator import schema
from simulator.codes import Code, codes
from simulator.errors import TokenError
from simulator.people import Person, Tenant
from simulator.reading import is_loopback
from simulator.world import World, world


def tenant_of(key: str) -> Tenant:
    """Return the tenant of a path."""
    tenant = world().directory.tenant(key)
    if tenant is None:
        raise TokenError(400, "invalid_request", 90002, f"Tenant '{key}' not found.")
    return tenant


def document(name: str, body: dict[str, Any]) -> JsonResponse:
    """Return a public document that may be kept for a day."""
    schema.require(name, body)
    return JsonResponse(body, headers={"Cache-Control": "max-age=86400, private"})


def configuration(tenant: Tenant, here: World) -> dict[str, Any]:
    """Return a tenant's OpenID configuration; what a browser visits is on the plain port and needs no CA."""
    base, plain = f"{here.config.tls_url}/{tenant.id}", f"{here.config.plain_url}/{tenant.id}"
    return {
        "issuer": f"{base}/v2.0",
        "authorization_endpoint": f"{plain}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "end_session_endpoint": f"{here.config.tls_url}/{tenant.id}/oauth2/v2.0/logout",
        "token_endpoint_auth_methods_supported": [
            "client_secret_post",
            "private_key_jwt",
            "client_secret_basic",
        ],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid"],
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
        "msgraph_host": "graph.microsoft.com",
    }


async def openid_configuration(request: ASGIRequest, tenant: str) -> JsonResponse:
    """Publish a tenant's configuration."""
    return document("openid.configuration", configuration(tenant_of(tenant), world()))


async def directory_keys(request: ASGIRequest, tenant: str) -> JsonResponse:
    """Publish the keys of ID tokens."""
    tenant_of(tenant)
    return document("jwks", world().directory_keys.jwks())


async def callback_configuration(request: ASGIRequest) -> JsonResponse:
    """Publish the notification service's configuration (REFERENCE 15.2)."""
    body = {
        "issuer": "https://graph.microsoft.com",
        "authorization_endpoint": "https://invalid.graph.microsoft.com",
        "jwks_uri": f"{world().config.tls_url}/v1/.well-known/keys",
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
    }
    return document("openid.callbackConfiguration", body)


async def callback_keys(request: ASGIRequest) -> JsonResponse:
    """Publish the keys of notifications."""
    return document("jwks", world().callback_keys.jwks())


# The sign-in page


async def authorize(request: ASGIRequest, tenant: str) -> HttpResponse:
    """Let somebody choose who to be, and send the choice back as a code."""
    found, asked = tenant_of(tenant), request.GET.dict()
    if mistake := mistake_in(found, asked):
        return render(request, "refused.html", {"mistake": mistake}, status=400)
    if asked.get("prompt") == "none":
        return go_back(asked, {"error": "login_required", "error_description": "AADSTS50058: no session."})
    if asked.get("person") == "nobody":
        return go_back(asked, {"error": "access_denied", "error_description": "The user cancelled the sign-in."})
    person = found.find_person(asked["person"]) if asked.get("person") else None
    if person is None:
        return render(request, "authorize.html", choices(found, asked))
    return go_back(asked, {"code": codes().issue(Code.of(found, person, asked)), "session_state": person.id})


def mistake_in(tenant: Tenant, asked: dict[str, str]) -> str:
    """Return why a request must not be answered by going back to its sender."""
    if asked.get("client_id") != tenant.client_id:
        return "AADSTS700016: The application is not in this directory."
    if not is_loopback(asked.get("redirect_uri", "")):
        return "AADSTS50011: The redirect URI is not registered; the simulator knows this machine's names only."
    if asked.get("response_type") != "code":
        return "AADSTS70005: response_type must be code."
    if asked.get("code_challenge_method", "S256") != "S256":
        return "AADSTS501491: code_challenge_method must be S256."
    return ""


def choices(tenant: Tenant, asked: dict[str, str]) -> dict[str, Any]:
    """Return the people to choose from, those with a role first."""
    people = sorted(tenant.people.values(), key=lambda person: (not person.app_roles, person.name))
    hint = asked.get("login_hint", "").lower()
    rows = [choice(person, asked, hint) for person in people]
    return {"rows": rows, "cancel": link(asked, "nobody"), "application": "commsportal"}


def choice(person: Person, asked: dict[str, str], hint: str) -> dict[str, Any]:
    """Return one row of the page."""
    return {"person": person, "href": link(asked, person.id), "hinted": bool(hint) and person.upn == hint}


def link(asked: dict[str, str], person: str) -> str:
    """Return the page's own address with a choice in it."""
    return "?" + urlencode({**asked, "person": person})


def go_back(asked: dict[str, str], answer: dict[str, str]) -> HttpResponse:
    """Return to the application in the way it asked for."""
    if "state" in asked:
        answer["state"] = asked["state"]
    target, mode = asked["redirect_uri"], asked.get("response_mode", "query")
    if mode == "form_post":
        return post_back(target, answer)
    mark = "#" if mode == "fragment" else "&" if "?" in target else "?"
    return HttpResponseRedirect(f"{target}{mark}{urlencode(answer)}")


def post_back(target: str, answer: dict[str, str]) -> HttpResponse:
    """Return a page whose form goes to the application."""
    parts = urlsplit(target)
    response = render(None, "post_back.html", {"target": target, "answer": answer})
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action {parts.scheme}://{parts.netloc}"
    )
    return response


async def logout(request: ASGIRequest, tenant: str) -> HttpResponse:
    """Go back after signing out; there is no session here that could end."""
    target = request.GET.get("post_logout_redirect_uri", "")
    if is_loopback(target):
        return HttpResponseRedirect(target)
    return render(request, "refused.html", {"mistake": "You are signed out.", "title": "Signed out"})
