"""Meetings are made, found, changed and deleted as their organiser's (REFERENCE 9)."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta, timezone
from http.server import BaseHTTPRequestHandler

import pytest

from graph import meetings
from graph.client import GraphClient
from graph.errors import Forbidden, GraphError, NotFound, OutcomeUnknown, Refused, ServerFault, Throttled
from graph.meeting_values import Attendee, Meeting, MeetingSettings
from simulator import schema
from tests.graph.fake_service import FakeService, Reply
from tests.graph.test_meetings_are_read import ADA, ID, NINE, OMAR, TEN, TOLD, URL

ALL = f"/v1.0/users/{ADA}/onlineMeetings"
ONE = f"{ALL}/MSo1N2Y5ZGFjYy03MWJmLTQ3%2BNDMtYjQ%2FxMy01M2%3D%3D"
WHOLE = MeetingSettings(
    subject="Budget",
    start=NINE,
    end=TEN,
    attendees=(Attendee(OMAR, "omar@contoso.example", "presenter"), Attendee(upn="guest@fabrikam.example")),
    lobby_scope="invited",
    is_dial_in_bypass_enabled=False,
    allowed_presenters="roleIsPresenter",
    allow_meeting_chat="disabled",
    allow_attendee_to_enable_camera=False,
    allow_attendee_to_enable_mic=True,
    allow_recording=True,
    allow_transcription=False,
    record_automatically=False,
    is_entry_exit_announced=True,
    is_passcode_required=False,
)


def refusal(status: int, code: str = "NotFound", message: str = "m") -> Reply:
    return Reply(status, {"error": {"code": code, "message": message, "innerError": {"request-id": "r-1"}}})


def no_answer(handler: BaseHTTPRequestHandler) -> None:
    """Break the connection off after the request was read."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


# Making


def test_a_meeting_is_made_as_it_is_set(service: FakeService, graph: GraphClient) -> None:
    service.on("POST", ALL, Reply(201, TOLD))
    assert graph.meetings.create(ADA, WHOLE) == Meeting.from_graph(TOLD)
    (asked,) = service.seen
    schema.require("onlineMeeting.create.request", asked.json)
    assert asked.json == {
        "subject": "Budget",
        "startDateTime": "2026-11-24T09:00:00Z",
        "endDateTime": "2026-11-24T10:00:00Z",
        "participants": {
            "attendees": [
                {
                    "upn": "omar@contoso.example",
                    "identity": {"user": {"id": OMAR}},
                    "role": "presenter",
                },
                {"upn": "guest@fabrikam.example"},
            ]
        },
        "lobbyBypassSettings": {"scope": "invited", "isDialInBypassEnabled": False},
        "joinMeetingIdSettings": {"isPasscodeRequired": False},
        "allowedPresenters": "roleIsPresenter",
        "allowMeetingChat": "disabled",
        "allowAttendeeToEnableCamera": False,
        "allowAttendeeToEnableMic": True,
        "allowRecording": True,
        "allowTranscription": False,
        "recordAutomatically": False,
        "isEntryExitAnnounced": True,
    }


def test_nothing_has_to_be_set_and_times_are_sent_in_utc(service: FakeService, graph: GraphClient) -> None:
    service.on("POST", ALL, Reply(201, TOLD))
    graph.meetings.create(ADA, MeetingSettings())
    berlin = timezone(timedelta(hours=1))
    graph.meetings.create(ADA, MeetingSettings(start=NINE.astimezone(berlin), end=TEN.astimezone(berlin)))
    assert [asked.json for asked in service.seen] == [
        {},
        {"startDateTime": "2026-11-24T09:00:00Z", "endDateTime": "2026-11-24T10:00:00Z"},
    ]


def test_a_meeting_is_made_under_an_external_id(service: FakeService, graph: GraphClient) -> None:
    service.on("POST", ALL, Reply(201, TOLD))
    graph.meetings.create(ADA, MeetingSettings(is_passcode_required=False), external_id="ours")
    (asked,) = service.seen
    schema.require("onlineMeeting.create.request", asked.json)
    assert asked.json == {"joinMeetingIdSettings": {"isPasscodeRequired": False}, "externalId": "ours"}


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        (MeetingSettings(start=NINE), "InvalidTimes"),
        (MeetingSettings(end=TEN), "InvalidTimes"),
        (MeetingSettings(start=TEN, end=NINE), "InvalidTimes"),
        (MeetingSettings(start=NINE.replace(tzinfo=None), end=TEN), "InvalidTimes"),
        (MeetingSettings(start=NINE, end=TEN.replace(tzinfo=None)), "InvalidTimes"),
        (MeetingSettings(attendees=(Attendee(name="Omar"),)), "InvalidAttendee"),
        (MeetingSettings(allowed_presenters="roleIsPresenter"), "InvalidPresenters"),
        (MeetingSettings(allowed_presenters="roleIsPresenter", attendees=(Attendee(OMAR),)), "InvalidPresenters"),
    ],
)
def test_settings_that_contradict_each_other_are_not_sent(
    service: FakeService, graph: GraphClient, settings: MeetingSettings, code: str
) -> None:
    for ask in (graph.meetings.create, lambda who, what: graph.meetings.update(who, ID, what)):
        with pytest.raises(Refused) as caught:
            ask(ADA, settings)
        assert caught.value.code == code
    assert service.seen == []


