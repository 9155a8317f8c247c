"""Graph as a client sees it: `/v1.0/...` on the TLS port."""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
from django.core.exceptions import SuspiciousOperation
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse

from simulator import schema, users
from simulator.engine import Application, Call, GraphFault
from simulator.engine import actions as calls
from simulator.engine.bodies import GRAPH, call_resource, created_call
from simulator.errors import error_body
from simulator.reading import parse_json, segments_of
from simulator.world import Asked, World, new_id, utc_now, world

log = logging.getLogger(__name__)

AUDIENCES = ["https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"]
NAMESPACE = "microsoft.graph."
READERS = ("User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All")
BODIES = {
    "answer": "call.answer.request",
    "reject": "call.reject.request",
    "redirect": "call.redirect.request",
    "transfer": "call.transfer.request",
}


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


Handler = Callable[[Exchange, list[str]], HttpResponse]


async def graph(request: ASGIRequest) -> HttpResponse:
    """Answer one request to Graph."""
    exchange = Exchange(world(), request, new_id())
    try:
        response = handle(exchange)
    except GraphFault as fault:
        response = refusal(exchange, fault)
    except SuspiciousOperation:
        response = refusal(exchange, GraphFault(413, "BadRequest", "The request is too long."))
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        response = refusal(exchange, GraphFault(500, "InternalServerError", "The simulator made a mistake."))
    note(exchange, response.status_code)
    response.headers["request-id"] = exchange.request_id
    response.headers["client-request-id"] = request.headers.get("client-request-id", exchange.request_id)
    slow = exchange.world.faults.settings.slow_ms
    if slow:
        await asyncio.sleep(slow / 1000)
    return response


def handle(exchange: Exchange) -> HttpResponse:
    """Let the switches have their way, find out who asks, and do it.

    A 5xx on request comes before the work or after it, half of the times each: a client cannot know either way.
    """
    faults = exchange.world.faults
    if faults.strikes("throttle"):
        raise GraphFault(429, "TooManyRequests", "Please retry again later.", {"Retry-After": "1"})
    fails = faults.strikes("error")
    if fails and faults.stream("error-moment").random() < 0.5:
        raise broken(exchange)
    exchange.app = authenticate(exchange)
    response = dispatch(exchange)
    if fails:
        raise broken(exchange)
    return response


def broken(exchange: Exchange) -> GraphFault:
    """Make one of the transient failures."""
    status = exchange.world.faults.stream("error-status").choice((500, 502, 503, 504))
    code = {500: "InternalServerError", 502: "BadGateway", 503: "ServiceUnavailable", 504: "GatewayTimeout"}
    return GraphFault(status, code[status], "The service has a moment of weakness.")


def refusal(exchange: Exchange, fault: GraphFault) -> HttpResponse:
    """Return a fault in Graph's shape."""
    client = exchange.request.headers.get("client-request-id", exchange.request_id)
    nested = exchange.world.faults.settings.nested_error_codes
    body = error_body(fault, exchange.request_id, client, utc_now(), nested=nested)
    return send(fault.status, "error", body, fault.headers)


def note(exchange: Exchange, status: int) -> None:
    """Write down what was asked, so that tests can tell what took effect and how often."""
    headers = exchange.request.headers
    entry = Asked(
        at=utc_now().isoformat(),
        method=exchange.request.method or "",
        action=exchange.action,
        call=exchange.call_id,
        status=status,
        effect=exchange.effect,
        request_id=exchange.request_id,
        client_request_id=headers.get("client-request-id", ""),
        scenario_id=headers.get("Scenario-Id", ""),
    )
    exchange.world.requests.append(entry)


def authenticate(exchange: Exchange) -> Application:
    """Return the application whose token came with the request."""
    scheme, _, token = exchange.request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise GraphFault(401, "InvalidAuthenticationToken", "Access token is empty.")
    try:
        claims = exchange.world.directory_keys.verify(token.strip(), AUDIENCES)
    except jwt.ExpiredSignatureError:
        raise GraphFault(
            401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired."
        ) from None
    except jwt.PyJWTError:
        raise GraphFault(401, "InvalidAuthenticationToken", "Access token validation failure.") from None
    tenant = exchange.world.directory.tenant(str(claims.get("tid", "")))
    if tenant is None or not claims.get("appid"):
        raise GraphFault(401, "InvalidAuthenticationToken", "Access token validation failure.")
    roles = frozenset(claims.get("roles", []))
    return Application(tenant, claims["appid"], roles, exchange.world.config.http_callbacks)


