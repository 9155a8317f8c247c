"""Calls of several over both ports: Graph's addresses, and what people do on the plain one."""

from typing import Any

import pytest

from simulator import schema

from .process import SERVICE_HOSTED, Running, Webhook

CALLS = "/communications/calls"
ADDRESSES: list[tuple[str, str, Any, int, str]] = [
    ("POST", "mute", {}, 200, "muteParticipantOperation"),
    ("POST", "unmute", {}, 200, "unmuteParticipantOperation"),
    ("POST", "microsoft.graph.sendDtmfTones", {"tones": ["star"]}, 200, "sendDtmfTonesOperation"),
    ("POST", "cancelMediaProcessing", {}, 200, "cancelMediaProcessingOperation"),
    ("POST", "updateRecordingStatus", {"status": "recording"}, 200, "updateRecordingStatusOperation"),
    ("POST", "participants/{rita}/mute", {}, 200, "muteParticipantOperation"),
    ("POST", "participants/{rita}/startHoldMusic", {}, 202, "startHoldMusicOperation"),
    ("POST", "participants/{rita}/stopHoldMusic", {}, 202, "stopHoldMusicOperation"),
    ("GET", "participants/{rita}", None, 200, "participant"),
    ("GET", "participants", None, 200, "participant.collection"),
    ("GET", "audioRoutingGroups", None, 200, "audioRoutingGroup.collection"),
    ("GET", "participants/nobody", None, 404, "error"),
    ("GET", "audioRoutingGroups/nothing", None, 404, "error"),
    ("POST", "participants/nobody/mute", {}, 404, "error"),
    ("PUT", "audioRoutingGroups", {}, 405, "error"),
    ("POST", "participants", {}, 404, "error"),
]


def group_call(simulator: Running, webhook: Webhook, *names: str) -> str:
    """Return a group call with people in it."""
    people = names or ("rita", "omar")
    body = {
        "@odata.type": "#microsoft.graph.call",
        "callbackUri": webhook.url,
        "targets": [{"identity": {"user": {"id": simulator.person(name)["id"]}}} for name in people],
        "requestedModalities": ["audio"],
        "mediaConfig": SERVICE_HOSTED,
    }
    answer = simulator.graph("POST", CALLS, body)
    assert answer.status_code == 201, answer.text
    call_id = str(answer.json()["id"])
    webhook.wait(lambda posts: any(len(post.roster) == len(people) + 1 for post in posts), call_id)
    return call_id


