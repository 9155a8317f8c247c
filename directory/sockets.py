"""Who opens a web socket: the browser's session from our own pages, or a script's token.

Call `authenticate` again with the same scope to learn whether the person still is who they were: a signed-out
session, a revoked token and a disabled account all give None.
"""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.contrib import auth

from directory import sessions, tokens
from directory.models import User

CREDENTIALS_IN_QUERY = frozenset({"token", "access_token", "authorization"})
DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def authenticate(scope: Mapping[str, Any]) -> User | None:
    """Return the active person behind a handshake, None when it must be refused. Reads the database."""
    if _query_has_credentials(scope):
        return None
    headers = _headers(scope)
    origin = headers.get("origin")
    if origin is not None and not is_own_origin(origin):
        return None
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return tokens.authenticate(token.strip())
    return _from_session(headers.get("cookie", "")) if origin is not None else None


def is_own_origin(origin: str) -> bool:
    """Compare scheme, host and port with PUBLIC_URL: a page on another port is a stranger."""
    return _origin(origin) is not None and _origin(origin) == _origin(settings.PUBLIC_URL)


def _origin(address: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(address)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    if not parts.hostname or parts.username is not None:
        return None
    return parts.scheme, parts.hostname.lower(), port


def _headers(scope: Mapping[str, Any]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _query_has_credentials(scope: Mapping[str, Any]) -> bool:
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    return any(name.lower() in CREDENTIALS_IN_QUERY for name in query)


def _from_session(cookie_header: str) -> User | None:
    try:
        morsel = SimpleCookie(cookie_header).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return None
    if morsel is None:
        return None
    session = import_module(settings.SESSION_ENGINE).SessionStore(morsel.value)
    if not sessions.is_current(session):
        return None
    user = User.objects.filter(pk=session.get(auth.SESSION_KEY), is_active=True).first()
    return user if user is not None and sessions.belongs_to(session, user) else None
