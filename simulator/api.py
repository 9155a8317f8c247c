"""The plain port's interface: ring, hang up, look, and move the switches."""

import re
from collections.abc import Callable
from itertools import islice
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, JsonResponse

from simulator.config import SCENARIOS
from simulator.engine import Call, Party, legs
from simulator.faults import BadSwitch
from simulator.people import Line, Tenant
from simulator.problems import Problem, problem, read_object
from simulator.reading import whole_number
from simulator.scenarios import choose, load
from simulator.world import World, world

E164 = re.compile(r"\+[1-9]\d{5,14}")
LISTED = 100
SLOWEST, FASTEST = 0.001, 1000  # calls per second
Json = dict[str, Any]


def show(call: Call) -> Json:
    """Return a call as `/api/calls/{id}` shows it."""
    return {
        "id": call.id,
        "state": call.state,
        "result": {"code": call.result.code, "subcode": call.result.subcode} if call.result else None,
        "participants": everybody(call),
        "history": [{"at": entry.at.isoformat(), "state": entry.state, "by": entry.by} for entry in call.history],
    }


def everybody(call: Call) -> list[Json]:
    """Return who is in a call and who is being rung."""
    parties = [(leg.party, leg.state) for leg in call.legs]
    if call.conference and not call.is_over:
        inside = call.conference.participants.values()
        parties = [(found.party, "lobby" if found.is_in_lobby else "connected") for found in inside]
        parties += [(found.party, "ringing") for found in call.conference.invited.values()]
    return [{"id": one.id, "kind": one.kind, "name": one.label(), "state": state} for one, state in parties]


def show_row(call: Call) -> Json:
    """Return a call as lists show it: with both ends, and what the caller does once we are out of it."""
    return show(call) | {
        "direction": call.direction,
        "from": call.caller.label(),
        "to": call.callee.label(),
        "line": call.line,
        "leg": call.leg,
        "created_at": call.created_at.isoformat(),
        "deadline": call.deadline.isoformat() if call.deadline else None,
        "quiet": call.is_quiet,
        "group": call.conference.id if call.conference else None,
    }


def caller_of(value: object) -> Party:
    """Return who calls: one of our people, or a number.

    :raises Problem: if it is neither.
    """
    source = value if isinstance(value, dict) else {}
    user, phone = source.get("user"), source.get("phone")
    if isinstance(user, str) and phone is None:
        return user_party(user)
    if not isinstance(phone, str) or user is not None:
        raise Problem(400, 'from is {"user": id} or {"phone": "+14255550100"}.')
    if not E164.fullmatch(phone):
        raise Problem(400, f"{phone} is no telephone number; write it as in E.164, such as +14255550100.")
    return Party("phone", phone)


def user_party(key: str) -> Party:
    """Return a person of the directory as a caller."""
    for tenant in world().directory.tenants:
        if person := tenant.find_person(key):
            return Party("user", person.id, person.name, tenant.id)
    raise Problem(400, f"There is no person with the id {key}; /api/people lists them.")


def line_of(value: object) -> tuple[Tenant, Line]:
    """Return the line of a name.

    :raises Problem: if there is none.
    """
    directory = world().directory
    found = directory.line(value) if isinstance(value, str) else None
    if found is None:
        raise Problem(400, f"There is no line named {value!r}; there are {', '.join(directory.line_names())}.")
    return found


def call_of(call_id: str) -> Call:
    """Return a call, over or not.

    :raises Problem: if it was never made or is forgotten.
    """
    call = world().engine.find(call_id)
    if call is None:
        raise Problem(404, "There is no such call, or it ended long ago.")
    return call


def only(request: ASGIRequest, *methods: str) -> None:
    """Refuse other methods."""
    if request.method not in methods:
        raise Problem(405, f"Only {' and '.join(methods)} work here.")


async def calls(request: ASGIRequest) -> JsonResponse:
    """List calls, newest first, or ring a line."""
    only(request, "GET", "POST")
    if request.method == "POST":
        return ring(request)
    live = request.GET.get("live") == "true"
    newest = (call for call in reversed(list(world().engine.calls.values())) if not (live and call.is_quiet))
    most = whole_number(request.GET.get("limit", str(LISTED)))
    if most is None:
        raise Problem(400, "limit is a whole number.")
    return JsonResponse({"results": [show_row(call) for call in islice(newest, most)], "next": None})


def ring(request: ASGIRequest) -> JsonResponse:
    """Ring a line; the application hears of it after this answer."""
    body = read_object(request.body)
    caller, (tenant, line) = caller_of(body.get("from")), line_of(body.get("to"))
    here = world()
    made = here.engine.ring(caller, tenant, line)
    here.delivery.hold(made.id)
    request.scope["simulator.held"].append(made.id)
    return JsonResponse({"id": made.id, "state": made.state}, status=201)


