"""Presence over HTTP: one person's, or many at once (REFERENCE 10)."""

import math

from django.http import HttpResponse

from simulator.engine import checks, presence
from simulator.engine.bodies import GRAPH
from simulator.engine.model import GraphFault
from simulator.exchanges import Exchange, method_not_allowed, read_body, send
from simulator.people import Person
from simulator.world import utc_now

MOST_REQUESTS, SECONDS = 1_500, 30  # of an application in a tenant (REFERENCE 17)
READ = ("Presence.Read.All", "Presence.ReadWrite.All")


def admit(exchange: Exchange, action: str) -> None:
    """Refuse who may not read presence, or asks too often."""
    exchange.action = action
    app = exchange.caller
    checks.require_role(app.roles, *READ)
    wait = exchange.world.presence_quotas.spend(f"{app.app_id} {app.tenant.id}", utc_now(), MOST_REQUESTS, SECONDS)
    if wait:
        headers = {"Retry-After": str(math.ceil(wait))}
        raise GraphFault(429, "TooManyRequests", "Please retry again later.", headers)


def one(exchange: Exchange, key: str) -> HttpResponse:
    """Answer `GET /users/{id}/presence` and `GET /communications/presences/{id}`."""
    admit(exchange, "presence")
    if exchange.request.method != "GET":
        raise method_not_allowed()
    person = exchange.caller.tenant.find_person(key)
    if person is None:
        raise GraphFault(404, "NotFound", f"There is no presence of {key}.")
    engine = exchange.world.engine
    context = {"@odata.context": f"{GRAPH}/$metadata#users('{person.id}')/presence/$entity"}
    return send(200, "presence", {**context, **presence.to_graph(engine, person, presence.busy(engine))})


def many(exchange: Exchange) -> HttpResponse:
    """Answer `POST /communications/getPresencesByUserId`; strangers are left out, repeated ids told once."""
    admit(exchange, "getpresencesbyuserid")
    if exchange.request.method != "POST":
        raise method_not_allowed()
    ids = read_body(exchange, "cloudCommunications.getPresencesByUserId.request")["ids"]
    if not 1 <= len(ids) <= presence.MOST_IDS:
        raise checks.bad_request(f"ids must hold 1 to {presence.MOST_IDS} users.")
    engine = exchange.world.engine
    found = dict.fromkeys(key.lower() for key in ids)
    people: list[Person] = [p for key in found if (p := exchange.caller.tenant.people.get(key))]
    on_calls = presence.busy(engine)
    context = f"{GRAPH}/$metadata#Collection(microsoft.graph.presence)"
    value = [presence.to_graph(engine, person, on_calls) for person in people]
    return send(200, "presence.collection", {"@odata.context": context, "value": value})
