"""The documented requests on calls, meetings and users, read in place, go through the running simulator."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from simulator import schema

from .process import SERVICE_HOSTED, Running, Webhook

FOLDER = Path(__file__).parents[3] / "shared" / "graph"
CALLS = (
    "answer|redirect|reject|transfer|delete|get|keepalive|list-participants|mute|changescreensharingrole"
    "|updaterecordingstatus|logteleconferencedevicequality"
)
SUBJECTS = re.compile(
    rf"(call-({CALLS})|participant-(delete|invite|mute)|application-post-(calls|onlinemeetings)|user-(get|list)"
    r"|presence-get|cloudcommunications-getpresencesbyuserid|onlinemeeting-(createorget|delete|get|update)"
    r"|beta\.(audioroutinggroup-\w+|call-\w+-audioroutinggroups|participant-muteall))--"
)
OTHERS = {
    "user-get--02": "/me is for delegated tokens, and the simulator's Graph serves applications",
    "presence-get--01": "as the one before",
    "call-updaterecordingstatus--01": "the status is a placeholder that names all of its members",
}
# Documented for what v1.0 does not have.
NOT_SIMULATED = {"participant-muteall": 404}
APP_HOSTED = {"@odata.type": "#microsoft.graph.appHostedMediaConfig", "blob": "<blob>"}
THEIRS = "somebody-in-it"
GROUPS: dict[str, str] = {}  # by kind, as it takes people some seconds to pick up
IN_GROUPS = ("participant-", "audioroutinggroup", "call-mute", "call-changescreensharingrole")


KINDS = {
    "call": "call",
    "commsNotifications": "commsNotifications",
    "user": "user",
    "onlineMeeting": "onlineMeeting",
    "muteParticipantOperation": "muteParticipantOperation",
    "inviteParticipantsOperation": "inviteParticipantsOperation",
    "updateRecordingStatusOperation": "updateRecordingStatusOperation",
    "audioRoutingGroup": "audioRoutingGroup",
    "Collection(audioRoutingGroup)": "audioRoutingGroup.collection",
    "Collection(participant)": "participant.collection",
}


def examples() -> list[Any]:
    """Return one parameter for each documented request on these APIs."""
    found = []
    for path in sorted(FOLDER.glob("examples/*.json")):
        if not SUBJECTS.match(path.name):
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


def fitting(body: Any, simulator: Running, webhook: Webhook, call_id: str) -> Any:
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
    fitted = json.loads(text)
    if "routingMode" in fitted:
        fitted["id"] = "another"
        fitted["sources"], fitted["receivers"] = [own(simulator, call_id)], [other(simulator, call_id)]
    for invited in fitted.get("participants", []):
        if isinstance(invited, dict) and invited.get("replacesCallId"):
            replace_own(invited, simulator, webhook)
    return fitted


def replace_own(invited: dict[str, Any], simulator: Running, webhook: Webhook) -> None:
    """Have an invitation name somebody whom the application talks to."""
    rita = simulator.person("rita")["id"]
    call_id = simulator.ring({"user": rita})
    assert simulator.answer(call_id, webhook.url).status_code == 202
    webhook.wait_for_state(call_id, "established")
    invited["identity"]["user"]["id"], invited["replacesCallId"] = rita, call_id


def roster_of(simulator: Running, call_id: str) -> list[dict[str, Any]]:
    """Return who is in a call."""
    return list(simulator.graph("GET", f"/communications/calls/{call_id}/participants").json()["value"])


def own(simulator: Running, call_id: str) -> str:
    """Return the application's own entry."""
    return next(
        str(one["id"]) for one in roster_of(simulator, call_id) if "application" in one["info"]["identity"]
    )


def other(simulator: Running, call_id: str) -> str:
    """Return somebody else's entry."""
    return next(str(one["id"]) for one in roster_of(simulator, call_id) if "user" in one["info"]["identity"])


def prepare(name: str, rest: str, simulator: Running, webhook: Webhook) -> str:
    """Return a fresh call in the state and of the kind that an example needs."""
    if any(words in name for words in IN_GROUPS):
        kind = "app-hosted" if "screensharing" in name else "emptied" if "delete" in name else "usual"
        if kind not in GROUPS:
            GROUPS[kind] = joined(simulator, webhook, app_hosted=kind == "app-hosted")
        return GROUPS[kind]
    call_id = simulator.ring()
    if rest not in ("answer", "redirect", "reject"):
        assert simulator.answer(call_id, webhook.url).status_code == 202
        webhook.wait_for_state(call_id, "established")
    return call_id


