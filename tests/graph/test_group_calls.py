"""Requests inside calls of several, as they arrive, and their answers as values (REFERENCE 3, 5, 6, 8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from graph.client import GraphClient
from graph.errors import Forbidden, Refused
from graph.joining import MeetingToken, NumberedMeeting, OrganizedMeeting
from graph.participants import INVITED_AT_ONCE
from graph.types import Identity, Operation, Participant, Result, Target, Transferee
from simulator import schema
from tests.graph.conftest import TENANT
from tests.graph.fake_service import FakeService, Reply

CALL = "2e1a0b00-2db4-4022-9570-243709c565ab"
OTHER_CALL = "5d2a0c11-7db4-4022-9570-243709c565ab"
SOMEBODY = "2765eb15-01f8-47c6-b12b-c32111a4a86f"
RITA = "112f7296-5fa4-42ca-bae8-6a692b15d4b8"
OMAR = "550fae72-d251-43ec-868c-373732c2704f"
OPERATION = "17e3b46c-f61d-4f4d-9635-c626ef18e6ad"
SCENARIO = "c0f7a7b8-30a8-4b94-a4cb-6c9b9a2a4a10"
CALLBACK = "https://desk.contoso.example/webhooks/graph/calls?create=17"
CALLS = "/v1.0/communications/calls"
ONE = f"{CALLS}/{CALL}"
MARKS = {"client_context": "operation 17", "scenario_id": SCENARIO}


@dataclass(frozen=True)
class Asked:
    """One request: how it is made, where it goes, and its body by the schema's name."""

    send: Callable[[GraphClient], Operation]
    place: str
    body: dict[str, Any]
    schema: str


