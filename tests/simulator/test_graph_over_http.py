"""Graph on the TLS port, as any client of it speaks (REFERENCE 1, 16 and 21)."""

from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest

from simulator import schema

from .process import SERVICE_HOSTED, Running, Webhook
from .test_sign_in_and_tokens import keys_of


def create_body(simulator: Running, callback: str) -> dict[str, Any]:
    """Return a call to Bianca."""
    return {
        "@odata.type": "#microsoft.graph.call",
        "callbackUri": callback,
        "targets": [{"identity": {"user": {"id": simulator.person("bianca.rossi")["id"]}}}],
        "requestedModalities": ["audio"],
        "mediaConfig": SERVICE_HOSTED,
    }


def states(webhook: Webhook, call_id: str) -> list[str]:
    """Return the states that were told, in the order they arrived."""
    return [post.state for post in webhook.of(call_id) if post.state]


def test_an_incoming_call_is_signed_for_the_application(simulator: Running, webhook: Webhook) -> None:
    call_id = simulator.ring()
    post = webhook.wait_for_state(call_id, "incoming")[0]
    token = post.headers["Authorization"].removeprefix("Bearer ")
    base = simulator.connection["authority"].rsplit("/", 1)[0]
    keys = keys_of(simulator, f"{base}/v1/.well-known/OpenIdConfiguration")
    claims = jwt.decode(
        token,
        keys[jwt.get_unverified_header(token)["kid"]],
        algorithms=["RS256"],
        audience=simulator.connection["client_id"],
        issuer="https://graph.microsoft.com",
        options={"require": ["exp", "nbf", "tid"]},
    )
    assert claims["tid"] == simulator.connection["tenant"]
    assert post.headers["User-Agent"].startswith("Microsoft-Skype/")
    for name in ("X-Microsoft-Skype-Message-ID", "X-Microsoft-Skype-Chain-ID", "Scenario-Id"):
        assert post.headers[name]


def test_keys_can_be_changed_and_the_old_ones_stay_published(simulator: Running, webhook: Webhook) -> None:
    webhook.wait_for_state(first := simulator.ring(), "incoming")
    simulator.post("/api/keys/rotate")
    webhook.wait_for_state(second := simulator.ring(), "incoming")
    heads = [
        jwt.get_unverified_header(webhook.of(call_id)[0].headers["Authorization"].removeprefix("Bearer "))
        for call_id in (first, second)
    ]
    base = simulator.connection["authority"].rsplit("/", 1)[0]
    assert heads[0]["kid"] != heads[1]["kid"]
    assert {head["kid"] for head in heads} <= set(keys_of(simulator, f"{base}/v1/.well-known/OpenIdConfiguration"))


def test_an_answered_call_is_told_in_order_to_its_own_address(simulator: Running, webhook: Webhook) -> None:
    call_id, own = simulator.ring(), webhook.url.replace("/webhook", "/own?key=1")
    assert simulator.answer(call_id, own).status_code == 202
    webhook.wait(lambda posts: len(posts) == 4, call_id)
    assert states(webhook, call_id) == ["incoming", "establishing", "established"]
    assert [post.path for post in webhook.of(call_id)] == ["/webhook"] + ["/own?key=1"] * 3


def test_creating_answers_201_with_location_and_scenario(simulator: Running, webhook: Webhook) -> None:
    body = create_body(simulator, webhook.url)
    answer = simulator.graph("POST", "/communications/calls", body, headers={"Scenario-Id": "our-scenario"})
    assert answer.status_code == 201
    schema.require("call", answer.json())
    call_id = answer.json()["id"]
    assert answer.headers["Location"] == f"{simulator.connection['graph']}/communications/calls/{call_id}"
    posts = webhook.wait_for_state(call_id, "established")
    assert {post.headers["Scenario-Id"] for post in posts} == {"our-scenario"}
    assert simulator.graph("DELETE", f"/communications/calls/{call_id}").status_code == 204
    webhook.wait_for_state(call_id, "terminated")
    assert simulator.graph("DELETE", f"/communications/calls/{call_id}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "//communications/calls/{id}",
        "/Communications/CALLS/{id}",
        "/app/calls/{id}",
        "/communications/calls/{bare}",
    ],
)
def test_paths_are_forgiving(simulator: Running, path: str) -> None:
    call_id = simulator.ring()
    answer = simulator.graph("GET", path.format(id=call_id, bare=call_id.replace("-", "").upper()))
    assert (answer.status_code, answer.json()["id"]) == (200, call_id)
    schema.require("call", answer.json())


def test_an_action_may_be_qualified(simulator: Running, webhook: Webhook) -> None:
    call_id = simulator.ring()
    path = f"/communications/calls/{call_id}/microsoft.graph.reject"
    assert simulator.graph("POST", path, {"reason": "busy"}).status_code == 202
    webhook.wait(lambda posts: len(posts) == 2, call_id)
    data = webhook.of(call_id)[1].items[0]["resourceData"]
    assert set(data) == {"@odata.type", "@odata.id"}


