"""Requests of the client as they arrive, and answers as values (REFERENCE 3 to 5, 22)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from graph.client import GraphClient
from graph.errors import NotFound, OutcomeUnknown, Refused
from graph.transport import Wire
from graph.types import Identity, Target
from tests.graph.conftest import TENANT, FixedTokens
from tests.graph.fake_service import FakeService, Reply

CALL = "2e1a0b00-2db4-4022-9570-243709c565ab"
RITA = "112f7296-5fa4-42ca-bae8-6a692b15d4b8"
LINE = "3d913abb-aec0-4964-8fa6-3c6850c4f278"
SCENARIO = "c0f7a7b8-30a8-4b94-a4cb-6c9b9a2a4a10"
CALLBACK = "https://desk.contoso.example/webhooks/graph/calls?create=17"
CALLS = "/v1.0/communications/calls"


def identity(kind: str, id_: str) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.identitySet",
        kind: {"@odata.type": "#microsoft.graph.identity", "id": id_},
    }


def test_a_call_to_a_user_is_created(service: FakeService, graph: GraphClient) -> None:
    service.on("POST", CALLS, Reply(201, {"id": CALL.upper(), "state": "Establishing", "direction": "outgoing"}))
    call = graph.calls.create(
        callback_uri=CALLBACK, targets=[Target("user", RITA)], scenario_id=SCENARIO, subject="Reminder"
    )
    assert (call.id, call.state, call.direction) == (CALL, "establishing", "outgoing")
    (seen,) = service.seen
    assert seen.json == {
        "@odata.type": "#microsoft.graph.call",
        "callbackUri": CALLBACK,
        "targets": [
            {"@odata.type": "#microsoft.graph.invitationParticipantInfo", "identity": identity("user", RITA)}
        ],
        "requestedModalities": ["audio"],
        "mediaConfig": {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"},
        "subject": "Reminder",
    }
    assert seen.headers["scenario-id"] == SCENARIO
    assert seen.headers["content-type"] == "application/json"


def test_a_phone_is_called_from_an_application_instance_of_the_tenant(
    service: FakeService, graph: GraphClient
) -> None:
    service.on("POST", CALLS, Reply(201, {"id": CALL}))
    graph.calls.create(
        callback_uri=CALLBACK,
        targets=[Target("phone", "+12345678901")],
        source={"applicationInstance": {"id": LINE}},
        scenario_id=SCENARIO,
    )
    body = service.seen[0].json
    assert body["tenantId"] == TENANT
    assert body["source"]["identity"]["applicationInstance"] == {"id": LINE}
    assert body["targets"][0]["identity"] == identity("phone", "+12345678901")


@pytest.mark.parametrize(
    ("targets", "source"),
    [
        ([], None),
        ([Target("user", RITA)] * 6, None),
        ([Target("user", RITA), Target("phone", "+1")], {"applicationInstance": {"id": LINE}}),
        ([Target("voicemail", RITA)], None),
        ([Target("phone", "+1")], None),
        ([Target("phone", "+1")], {"application": {"id": LINE}}),
    ],
)
def test_a_call_that_graph_would_not_make_is_refused_before_sending(
    service: FakeService, graph: GraphClient, targets: list[Target], source: dict[str, Any] | None
) -> None:
    with pytest.raises(Refused):
        graph.calls.create(callback_uri=CALLBACK, targets=targets, source=source, scenario_id=SCENARIO)
    assert service.seen == []


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b"", b"[" * 100_000])
def test_a_created_call_whose_answer_is_unreadable_is_never_repeated(
    service: FakeService, graph: GraphClient, body: bytes
) -> None:
    service.on("POST", CALLS, Reply(201, body))
    with pytest.raises(OutcomeUnknown) as caught:
        graph.calls.create(callback_uri=CALLBACK, targets=[Target("user", RITA)], scenario_id=SCENARIO)
    assert not caught.value.retryable


def test_a_call_is_read_and_keeps_the_id_it_was_asked_by(service: FakeService, graph: GraphClient) -> None:
    service.on(
        "GET",
        f"{CALLS}/{CALL}",
        Reply(200, {"state": "established", "source": {"identity": {"phone": {"id": "+1"}}}}),
    )
    call = graph.calls.get(CALL, scenario_id=SCENARIO)
    assert (call.id, call.state, call.source) == (CALL, "established", Identity("phone", "+1"))


ACTIONS: list[tuple[str, Callable[[GraphClient], None], dict[str, Any] | None]] = [
    ("keepAlive", lambda graph: graph.calls.keep_alive(CALL), None),
    (
        "answer",
        lambda graph: graph.calls.answer(CALL, callback_uri=CALLBACK, scenario_id=SCENARIO),
        {
            "callbackUri": CALLBACK,
            "acceptedModalities": ["audio"],
            "mediaConfig": {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"},
        },
    ),
    (
        "reject",
        lambda graph: graph.calls.reject(CALL, reason="busy", callback_uri=CALLBACK, scenario_id=SCENARIO),
        {"reason": "busy", "callbackUri": CALLBACK},
    ),
    ("reject", lambda graph: graph.calls.reject(CALL), {"reason": "none"}),
    (
        "redirect",
        lambda graph: graph.calls.redirect(
            CALL,
            targets=[Target("user", RITA, "Rita"), Target("phone", "+1"), Target("application", LINE)],
            timeout=15,
            callback_uri=CALLBACK,
            scenario_id=SCENARIO,
        ),
        {
            "targets": [
                {
                    "@odata.type": "#microsoft.graph.invitationParticipantInfo",
                    "identity": {
                        "@odata.type": "#microsoft.graph.identitySet",
                        "user": {
                            "@odata.type": "#microsoft.graph.identity",
                            "id": RITA,
                            "displayName": "Rita",
                        },
                    },
                },
                {
                    "@odata.type": "#microsoft.graph.invitationParticipantInfo",
                    "identity": identity("phone", "+1"),
                },
                {
                    "@odata.type": "#microsoft.graph.invitationParticipantInfo",
                    "identity": identity("application", LINE),
                },
            ],
            "timeout": 15,
            "callbackUri": CALLBACK,
        },
    ),
    (
        "redirect",
        lambda graph: graph.calls.redirect(CALL, targets=[Target("voicemail", RITA)]),
        {
            "targets": [
                {
                    "@odata.type": "#microsoft.graph.invitationParticipantInfo",
                    "identity": identity("user", RITA),
                    "endpointType": "voicemail",
                }
            ]
        },
    ),
    (
        "transfer",
        lambda graph: graph.calls.transfer(CALL, target=Target("user", RITA), scenario_id=SCENARIO),
        {
            "transferTarget": {
                "@odata.type": "#microsoft.graph.invitationParticipantInfo",
                "identity": identity("user", RITA),
            }
        },
    ),
]


@pytest.mark.parametrize(("action", "ask", "body"), ACTIONS, ids=[case[0] for case in ACTIONS])
def test_an_action_is_posted_as_documented(
    service: FakeService,
    graph: GraphClient,
    action: str,
    ask: Callable[[GraphClient], None],
    body: dict[str, Any] | None,
) -> None:
    service.on("POST", f"{CALLS}/{CALL}/{action}", Reply(202))
    ask(graph)
    (seen,) = service.seen
    assert (seen.json if seen.body else None) == body


@pytest.mark.parametrize("timeout", [14, 91, 0, -1])
def test_a_redirect_outside_its_limits_is_refused_before_sending(
    service: FakeService, graph: GraphClient, timeout: int
) -> None:
    with pytest.raises(Refused):
        graph.calls.redirect(CALL, targets=[Target("user", RITA)], timeout=timeout)
    for number in (0, 26):
        with pytest.raises(Refused):
            graph.calls.redirect(CALL, targets=[Target("user", RITA)] * number)
    assert service.seen == []


def test_hanging_up_deletes_the_call(service: FakeService, graph: GraphClient) -> None:
    service.on("DELETE", f"{CALLS}/{CALL}", Reply(204))
    graph.calls.delete(CALL)
    assert [seen.method for seen in service.seen] == ["DELETE"]


def test_requests_of_one_call_share_a_scenario_and_differ_in_their_own_id(
    service: FakeService, graph: GraphClient
) -> None:
    service.on("POST", f"{CALLS}/{CALL}/reject", Reply(202))
    for _ in range(2):
        graph.calls.reject(CALL, scenario_id=SCENARIO)
    assert {seen.headers["scenario-id"] for seen in service.seen} == {SCENARIO}
    assert len({seen.headers["client-request-id"] for seen in service.seen}) == 2


@pytest.mark.parametrize("scenario", ["a\r\nX-Evil: 1", "a b", "x" * 65])
def test_a_scenario_id_cannot_bring_headers_of_its_own(
    service: FakeService, graph: GraphClient, scenario: str
) -> None:
    with pytest.raises(Refused):
        graph.calls.get(CALL, scenario_id=scenario)
    assert service.seen == []


@pytest.mark.case(33)
def test_a_refused_token_is_dropped_and_the_request_sent_once_more(
    service: FakeService, graph: GraphClient, tokens: FixedTokens
) -> None:
    service.on("POST", f"{CALLS}/{CALL}/answer", Reply(401), Reply(202))
    graph.calls.answer(CALL, callback_uri=CALLBACK)
    assert tokens.dropped == ["token-1"]
    assert [seen.headers["authorization"] for seen in service.seen] == ["Bearer token-1", "Bearer token-2"]


def test_the_observer_learns_template_status_and_time(
    service: FakeService, wire: Wire, tokens: FixedTokens
) -> None:
    told: list[tuple[str, str, int, float]] = []
    graph = GraphClient(f"{service.url}/v1.0", TENANT, tokens, wire, lambda *facts: told.append(facts))
    service.on("GET", f"{CALLS}/{CALL}", Reply(404))
    service.on("DELETE", f"{CALLS}/{CALL}", Reply(raw=lambda handler: None))
    with pytest.raises(NotFound):
        graph.calls.get(CALL)
    with pytest.raises(OutcomeUnknown):
        graph.calls.delete(CALL)
    assert [fact[:3] for fact in told] == [
        ("GET", "/communications/calls/{call}", 404),
        ("DELETE", "/communications/calls/{call}", 0),
    ]
    assert all(fact[3] >= 0 for fact in told)


def page(service: FakeService, users: list[dict[str, Any]], link: str | None) -> Reply:
    return Reply(200, {"value": users} | ({"@odata.nextLink": link} if link else {}))


def test_users_are_read_page_by_page(service: FakeService, graph: GraphClient) -> None:
    link = f"{service.url}/v1.0/users?$skiptoken=abc%2Bd"
    service.on(
        "GET",
        "/v1.0/users",
        page(service, [{"id": RITA.upper(), "displayName": "Rita", "businessPhones": ["+1", None]}], link),
        page(service, [{"id": LINE, "accountEnabled": False}, "odd"], None),
    )
    first, second = graph.users.iterate(select=["id", "displayName"], page_size=1)
    assert (first.id, first.display_name, first.business_phones) == (RITA, "Rita", ("+1",))
    assert (second.id, second.account_enabled) == (LINE, False)
    assert service.seen[0].query == {"$select": ["id,displayName"], "$top": ["1"]}
    assert service.seen[1].query == {"$skiptoken": ["abc+d"]}


FOREIGN = [
    "https://evil.example/v1.0/users?$skiptoken=1",
    "http://localhost:{port}/v1.0/users",
    "https://localhost:1/v1.0/users",
    "https://localhost:{port}@evil.example/v1.0/users",
    "https://localhost:{port}\\@evil.example/",
    "https://eve:eve@localhost:{port}/v1.0/users",
    "//evil.example/users",
    "/v1.0/users",
    "https://localhost:{port} .evil.example/",
    "https://localhost.evil.example:{port}/",
    "javascript:alert(1)",
]


@pytest.mark.control("O2")
@pytest.mark.parametrize("link", FOREIGN)
def test_a_paging_link_that_leaves_graph_is_not_followed(
    service: FakeService, graph: GraphClient, link: str
) -> None:
    service.on("GET", "/v1.0/users", page(service, [], link.format(port=service.port)))
    with pytest.raises(Refused):
        list(graph.users.iterate())
    assert len(service.seen) == 1


def test_a_list_without_end_is_given_up(
    service: FakeService, graph: GraphClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.users.MOST_PAGES", 3)
    service.on("GET", "/v1.0/users", page(service, [], f"{service.url}/v1.0/users?$skiptoken=1"))
    with pytest.raises(OutcomeUnknown):
        list(graph.users.iterate())


def test_one_user_is_read_by_principal_name(service: FakeService, graph: GraphClient) -> None:
    service.on("GET", "/v1.0/users/eve_x.com%23EXT%23@contoso.example", Reply(200, {"id": RITA}))
    assert graph.users.get("eve_x.com#EXT#@contoso.example").id == RITA
    assert "department" in service.seen[0].query["$select"][0]
