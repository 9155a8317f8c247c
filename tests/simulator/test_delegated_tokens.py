"""People's own tokens: scopes, refreshing, and what they are good for at Graph (REFERENCE 2.1, 9, 24.5)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
import requests

from simulator import schema

from .process import Running
from .test_sign_in_and_tokens import BACK

WRITE = "OnlineMeetings.ReadWrite"


def tokens_of(simulator: Running, person: str, *scopes: str) -> dict[str, Any]:
    """Sign somebody in and return all that the application gets."""
    client = simulator.client()
    flow = client.initiate_auth_code_flow(list(scopes), redirect_uri=BACK, response_mode="query")
    address = f"{flow['auth_uri']}&person={simulator.person(person)['id']}"
    where = simulator.plain.get(address, allow_redirects=False).headers["Location"]
    return dict(client.acquire_token_by_auth_code_flow(flow, _query(where)))


def _query(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))


def ask(simulator: Running, token: str, method: str, path: str, body: object = None) -> requests.Response:
    """Ask Graph with a token."""
    url = f"{simulator.connection['graph']}{path}"
    return simulator.session().request(method, url, json=body, headers={"Authorization": f"Bearer {token}"})


def times() -> dict[str, str]:
    begins = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    return {"startDateTime": begins.isoformat(), "endDateTime": (begins + timedelta(hours=1)).isoformat()}


def test_a_token_holds_what_was_asked_and_is_the_persons(simulator: Running) -> None:
    told = tokens_of(simulator, "max", f"https://graph.microsoft.com/{WRITE}")
    claims = jwt.decode(told["access_token"], options={"verify_signature": False})
    assert (claims["scp"], claims["oid"], claims["idtyp"]) == (WRITE, simulator.person("max")["id"], "user")
    assert WRITE in told["scope"].split() and "roles" not in claims


def test_somebody_makes_finds_changes_and_deletes_their_own_meetings_without_a_policy(simulator: Running) -> None:
    tenant = simulator.connection["tenant"]
    simulator.put("/api/tenant-settings", {tenant: {"has_access_policy": False}})
    try:
        token = tokens_of(simulator, "max", WRITE)["access_token"]
        wanted = {"externalId": "own-1", "subject": "Budget", **times()}
        made = ask(simulator, token, "POST", "/me/onlineMeetings/createOrGet", wanted)
        schema.require("onlineMeeting", made.json())
        assert made.status_code == 201
        assert made.json()["participants"]["organizer"]["identity"]["user"]["id"] == simulator.person("max")["id"]
        path = f"/me/onlineMeetings/{made.json()['id']}"
        assert ask(simulator, token, "POST", "/me/onlineMeetings/createOrGet", wanted).status_code == 200
        assert ask(simulator, token, "PATCH", path, {"subject": "Plan"}).json()["subject"] == "Plan"
        assert ask(simulator, token, "GET", path).status_code == 200
        assert ask(simulator, token, "DELETE", path).status_code == 204
        assert ask(simulator, token, "GET", path).status_code == 404
    finally:
        simulator.put("/api/tenant-settings", {tenant: {"has_access_policy": True}})


def test_of_others_meetings_they_see_none(simulator: Running) -> None:
    mine = ask(
        simulator, tokens_of(simulator, "max", WRITE)["access_token"], "POST", "/me/onlineMeetings", times()
    ).json()
    stranger = tokens_of(simulator, "rita", WRITE)["access_token"]
    assert ask(simulator, stranger, "GET", f"/me/onlineMeetings/{mine['id']}").status_code == 404
    assert ask(simulator, stranger, "DELETE", f"/me/onlineMeetings/{mine['id']}").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/me/onlineMeetings"),
        ("POST", "/me/onlineMeetings/createOrGet"),
        ("GET", "/me/onlineMeetings/x"),
        ("PATCH", "/me/onlineMeetings/x"),
        ("DELETE", "/me/onlineMeetings/x"),
    ],
)
def test_without_the_scope_nothing_is_done(simulator: Running, method: str, path: str) -> None:
    token = tokens_of(simulator, "max")["access_token"]
    answer = ask(simulator, token, method, path, {"externalId": "x"})
    schema.require("error", answer.json())
    assert answer.status_code == 403


def test_an_application_has_no_me_and_a_person_no_application_rights(simulator: Running) -> None:
    assert simulator.graph("POST", "/me/onlineMeetings", times()).status_code == 400
    token = tokens_of(simulator, "max", WRITE)["access_token"]
    rita = simulator.person("rita")["id"]
    for path in ("/users", f"/users/{rita}/onlineMeetings/x", "/communications/calls/x", "/subscriptions"):
        assert ask(simulator, token, "GET", path).status_code == 403


def test_a_refresh_gives_out_another_refresh_token(simulator: Running) -> None:
    told = tokens_of(simulator, "max", WRITE)
    again = simulator.client().acquire_token_by_refresh_token(told["refresh_token"], [WRITE])
    assert again["refresh_token"] != told["refresh_token"] and again["access_token"] != told["access_token"]
    assert ask(simulator, again["access_token"], "POST", "/me/onlineMeetings", times()).status_code == 201


def test_revoked_and_unknown_refresh_tokens_are_refused(simulator: Running) -> None:
    told = tokens_of(simulator, "max", WRITE)
    assert simulator.post(f"/api/people/{simulator.person('max')['id']}/revoke")["revoked"] >= 1
    for token in (told["refresh_token"], "made-up", ""):
        answer = simulator.client().acquire_token_by_refresh_token(token, [WRITE])
        assert answer["error"] in ("invalid_grant", "invalid_request")
    assert simulator.client().acquire_token_by_refresh_token("x", [WRITE])["error_codes"] == [70000]


def test_a_code_is_no_refresh_token_and_a_refresh_token_no_code(simulator: Running) -> None:
    client = simulator.client()
    flow = client.initiate_auth_code_flow([], redirect_uri=BACK, response_mode="query")
    address = f"{flow['auth_uri']}&person={simulator.person('max')['id']}"
    code = _query(simulator.plain.get(address, allow_redirects=False).headers["Location"])
    assert client.acquire_token_by_refresh_token(code["code"], [WRITE])["error"] == "invalid_grant"
    told = client.acquire_token_by_auth_code_flow(flow, code)
    other = client.initiate_auth_code_flow([], redirect_uri=BACK, response_mode="query")
    forged = {"code": told["refresh_token"], "state": other["state"]}
    assert client.acquire_token_by_auth_code_flow(other, forged)["error"] == "invalid_grant"


def test_what_nobody_has_consented_to_is_not_given(simulator: Running) -> None:
    tenant = simulator.connection["tenant"]
    before = tokens_of(simulator, "max", WRITE)["refresh_token"]
    simulator.put("/api/tenant-settings", {tenant: {"delegated_consent": False}})
    try:
        assert tokens_of(simulator, "max", WRITE)["error_codes"] == [65001]
        assert simulator.client().acquire_token_by_refresh_token(before, [WRITE])["error_codes"] == [65001]
        assert "access_token" in tokens_of(simulator, "max")  # signing in alone needs no consent
    finally:
        simulator.put("/api/tenant-settings", {tenant: {"delegated_consent": True}})


def test_a_scope_that_there_is_not_is_refused(simulator: Running) -> None:
    assert tokens_of(simulator, "max", "Mail.Read")["error"] == "invalid_scope"
