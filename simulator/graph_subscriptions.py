"""Subscriptions over HTTP (REFERENCE 12)."""

from collections.abc import Awaitable

from django.http import HttpResponse

from simulator.engine.bodies import GRAPH
from simulator.engine.subscriptions import Subscription
from simulator.exchanges import Exchange, empty, method_not_allowed, no_segment, read_body, send


def dispatch(exchange: Exchange, segments: list[str]) -> HttpResponse | Awaitable[HttpResponse]:
    """Answer a request about subscriptions, at once or when an address has proved itself."""
    exchange.action = "subscriptions"
    table, method = exchange.world.engine.subscriptions, exchange.request.method
    if not segments and method == "GET":
        rows = [one.to_graph() for one in table.of(exchange.caller)]
        value = [{name: member for name, member in row.items() if name != "@odata.context"} for row in rows]
        context = f"{GRAPH}/$metadata#subscriptions"
        return send(200, "subscription.collection", {"@odata.context": context, "value": value})
    if not segments and method == "POST":
        body = read_body(exchange, "subscription.create.request")
        return made(exchange, table.wanted(exchange.caller, body))
    if not segments:
        raise method_not_allowed()
    if len(segments) > 1:
        return part(exchange, segments)
    return one(exchange, table.find(exchange.caller, segments[0]))


async def made(exchange: Exchange, wanted: Subscription) -> HttpResponse:
    """Make a subscription once its addresses have repeated their tokens."""
    for url in dict.fromkeys(filter(None, (wanted.notification_url, wanted.lifecycle_url))):
        await exchange.world.changes.prove(url)
    exchange.world.engine.subscriptions.keep(wanted)
    exchange.effect = True
    return send(201, "subscription", wanted.to_graph())


def one(exchange: Exchange, found: Subscription) -> HttpResponse:
    """Answer `GET`, `PATCH` and `DELETE /subscriptions/{id}`; only the end can be changed."""
    table, method = exchange.world.engine.subscriptions, exchange.request.method
    if method == "DELETE":
        table.remove(found)
        exchange.effect = True
        return empty(204)
    if method == "PATCH":
        body = read_body(exchange, "subscription")
        if body.get("expirationDateTime"):
            found.expires_at = table.until(body["expirationDateTime"])
            exchange.effect = True
    elif method != "GET":
        raise method_not_allowed()
    return send(200, "subscription", found.to_graph())


def part(exchange: Exchange, segments: list[str]) -> HttpResponse:
    """Answer `POST /subscriptions/{id}/reauthorize`."""
    if [word.lower() for word in segments[1:]] != ["reauthorize"]:
        raise no_segment()
    if exchange.request.method != "POST":
        raise method_not_allowed()
    exchange.world.engine.subscriptions.find(exchange.caller, segments[0])
    exchange.effect = True
    return empty(204)
