"""Calls over HTTP: which address and body stands for which request to the engine (REFERENCE 3 to 8)."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpResponse

from simulator.engine import Application, Call, Engine, actions, checks, inviting, media, operations
from simulator.engine import roster_actions as roster
from simulator.engine.bodies import GRAPH, call_resource, created_call
from simulator.engine.conference import Conference, Operation
from simulator.engine.model import GraphFault, Json
from simulator.exchanges import Exchange, empty, method_not_allowed, no_segment, read_body, send

Perform = Callable[[Engine, Application, Call, Json], bool | Operation]
PerformOn = Callable[[Engine, Call, str, Json], Operation]


@dataclass(frozen=True)
class Action:
    """Say what an action takes, does and answers with."""

    shape: str
    perform: Perform
    status: int = 202


ACTIONS = {
    "answer": Action("call.answer.request", actions.answer),
    "reject": Action("call.reject.request", actions.reject),
    "redirect": Action("call.redirect.request", actions.redirect),
    "transfer": Action("call.transfer.request", actions.transfer),
    "mute": Action("call.mute.request", lambda e, app, call, body: roster.mute_self(e, call, body), 200),
    "unmute": Action("call.unmute.request", lambda e, app, call, body: roster.unmute_self(e, call, body), 200),
    "senddtmftones": Action(
        "call.sendDtmfTones.request", lambda e, app, call, body: media.send_tones(e, call, body), 200
    ),
    "cancelmediaprocessing": Action(
        "call.cancelMediaProcessing.request", lambda e, app, call, body: media.cancel(e, call, body), 200
    ),
    "changescreensharingrole": Action("call.changeScreenSharingRole.request", media.share_screen),
    "addlargegalleryview": Action("call.addLargeGalleryView.request", media.add_gallery),
    "updaterecordingstatus": Action("call.updateRecordingStatus.request", media.record_status, 200),
}
ROSTER_ACTIONS: dict[str, tuple[str, PerformOn, int]] = {
    "mute": ("participant.mute.request", roster.mute, 200),
    "startholdmusic": ("participant.startHoldMusic.request", roster.start_music, 202),
    "stopholdmusic": ("participant.stopHoldMusic.request", roster.stop_music, 202),
}


def dispatch_call(exchange: Exchange, segments: list[str], words: list[str]) -> HttpResponse:
    """Answer a request about calls."""
    if not segments:
        return collection(exchange)
    if words == ["logteleconferencedevicequality"]:
        return log_quality(exchange)
    known = exchange.world.engine.find(segments[0])
    exchange.call_id = known.id if known else segments[0]
    exchange.action = action_of(exchange, words[1:])
    call = actions.own_call(exchange.world.engine, exchange.caller, segments[0])
    exchange.hold(call.id)
    if len(segments) == 1:
        return one_call(exchange, call)
    part = PARTS.get(words[1])
    if part:
        return part(exchange, call, segments[2:], words[2:])
    if len(segments) == 2 and exchange.request.method == "POST":
        return act(exchange, call, words[1])
    raise no_segment()


def action_of(exchange: Exchange, words: list[str]) -> str:
    """Return the word that a request is known by in the log: the action, or the part and what is done to it."""
    if not words:
        return (exchange.request.method or "").lower()
    if len(words) == 1:
        return words[0]
    last = words[-1] if exchange.request.method == "POST" else (exchange.request.method or "").lower()
    return f"{words[0]}/{last}"


def collection(exchange: Exchange) -> HttpResponse:
    """Answer `POST /communications/calls`."""
    if exchange.request.method != "POST":
        raise method_not_allowed()
    exchange.action = "create"
    body = read_body(exchange, "call.create.request")
    scenario_id = exchange.request.headers.get("Scenario-Id", "")
    call = actions.create(exchange.world.engine, exchange.caller, body, scenario_id)
    exchange.hold(call.id)
    exchange.call_id, exchange.effect = call.id, True
    return send(201, "call", created_call(call), {"Location": place(exchange, call)})


def place(exchange: Exchange, call: Call) -> str:
    """Return the address of a call."""
    return f"{exchange.world.config.tls_url}/v1.0/communications/calls/{call.id}"


def log_quality(exchange: Exchange) -> HttpResponse:
    """Take what a meeting room measured (`call-logteleconferencedevicequality.md`)."""
    exchange.action = "logteleconferencedevicequality"
    if exchange.request.method != "POST":
        raise method_not_allowed()
    checks.require_role(exchange.caller.roles, "Calls.AccessMedia.All")
    read_body(exchange, "call.logTeleconferenceDeviceQuality.request")
    exchange.effect = True
    return empty(200)


def one_call(exchange: Exchange, call: Call) -> HttpResponse:
    """Answer `GET` and `DELETE /communications/calls/{id}`."""
    if exchange.request.method == "GET":
        return send(200, "call", call_resource(call))
    if exchange.request.method != "DELETE":
        raise method_not_allowed()
    exchange.effect = actions.delete(exchange.world.engine, exchange.caller, call)
    return empty(204)


def act(exchange: Exchange, call: Call, word: str) -> HttpResponse:
    """Answer the actions on a call."""
    engine = exchange.world.engine
    if word == "keepalive":
        exchange.effect = actions.keep_alive(engine, call)
        return empty(200)
    action = ACTIONS.get(word)
    if action is None:
        raise GraphFault(501, "NotImplemented", f"The action {word} is not simulated.")
    # The page calls answer's callbackUri optional, metadata does not: absent, it is the registered webhook.
    defaults = {"callbackUri": call.callback_uri} if word == "answer" else {}
    done = action.perform(engine, exchange.caller, call, read_body(exchange, action.shape, defaults))
    if isinstance(done, Operation):
        return begun(exchange, call, done, action.status)
    exchange.effect = done
    return empty(action.status)


def begun(exchange: Exchange, call: Call, operation: Operation, status: int) -> HttpResponse:
    """Answer with an operation and where it can be read."""
    exchange.effect = True
    context = {"@odata.context": f"{GRAPH}/$metadata#{operation.kind}"}
    where = f"{place(exchange, call)}/operations/{operation.id}"
    return send(status, operation.kind, {**context, **operation.to_graph()}, {"Location": where})


# Parts of a call


def participants(exchange: Exchange, call: Call, segments: list[str], words: list[str]) -> HttpResponse:
    """Answer what concerns the roster."""
    engine, method = exchange.world.engine, exchange.request.method
    context = f"{GRAPH}/$metadata#communications/calls('{call.id}')/participants"
    if not segments and method == "GET":
        body = {"@odata.context": context, "value": roster.list_all(engine, call)}
        return send(200, "participant.collection", body)
    if words == ["invite"] and method == "POST":
        body = read_body(exchange, "participant.invite.request")
        return begun(exchange, call, inviting.invite(engine, exchange.caller, call, body), 200)
    if len(segments) == 1 and method == "GET":
        body = {"@odata.context": f"{context}/$entity", **roster.get_one(engine, call, segments[0])}
        return send(200, "participant", body)
    if len(segments) == 1 and method == "DELETE":
        exchange.effect = roster.remove(engine, exchange.caller, call, segments[0])
        return empty(204)
    if len(segments) == 2 and method == "POST" and words[1] in ROSTER_ACTIONS:
        shape, perform, status = ROSTER_ACTIONS[words[1]]
        return begun(exchange, call, perform(engine, call, segments[0], read_body(exchange, shape)), status)
    raise no_segment()


def running(exchange: Exchange, call: Call, segments: list[str], words: list[str]) -> HttpResponse:
    """Answer `GET .../operations/{id}` while the operation lives."""
    if len(segments) != 1:
        raise no_segment()
    if exchange.request.method != "GET":
        raise method_not_allowed()
    return send(200, "commsOperation", operations.read(call, segments[0]))


def routing_groups(exchange: Exchange, call: Call, segments: list[str], words: list[str]) -> HttpResponse:
    """Answer what concerns audio routing groups; creating is 200 in the page (REFERENCE 5.8)."""
    engine, method = exchange.world.engine, exchange.request.method
    conference = media.routing(engine, exchange.caller, call)
    if not segments and method == "GET":
        return send(200, "audioRoutingGroup.collection", {"value": list(conference.groups.values())})
    if not segments and method == "POST":
        group = media.add_group(engine, conference, read_body(exchange, "audioRoutingGroup.create.request"))
    elif not segments:
        raise method_not_allowed()
    else:
        return one_group(exchange, conference, segments[0])
    exchange.effect = True
    return send(200, "audioRoutingGroup", group)


def one_group(exchange: Exchange, conference: Conference, key: str) -> HttpResponse:
    """Answer what concerns one audio routing group."""
    method = exchange.request.method
    if method == "GET":
        return send(200, "audioRoutingGroup", media.find_group(conference, key))
    if method == "PATCH":
        group = media.change_group(conference, key, read_body(exchange, "audioRoutingGroup"))
        exchange.effect = True
        return send(200, "audioRoutingGroup", group)
    if method != "DELETE":
        raise method_not_allowed()
    media.remove_group(conference, key)
    exchange.effect = True
    return empty(204)


PARTS = {"participants": participants, "operations": running, "audioroutinggroups": routing_groups}