def test_a_meeting_for_an_external_id_can_have_times_and_a_list(service: FakeService, graph: GraphClient) -> None:
    service.on("POST", f"{ALL}/createOrGet", Reply(201, TOLD))
    graph.meetings.create_or_get(ADA, "ours-1", start=NINE, end=TEN, attendees=(Attendee(OMAR),))
    (asked,) = service.seen
    schema.require("onlineMeeting.createOrGet.request", asked.json)
    assert asked.json == {
        "externalId": "ours-1",
        "startDateTime": "2026-11-24T09:00:00Z",
        "endDateTime": "2026-11-24T10:00:00Z",
        "participants": {"attendees": [{"identity": {"user": {"id": OMAR}}}]},
    }
    with pytest.raises(Refused, match="before it starts"):
        graph.meetings.create_or_get(ADA, "ours-1", end=TEN)


# Finding


def test_later_words_of_enumerations_are_asked_for(service: FakeService, graph: GraphClient) -> None:
    service.on("GET", ONE, Reply(200, TOLD))
    assert graph.meetings.get(ADA, ID).lobby_scope == "invited"
    assert service.seen[0].headers["prefer"] == "include-unknown-enum-members"


@pytest.mark.parametrize("answer", [{"value": [TOLD]}, TOLD, {"value": TOLD}, {"value": [{}, TOLD]}])
def test_a_meeting_is_found_by_link_or_number_in_a_list_or_bare(
    service: FakeService, graph: GraphClient, answer: object
) -> None:
    service.on("GET", ALL, Reply(200, answer))
    service.on("GET", "/v1.0/communications/onlineMeetings/", Reply(200, answer))
    found = [
        graph.meetings.find(ADA, join_url=URL),
        graph.meetings.find(ADA, join_meeting_id="1'2"),
        graph.meetings.find_by_teleconference("123456789"),
    ]
    assert [meeting.id for meeting in found] == [ID] * 3
    assert [asked.query for asked in service.seen] == [
        {"$filter": [f"JoinWebUrl eq '{URL}'"]},  # with its own signs of percent encoded once more
        {"$filter": ["joinMeetingIdSettings/joinMeetingId eq '1''2'"]},
        {"$filter": ["VideoTeleconferenceId eq '123456789'"]},
    ]


@pytest.mark.parametrize("answer", [Reply(200, {"value": []}), refusal(404)])
def test_what_no_filter_finds_is_not_found(service: FakeService, graph: GraphClient, answer: Reply) -> None:
    service.on("GET", ALL, answer)
    with pytest.raises(NotFound):
        graph.meetings.find(ADA, join_url=URL)


def test_a_meeting_is_found_by_one_name_and_its_organiser_is_an_object_id(
    service: FakeService, graph: GraphClient
) -> None:
    for ask in (
        lambda: graph.meetings.find(ADA),
        lambda: graph.meetings.find(ADA, join_url=URL, join_meeting_id="1"),
        lambda: graph.meetings.get("ada@contoso.example", ID),
        lambda: graph.meetings.get(ADA, ""),
        lambda: graph.meetings.delete(ADA, ".."),
    ):
        with pytest.raises(Refused):
            ask()
    assert service.seen == []


# Changing


def test_only_what_is_set_is_sent(service: FakeService, graph: GraphClient) -> None:
    service.on("PATCH", ONE, Reply(200, TOLD))
    graph.meetings.update(ADA, ID, MeetingSettings(subject="", attendees=(), allow_recording=False))
    assert service.seen[0].json == {"subject": "", "participants": {"attendees": []}, "allowRecording": False}


