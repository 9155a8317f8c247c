"""Graph as a client sees it: `/v1.0/...` on the TLS port."""

import asyncio
import logging
from collections.abc import Awaitable

import jwt
from django.core.exceptions import SuspiciousOperation
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse

from simulator import graph_events, graph_me, graph_meetings, graph_presence, graph_subscriptions, users
from simulator.engine import Application, GraphFault
from simulator.errors import error_body
from simulator.exchanges import Exchange, method_not_allowed, no_segment, send
from simulator.graph_calls import dispatch_call
from simulator.reading import segments_of
from simulator.world import Asked, new_id, utc_now, world

log = logging.getLogger(__name__)

AUDIENCES = ["https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"]
NAMESPACE = "microsoft.graph."
CALENDARS = ("calendar", "calendarview", "events", "findmeetingtimes")
READERS = ("User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All")


async def graph(request: ASGIRequest) -> HttpResponse:
    """Answer one request to Graph."""
    exchange = Exchange(world(), request, new_id())
    try:
        response = await handle(exchange)
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


async def handle(exchange: Exchange) -> HttpResponse:
    """Let the switches have their way, find out who asks, and do it.

    A 5xx on request comes before the work or after it, half of the times each: a client cannot know either way.
    """
    faults = exchange.world.faults
    if faults.strikes("throttle"):
        raise too_many(exchange, "1")
    fails = faults.strikes("error")
    if fails and faults.stream("error-moment").random() < 0.5:
        raise broken(exchange)
    exchange.app = authenticate(exchange)
    spend(exchange)
    answered = dispatch(exchange)
    response = answered if isinstance(answered, HttpResponse) else await answered
    if fails:
        raise broken(exchange)
    return response


def spend(exchange: Exchange) -> None:
    """Count the request against the quota, and refuse it when that is used up."""
    settings, app = exchange.world.faults.settings, exchange.caller
    if not settings.quota:
        return
    who = f"{app.app_id} {app.tenant.id}"
    wait = exchange.world.quotas.spend(who, utc_now(), settings.quota, settings.quota_seconds)
    if wait:
        raise too_many(exchange, f"{wait:.3f}")


def too_many(exchange: Exchange, seconds: str) -> GraphFault:
    """Make the 429."""
    told = {"Retry-After": seconds} if exchange.world.faults.settings.retry_after else {}
    return GraphFault(429, "TooManyRequests", "Please retry again later.", told)


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
    if claims.get("idtyp") == "user":
        person, scopes = tenant.people[claims["oid"]], frozenset(claims["scp"].split())
        return Application(tenant, claims["appid"], frozenset(), person=person, scopes=scopes)
    roles = frozenset(claims.get("roles", []))
    return Application(tenant, claims["appid"], roles, exchange.world.config.http_callbacks)


def dispatch(exchange: Exchange) -> HttpResponse | Awaitable[HttpResponse]:
    """Find the handler of a path; segments are case-insensitive and a doubled slash does no harm."""
    version, *segments = segments_of(exchange.request.path)
    if version.lower() != "v1.0":
        raise GraphFault(404, "ResourceNotFound", "The simulator serves v1.0 only.")
    words = [segment.lower().removeprefix(NAMESPACE) for segment in segments]
    method = exchange.request.method
    if words[:1] == ["me"] or exchange.caller.person is not None:
        return graph_me.dispatch(exchange, segments, words)
    if words[:2] in (["communications", "calls"], ["app", "calls"]):
        return dispatch_call(exchange, segments[2:], words[2:])
    if words == ["communications", "getpresencesbyuserid"]:
        return graph_presence.many(exchange)
    if words[:2] == ["communications", "presences"] and len(words) == 3:
        return graph_presence.one(exchange, segments[2])
    if words == ["communications", "onlinemeetings"]:
        return graph_meetings.by_teleconference(exchange)
    if words[:1] == ["subscriptions"]:
        return graph_subscriptions.dispatch(exchange, segments[1:])
    if words[:1] == ["users"] and words[2:3] == ["onlinemeetings"]:
        return graph_meetings.dispatch(exchange, segments[1], segments[3:], words[3:])
    if words[:1] == ["users"] and len(words) > 2 and words[2] in CALENDARS:
        return graph_events.dispatch(exchange, segments[1], segments[2:])
    if words[:1] == ["users"] and len(words) > 2 and words[2] == "presence":
        return user_presence(exchange, segments)
    if words[:1] == ["users"] and method == "GET":
        return users_request(exchange, segments[1:])
    if words[:1] == ["users"]:
        raise method_not_allowed()
    raise no_segment()


def user_presence(exchange: Exchange, segments: list[str]) -> HttpResponse:
    """Answer the presence of one user; setting it is not simulated."""
    if len(segments) > 3:
        raise GraphFault(501, "NotImplemented", "Presence is set from the simulator's own API.")
    return graph_presence.one(exchange, segments[1])


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