async def one_call(request: ASGIRequest, call_id: str) -> JsonResponse:
    """Show one call."""
    only(request, "GET")
    return JsonResponse(show(call_of(call_id)))


async def hang_up(request: ASGIRequest, call_id: str) -> JsonResponse:
    """Hang up the far end; of a call that is over already, nothing more happens."""
    only(request, "POST")
    call = call_of(call_id)
    legs.hang_up(world().engine, call)
    return JsonResponse(show(call))


async def load_calls(request: ASGIRequest) -> JsonResponse:
    """Have many calls come in at a rate per second."""
    only(request, "POST")
    body = read_object(request.body)
    rate, count = body.get("rate"), body.get("count")
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not SLOWEST <= rate <= FASTEST:
        raise Problem(400, f"rate is a number of calls per second, from {SLOWEST} to {FASTEST}.")
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 10_000:
        raise Problem(400, "count is from 1 to 10000.")
    target = line_of(body["to"]) if body.get("to") else None
    ids = load(world(), rate, count, target)
    return JsonResponse({"rate": rate, "count": count, "ids": ids}, status=202)


async def lines(request: ASGIRequest) -> JsonResponse:
    """List the lines that can be rung."""
    only(request, "GET")
    found = [line for tenant in world().directory.tenants for line in tenant.lines.values()]
    rows = [{"name": line.name, "instance_id": line.instance_id, "phone": line.phone} for line in found]
    return JsonResponse(rows, safe=False)


async def connection(request: ASGIRequest) -> JsonResponse:
    """Say how an application connects."""
    only(request, "GET")
    here = world()
    tenant = here.directory.tenants[0]
    body = {
        "graph": f"{here.config.tls_url}/v1.0",
        "authority": f"{here.config.tls_url}/{tenant.id}",
        "tenant": tenant.id,
        "client_id": tenant.client_id,
        "client_secret": here.config.client_secret,
        "ca": str(here.config.folder / "ca.pem"),
    }
    return JsonResponse(body)


async def faults(request: ASGIRequest) -> JsonResponse:
    """Show the switches, or move some of them."""
    only(request, "GET", "PUT")
    switches = world().faults
    if request.method == "PUT":
        changes = read_object(request.body)
        try:
            switches.merge(changes)
        except BadSwitch as error:
            raise Problem(400, str(error)) from None
        if "quota" in changes:
            world().quotas.forget()
    return JsonResponse(switches.as_dict())


async def permissions(request: ASGIRequest) -> JsonResponse:
    """Show what each tenant's administrator consented to, or replace it for the tenants named."""
    only(request, "GET", "PUT")
    tenants = {tenant.id: tenant for tenant in world().directory.tenants}
    if request.method == "PUT":
        for key, roles in read_object(request.body).items():
            if key not in tenants or not isinstance(roles, list) or not all(isinstance(r, str) for r in roles):
                raise Problem(400, 'The body is {"tenant id": ["role", ...]}.')
            tenants[key].roles = set(roles)
    return JsonResponse({key: sorted(tenant.roles) for key, tenant in tenants.items()})


async def scenario(request: ASGIRequest) -> JsonResponse:
    """Show which callers come by themselves, or change it."""
    only(request, "GET", "PUT")
    here = world()
    if request.method == "PUT":
        name = read_object(request.body).get("name")
        if name not in SCENARIOS:
            raise Problem(400, f"name is one of {', '.join(SCENARIOS)}.")
        choose(here, str(name))
    return JsonResponse({"name": here.scenario})


async def requests(request: ASGIRequest) -> JsonResponse:
    """List what was asked of Graph."""
    only(request, "GET")
    return listing(request, world().asked)


async def deliveries(request: ASGIRequest) -> JsonResponse:
    """List what was sent to callbacks."""
    only(request, "GET")
    return listing(request, world().delivery.log_of)


def listing(request: ASGIRequest, find: Callable[[str], list[Json]]) -> JsonResponse:
    """Return a log, of one call if asked so."""
    return JsonResponse({"results": find(request.GET.get("call", "").lower()), "next": None})


async def rotate(request: ASGIRequest) -> JsonResponse:
    """Sign with new keys from now on; the old ones stay published."""
    only(request, "POST")
    here = world()
    return JsonResponse({"directory": here.directory_keys.rotate(), "callbacks": here.callback_keys.rotate()})


async def healthz(request: ASGIRequest) -> HttpResponse:
    """Say that the process is alive."""
    return JsonResponse({"status": "ok", "ready": is_ready(world())})


def is_ready(here: World) -> bool:
    """Tell whether both ports listen."""
    return here.ready


async def nothing(request: ASGIRequest, rest: str = "") -> HttpResponse:
    """Answer what is not there."""
    return problem(404, "There is nothing at this address.")
