"""One request to Graph on its way through: reading its body, sending its answer."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse

from simulator import schema
from simulator.engine import Application, GraphFault
from simulator.reading import parse_json
from simulator.world import World


@dataclass
class Exchange:
    """Hold one request on its way through: who asks, what, about which call, with which effect."""

    world: World
    request: ASGIRequest
    request_id: str
    app: Application | None = None
    action: str = ""
    call_id: str = ""
    effect: bool = False

    @property
    def caller(self) -> Application:
        """Return the application that asks."""
        if self.app is None:
            raise GraphFault(401, "InvalidAuthenticationToken", "Access token is empty.")
        return self.app

    def hold(self, call_id: str) -> None:
        """Keep a call's notifications back until this answer is out (REFERENCE 21.2)."""
        self.world.delivery.hold(call_id)
        self.request.scope["simulator.held"].append(call_id)


def method_not_allowed() -> GraphFault:
    """Make the 405."""
    return GraphFault(405, "Request_BadRequest", "The method is not allowed for this resource.")


def no_segment() -> GraphFault:
    """Make the 404 of an address that nothing is at."""
    return GraphFault(404, "ResourceNotFound", "Resource not found for the segment.")


def read_body(
    exchange: Exchange,
    name: str,
    defaults: dict[str, Any] | None = None,
    *,
    fold: Callable[[Any], Any] = lambda body: body,
) -> dict[str, Any]:
    """Return the request's body, which must be JSON of the given shape once it is folded."""
    request = exchange.request
    if request.body and request.content_type != "application/json":
        raise GraphFault(415, "BadRequest", "The content type must be application/json.")
    try:
        body = fold(parse_json(request.body or b"{}"))
        if isinstance(body, dict):
            body = {**(defaults or {}), **body}
        schema.require(name, body)
    except schema.InvalidBody as error:
        raise GraphFault(400, "BadRequest", str(error)) from None
    except ValueError:
        raise GraphFault(400, "BadRequest", "The body is not JSON.") from None
    return dict(body)


def send(status: int, name: str, body: Any, headers: dict[str, str] | None = None) -> HttpResponse:
    """Return a JSON answer that the schema knows."""
    schema.require(name, body)
    kind = "application/json; odata.metadata=minimal"
    response = HttpResponse(json.dumps(body), status=status, content_type=kind)
    for header, value in (headers or {}).items():
        response.headers[header] = value
    return response


def empty(status: int) -> HttpResponse:
    """Return an answer without a body, and so without a content type (REFERENCE 21)."""
    response = HttpResponse(status=status)
    del response.headers["Content-Type"]
    return response