def test_an_answer_without_a_body_has_no_content_type(simulator: Running, webhook: Webhook) -> None:
    call_id = simulator.ring()
    accepted = simulator.answer(call_id, webhook.url)
    kept = simulator.graph("POST", f"/communications/calls/{call_id}/keepAlive")
    for answer in (accepted, kept):
        assert answer.content == b"" and "Content-Type" not in answer.headers
    assert kept.status_code == 200


def test_bodies_are_json_and_name_the_type_of_what_is_abstract(simulator: Running, webhook: Webhook) -> None:
    call_id = simulator.ring()
    assert simulator.answer(call_id, webhook.url).status_code == 202
    call = simulator.graph("GET", f"/communications/calls/{call_id}")
    unknown = simulator.graph("GET", "/communications/calls/unknown")
    users = simulator.graph("GET", "/users")
    kinds = {answer.headers["Content-Type"].split(";")[0] for answer in (call, unknown, users)}
    assert kinds == {"application/json"}
    assert call.json()["mediaConfig"]["@odata.type"] == SERVICE_HOSTED["@odata.type"]


def test_every_answer_carries_the_ids_of_its_request(simulator: Running) -> None:
    answer = simulator.graph("GET", "/communications/calls/unknown", headers={"client-request-id": "ours"})
    body = answer.json()
    schema.require("error", body)
    inner = body["error"]["innerError"]
    assert (answer.status_code, body["error"]["code"]) == (404, "8522")
    assert inner["request-id"] == answer.headers["request-id"]
    assert inner["client-request-id"] == answer.headers["client-request-id"] == "ours"


def test_codes_may_hide_in_the_message(simulator: Running) -> None:
    simulator.faults(nested_error_codes=True)
    error = simulator.graph("GET", "/communications/calls/unknown").json()["error"]
    assert error["code"] == "UnknownError" and '"errorCode": "8522"' in error["message"]


@pytest.mark.parametrize("header", ["", "Bearer nonsense", "Basic abc"])
def test_no_token_is_401(simulator: Running, header: str) -> None:
    url = f"{simulator.connection['graph']}/users"
    answer = simulator.session().get(url, headers={"Authorization": header})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"nonsense": 1}, 400),
        ({"targets": "everybody"}, 400),
        ({"targets": []}, 400),
        ([], 400),
    ],
)
def test_a_body_that_the_schema_does_not_know_is_400(simulator: Running, body: Any, status: int) -> None:
    call_id = simulator.ring()
    answer = simulator.graph("POST", f"/communications/calls/{call_id}/redirect", body)
    assert answer.status_code == status
    assert simulator.get(f"/api/calls/{call_id}")["state"] == "incoming"


def test_a_body_that_is_no_json_is_refused(simulator: Running) -> None:
    url = f"{simulator.connection['graph']}/communications/calls/{simulator.ring()}/reject"
    session = simulator.signed_in
    assert session.post(url, data="{", headers={"Content-Type": "application/json"}).status_code == 400
    assert session.post(url, data="{}", headers={"Content-Type": "text/plain"}).status_code == 415


def test_an_http_callback_elsewhere_is_refused(simulator: Running) -> None:
    body = create_body(simulator, "http://portal.example/calls")
    assert simulator.graph("POST", "/communications/calls", body).status_code == 400


def test_a_peer_to_peer_call_has_no_roster(simulator: Running, webhook: Webhook) -> None:
    call_id = simulator.ring()
    assert simulator.answer(call_id, webhook.url).status_code == 202
    answer = simulator.graph("GET", f"/communications/calls/{call_id}/participants")
    schema.require("participant.collection", answer.json())
    assert answer.json()["value"] == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/communications/calls", 405),
        ("PATCH", "/communications/calls/{id}", 405),
        ("POST", "/users", 405),
        ("GET", "/me", 400),
        ("GET", "/groups", 404),
        ("POST", "/communications/calls/{id}/playPrompt", 501),
        ("POST", "/communications/calls/{id}/participants/muteAll", 404),
        ("POST", "/communications/calls/{id}/operations/x", 405),
    ],
)
def test_what_is_not_there_is_said_in_graphs_words(
    simulator: Running, method: str, path: str, status: int
) -> None:
    answer = simulator.graph(method, path.format(id=simulator.ring()))
    assert answer.status_code == status
    schema.require("error", answer.json())


# Switches


def test_throttled_requests_do_nothing(simulator: Running) -> None:
    call_id = simulator.ring()
    simulator.faults(throttle=1)
    answer = simulator.graph("POST", f"/communications/calls/{call_id}/reject", {})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert answer.json()["error"]["code"] == "TooManyRequests"
    assert simulator.get(f"/api/calls/{call_id}")["state"] == "incoming"


