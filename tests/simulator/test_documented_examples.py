"""The documented requests on calls and users, read in place, go through the running simulator."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from simulator import schema

from .process import Running, Webhook

FOLDER = Path(__file__).parents[3] / "shared" / "graph"
ACTIONS = ("answer", "redirect", "reject", "transfer", "keepAlive")
SUBJECTS = re.compile(
    r"(call-(answer|redirect|reject|transfer|delete|get|keepalive|list-participants)|user-(get|list))--"
)
CREATES = "application-post-calls--"
OTHERS = {
    "user-get--02": "/me is for delegated tokens, and the simulator's Graph serves applications",
}
NOT_SIMULATED = {
    "create-a-group-call": 501,
    "join-scheduled-meeting": 501,
    "call-transfer--01": 501,  # consultative, like the next
    "consultative": 501,
}


def examples() -> list[Any]:
    """Return one parameter for each documented request on these APIs."""
    found = []
    for path in sorted(FOLDER.glob("examples/*.json")):
        if not SUBJECTS.match(path.name) and not path.name.startswith(CREATES):
            continue
        steps = json.loads(path.read_text())["steps"]
        for index, step in enumerate(steps):
            if step["kind"] == "request" and not any(path.name.startswith(name) for name in OTHERS):
                found.append(pytest.param(path.name, steps[index:], id=f"{path.stem[:60]}#{index}"))
    return found or [pytest.param("", [], marks=pytest.mark.skip(reason=f"no examples at {FOLDER.name}/examples"))]


def expected(name: str, steps: list[dict[str, Any]]) -> int:
    """Return the status that an example shows, or the one for what is not simulated."""
    shown = next((step["status"] for step in steps[1:] if step["kind"] == "response" and step["status"]), 201)
    return next((status for words, status in NOT_SIMULATED.items() if words in name), shown)


def fitting(body: Any, simulator: Running, webhook: Webhook) -> Any:
    """Return an example's body with addresses and ids of this run in the place of placeholders."""
    if not isinstance(body, dict):
        return body
    tenant, line = simulator.connection["tenant"], simulator.get("/api/lines")[0]
    text = json.dumps(body | ({"callbackUri": webhook.url} if "callbackUri" in body else {}))
    instance = (body.get("source") or {}).get("identity", {}).get("applicationInstance", {}).get("id")
    if instance:
        text = text.replace(instance, line["instance_id"])
    if body.get("tenantId"):
        text = text.replace(body["tenantId"], tenant)
    return json.loads(text)


def prepare(simulator: Running, webhook: Webhook, url: str) -> str:
    """Return the path of an example on a fresh call in the state it needs, or on one of our users."""
    path = re.sub(r"^https://graph\.microsoft\.com/v1\.0", "", url)
    path = path.replace("{id | userPrincipalName}", "rita@contoso.example")
    if "/communications/calls/" not in path:
        return path
    call_id = simulator.ring()
    rest = path.split("/communications/calls/")[1].partition("/")[2]
    if rest not in ("answer", "redirect", "reject"):
        assert simulator.answer(call_id, webhook.url).status_code == 202
        webhook.wait_for_state(call_id, "established")
    return f"/communications/calls/{call_id}" + (f"/{rest}" if rest else "")


@pytest.mark.parametrize(("name", "steps"), examples())
def test_a_documented_request_is_answered_as_documented(
    name: str, steps: list[dict[str, Any]], simulator: Running, webhook: Webhook
) -> None:
    request = steps[0]
    headers = {
        key: value for key, value in (request.get("headers") or {}).items() if not key.startswith("Content")
    }
    body = fitting(request["body"], simulator, webhook)
    path = prepare(simulator, webhook, request["url"])
    answer = simulator.graph(request["method"], path, body, headers=headers)
    assert answer.status_code == expected(name, steps), answer.text
    if answer.content and answer.status_code == 201:
        schema.require("call", answer.json())
        assert answer.json()["state"] == "establishing"


def answers() -> list[Any]:
    """Return the documented answers and notifications, and whether one is known to contradict the schema."""
    if not FOLDER.exists():
        return [pytest.param("", None, False, marks=pytest.mark.skip(reason="no examples beside this checkout"))]
    errors = json.loads((FOLDER / "known_doc_errors.json").read_text())
    found = []
    for path in sorted(FOLDER.glob("examples/*.json")):
        if not SUBJECTS.match(path.name) and not path.name.startswith(CREATES):
            continue
        for index, step in enumerate(json.loads(path.read_text())["steps"]):
            kind = {"call": "call", "commsNotifications": "commsNotifications", "user": "user"}.get(step["type"])
            if kind and step["body"]:
                known = f"{path.name}#{index}" in errors
                found.append(pytest.param(kind, step["body"], known, id=f"{path.stem[:60]}#{index}"))
    return found


@pytest.mark.parametrize(("kind", "body", "contradicts"), answers())
def test_the_simulators_schema_knows_the_documented_bodies(kind: str, body: Any, contradicts: bool) -> None:
    if contradicts:
        with pytest.raises(schema.InvalidBody):
            schema.require(kind, body)
    else:
        schema.require(kind, body)
