"""Middleware of every page and API answer."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.utils.cache import add_never_cache_headers

from commsportal import tracing

API_PREFIXES = ("/api/", "/webhooks/", "/healthz", "/readyz", "/metrics", "/csp-reports")
VERBS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")


class RequestIdMiddleware:
    """Give each request an id, told in `X-Request-Id` and in the log; one that the server gave already stays."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer within the id."""
        request_id = tracing.ids().get("request_id") or tracing.new_id()
        with tracing.about(request_id=request_id):
            response = self.get_response(request)
        response["X-Request-Id"] = request_id
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Mapping[str, Any]) -> None:
        """Note which call the address names."""
        tracing.note(call_id=kwargs.get("call_id"))


class VerbMiddleware:
    """Refuse verbs that no route has, TRACE above all: views of the admin would take them for GET."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 405 to other verbs."""
        return self.get_response(request) if request.method in VERBS else HttpResponseNotAllowed(VERBS)


class CanonicalHostMiddleware:
    """Send browsers that came by another name (127.0.0.1) to PUBLIC_URL; the API answers at any allowed host."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.public = urlsplit(settings.PUBLIC_URL)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Redirect a GET of a page asked for under another host name."""
        elsewhere = request.get_host().lower() != self.public.netloc.lower()
        if elsewhere and request.method in ("GET", "HEAD") and not request.path.startswith(API_PREFIXES):
            return HttpResponseRedirect(settings.PUBLIC_URL + request.get_full_path())
        return self.get_response(request)


class PrivateCacheMiddleware:
    """Forbid caches to keep what a signed-in person sees."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Mark the answer unless it is public and says itself how long it may be kept."""
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response