def joined(simulator: Running, webhook: Webhook, meeting: dict[str, Any]) -> str:
    """Return a call that joined a meeting by its number."""
    info = {"joinMeetingId": meeting["join_meeting_id"], "passcode": meeting["passcode"]}
    body = {
        "@odata.type": "#microsoft.graph.call",
        "callbackUri": webhook.url,
        "meetingInfo": {"@odata.type": "#microsoft.graph.joinMeetingIdMeetingInfo", **info},
        "requestedModalities": ["audio"],
        "mediaConfig": SERVICE_HOSTED,
    }
    answer = simulator.graph("POST", CALLS, body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["chatInfo"]["threadId"] == meeting["thread_id"]
    call_id = str(answer.json()["id"])
    webhook.wait(lambda posts: any(post.roster for post in posts), call_id)
    return call_id


def ended(webhook: Webhook, call_id: str, operation_id: str) -> dict[str, Any]:
    """Return an operation, once it was told to have ended."""
    url = f"{CALLS}/{call_id}/operations/{operation_id}"
    posts = webhook.wait(lambda found: any(post.items[0]["resourceUrl"] == url for post in found), call_id)
    return dict(next(post.items[0]["resourceData"] for post in posts if post.items[0]["resourceUrl"] == url))


def test_an_operation_is_where_its_location_says_until_it_is_over(simulator: Running, webhook: Webhook) -> None:
    call_id = group_call(simulator, webhook)
    line = simulator.get("/api/lines")[0]["instance_id"]  # which rings until the test answers
    body = {"participants": [{"identity": {"applicationInstance": {"id": line}}}], "clientContext": "ours"}
    answer = simulator.graph("POST", f"{CALLS}/{call_id}/participants/invite", body)
    schema.require("inviteParticipantsOperation", answer.json())
    operation = answer.json()
    assert (answer.status_code, operation["status"], operation["clientContext"]) == (200, "running", "ours")
    assert answer.headers["Location"].endswith(f"{CALLS}/{call_id}/operations/{operation['id']}")
    running = simulator.signed_in.get(answer.headers["Location"])
    assert (running.status_code, running.json()["id"]) == (200, operation["id"])
    assert simulator.answer(simulator.get("/api/calls")["results"][0]["id"], webhook.url).status_code == 202
    assert ended(webhook, call_id, operation["id"])["status"] == "completed"
    assert simulator.signed_in.get(answer.headers["Location"]).status_code == 404
    rows = simulator.get(f"/api/calls/{call_id}/operations")
    assert [(row["kind"], row["status"]) for row in rows] == [("inviteParticipantsOperation", "completed")]
    asked = simulator.get(f"/api/requests?call={call_id}")["results"]
    assert ("participants/invite", True) in [(row["action"], row["effect"]) for row in asked]


def test_every_address_answers_in_its_shape(simulator: Running, webhook: Webhook) -> None:
    call_id = group_call(simulator, webhook)
    roster = simulator.graph("GET", f"{CALLS}/{call_id}/participants").json()["value"]
    users = {row["info"]["identity"]["user"]["displayName"]: row["id"] for row in roster[1:]}
    for method, rest, body, status, kind in ADDRESSES:
        path = f"{CALLS}/{call_id}/{rest.format(rita=users['Rita Hansen'])}"
        answer = simulator.graph(method, path, body)
        assert answer.status_code == status, (path, answer.text)
        schema.require(kind, answer.json())
        assert ("Location" in answer.headers) == kind.endswith("Operation"), path


def test_somebody_comes_to_a_meeting_waits_is_let_in_mutes_and_leaves(
    simulator: Running, webhook: Webhook
) -> None:
    ada = simulator.person("ada")["id"]
    meeting = simulator.post("/api/meetings", {"organizer": ada, "subject": "Budget"}, 201)
    assert meeting in simulator.get("/api/meetings")
    assert simulator.get(f"/api/meetings/{meeting['id']}") == meeting
    call_id = joined(simulator, webhook, meeting)
    guest = simulator.post(f"/api/meetings/{meeting['id']}/join", {"guest": "Gus"}, 201)
    assert guest["lobby"] is True
    path = f"/api/groups/{guest['group']}/participants/{guest['id']}"
    assert simulator.put(path, {"lobby": False})["lobby"] is False
    assert simulator.put(path, {"muted": True})["muted"] is True
    assert simulator.put(path, {"sharing": True})["sharing"] is True
    webhook.wait(lambda posts: any(len(row["mediaStreams"]) == 2 for p in posts for row in p.roster), call_id)
    states = [(row["name"], row["state"]) for row in simulator.get(f"/api/calls/{call_id}")["participants"]]
    assert states == [("commsportal", "connected"), ("Gus", "connected")]
    assert simulator.plain.delete(f"{simulator.base}{path}").status_code == 200
    assert simulator.plain.delete(f"{simulator.base}{path}").status_code == 404
    (found,) = [row for row in simulator.get("/api/groups") if row["meeting"] == meeting["id"]]
    assert [row["call"] for row in found["participants"]] == [call_id]


def test_somebody_in_a_group_rings_somebody_else_and_a_line(simulator: Running, webhook: Webhook) -> None:
    call_id = group_call(simulator, webhook)
    (group,) = [
        row for row in simulator.get("/api/groups") if any(p["call"] == call_id for p in row["participants"])
    ]
    path = f"/api/groups/{group['id']}/invite"
    simulator.post(path, {"user": simulator.person("bianca.rossi")["id"]}, 202)
    webhook.wait(lambda posts: any(len(post.roster) == 4 for post in posts), call_id)
    offer = simulator.post(path, {"line": "sales"}, 202)["call"]
    data = webhook.wait_for_state(offer, "incoming")[0].items[0]["resourceData"]
    assert data["chatInfo"]["threadId"] == group["thread_id"]
    assert simulator.answer(offer, webhook.url).status_code == 202
    webhook.wait(lambda posts: any(len(post.roster) == 5 for post in posts), call_id)


def test_the_other_side_adds_somebody(simulator: Running, webhook: Webhook) -> None:
    call_id = simulator.ring({"user": simulator.person("bianca.rossi")["id"]})
    body = {"user": simulator.person("carlos.mendes")["id"]}
    answer = simulator.plain.post(f"{simulator.base}/api/calls/{call_id}/escalate", json=body)
    assert answer.status_code == 409
    assert simulator.answer(call_id, webhook.url).status_code == 202
    webhook.wait_for_state(call_id, "established")
    group = simulator.post(f"/api/calls/{call_id}/escalate", body, 202)["group"]
    names = [row["name"] for row in simulator.get(f"/api/groups/{group}")["participants"]]
    assert names == ["commsportal", "Bianca Rossi"]
    assert simulator.get("/api/calls?limit=50")["results"][0]["group"] == group


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/meetings", {"organizer": "nobody"}),
        ("/api/meetings", {"organizer": "ada@contoso.example", "lobby": "nobody"}),
        ("/api/meetings", {"organizer": "ada@contoso.example", "subject": 7}),
        ("/api/meetings/nothing/join", {"guest": "Gus"}),
        ("/api/groups/nothing/invite", {"guest": "Gus"}),
        ("/api/calls/nothing/escalate", {"guest": "Gus"}),
    ],
)
def test_what_cannot_be_is_explained(simulator: Running, path: str, body: Any) -> None:
    answer = simulator.plain.post(f"{simulator.base}{path}", json=body)
    assert answer.status_code in (400, 404) and answer.json()["detail"]


