"""Who may ask what: ports, hosts and origins, before any view."""

import logging
from collections.abc import Awaitable, Callable

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, HttpResponseBase
from django.utils.decorators import async_only_middleware

from simulator.errors import TokenError
from simulator.problems import Problem, problem
from simulator.tokens import refusal
from simulator.world import world

log = logging.getLogger(__name__)

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
READS = ("GET", "HEAD", "OPTIONS")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)

View = Callable[[ASGIRequest], Awaitable[HttpResponseBase]]


@async_only_middleware
def guard(get_response: View) -> View:
    """Send each port to its own views, and let nobody in through a foreign page or name."""

    async def middleware(request: ASGIRequest) -> HttpResponseBase:
        secure = request.scope.get("scheme") == "https"
        refused = None if secure else refuse(request)
        if secure:
            request.urlconf = "simulator.urls_tls"
        response = refused or await get_response(request)
        if isinstance(response, HttpResponse) and response.status_code != 204:
            response.headers.setdefault("Content-Length", str(len(response.content)))
        if not secure:
            protect(response)
        return response

    middleware.process_exception = explain  # type: ignore[attr-defined]
    return middleware


def protect(response: HttpResponseBase) -> None:
    """Add the headers of a page that loads nothing from elsewhere."""
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "strict-origin")
    response.headers.setdefault("Cache-Control", "no-store")


def explain(request: ASGIRequest, error: Exception) -> HttpResponse:
    """Return the answer that an exception stands for."""
    if isinstance(error, Problem):
        return problem(error.status, error.detail)
    if isinstance(error, TokenError):
        return refusal(error, request.headers.get("client-request-id", ""))
    if isinstance(error, RequestDataTooBig):
        return problem(413, "The body is too long.")
    if isinstance(error, SuspiciousOperation):
        return problem(400, "The request cannot be read.")
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return problem(500, "The simulator made a mistake; its log says which.")


def refuse(request: ASGIRequest) -> HttpResponse | None:
    """Refuse names that are not this machine's, and switches moved by somebody else's page."""
    port = world().config.port
    allowed = {f"{host}:{port}" for host in LOOPBACK}
    if request.headers.get("Host", "").lower() not in allowed:
        return problem(421, f"The simulator answers to localhost:{port} only.")
    origin = request.headers.get("Origin")
    if request.method not in READS and origin is not None and origin.partition("://")[2] not in allowed:
        return problem(403, "The simulator's switches are moved from its own pages only.")
    return None
