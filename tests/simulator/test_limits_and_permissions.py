"""What the engine refuses, as REFERENCE 2, 4, 13 and 17 say."""

from dataclasses import replace
from typing import Any

import pytest

from simulator.engine import Application, Call, GraphFault
from simulator.engine import actions as graph
from simulator.engine.actions import MAX_CONCURRENT, MAX_CREATED
from simulator.people import Line

from .conftest import Desk
from .test_calls_follow_their_states import ANSWER, MEDIA, established, outgoing, to_user

CREATE = {
    "@odata.type": "#microsoft.graph.call",
    "callbackUri": "https://portal.example/calls",
    "requestedModalities": ["audio"],
    "mediaConfig": MEDIA,
}
APP_HOSTED = {"@odata.type": "#microsoft.graph.appHostedMediaConfig", "blob": "<blob>"}


def refused(action: Any, *arguments: Any) -> tuple[int, str]:
    """Return the status and code that an action is refused with."""
    with pytest.raises(GraphFault) as fault:
        action(*arguments)
    return fault.value.status, fault.value.code


def without(desk: Desk, *roles: str) -> Application:
    """Return the application as if some consent were missing."""
    return replace(desk.app, roles=desk.app.roles - set(roles))


def redirect_to(desk: Desk, targets: list[dict[str, Any]], **more: Any) -> Any:
    """Redirect a fresh call."""
    return graph.redirect(desk.engine, desk.app, desk.ring(), {"targets": targets, **more})


def test_twenty_five_targets_are_the_most(desk: Desk) -> None:
    target = to_user(desk.person("bianca.rossi").id)
    assert redirect_to(desk, [target] * 25)
    assert refused(redirect_to, desk, [target] * 26) == (400, "BadRequest")
    assert refused(redirect_to, desk, []) == (400, "BadRequest")


@pytest.mark.parametrize("timeout", [0, 14, 91, 300])
def test_a_redirect_rings_for_15_to_90_seconds(desk: Desk, timeout: int) -> None:
    target = to_user(desk.person("bianca.rossi").id)
    with pytest.raises(GraphFault) as fault:
        redirect_to(desk, [target], timeout=timeout)
    assert fault.value.status == 400
    assert redirect_to(desk, [target], timeout=15) and redirect_to(desk, [target], timeout=90)


@pytest.mark.parametrize(
    "identity",
    [{}, {"user": {}}, {"phone": {"id": "112"}}, {"user": {"id": "a"}, "phone": {"id": "+14255550100"}}],
)
def test_a_target_is_one_identity(desk: Desk, identity: dict[str, Any]) -> None:
    assert refused(redirect_to, desk, [{"identity": identity}]) == (400, "BadRequest")


@pytest.mark.parametrize(
    ("uri", "http_callbacks", "taken"),
    [
        ("https://portal.example/calls", False, True),
        ("http://portal.example/calls", True, False),
        ("http://localhost:8000/calls", True, True),
        ("http://localhost:8000/calls", False, False),
        ("nonsense", True, False),
        (None, True, False),
    ],
)
def test_callbacks_are_https_or_loopback(desk: Desk, uri: str | None, http_callbacks: bool, taken: bool) -> None:
    app = replace(desk.app, http_callbacks=http_callbacks)
    if taken:
        assert app.callback(uri) == uri
    else:
        assert refused(app.callback, uri) == (400, "BadRequest")


def test_redirect_and_transfer_need_the_right_to_initiate(desk: Desk) -> None:
    app = without(desk, "Calls.Initiate.All")
    body = {"targets": [to_user(desk.person("bianca.rossi").id)]}
    assert refused(graph.redirect, desk.engine, app, desk.ring(), body) == (403, "7504")
    transfer = {"transferTarget": body["targets"][0]}
    assert refused(graph.transfer, desk.engine, app, established(desk), transfer) == (403, "7504")


def test_creating_needs_the_right_to_initiate(desk: Desk) -> None:
    app = without(desk, "Calls.Initiate.All")
    one = {**CREATE, "targets": [to_user(desk.person("bianca.rossi").id)]}
    assert refused(graph.create, desk.engine, app, one) == (403, "7504")
    assert graph.create(desk.engine, without(desk, "Calls.InitiateGroupCall.All"), one).state == "establishing"


def test_several_targets_need_the_right_for_groups(desk: Desk) -> None:
    target = to_user(desk.person("bianca.rossi").id)
    several = {**CREATE, "targets": [target, target]}
    app = without(desk, "Calls.InitiateGroupCall.All")
    assert refused(graph.create, desk.engine, app, several) == (403, "7504")
    assert graph.create(desk.engine, desk.app, several).conference


def test_media_of_ones_own_needs_its_own_right(desk: Desk) -> None:
    body = {**ANSWER, "mediaConfig": APP_HOSTED}
    app = without(desk, "Calls.AccessMedia.All")
    assert refused(graph.answer, desk.engine, app, desk.ring(), body) == (403, "7504")
    assert graph.answer(desk.engine, desk.app, desk.ring(), body)


