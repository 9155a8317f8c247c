"""The requests themselves: one function for each kind of operation."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings

from calls import coordinates
from calls.models import Operation
from commsportal.clock import now
from graph import conf
from graph.audio_routing import RoutingMode
from graph.client import GraphClient
from graph.errors import GraphError, NotSent, OutcomeUnknown, Refused, ServerFault, Throttled
from graph.joining import Coordinates
from graph.notifications import parse_item
from graph.transport import leaving_within
from graph.types import Call, Target, Transferee
from graph.types import Operation as GraphOperation
from webhooks.models import Delivery

TOKEN = "operation"  # noqa: S105 - the name of a query parameter of our callbackUri
# From the commit of `sending_at`. Shorter than the lease that begins there (`operations.LEASE_SECONDS`), so that a
# request is with Microsoft before the next worker may look what became of it.
LEAVE_SECONDS = 4.0
Kind = Operation.Kind


@dataclass(frozen=True, slots=True)
class Accepted:
    """That Microsoft took a request: under which id of its own, what call a create made, what operation others."""

    request_id: str
    call: Call | None = None
    operation: GraphOperation | None = None


def send(row: Operation) -> Accepted:
    """Make the request of `row`, unless the time in which it may leave is over: then another worker may have it.

    :raises GraphError: it was not accepted, or nobody knows, or it came too late to be sent.
    """
    graph = conf.client(row.call.tenant_id)
    with leaving_within(_seconds_left(row)):
        if row.kind in _PLACERS:
            call = _PLACERS[Kind(row.kind)](graph, row)
            return Accepted(call.request_id, call)
        if row.kind in _STARTERS:
            operation = _STARTERS[Kind(row.kind)](graph, row)
            return Accepted(operation.request_id, operation=operation)
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
    return graph.calls.transfer(
        row.call.graph_id, target=_targets(row)[0], transferee=_transferee(graph, row), scenario_id=_scenario(row)
    )


def _transferee(graph: GraphClient, row: Operation) -> Transferee | None:
    """Find the caller among several; None in a call of two, where Microsoft wants nobody named.

    :raises Refused: the caller is not there any more.
    """
    call = row.call
    if not call.operations.filter(kind=Kind.INVITE, status=Operation.Status.DONE).exists():
        return None
    for one in graph.participants.list(call.graph_id, scenario_id=_scenario(row)):
        if one.identity and (one.identity.kind, one.identity.id) == (call.caller_kind, call.caller_id):
            return Transferee(one.id, one.identity)
    raise Refused("the caller is not among those in the call", code="NoTransferee")


def _invite(graph: GraphClient, row: Operation) -> GraphOperation:
    return graph.participants.invite(row.call.graph_id, _targets(row), **_named(row))


def _mute(graph: GraphClient, row: Operation) -> GraphOperation:
    return graph.participants.mute(*_member(row), **_named(row))


def _hold(graph: GraphClient, row: Operation) -> GraphOperation:
    return graph.participants.start_hold_music(*_member(row), **_named(row))


def _resume(graph: GraphClient, row: Operation) -> GraphOperation:
    return graph.participants.stop_hold_music(*_member(row), **_named(row))


def _tones(graph: GraphClient, row: Operation) -> GraphOperation:
    return graph.media.send_tones(
        row.call.graph_id, row.parameters["keys"], client_context=str(row.pk), scenario_id=_scenario(row)
    )


def _mute_bot(graph: GraphClient, row: Operation) -> GraphOperation:
    return graph.media.mute(row.call.graph_id, **_named(row))


def _unmute_bot(graph: GraphClient, row: Operation) -> GraphOperation:
    return graph.media.unmute(row.call.graph_id, **_named(row))


def _gallery(graph: GraphClient, row: Operation) -> GraphOperation:
    return graph.media.add_large_gallery_view(row.call.graph_id, **_named(row))


def _cancel_media(graph: GraphClient, row: Operation) -> GraphOperation:
    return graph.media.cancel(row.call.graph_id, **_named(row))


def _share_screen(graph: GraphClient, row: Operation) -> str:
    return graph.media.change_screen_sharing_role(
        row.call.graph_id, row.parameters["role"], scenario_id=_scenario(row)
    )


def _route_audio(graph: GraphClient, row: Operation) -> str:
    source, receivers = row.parameters["participant"], row.parameters["receivers"]
    mode: RoutingMode = "oneToOne" if len(receivers) == 1 else "multicast"
    made = graph.audio_routing.create(
        row.call.graph_id,
        mode,
        source=source,
        receivers=receivers,
        group_id=str(row.pk),
        scenario_id=_scenario(row),
    )
    return made.request_id


def _unroute(graph: GraphClient, row: Operation) -> str:
    made = row.call.operations.filter(kind=Kind.ROUTE_AUDIO, parameters__participant=row.parameters["participant"])
    group = made.exclude(status=Operation.Status.FAILED).latest("created_at", "pk")
    return graph.audio_routing.delete(row.call.graph_id, str(group.pk), scenario_id=_scenario(row))


def _named(row: Operation) -> dict[str, str]:
    return {"client_context": str(row.pk), "scenario_id": _scenario(row)}


def _remove(graph: GraphClient, row: Operation) -> str:
    return graph.participants.remove(*_member(row), scenario_id=_scenario(row))


def _member(row: Operation) -> tuple[str, str]:
    return row.call.graph_id, row.parameters["participant"]


def _hang_up(graph: GraphClient, row: Operation) -> str:
    return graph.calls.delete(row.call.graph_id, scenario_id=_scenario(row))


def _create(graph: GraphClient, row: Operation) -> Call:
    return graph.calls.create(
        callback_uri=callback_uri(row), targets=_targets(row), source=_source(row), scenario_id=_scenario(row)
    )


def _source(row: Operation) -> dict[str, dict[str, str]] | None:
    """Return the bot identity of the line that is called from."""
    instance = row.parameters.get("from")
    return {"applicationInstance": {"id": instance}} if instance else None


def _join(graph: GraphClient, row: Operation) -> Call:
    """Enter the meeting that is named, else the one under the call's own id, which is made unless it is there."""
    named = row.parameters.get("meeting")
    where = coordinates.read(named) if named else _meeting(graph, row)
    return graph.calls.join(where, callback_uri=callback_uri(row), source=_source(row), scenario_id=_scenario(row))


