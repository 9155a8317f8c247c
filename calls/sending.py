"""The requests themselves: one function for each kind of operation."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings

from calls.models import Operation
from commsportal.clock import now
from graph import conf
from graph.client import GraphClient
from graph.notifications import parse_item
from graph.transport import leaving_within
from graph.types import Call, Target
from webhooks.models import Delivery

TOKEN = "operation"  # noqa: S105 - the name of a query parameter of our callbackUri
# From the commit of `sending_at`. Shorter than the lease that begins there (`operations.LEASE_SECONDS`), so that a
# request is with Microsoft before the next worker may look what became of it.
LEAVE_SECONDS = 4.0
Kind = Operation.Kind


@dataclass(frozen=True, slots=True)
class Accepted:
    """That Microsoft took a request: under which id of its own, and what call a create made."""

    request_id: str
    call: Call | None = None


def send(row: Operation) -> Accepted:
    """Make the request of `row`, unless the time in which it may leave is over: then another worker may have it.

    :raises GraphError: it was not accepted, or nobody knows, or it came too late to be sent.
    """
    graph = conf.client(row.call.tenant_id)
    with leaving_within(_seconds_left(row)):
        if row.kind == Kind.CREATE:
            call = _create(graph, row)
            return Accepted(call.request_id, call)
        return Accepted(_SENDERS[Kind(row.kind)](graph, row))


def _seconds_left(row: Operation) -> float:
    marked_at = row.sending_at or now()
    return LEAVE_SECONDS - (now() - marked_at).total_seconds()


def callback_uri(row: Operation | None = None) -> str:
    """Return the address for notifications; with the token of `row` when that is how we will know its call."""
    if row is None:
        return settings.CALLBACK_URL
    return f"{settings.CALLBACK_URL}?{urlencode({TOKEN: row.token})}"


def _answer(graph: GraphClient, row: Operation) -> str:
    return graph.calls.answer(
        row.call.graph_id, callback_uri=callback_uri(), in_group=_in_group(row), scenario_id=_scenario(row)
    )


def _in_group(row: Operation) -> bool:
    """Tell whether the call was announced as an invitation into a group call (REFERENCE 4)."""
    rings = Delivery.objects.filter(tenant_id=row.call.tenant_id, call_key=row.call.graph_id, is_ring=True)
    announced = (parse_item(ring.item).call for ring in rings[:1])
    return any(call is not None and call.chat_info for call in announced)


def _reject(graph: GraphClient, row: Operation) -> str:
    reason = row.parameters.get("reason", "none")
    return graph.calls.reject(
        row.call.graph_id, reason=reason, callback_uri=callback_uri(), scenario_id=_scenario(row)
    )


def _redirect(graph: GraphClient, row: Operation) -> str:
    return graph.calls.redirect(
        row.call.graph_id,
        targets=_targets(row),
        timeout=row.parameters.get("timeout"),
        callback_uri=callback_uri(),
        scenario_id=_scenario(row),
    )


def _transfer(graph: GraphClient, row: Operation) -> str:
    return graph.calls.transfer(row.call.graph_id, target=_targets(row)[0], scenario_id=_scenario(row))


def _hang_up(graph: GraphClient, row: Operation) -> str:
    return graph.calls.delete(row.call.graph_id, scenario_id=_scenario(row))


def _create(graph: GraphClient, row: Operation) -> Call:
    instance = row.parameters.get("from")
    source = {"applicationInstance": {"id": instance}} if instance else None
    return graph.calls.create(
        callback_uri=callback_uri(row), targets=_targets(row), source=source, scenario_id=_scenario(row)
    )


def _targets(row: Operation) -> list[Target]:
    return [Target(one["kind"], one["id"], one.get("name", "")) for one in row.parameters["targets"]]


def _scenario(row: Operation) -> str:
    return str(row.call.scenario_id)


_SENDERS: dict[Operation.Kind, Callable[[GraphClient, Operation], str]] = {
    Kind.ANSWER: _answer,
    Kind.REJECT: _reject,
    Kind.REDIRECT: _redirect,
    Kind.TRANSFER: _transfer,
    Kind.HANG_UP: _hang_up,
}