def test_what_a_meeting_has_already_is_left_out_and_what_goes_together_stays() -> None:
    meeting = Meeting.from_graph(TOLD)
    assert MeetingSettings().beyond(meeting) == MeetingSettings()
    assert MeetingSettings(subject="Budget", start=NINE, end=TEN).beyond(meeting) == MeetingSettings()
    later = TEN + timedelta(hours=1)
    assert MeetingSettings(start=NINE, end=later).beyond(meeting) == MeetingSettings(start=NINE, end=later)
    lobby = MeetingSettings(lobby_scope="everyone", is_dial_in_bypass_enabled=True)
    assert lobby.beyond(meeting) == lobby
    assert MeetingSettings(is_passcode_required=False).beyond(meeting) == MeetingSettings()
    without = replace(meeting, is_passcode_required=False)
    assert MeetingSettings(is_passcode_required=False).beyond(without) == MeetingSettings()
    same = MeetingSettings(attendees=meeting.attendees[::-1], allowed_presenters="roleIsPresenter")
    assert same.beyond(meeting) == MeetingSettings()
    other = MeetingSettings(attendees=(Attendee(ADA, role="presenter"),), allowed_presenters="roleIsPresenter")
    assert other.beyond(meeting) == other
    assert WHOLE.beyond(meeting).allow_attendee_to_enable_camera is None


@pytest.mark.parametrize("settings", [MeetingSettings(), MeetingSettings(is_passcode_required=True)])
def test_a_change_of_nothing_or_of_the_passcode_is_refused(
    service: FakeService, graph: GraphClient, settings: MeetingSettings
) -> None:
    with pytest.raises(Refused) as caught:
        graph.meetings.update(ADA, ID, settings)
    assert caught.value.code == "InvalidSettings" and service.seen == []


@pytest.mark.parametrize("reply", [Reply(204, None, {"request-id": "r-1"}), refusal(404)])
def test_what_is_gone_counts_as_deleted(service: FakeService, graph: GraphClient, reply: Reply) -> None:
    service.on("DELETE", ONE, reply)
    assert graph.meetings.delete(ADA, ID) == "r-1"


# What goes wrong

ASKS: dict[str, tuple[str, str, bool, Callable[[GraphClient], object]]] = {
    "create": ("POST", ALL, False, lambda graph: graph.meetings.create(ADA, MeetingSettings())),
    "createOrGet": ("POST", f"{ALL}/createOrGet", True, lambda graph: graph.meetings.create_or_get(ADA, "ours-1")),
    "get": ("GET", ONE, True, lambda graph: graph.meetings.get(ADA, ID)),
    "find": ("GET", ALL, True, lambda graph: graph.meetings.find(ADA, join_url=URL)),
    "update": ("PATCH", ONE, True, lambda graph: graph.meetings.update(ADA, ID, MeetingSettings(subject="s"))),
    "delete": ("DELETE", ONE, True, lambda graph: graph.meetings.delete(ADA, ID)),
}


@pytest.mark.parametrize("name", ASKS)
def test_only_a_meeting_without_an_id_of_ours_may_not_be_asked_for_again(
    service: FakeService, graph: GraphClient, name: str
) -> None:
    method, path, repeatable, ask = ASKS[name]
    service.on(method, path, Reply(raw=no_answer), refusal(503), refusal(429))
    with pytest.raises(OutcomeUnknown) as unknown:
        ask(graph)
    with pytest.raises(ServerFault) as fault:
        ask(graph)
    with pytest.raises(Throttled) as throttled:
        ask(graph)
    told = [unknown.value.retryable, fault.value.retryable, throttled.value.retryable]
    assert told == [repeatable, repeatable, True]


@pytest.mark.parametrize("name", ["create", "get", "update"])
def test_an_answer_without_an_id_is_no_meeting(service: FakeService, graph: GraphClient, name: str) -> None:
    method, path, repeatable, ask = ASKS[name]
    service.on(method, path, Reply(200, {**TOLD, "id": None}))
    with pytest.raises(OutcomeUnknown) as caught:
        ask(graph)
    assert caught.value.retryable is repeatable


@pytest.mark.case(33)
def test_each_request_names_the_role_that_lacks(service: FakeService, graph: GraphClient) -> None:
    needed = {}
    for name, (method, path, _, ask) in ASKS.items():
        service.on(method, path, refusal(403, "7504"))
        with pytest.raises(Forbidden) as caught:
            ask(graph)
        needed[name] = caught.value.permission
    read, write = meetings.READ, meetings.WRITE
    assert needed == dict.fromkeys(ASKS, write) | {"get": read, "find": read}


def test_a_meeting_that_is_not_there_is_not_found(service: FakeService, graph: GraphClient) -> None:
    for name in ("create", "get", "update"):
        method, path, _, ask = ASKS[name]
        service.on(method, path, refusal(404))
        with pytest.raises(NotFound) as caught:
            ask(graph)
        assert type(caught.value) is NotFound and isinstance(caught.value, GraphError)