@pytest.mark.parametrize(
    "body", [{}, {"phone": "112"}, {"guest": ""}, {"user": "nobody"}, {"guest": "a", "phone": "b"}]
)
def test_who_comes_is_one_of_three_kinds(simulator: Running, body: Any) -> None:
    meeting = simulator.post("/api/meetings", {"organizer": simulator.person("ada")["id"]}, 201)
    answer = simulator.plain.post(f"{simulator.base}/api/meetings/{meeting['id']}/join", json=body)
    assert answer.status_code == 400


@pytest.mark.parametrize("body", [{}, {"lobby": True}, {"muted": 1}, {"asleep": True}])
def test_what_somebody_changes_is_known(simulator: Running, body: Any) -> None:
    meeting = simulator.post("/api/meetings", {"organizer": simulator.person("ada")["id"]}, 201)
    guest = simulator.post(f"/api/meetings/{meeting['id']}/join", {"guest": "Gus"}, 201)
    path = f"{simulator.base}/api/groups/{guest['group']}/participants/{guest['id']}"
    assert simulator.plain.put(path, json=body).status_code == 400


def test_what_administrators_set_is_per_tenant(simulator: Running, webhook: Webhook) -> None:
    tenant = simulator.connection["tenant"]
    call_id = group_call(simulator, webhook)
    someone = simulator.graph("GET", f"{CALLS}/{call_id}/participants").json()["value"][1]["id"]
    simulator.put("/api/tenant-settings", {tenant: {"removes_participants": False}})
    refused = simulator.graph("DELETE", f"{CALLS}/{call_id}/participants/{someone}")
    settings = simulator.put("/api/tenant-settings", {tenant: {"removes_participants": True}})
    granted = {"removes_participants", "has_access_policy", "delegated_consent"}
    assert settings[tenant] == dict.fromkeys(granted, True)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "7505")
    assert simulator.graph("DELETE", f"{CALLS}/{call_id}/participants/{someone}").status_code == 204
    for wrong in (
        {tenant: {"nonsense": True}},
        {"nobody": {}},
        {tenant: 7},
        {tenant: {"removes_participants": 1}},
    ):
        assert simulator.plain.put(f"{simulator.base}/api/tenant-settings", json=wrong).status_code == 400


# Meetings made for a call


def test_a_meeting_is_made_once_for_an_external_id(simulator: Running, webhook: Webhook) -> None:
    path = f"/users/{simulator.person('ada')['id']}/onlineMeetings"
    first = simulator.graph("POST", f"{path}/createOrGet", {"externalId": "call-1", "subject": "Bridge"})
    again = simulator.graph("POST", f"{path}/createOrGet", {"externalId": "call-1", "subject": "Other"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json() and first.json()["subject"] == "Bridge"
    schema.require("onlineMeeting", first.json())
    assert simulator.graph("GET", f"{path}/{first.json()['id']}").json() == first.json()
    found = simulator.graph("GET", path, params={"$filter": f"JoinWebUrl eq '{first.json()['joinWebUrl']}'"})
    assert found.json()["value"] == [first.json()]
    settings = first.json()["joinMeetingIdSettings"]
    numbers = {"join_meeting_id": settings["joinMeetingId"], "passcode": settings["passcode"]}
    joined(simulator, webhook, numbers | {"thread_id": first.json()["chatInfo"]["threadId"]})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"externalId": ""},
        {"externalId": "x", "endDateTime": "2026-03-02T10:00:00Z"},
        {"externalId": "x", "startDateTime": "2026-03-02T10:00:00Z", "endDateTime": "2026-03-02T09:00:00Z"},
        {"externalId": "x", "startDateTime": "9999-12-31T23:59:59Z"},
    ],
)
def test_a_meeting_that_cannot_be_made_is_refused(simulator: Running, body: Any) -> None:
    path = f"/users/{simulator.person('ada')['id']}/onlineMeetings/createOrGet"
    assert simulator.graph("POST", path, body).status_code == 400


def test_without_an_access_policy_nobodys_meetings_are_used(simulator: Running) -> None:
    tenant = simulator.connection["tenant"]
    path = f"/users/{simulator.person('ada')['id']}/onlineMeetings"
    simulator.put("/api/tenant-settings", {tenant: {"has_access_policy": False}})
    refused = simulator.graph("POST", f"{path}/createOrGet", {"externalId": "x"})
    simulator.faults(access_policy_status=404)
    otherwise = simulator.graph("POST", f"{path}/createOrGet", {"externalId": "x"})
    simulator.put("/api/tenant-settings", {tenant: {"has_access_policy": True}})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "Unauthorized")
    assert otherwise.status_code == 404
    assert simulator.graph("GET", path).status_code == 400
    assert simulator.graph("GET", f"{path}/nothing").status_code == 404
    assert simulator.graph("PUT", path, {}).status_code == 405