def dispatch(exchange: Exchange) -> HttpResponse:
    """Find the handler of a path; segments are case-insensitive and a doubled slash does no harm."""
    version, *segments = segments_of(exchange.request.path)
    if version.lower() != "v1.0":
        raise GraphFault(404, "ResourceNotFound", "The simulator serves v1.0 only.")
    words = [segment.lower().removeprefix(NAMESPACE) for segment in segments]
    method = exchange.request.method
    if words[:2] in (["communications", "calls"], ["app", "calls"]):
        return dispatch_call(exchange, segments[2:], words[2:])
    if words[:1] == ["users"] and method == "GET":
        return users_request(exchange, segments[1:])
    if words[:1] == ["users"]:
        raise method_not_allowed()
    if words[:1] == ["me"]:
        raise GraphFault(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
    raise GraphFault(404, "ResourceNotFound", "Resource not found for the segment.")


def method_not_allowed() -> GraphFault:
    """Make the 405."""
    return GraphFault(405, "Request_BadRequest", "The method is not allowed for this resource.")


def dispatch_call(exchange: Exchange, segments: list[str], words: list[str]) -> HttpResponse:
    """Answer a request about calls."""
    method = exchange.request.method
    if not segments:
        if method != "POST":
            raise method_not_allowed()
        return create_call(exchange)
    known = exchange.world.engine.find(segments[0])
    exchange.call_id = known.id if known else segments[0]
    exchange.action = words[1] if len(words) > 1 else (method or "").lower()
    call = calls.own_call(exchange.world.engine, exchange.caller, segments[0])
    exchange.hold(call.id)
    if len(segments) == 1:
        return one_call(exchange, call)
    if len(segments) == 2 and words[1] == "participants" and method == "GET":
        context = f"{GRAPH}/$metadata#communications/calls('{call.id}')/participants"
        return send(200, "participant.collection", {"@odata.context": context, "value": []})
    if len(segments) == 2 and method == "POST":
        return act(exchange, call, words[1])
    raise GraphFault(404, "ResourceNotFound", "Resource not found for the segment.")


def create_call(exchange: Exchange) -> HttpResponse:
    """Answer `POST /communications/calls`."""
    exchange.action = "create"
    body = read_body(exchange, "call.create.request")
    scenario_id = exchange.request.headers.get("Scenario-Id", "")
    call = calls.create(exchange.world.engine, exchange.caller, body, scenario_id)
    exchange.hold(call.id)
    exchange.call_id, exchange.effect = call.id, True
    place = f"{exchange.world.config.tls_url}/v1.0/communications/calls/{call.id}"
    return send(201, "call", created_call(call), {"Location": place})


def one_call(exchange: Exchange, call: Call) -> HttpResponse:
    """Answer `GET` and `DELETE /communications/calls/{id}`."""
    if exchange.request.method == "GET":
        return send(200, "call", call_resource(call))
    if exchange.request.method != "DELETE":
        raise method_not_allowed()
    exchange.effect = calls.delete(exchange.world.engine, exchange.caller, call)
    return empty(204)


def act(exchange: Exchange, call: Call, action: str) -> HttpResponse:
    """Answer the actions on a call."""
    engine, app = exchange.world.engine, exchange.caller
    if action == "keepalive":
        exchange.effect = calls.keep_alive(engine, call)
        return empty(200)
    if action not in BODIES:
        raise GraphFault(501, "NotImplemented", f"The action {action} is not simulated.")
    # The page calls answer's callbackUri optional, metadata does not: absent, it is the registered webhook.
    defaults = {"callbackUri": call.callback_uri} if action == "answer" else {}
    body = read_body(exchange, BODIES[action], defaults)
    perform = {"answer": calls.answer, "reject": calls.reject, "redirect": calls.redirect}.get(
        action, calls.transfer
    )
    exchange.effect = perform(engine, app, call, body)
    return empty(202)


def users_request(exchange: Exchange, segments: list[str]) -> HttpResponse:
    """Answer the reads of REFERENCE 22."""
    app = exchange.caller
    exchange.action = "users"
    basic = "User.ReadBasic.All" in app.roles
    if not basic and not app.roles.intersection(READERS):
        raise GraphFault(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    query = users.Query.read(exchange.request, narrow=not app.roles.intersection(READERS))
    if not segments:
        base = f"{exchange.world.config.tls_url}/v1.0/users"
        return send(200, "user.collection", users.list_users(app.tenant, query, base))
    if segments[0].lower() == "delta":
        raise GraphFault(501, "NotImplemented", "Delta queries are not simulated.")
    if len(segments) > 1:
        raise GraphFault(404, "Request_ResourceNotFound", "The resource does not exist.")
    if segments[0].lower() == "$count":
        return HttpResponse(str(users.count_users(app.tenant, query)), content_type="text/plain")
    return send(200, "user", users.get_user(app.tenant, segments[0], query))


def read_body(exchange: Exchange, name: str, defaults: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the request's body, which must be JSON of the given shape."""
    request = exchange.request
    if request.body and request.content_type != "application/json":
        raise GraphFault(415, "BadRequest", "The content type must be application/json.")
    try:
        body = parse_json(request.body or b"{}")
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