def joined(simulator: Running, webhook: Webhook, *, app_hosted: bool) -> str:
    """Return a group call of a line with Rita and Omar in it."""
    people = [{"identity": {"user": {"id": simulator.person(name)["id"]}}} for name in ("rita", "omar")]
    instance = {"applicationInstance": {"id": simulator.get("/api/lines")[0]["instance_id"]}}
    body = {
        "@odata.type": "#microsoft.graph.call",
        "callbackUri": webhook.url,
        "source": {"identity": instance},
        "targets": people,
        "requestedModalities": ["audio"],
        "mediaConfig": APP_HOSTED if app_hosted else SERVICE_HOSTED,
    }
    call_id = str(simulator.graph("POST", "/communications/calls", body).json()["id"])
    webhook.wait(lambda posts: any(len(post.roster) == 3 for post in posts), call_id)
    return call_id


def address(name: str, url: str, simulator: Running, webhook: Webhook) -> tuple[str, str]:
    """Return the path of an example on something of ours, and the call it is about."""
    path = re.sub(r"^(https://graph\.microsoft\.com/(v1\.0|beta))?", "", url)
    rita = simulator.person("rita")["id"]
    path = path.replace("{id | userPrincipalName}", "rita@contoso.example")
    path = re.sub(r"/presences/[0-9a-f-]+", f"/presences/{rita}", path)
    path = re.sub(r"^/(me|users/[^/]+)/onlineMeetings", f"/users/{rita}/onlineMeetings", path)  # no /me for bots
    if "/onlineMeetings/" in path and not path.endswith("createOrGet"):
        made = simulator.graph("POST", f"/users/{rita}/onlineMeetings", {}).json()
        path = path.replace("'123456789'", f"'{made['videoTeleconferenceId']}'")
        return re.sub(r"/onlineMeetings/[^/?]+$", f"/onlineMeetings/{made['id']}", path), ""
    if "/communications/calls/" not in path or path.endswith("logTeleconferenceDeviceQuality"):
        return path, ""
    rest = path.split("/communications/calls/")[1].partition("/")[2]
    call_id = prepare(name, rest, simulator, webhook)
    rest = re.sub(r"participants/[0-9a-f{][^/]{9,}|participants/{id}", f"participants/{THEIRS}", rest)
    rest = rest.replace(THEIRS, other(simulator, call_id)) if THEIRS in rest else rest
    if rest.startswith("audioRoutingGroups/"):
        rest = "audioRoutingGroups/oneToOne"
        group = {"id": "oneToOne", "routingMode": "oneToOne", "sources": [own(simulator, call_id)]}
        group["receivers"] = [other(simulator, call_id)]
        made = simulator.graph("POST", f"/communications/calls/{call_id}/audioRoutingGroups", group)
        assert made.status_code in (200, 409), made.text
    return f"/communications/calls/{call_id}" + (f"/{rest}" if rest else ""), call_id


@pytest.mark.parametrize(("name", "steps"), examples())
def test_a_documented_request_is_answered_as_documented(
    name: str, steps: list[dict[str, Any]], simulator: Running, webhook: Webhook
) -> None:
    request = steps[0]
    headers = {
        key: value for key, value in (request.get("headers") or {}).items() if not key.startswith("Content")
    }
    path, call_id = address(name, request["url"], simulator, webhook)
    body = fitting(request["body"], simulator, webhook, call_id)
    if path.endswith("createOrGet"):  # the page shows the answer for a meeting that there is
        assert simulator.graph(request["method"], path, body, headers=headers).status_code == 201
    answer = simulator.graph(request["method"], path, body, headers=headers)
    assert answer.status_code == expected(name, steps), answer.text
    shown = steps[1] if len(steps) > 1 else {}
    if answer.status_code < 300 and answer.content and (shown.get("type") or "") in KINDS:
        listed = (
            ".collection" if "$filter" in path and "onlineMeetings" in path else ""
        )  # the page shows an entity
        schema.require(KINDS[shown["type"]] + listed, answer.json())
    if answer.status_code == 201 and "onlineMeetings" not in path:
        schema.require("call", answer.json())
        assert answer.json()["state"] == "establishing"


def answers() -> list[Any]:
    """Return the documented answers and notifications, and whether one is known to contradict the schema."""
    if not FOLDER.exists():
        return [pytest.param("", None, False, marks=pytest.mark.skip(reason="no examples beside this checkout"))]
    errors = json.loads((FOLDER / "known_doc_errors.json").read_text())
    found = []
    for path in sorted(FOLDER.glob("examples/*.json")):
        if not SUBJECTS.match(path.name):
            continue
        for index, step in enumerate(json.loads(path.read_text())["steps"]):
            kind = KINDS.get(step["type"])
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