def test_more_requests_than_the_quota_do_nothing_until_its_time_is_over(simulator: Running) -> None:
    call_id = simulator.ring()
    simulator.faults(quota=2, quota_seconds=3600)
    statuses = [simulator.graph("GET", f"/communications/calls/{call_id}").status_code for _ in range(2)]
    refused = simulator.graph("POST", f"/communications/calls/{call_id}/reject", {})
    assert (statuses, refused.status_code) == ([200, 200], 429)
    assert 3500 < float(refused.headers["Retry-After"]) <= 3600
    simulator.faults(retry_after=False)
    refused = simulator.graph("POST", f"/communications/calls/{call_id}/reject", {})
    assert refused.status_code == 429 and "Retry-After" not in refused.headers
    simulator.faults(quota=0)
    assert simulator.graph("POST", f"/communications/calls/{call_id}/reject", {}).status_code == 202


def test_an_error_may_come_before_or_after_the_work(simulator: Running) -> None:
    calls = [simulator.ring() for _ in range(12)]
    simulator.faults(error=1, seed=3)
    answers = [simulator.graph("POST", f"/communications/calls/{call}/reject", {}) for call in calls]
    assert all(answer.status_code >= 500 for answer in answers)
    assert {simulator.get(f"/api/calls/{call}")["state"] for call in calls} == {"incoming", "terminated"}
    effects = [row["effect"] for row in simulator.get("/api/requests")["results"] if row["call"] in calls]
    done = [simulator.get(f"/api/calls/{call}")["state"] == "terminated" for call in calls]
    assert effects.count(True) == done.count(True)


def test_a_slow_answer_is_still_before_the_notifications(simulator: Running, webhook: Webhook) -> None:
    call_id = simulator.ring()
    webhook.wait_for_state(call_id, "incoming")
    simulator.faults(slow_ms=1200)
    assert simulator.answer(call_id, webhook.url).status_code == 202
    assert simulator.get(f"/api/calls/{call_id}")["state"] == "established"
    webhook.wait_for_state(call_id, "established")
    asked = simulator.get(f"/api/requests?call={call_id}")["results"][0]
    sent = [
        row for row in simulator.get(f"/api/deliveries?call={call_id}")["results"] if row["state"] != "incoming"
    ]
    established = next(
        row["at"] for row in simulator.get(f"/api/calls/{call_id}")["history"] if row["state"] == "established"
    )
    assert asked["effect"] and established < sent[0]["at"]
    assert [row["state"] for row in sent[:2]] == ["establishing", "established"]


def test_the_older_format_is_repeated_after_204_and_never_after_202(simulator: Running, webhook: Webhook) -> None:
    simulator.faults(legacy_first=True)
    webhook.statuses[:] = [204]
    repeated = simulator.ring()
    posts = webhook.wait_for_state(repeated, "incoming")
    assert [post.state for post in posts] == ["legacy", "incoming"]
    schema.require("legacyIncomingCall", posts[0].body)
    taken = simulator.ring()
    webhook.wait_for_state(taken, "legacy")
    assert simulator.graph("POST", f"/communications/calls/{taken}/reject", {}).status_code == 202
    webhook.wait(lambda posts: len(posts) == 2, taken)
    assert [post.state for post in webhook.of(taken)] == ["legacy", ""]


def test_words_may_come_in_pascal_case(simulator: Running, webhook: Webhook) -> None:
    simulator.faults(pascal_case_enums=True)
    (post,) = webhook.wait(lambda posts: posts, simulator.ring())
    assert (post.items[0]["changeType"], post.state) == ("Created", "Incoming")


def test_a_delayed_notification_goes_no_sooner(simulator: Running, webhook: Webhook) -> None:
    simulator.faults(delay_ms=700)
    call_id = simulator.ring()
    rung = simulator.get(f"/api/calls/{call_id}")["history"][0]["at"]
    simulator.post(f"/api/calls/{call_id}/hang-up")
    webhook.wait_for_state(call_id, "terminated")  # after which the first is on record
    sent = simulator.get(f"/api/deliveries?call={call_id}")["results"][0]
    assert datetime.fromisoformat(sent["at"]) - datetime.fromisoformat(rung) >= timedelta(milliseconds=700)


def test_failed_callbacks_are_repeated_only_when_told_to(simulator: Running, webhook: Webhook) -> None:
    webhook.statuses[:] = [503]
    lost = simulator.ring()
    assert simulator.graph("POST", f"/communications/calls/{lost}/reject", {}).status_code == 202
    webhook.wait(lambda posts: len(posts) == 2, lost)
    simulator.faults(callback_retries=3)
    webhook.statuses[:] = [503, 500]
    kept = simulator.ring()
    webhook.wait(lambda posts: len(posts) == 3, kept)
    messages = {post.headers["X-Microsoft-Skype-Message-ID"] for post in webhook.of(kept)}
    assert len(messages) == 1 and len(webhook.of(lost)) == 2


def test_no_operation_takes_effect_twice(simulator: Running) -> None:
    call_id = simulator.ring()
    first = simulator.graph("POST", f"/communications/calls/{call_id}/reject", {})
    second = simulator.graph("POST", f"/communications/calls/{call_id}/reject", {})
    assert (first.status_code, second.status_code) == (202, 404)
    rows = simulator.get(f"/api/requests/?call={call_id}")["results"]
    assert [(row["action"], row["effect"]) for row in rows] == [("reject", True), ("reject", False)]
