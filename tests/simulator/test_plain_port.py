"""The plain port: rings, switches, people, and who may move them."""

import re
from html import escape
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from simulator.config import SCENARIOS

from .process import NUMBER, Running, Webhook


def test_a_call_is_shown_with_its_history(simulator: Running) -> None:
    call_id = simulator.ring({"user": simulator.person("bianca.rossi")["id"]}, "Sales")
    call = simulator.get(f"/api/calls/{call_id}/")
    assert set(call) == {"id", "state", "result", "participants", "history"}
    assert (call["state"], call["result"]) == ("incoming", None)
    assert [row["name"] for row in call["participants"]] == ["Bianca Rossi", "Sales"]
    over = simulator.post(f"/api/calls/{call_id}/hang-up")
    assert (over["state"], over["result"]) == ("terminated", {"code": 487, "subcode": 0})
    assert [(row["state"], row["by"]) for row in over["history"]] == [
        ("incoming", "caller"),
        ("terminated", "caller"),
    ]
    assert simulator.post(f"/api/calls/{call_id}/hang-up/") == over
    assert simulator.get("/api/calls/")["results"][0]["id"] == call_id


@pytest.mark.parametrize("line", ["main", "sales", "clinic"])
def test_a_ring_is_answered_with_its_id_and_state(simulator: Running, line: str) -> None:
    made = simulator.post("/api/calls", {"from": NUMBER, "to": line}, 201)
    assert made == {"id": str(UUID(made["id"])), "state": "incoming"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"from": {"phone": "+442079460101"}, "to": "nowhere"}, "main, sales, clinic"),
        ({"from": {"phone": "112"}, "to": "main"}, "E.164"),
        ({"from": {"user": "nobody"}, "to": "main"}, "/api/people"),
        ({"to": "main"}, "from is"),
        ([], "JSON object"),
    ],
)
def test_a_ring_that_cannot_be_is_explained(simulator: Running, body: Any, words: str) -> None:
    answer = simulator.plain.post(f"{simulator.base}/api/calls", json=body)
    assert answer.status_code == 400 and answer.headers["Content-Type"] == "application/problem+json"
    assert words in answer.json()["detail"]


def test_a_load_rings_as_often_as_told(simulator: Running, webhook: Webhook) -> None:
    ids = simulator.post("/api/load", {"rate": 50, "count": 20, "to": "Clinic"}, 202)["ids"]
    webhook.wait(lambda posts: {post.call_id for post in posts} >= set(ids))
    assert len(ids) == 20
    assert {simulator.get(f"/api/calls/{call_id}")["participants"][1]["name"] for call_id in ids} == {"Clinic"}


@pytest.mark.parametrize("body", [{"rate": 0, "count": 1}, {"rate": 1, "count": 0}, {"rate": "1", "count": 1}, {}])
def test_a_load_has_bounds(simulator: Running, body: dict[str, Any]) -> None:
    assert simulator.plain.post(f"{simulator.base}/api/load", json=body).status_code == 400


@pytest.mark.parametrize("rate", [1e-300, 0.0009, 1001])
def test_a_load_is_neither_slower_nor_faster_than_can_be_planned(simulator: Running, rate: float) -> None:
    answer = simulator.plain.post(f"{simulator.base}/api/load", json={"rate": rate, "count": 3, "to": "main"})
    assert answer.status_code == 400 and "from 0.001 to 1000" in answer.json()["detail"]


def test_people_are_a_plain_list(simulator: Running) -> None:
    people = simulator.get("/api/people")
    assert len(people) == 30
    rita = simulator.person("rita")
    assert {"id", "name", "upn", "phone"} <= set(rita)


def test_a_person_can_be_told_how_to_react(simulator: Running) -> None:
    path = f"/api/people/{simulator.person('bianca.rossi')['id']}"
    assert simulator.put(path, {"behaviour": "busy"})["behaviour"] == "busy"
    assert simulator.plain.put(f"{simulator.base}{path}", json={"behaviour": "sing"}).status_code == 400
    simulator.put(path, {"behaviour": "answer"})


def without_presence(person: dict[str, Any]) -> dict[str, Any]:
    """Return a person but for what calls of earlier tests change."""
    return {name: value for name, value in person.items() if name != "presence"}