def _meeting(graph: GraphClient, row: Operation) -> Coordinates:
    """Make or find the meeting of a call, in the name of the first organiser whom Microsoft lets make one more.

    :raises NotSent: whether there is a meeting now or not, nobody has entered it.
    """
    key, subject = str(row.call_id), row.parameters["subject"]
    full: Throttled | None = None
    for organizer in row.parameters["organizers"]:
        try:
            made = graph.meetings.create_or_get(organizer, key, subject=subject, scenario_id=_scenario(row))
        except Throttled as error:
            full = error  # 2,000 a month each: nobody else's requests have to wait for that
        except (OutcomeUnknown, ServerFault) as error:
            raise _not_entered(error) from error
        else:
            return made.of(organizer, graph.tenant_id)
    raise _not_entered(full or Refused("the line names no organiser"))


def _not_entered(error: GraphError) -> NotSent:
    code = error.code or "NoMeeting"
    return NotSent(error.message, retryable=True, code=code, retry_after=error.retry_after)


def _targets(row: Operation) -> list[Target]:
    return [
        Target(one["kind"], one["id"], one.get("name", ""), one.get("replaces", ""))
        for one in row.parameters["targets"]
    ]


def _scenario(row: Operation) -> str:
    return str(row.call.scenario_id)


# What makes a call of its own.
_PLACERS: dict[Operation.Kind, Callable[[GraphClient, Operation], Call]] = {
    Kind.CREATE: _create,
    Kind.JOIN: _join,
}
_SENDERS: dict[Operation.Kind, Callable[[GraphClient, Operation], str]] = {
    Kind.ANSWER: _answer,
    Kind.REJECT: _reject,
    Kind.REDIRECT: _redirect,
    Kind.TRANSFER: _transfer,
    Kind.HANG_UP: _hang_up,
    Kind.REMOVE: _remove,
    Kind.SHARE_SCREEN: _share_screen,
    Kind.ROUTE_AUDIO: _route_audio,
    Kind.UNROUTE: _unroute,
}
# What Graph makes an operation of its own of.
_STARTERS: dict[Operation.Kind, Callable[[GraphClient, Operation], GraphOperation]] = {
    Kind.INVITE: _invite,
    Kind.MUTE: _mute,
    Kind.HOLD: _hold,
    Kind.RESUME: _resume,
    Kind.TONES: _tones,
    Kind.MUTE_BOT: _mute_bot,
    Kind.UNMUTE_BOT: _unmute_bot,
    Kind.GALLERY: _gallery,
    Kind.CANCEL_MEDIA: _cancel_media,
}
