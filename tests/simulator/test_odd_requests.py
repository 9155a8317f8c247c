"""Requests that make no sense, or hardly any, are refused in the shape of the address they came to."""

import base64
import json
from typing import Any

import pytest
import requests

from .process import SERVICE_HOSTED, Running

BODIES = {
    "no JSON": b"{",
    "a list": b"[]",
    "null": b"null",
    "no UTF-8": b"\xff\xfe\x00",
    "nested without end": b"[" * 200_000,
    "objects without end": b'{"a":' * 100_000,
    "a number without end": b'{"rate":' + b"9" * 5_000 + b"}",
    "not a number": b'{"from":NaN,"rate":NaN}',
    "too long": b" " * 2_000_000,
}
ADDRESSES = ("https://[", "https://[::1", "https://a:b/", "https:///x", "https://" + "a" * 64 + ".example", "")
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def is_problem(answer: requests.Response) -> bool:
    """Tell whether an answer is a client's mistake in the plain port's shape."""
    kind = answer.headers["Content-Type"]
    return 400 <= answer.status_code < 500 and kind == "application/problem+json" and bool(answer.json()["detail"])


def is_graph_error(answer: requests.Response) -> bool:
    """Tell whether an answer is a client's mistake in Graph's shape."""
    error = answer.json()["error"]
    return 400 <= answer.status_code < 500 and error["innerError"]["request-id"] == answer.headers["request-id"]


@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/api/calls"), ("POST", "/api/load"), ("PUT", "/api/faults")]
)
def test_the_plain_port_refuses_odd_bodies(simulator: Running, method: str, path: str, body: bytes) -> None:
    answer = simulator.plain.request(method, f"{simulator.base}{path}", data=body, headers=JSON)
    assert is_problem(answer), answer.text


@pytest.mark.parametrize("caller", [None, [], "x", {"user": 1}, {"phone": []}, {"phone": "+1 425 555 0100"}])
def test_nobody_calls_from_nowhere(simulator: Running, caller: Any) -> None:
    answer = simulator.plain.post(f"{simulator.base}/api/calls", json={"from": caller, "to": "main"})
    assert is_problem(answer), answer.text


@pytest.mark.parametrize("limit", ["²", "-1", "9" * 40, "9" * 5_000, "many"])
def test_a_list_has_a_length_or_none(simulator: Running, limit: str) -> None:
    assert is_problem(simulator.plain.get(f"{simulator.base}/api/calls", params={"limit": limit}))


def test_an_origin_that_is_no_address_is_foreign(simulator: Running) -> None:
    answer = simulator.plain.put(f"{simulator.base}/api/faults", json={}, headers={"Origin": "http://["})
    assert answer.status_code == 403


@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
@pytest.mark.parametrize("action", ["", "/answer", "/redirect", "/transfer"])
def test_graph_refuses_odd_bodies(simulator: Running, action: str, body: bytes) -> None:
    path = f"/communications/calls/{simulator.ring()}{action}" if action else "/communications/calls"
    url = f"{simulator.connection['graph']}{path}"
    assert is_graph_error(simulator.signed_in.post(url, data=body, headers=JSON))


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_nobody_can_reach_is_no_callback(simulator: Running, address: str) -> None:
    call_id = simulator.ring()
    assert is_graph_error(simulator.answer(call_id, address))
    rejection = simulator.graph("POST", f"/communications/calls/{call_id}/reject", {"callbackUri": address})
    assert is_graph_error(rejection)
    assert simulator.get(f"/api/calls/{call_id}")["state"] == "incoming"


def test_a_call_without_modalities_is_refused(simulator: Running) -> None:
    user = {"identity": {"user": {"id": simulator.person("omar")["id"]}}}
    body = {"callbackUri": "https://portal.example/", "requestedModalities": None, "targets": [user]}
    answer = simulator.graph("POST", "/communications/calls", body | {"mediaConfig": SERVICE_HOSTED})
    assert is_graph_error(answer), answer.text


@pytest.mark.parametrize(
    "query",
    [
        "$top=²",
        "$top=" + "9" * 5_000,
        "$skiptoken=²",
        "$select=nonsense",
        "$filter=" + "(" * 3_000,
        "$filter=" + "not " * 900 + "accountEnabled eq true&$count=true",
        "$filter=accountEnabled/x eq 1",
        "$filter=identities/x eq 1",
        "$filter=mobilePhone/any(x:x eq 'a')",
    ],
)
def test_graph_refuses_odd_queries(simulator: Running, query: str) -> None:
    answer = simulator.graph("GET", f"/users?{query}", headers={"ConsistencyLevel": "eventual"})
    assert is_graph_error(answer), answer.text