@pytest.mark.parametrize("more", ["video", "videoBasedScreenSharing", "data"])
def test_the_service_hosts_audio_alone(desk: Desk, more: str) -> None:
    create = {**CREATE, "targets": [to_user(desk.person("bianca.rossi").id)]}
    create["requestedModalities"] = answered = ["audio", more]
    assert refused(graph.create, desk.engine, desk.app, create) == (400, "BadRequest")
    answer = {**ANSWER, "acceptedModalities": answered}
    call = desk.ring()
    assert refused(graph.answer, desk.engine, desk.app, call, answer) == (400, "BadRequest")
    assert call.state == "incoming"
    assert graph.answer(desk.engine, desk.app, call, {**answer, "mediaConfig": APP_HOSTED})
    assert graph.create(desk.engine, desk.app, {**create, "mediaConfig": APP_HOSTED}).modalities == answered


def test_answer_and_reject_need_no_right(desk: Desk) -> None:
    app = replace(desk.app, roles=frozenset())
    assert graph.answer(desk.engine, app, desk.ring(), ANSWER)
    assert graph.reject(desk.engine, app, desk.ring(), {})


def test_without_any_calling_right_the_caller_is_encrypted(desk: Desk) -> None:
    desk.app.tenant.roles.clear()
    call = desk.ring()
    identity = desk.told[0].body["value"][0]["resourceData"]["source"]["identity"]
    assert "encrypted" in identity and "phone" not in identity
    assert call.caller.id not in str(desk.told[0].body["value"][0]["resourceData"]["source"])


def test_a_telephone_is_called_from_a_resource_account_of_the_tenant(desk: Desk) -> None:
    line = desk.engine.directory.line("main")
    assert line
    body = {**CREATE, "targets": [{"identity": {"phone": {"id": "+442079460101"}}}]}
    assert refused(graph.create, desk.engine, desk.app, body)[0] == 400
    instance = {"applicationInstance": {"id": line[1].instance_id}}
    body["source"] = {"@odata.type": "#microsoft.graph.participantInfo", "identity": instance}
    assert refused(graph.create, desk.engine, desk.app, body) == (403, "7505")
    body["tenantId"] = desk.app.tenant.id
    assert graph.create(desk.engine, desk.app, body).caller.kind == "applicationInstance"


def test_a_source_of_somebody_else_is_refused(desk: Desk) -> None:
    body = {**CREATE, "targets": [to_user(desk.person("bianca.rossi").id)]}
    body["source"] = {"identity": {"applicationInstance": {"id": "somebody-else"}}}
    assert refused(graph.create, desk.engine, desk.app, body) == (403, "7507")


def test_a_hundred_calls_at_once_are_the_most_to_create(desk: Desk) -> None:
    for _ in range(MAX_CONCURRENT):
        desk.ring()
    assert refused(outgoing, desk, desk.person("bianca.rossi").id) == (429, "TooManyRequests")
    assert desk.ring().state == "incoming"


def test_ten_thousand_calls_are_the_most_to_create_and_the_refusal_says_when_to_come_back(desk: Desk) -> None:
    bianca = desk.person("bianca.rossi").id
    desk.engine.created = MAX_CREATED - 1
    outgoing(desk, bianca)
    with pytest.raises(GraphFault) as fault:
        outgoing(desk, bianca)
    assert (fault.value.status, fault.value.code) == (429, "TooManyRequests")
    assert fault.value.headers["Retry-After"].isdigit()


def test_permissions_are_each_tenants_own(desk: Desk) -> None:
    line = Line("annex", "00000000-0000-4000-8000-00000000a44e", "+14255550111")
    other = replace(desk.app.tenant, id="other-tenant", lines={line.instance_id: line}, roles=set())
    desk.engine.directory.tenants.append(other)
    ours, theirs = desk.ring("main"), desk.ring("annex")
    assert "phone" in ours.source["identity"] and "encrypted" in theirs.source["identity"]
    assert graph.own_call(desk.engine, desk.app, ours.id) is ours
    assert refused(graph.own_call, desk.engine, desk.app, theirs.id) == (404, "8522")


def test_a_client_context_is_at_most_256_characters(desk: Desk) -> None:
    body = {"transferTarget": to_user(desk.person("bianca.rossi").id), "clientContext": "x" * 257}
    assert refused(graph.transfer, desk.engine, desk.app, established(desk), body) == (400, "BadRequest")


def incoming(desk: Desk) -> Call:
    """Return a call that waits for a decision."""
    return desk.ring()


@pytest.mark.parametrize(
    ("prepare", "action"),
    [
        (established, lambda desk, call: graph.answer(desk.engine, desk.app, call, ANSWER)),
        (established, lambda desk, call: graph.reject(desk.engine, desk.app, call, {})),
        (established, lambda desk, call: graph.redirect(desk.engine, desk.app, call, {"targets": []})),
        (incoming, lambda desk, call: graph.keep_alive(desk.engine, call)),
        (incoming, lambda desk, call: graph.transfer(desk.engine, desk.app, call, {"transferTarget": {}})),
    ],
)
def test_the_wrong_state_is_a_conflict(desk: Desk, prepare: Any, action: Any) -> None:
    call = prepare(desk)
    before = len(call.history)
    assert refused(action, desk, call) == (409, "Conflict")
    assert len(call.history) == before
