"""The plain port's view of subscriptions: what there is, what was told, and what becomes of one."""

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, JsonResponse

from simulator.engine.subscriptions import EVENT_TYPES
from simulator.problems import Problem, read_object
from simulator.world import world


async def subscriptions(request: ASGIRequest) -> HttpResponse:
    """List the subscriptions and what was told."""
    if request.method != "GET":
        raise Problem(405, "Subscriptions are made through Graph.")
    rows = [one.to_graph() for one in world().engine.subscriptions.live()]
    return JsonResponse({"results": rows, "told": world().changes.log_of()})


async def lifecycle(request: ASGIRequest, subscription_id: str) -> HttpResponse:
    """Have something become of a subscription: missed notifications, its removal, a new authorization."""
    if request.method != "POST":
        raise Problem(405, "POST what is to become of the subscription.")
    event = read_object(request.body).get("event")
    if event not in EVENT_TYPES:
        raise Problem(400, f"event is one of {', '.join(EVENT_TYPES)}.")
    table = world().engine.subscriptions
    found = next((one for one in table.live() if one.id == subscription_id.lower()), None)
    if found is None:
        raise Problem(404, "There is no such subscription.")
    table.lifecycle(found, str(event))
    return JsonResponse({"id": found.id, "event": event}, status=202)