def test_other_spellings_of_an_address_are_understood(simulator: Running) -> None:
    call_id = simulator.ring(line="Main")
    for path in (
        f"/communications/calls('{call_id}')",
        f"//communications//calls/{call_id}/",
        f"/App/Calls/{call_id.replace('-', '').upper()}?%24select=id",
    ):
        assert simulator.graph("GET", path).json()["id"] == call_id
    user = simulator.graph("GET", "/Users('rita@contoso.example')?%24select=%2A").json()
    assert user["displayName"] == "Rita Hansen"


@pytest.mark.parametrize("version", ["", "/beta/users", "/beta"])
def test_only_one_version_is_served(simulator: Running, version: str) -> None:
    base = simulator.connection["graph"].removesuffix("/v1.0")
    answer = simulator.signed_in.get(f"{base}{version}" if version else f"{base}/v1.0")
    assert answer.status_code == 404
    assert is_graph_error(answer)


@pytest.mark.parametrize(
    "asked",
    [
        {"data": b"x" * 3_000_000, "headers": {"Content-Type": "multipart/form-data"}},
        {"data": "&".join(f"a{number}=1" for number in range(3_000)), "headers": FORM},
        {"data": {"client_id": "x"}, "headers": {"Authorization": "Basic /////w=="}},
        {"json": {"grant_type": "client_credentials"}},
    ],
)
def test_the_token_service_refuses_odd_forms_in_its_own_shape(simulator: Running, asked: dict[str, Any]) -> None:
    answer = simulator.session().post(f"{simulator.connection['authority']}/oauth2/v2.0/token", **asked)
    assert answer.status_code in (400, 401)
    assert answer.json()["error_codes"]


def test_tokens_are_posted_for(simulator: Running) -> None:
    answer = simulator.session().get(f"{simulator.connection['authority']}/oauth2/v2.0/token")
    assert (answer.status_code, answer.json()["error"]) == (405, "invalid_request")


def test_name_and_secret_may_come_as_basic_authentication(simulator: Running) -> None:
    known = simulator.connection
    pair = f"{known['client_id'].replace('-', '%2D')}:{known['client_secret']}"
    headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    form = {"grant_type": "client_credentials", "scope": "00000003-0000-0000-c000-000000000000/.default"}
    answer = simulator.session().post(f"{known['authority']}/oauth2/v2.0/token", data=form, headers=headers)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("back", ["http://[", "javascript://localhost/%0aalert(1)", "http://portal.example/"])
def test_nobody_is_sent_to_a_strange_address(simulator: Running, back: str) -> None:
    known = simulator.connection
    asked = {"client_id": known["client_id"], "response_type": "code", "redirect_uri": back, "prompt": "none"}
    base = f"{simulator.base}/{known['tenant']}/oauth2/v2.0"
    assert simulator.plain.get(f"{base}/authorize", params=asked, allow_redirects=False).status_code == 400
    left = simulator.plain.get(f"{base}/logout", params={"post_logout_redirect_uri": back}, allow_redirects=False)
    assert left.status_code == 200


def test_a_challenge_in_any_alphabet_is_only_a_wrong_one(simulator: Running) -> None:
    known = simulator.connection
    asked = {"client_id": known["client_id"], "response_type": "code", "redirect_uri": "http://localhost/back"}
    asked |= {"code_challenge": "é", "person": simulator.person("rita")["id"]}
    url = f"{simulator.base}/{known['tenant']}/oauth2/v2.0/authorize"
    code = simulator.plain.get(url, params=asked, allow_redirects=False).headers["Location"].split("code=")[1]
    form = {"grant_type": "authorization_code", "code": code.split("&")[0], "code_verifier": "é"}
    form |= {name: known[name] for name in ("client_id", "client_secret")}
    form["redirect_uri"] = asked["redirect_uri"]
    answer = simulator.session().post(f"{known['authority']}/oauth2/v2.0/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_subject_may_hold_anything(simulator: Running) -> None:
    user = {"identity": {"user": {"id": simulator.person("omar")["id"]}}}
    body = {"callbackUri": "https://portal.example/", "requestedModalities": ["audio"], "targets": [user]}
    body |= {"mediaConfig": SERVICE_HOSTED, "subject": "\x00\ud800"}
    url = f"{simulator.connection['graph']}/communications/calls"
    answer = simulator.signed_in.post(url, data=json.dumps(body), headers=JSON)
    assert (answer.status_code, answer.json()["subject"]) == (201, "\x00\ud800")