def test_a_person_can_be_given_another_name(simulator: Running) -> None:
    bianca = without_presence(simulator.person("bianca.rossi"))
    path = f"/api/people/{bianca['id']}"
    assert without_presence(simulator.put(path, {"name": "<b>Bianca"})) == bianca | {"name": "<b>Bianca"}
    for wrong in ("", "x" * 257, 7, None):
        assert simulator.plain.put(f"{simulator.base}{path}", json={"name": wrong}).status_code == 400
    assert simulator.plain.put(f"{simulator.base}{path}", json={}).status_code == 400
    assert without_presence(simulator.put(path, {"name": bianca["name"]})) == bianca


def test_the_connection_is_all_an_application_needs(simulator: Running) -> None:
    connection = simulator.get("/api/connection")
    assert set(connection) == {"graph", "authority", "tenant", "client_id", "client_secret", "ca"}
    assert connection["graph"].endswith("/v1.0") and connection["ca"].startswith("/")
    assert "BEGIN CERTIFICATE" in Path(connection["ca"]).read_text()


def test_switches_merge_and_know_their_names(simulator: Running) -> None:
    before = simulator.faults()
    assert before["callback_retries"] == 0
    after = simulator.faults(drop=0.25)
    assert after == before | {"drop": 0.25}
    answer = simulator.plain.put(f"{simulator.base}/api/faults/", json={"nonsense": 1, "drop": 1})
    assert answer.status_code == 400 and "nonsense" in answer.json()["detail"]
    assert simulator.faults() == after


FAULTS = {
    "duplicate": 0,
    "reorder": 0,
    "drop": 0,
    "throttle": 0,
    "error": 0,
    "delay_ms": 0,
    "slow_ms": 0,
    "legacy_first": 0,
    "callback_retries": 0,
    "quota": 0,
    "retry_after": True,
}
CHOICES = {
    "wrong_state_status": 409,
    "unanswered_result": "408/10057",
    "reject_result": "603/0",
    "reject_busy_result": "486/0",
    "pascal_case_enums": False,
    "delete_incoming": "reject",
    "delta_roster": "object",
    "delta_full_first": True,
    "access_policy_status": 403,
    "peer_roster": "empty",
    "join_token_hours": 24,
    "roster_after_removal": True,
    "presence_through_the_day": False,
}


def test_every_switch_has_its_name_and_rests_at_first(simulator: Running) -> None:
    switches = simulator.faults()
    assert FAULTS.items() <= switches.items() and CHOICES.items() <= switches.items()
    assert type(switches["seed"]) is int


@pytest.mark.control("P1")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "localhost:1"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_foreign_pages_and_names_move_nothing(simulator: Running, headers: dict[str, str], status: int) -> None:
    before = simulator.faults()
    answer = simulator.plain.put(f"{simulator.base}/api/faults", json={"drop": 1}, headers=headers)
    assert answer.status_code == status
    assert simulator.faults() == before


def test_ones_own_page_moves_them(simulator: Running) -> None:
    answer = simulator.plain.put(
        f"{simulator.base}/api/faults", json={"drop": 0}, headers={"Origin": simulator.base}
    )
    assert answer.status_code == 200


def test_the_page_loads_nothing_from_elsewhere(simulator: Running) -> None:
    page = simulator.plain.get(f"{simulator.base}/")
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy
    assert " style=" not in page.text and " onclick=" not in page.text
    for name in ("softphone.js", "groups.js", "asking.js", "softphone.css", "tokens.css", "icons.svg"):
        assert simulator.plain.get(f"{simulator.base}/static/{name}").status_code == 200
    assert simulator.plain.get(f"{simulator.base}/static/..%2fsettings.py").status_code == 404


def test_the_page_offers_everybody_every_line_and_every_switch(simulator: Running) -> None:
    page = simulator.plain.get(f"{simulator.base}/").text
    for person in simulator.get("/api/people"):
        assert f'data-presence="{person["id"]}"' in page
        assert f'data-user="{person["id"]}" data-name="{escape(person["name"])}"' in page
    for line in simulator.get("/api/lines"):
        assert f'<option value="{line["name"]}">' in page
    for name in FAULTS:
        assert re.search(rf'<input[^>]* name="{name}"', page), name
    for name in SCENARIOS:
        assert re.search(rf"<option[^>]*>{name}</option>", page), name
    assert 'id="typed"' in page and 'id="mine-hang-up"' in page


def test_the_two_ports_do_not_answer_for_each_other(simulator: Running) -> None:
    assert simulator.plain.get(f"{simulator.base}/v1.0/users").status_code == 404
    tls = simulator.connection["graph"].removesuffix("/v1.0")
    assert simulator.session().get(f"{tls}/api/connection").status_code == 404


def test_health_is_told(simulator: Running) -> None:
    assert simulator.get("/healthz") == {"status": "ok", "ready": True}
