"""Who asks: a bearer token, else the session cookie."""

from typing import TYPE_CHECKING

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from directory import tokens
from directory.models import User

if TYPE_CHECKING:
    from drf_spectacular.openapi import AutoSchema

REALM = 'Bearer realm="commsportal"'


class BearerAuthentication(authentication.BaseAuthentication):
    """A personal API token. Where the header is present it alone counts, whatever cookies come along."""

    def authenticate(self, request: Request) -> tuple[User, str] | None:
        """:raises AuthenticationFailed: when the header names a token that gives no access."""
        header = request.META.get("HTTP_AUTHORIZATION", "")
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            return None
        user = tokens.authenticate(token.strip())
        if user is None:
            raise exceptions.AuthenticationFailed("The token is unknown, expired or revoked.")
        return user, "token"

    def authenticate_header(self, request: Request) -> str:
        """Return what makes the framework answer 401 rather than 403."""
        return REALM


class SessionAuthentication(authentication.SessionAuthentication):
    """The cookie of a signed-in browser; unsafe methods need the CSRF token and our own origin."""


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describe tokens for OpenAPI."""

    target_class = BearerAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: "AutoSchema") -> dict[str, str]:
        """Return the security scheme."""
        return {"type": "http", "scheme": "bearer", "description": "Made by `manage.py token USER`."}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describe the cookie for OpenAPI."""

    target_class = SessionAuthentication
    name = "session"

    def get_security_definition(self, auto_schema: "AutoSchema") -> dict[str, str]:
        """Return the security scheme."""
        from django.conf import settings

        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