OPERATIONS = {
    "invite": Asked(
        lambda graph: graph.participants.invite(CALL, [Target("user", RITA), Target("user", OMAR)], **MARKS),
        "participants/invite",
        {"participants": [Target("user", RITA).to_graph(), Target("user", OMAR).to_graph()]},
        "participant.invite.request",
    ),
    "mute somebody": Asked(
        lambda graph: graph.participants.mute(CALL, SOMEBODY, **MARKS),
        f"participants/{SOMEBODY}/mute",
        {},
        "participant.mute.request",
    ),
    "hold": Asked(
        lambda graph: graph.participants.start_hold_music(CALL, SOMEBODY, **MARKS),
        f"participants/{SOMEBODY}/startHoldMusic",
        {},
        "participant.startHoldMusic.request",
    ),
    "unhold": Asked(
        lambda graph: graph.participants.stop_hold_music(CALL, SOMEBODY, **MARKS),
        f"participants/{SOMEBODY}/stopHoldMusic",
        {},
        "participant.stopHoldMusic.request",
    ),
    "mute": Asked(lambda graph: graph.media.mute(CALL, **MARKS), "mute", {}, "call.mute.request"),
    "unmute": Asked(lambda graph: graph.media.unmute(CALL, **MARKS), "unmute", {}, "call.unmute.request"),
    "tones": Asked(
        lambda graph: graph.media.send_tones(CALL, "1 0-*#Ad", pause_ms=300, **MARKS),
        "sendDtmfTones",
        {"tones": ["tone1", "tone0", "star", "pound", "a", "d"], "delayBetweenTonesMs": 300},
        "call.sendDtmfTones.request",
    ),
    "cancel": Asked(
        lambda graph: graph.media.cancel(CALL, **MARKS),
        "cancelMediaProcessing",
        {},
        "call.cancelMediaProcessing.request",
    ),
    "gallery": Asked(
        lambda graph: graph.media.add_large_gallery_view(CALL, **MARKS),
        "addLargeGalleryView",
        {},
        "call.addLargeGalleryView.request",
    ),
    "recording": Asked(
        lambda graph: graph.media.update_recording_status(CALL, "recording", **MARKS),
        "updateRecordingStatus",
        {"status": "recording"},
        "call.updateRecordingStatus.request",
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_request_inside_a_call_returns_its_operation(
    name: str, service: FakeService, graph: GraphClient
) -> None:
    asked = OPERATIONS[name]
    answered = {"id": OPERATION.upper(), "status": "Running", "clientContext": "operation 17"}
    reply = {"@odata.type": "#microsoft.graph.commsOperation", **answered}
    service.on("POST", f"{ONE}/{asked.place}", Reply(200, reply, {"request-id": "r1"}))
    operation = asked.send(graph)
    assert operation == Operation(OPERATION, "commsOperation", "running", "operation 17")
    assert operation.request_id == "r1"
    (seen,) = service.seen
    assert seen.json == asked.body | {"clientContext": "operation 17"}
    assert seen.headers["scenario-id"] == SCENARIO
    schema.require(asked.schema, seen.json)


def test_an_operation_without_a_body_is_known_by_its_address(service: FakeService, graph: GraphClient) -> None:
    where = f"https://graph.microsoft.com/v1.0/communications/calls/{CALL}/operations/{OPERATION}"
    service.on("POST", f"{ONE}/participants/{SOMEBODY}/startHoldMusic", Reply(202, None, {"Location": where}))
    assert graph.participants.start_hold_music(CALL, SOMEBODY).id == OPERATION


def test_an_operation_is_read_while_it_lives(service: FakeService, graph: GraphClient) -> None:
    result = {"code": "400", "subCode": "8508", "message": "cancelled"}
    body = {"@odata.type": "#microsoft.graph.playPromptOperation", "status": "failed", "resultInfo": result}
    service.on("GET", f"{ONE}/operations/{OPERATION}", Reply(200, body))
    found = graph.operations.get(CALL, OPERATION)
    assert (found.id, found.kind, found.status) == (OPERATION, "playPromptOperation", "failed")
    assert found.result == Result(400, 8508, "cancelled")


@pytest.mark.parametrize(
    "send",
    [
        lambda graph: graph.participants.invite(CALL, []),
        lambda graph: graph.participants.invite(CALL, [Target("user", RITA)] * (INVITED_AT_ONCE + 1)),
        lambda graph: graph.participants.invite(CALL, [Target("voicemail", RITA)]),
        lambda graph: graph.participants.invite(
            CALL, [Target("user", RITA, replaces_call_id=OTHER_CALL), Target("user", OMAR)]
        ),
        lambda graph: graph.media.mute(CALL, client_context="x" * 257),
        lambda graph: graph.media.send_tones(CALL, ""),
        lambda graph: graph.media.send_tones(CALL, "12e"),
        lambda graph: graph.media.update_recording_status(CALL, "unknown"),
        lambda graph: graph.media.change_screen_sharing_role(CALL, "watcher"),
        lambda graph: graph.participants.mute(CALL, "../calls"),
        lambda graph: graph.operations.get(CALL, "participants"),
        lambda graph: graph.audio_routing.create(CALL, "oneToOne", source=RITA, receivers=[OMAR, SOMEBODY]),
        lambda graph: graph.audio_routing.create(CALL, "multicast", source=RITA, receivers=[]),
    ],
)
def test_what_graph_would_not_take_is_never_sent(
    send: Callable[[GraphClient], object], service: FakeService, graph: GraphClient
) -> None:
    with pytest.raises(Refused):
        send(graph)
    assert service.seen == []


def test_a_refused_tone_is_not_repeated_in_the_error(graph: GraphClient) -> None:
    with pytest.raises(Refused) as caught:
        graph.media.send_tones(CALL, "4711x")
    assert "4711" not in str(caught.value)


def test_somebody_comes_out_of_another_call_of_ours(service: FakeService, graph: GraphClient) -> None:
    service.on("POST", f"{ONE}/participants/invite", Reply(200, {"id": OPERATION, "status": "running"}))
    graph.participants.invite(CALL, [Target("user", RITA, replaces_call_id=OTHER_CALL)])
    assert service.seen[0].json["participants"][0]["replacesCallId"] == OTHER_CALL


def test_a_roster_is_read_over_all_its_pages(service: FakeService, graph: GraphClient) -> None:
    guest = {"id": OMAR, "isInLobby": True, "info": {"identity": {"guest": {"id": "8:teamsvisitor:1"}}}}
    service.on(
        "GET",
        f"{ONE}/participants",
        Reply(
            200, {"value": [roster_entry()], "@odata.nextLink": f"{service.url}{ONE}/participants?$skiptoken=2"}
        ),
        Reply(200, {"value": [guest]}),
    )
    rita, visitor = graph.participants.list(CALL)
    assert (rita.identity, rita.is_muted, rita.is_server_muted) == (Identity("user", RITA, "Rita"), True, True)
    assert (rita.is_sharing_screen, rita.recording, rita.is_in_lobby) == (True, "recording", False)
    assert (visitor.identity, visitor.is_in_lobby) == (Identity("guest", "8:teamsvisitor:1"), True)
    assert service.seen[1].query == {"$skiptoken": ["2"]}


def roster_entry() -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.participant",
        "id": SOMEBODY,
        "info": {"identity": {"user": {"id": RITA, "displayName": "Rita"}}},
        "isMuted": True,
        "isInLobby": False,
        "mediaStreams": [
            {"mediaType": "audio", "label": "main-audio", "direction": "sendReceive", "serverMuted": True},
            {"mediaType": "videoBasedScreenSharing", "label": "applicationsharing-video", "direction": "SendOnly"},
        ],
        "recordingInfo": {"recordingStatus": "Recording"},
    }


@pytest.mark.parametrize("direction", ["receiveOnly", "inactive", None])
def test_who_only_watches_a_screen_does_not_share_one(direction: str | None) -> None:
    stream = {"label": "applicationsharing-video", "direction": direction}
    assert not Participant.from_graph({"id": SOMEBODY, "mediaStreams": [stream]}).is_sharing_screen


def test_one_participant_is_read(service: FakeService, graph: GraphClient) -> None:
    service.on("GET", f"{ONE}/participants/{SOMEBODY}", Reply(200, roster_entry()))
    assert graph.participants.get(CALL, SOMEBODY).id == SOMEBODY


def test_removing_without_the_tenants_setting_names_it(service: FakeService, graph: GraphClient) -> None:
    place = f"{ONE}/participants/{SOMEBODY}"
    service.on("DELETE", place, Reply(204), Reply(403, {"error": {"code": "7504", "message": "no"}}))
    graph.participants.remove(CALL, SOMEBODY)
    with pytest.raises(Forbidden) as caught:
        graph.participants.remove(CALL, SOMEBODY)
    assert "AllowRemoveParticipantAppIds" in caught.value.permission


def test_several_users_are_called_together(service: FakeService, graph: GraphClient) -> None:
    service.on("POST", CALLS, Reply(201, {"id": CALL, "state": "establishing"}))
    targets = [Target("user", RITA), Target("user", OMAR)]
    graph.calls.create(callback_uri=CALLBACK, targets=targets, scenario_id=SCENARIO)
    body = service.seen[0].json
    assert [target["identity"]["user"]["id"] for target in body["targets"]] == [RITA, OMAR]
    assert "tenantId" not in body
    schema.require("call.create.request", body)


MEETINGS = {
    "by organiser": OrganizedMeeting(RITA, "19:meeting@thread.v2", "9ae0c9f3-0f5c-4c0e-9d2a-5a4d2f7c8e10"),
    "by token": MeetingToken("opaque"),
    "by number": NumberedMeeting("2512345678901", "Xy7PqR"),
}


@pytest.mark.parametrize("way", MEETINGS)
def test_a_meeting_is_joined(way: str, service: FakeService, graph: GraphClient) -> None:
    meeting = MEETINGS[way]
    service.on("POST", CALLS, Reply(201, {"id": CALL, "state": "establishing"}))
    call = graph.calls.join(
        meeting,
        callback_uri=CALLBACK,
        source={"application": {"id": OMAR}},
        scenario_id=SCENARIO,
        subject="Consultation",
    )
    body = service.seen[0].json
    assert call.id == CALL
    assert body["tenantId"] == (meeting.organizer_tenant_id or TENANT)
    assert (body.get("targets"), body["callbackUri"], body["subject"]) == (None, CALLBACK, "Consultation")
    assert body["meetingInfo"] == meeting.to_graph()["meetingInfo"]
    schema.require("call.create.request", body)


def test_a_caller_is_handed_to_somebody_whom_we_talk_to(service: FakeService, graph: GraphClient) -> None:
    service.on("POST", f"{ONE}/transfer", Reply(202))
    graph.calls.transfer(
        CALL,
        target=Target("user", OMAR, replaces_call_id=OTHER_CALL),
        transferee=Transferee(SOMEBODY, Identity("phone", "+12345678901")),
        client_context="operation 17",
        scenario_id=SCENARIO,
    )
    body = service.seen[0].json
    assert body["transferTarget"]["replacesCallId"] == OTHER_CALL
    assert body["transferee"]["participantId"] == SOMEBODY
    assert body["transferee"]["identity"]["phone"]["id"] == "+12345678901"
    schema.require("call.transfer.request", body)


def test_the_role_in_screen_sharing_is_asked_for(service: FakeService, graph: GraphClient) -> None:
    service.on("POST", f"{ONE}/changeScreenSharingRole", Reply(202, None, {"request-id": "r1"}))
    assert graph.media.change_screen_sharing_role(CALL, "sharer") == "r1"
    assert service.seen[0].json == {"role": "sharer"}


GROUP = {"id": "oneToOne", "routingMode": "OneToOne", "sources": [RITA], "receivers": [OMAR]}


def test_who_hears_whom_is_arranged(service: FakeService, graph: GraphClient) -> None:
    groups = f"{ONE}/audioRoutingGroups"
    service.on("POST", groups, Reply(200, GROUP))
    service.on("GET", groups, Reply(200, {"value": [GROUP]}))
    service.on("GET", f"{groups}/oneToOne", Reply(200, GROUP))
    service.on("PATCH", f"{groups}/oneToOne", Reply(200, GROUP | {"routingMode": "multicast"}))
    service.on("DELETE", f"{groups}/oneToOne", Reply(204))
    routing = graph.audio_routing
    made = routing.create(CALL, "oneToOne", source=RITA, receivers=[OMAR], group_id="oneToOne")
    assert (made.id, made.routing_mode, made.sources, made.receivers) == ("oneToOne", "oneToOne", (RITA,), (OMAR,))
    assert routing.list(CALL) == [made] == [routing.get(CALL, "oneToOne")]
    changed = routing.update(CALL, "oneToOne", "multicast", source=RITA, receivers=[OMAR, SOMEBODY])
    assert changed.routing_mode == "multicast"
    routing.delete(CALL, "oneToOne")
    assert [seen.method for seen in service.seen] == ["POST", "GET", "GET", "PATCH", "DELETE"]
    schema.require("audioRoutingGroup.create.request", service.seen[0].json)


@pytest.mark.parametrize("name", ["", "..", "a\nb", "x" * 257])
def test_a_group_without_a_name_is_never_asked_for(name: str, service: FakeService, graph: GraphClient) -> None:
    with pytest.raises(Refused):
        graph.audio_routing.get(CALL, name)
    assert service.seen == []
