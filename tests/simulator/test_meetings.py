"""The ways into a scheduled meeting, and its lobby (REFERENCE 3.2, 18.4)."""

from typing import Any

import pytest

from simulator.engine import Call, Party, meetings, rosters
from simulator.engine import actions as graph
from simulator.engine import roster_actions as roster
from simulator.engine.conference import Meeting

from .conftest import Desk
from .groups import CREATE, names
from .test_invitations import PHONE, invite
from .test_limits_and_permissions import refused, without


def meeting_of(desk: Desk, **more: Any) -> Meeting:
    """Return a meeting of Ada's."""
    ada = desk.person("ada")
    organizer = Party("user", ada.id, ada.name, desk.app.tenant.id)
    return desk.engine.meetings.make(organizer, desk.clock[0], subject="Budget", **more)


def by_organizer(meeting: Meeting) -> dict[str, Any]:
    """Return the coordinates that a join URL has."""
    organizer = {"user": {"id": meeting.organizer.id, "tenantId": meeting.tenant_id}}
    return {
        "chatInfo": {"threadId": meeting.thread_id, "messageId": "0"},
        "meetingInfo": {"@odata.type": meetings.ORGANIZER, "organizer": organizer},
    }


def by_id(meeting: Meeting, **more: Any) -> dict[str, Any]:
    """Return the number and passcode that people type."""
    numbers = {"joinMeetingId": meeting.join_meeting_id, "passcode": meeting.passcode, **more}
    return {"meetingInfo": {"@odata.type": meetings.MEETING_ID, **numbers}}


def joining(desk: Desk, coordinates: dict[str, Any], app: Any = None, **more: Any) -> Call:
    """Return a call that tried to join."""
    call = graph.create(desk.engine, app or desk.app, {**CREATE, **coordinates, **more})
    desk.pass_time(seconds=1)
    return call


def somebody(desk: Desk, upn: str) -> Party:
    """Return a person."""
    person = desk.person(upn)
    return Party("user", person.id, person.name, desk.app.tenant.id)


@pytest.mark.parametrize("way", [by_organizer, by_id])
def test_a_meeting_is_joined_and_the_states_name_it(desk: Desk, way: Any) -> None:
    meeting = meeting_of(desk)
    call = joining(desk, way(meeting))
    assert desk.news(call)[-1] == ("updated", "roster of 1")
    for item in desk.items(call)[:2]:
        data = item["resourceData"]
        assert data["chatInfo"]["threadId"] == meeting.thread_id
        assert data["meetingInfo"] == way(meeting)["meetingInfo"]
    assert call.conference and call.conference.meeting is meeting


def test_people_come_and_go_and_the_meeting_outlasts_them(desk: Desk) -> None:
    meeting = meeting_of(desk)
    call = joining(desk, by_organizer(meeting))
    assert call.conference
    bianca = rosters.join(desk.engine, call.conference, somebody(desk, "bianca.rossi"))
    assert names(desk.rosters(call)[-1]) == ["commsportal", "Bianca Rossi"]
    roster.person_leaves(desk.engine, call.conference, bianca)
    desk.pass_time(minutes=5)
    assert call.state == "established" and names(desk.rosters(call)[-1]) == ["commsportal"]
    graph.delete(desk.engine, desk.app, call)
    desk.pass_time(minutes=5)
    assert not desk.engine.conferences
    assert joining(desk, by_organizer(meeting)).state == "established"


def test_one_person_on_two_devices_is_in_the_roster_twice(desk: Desk) -> None:
    call = joining(desk, by_organizer(meeting_of(desk)))
    assert call.conference
    for _ in range(2):
        rosters.join(desk.engine, call.conference, somebody(desk, "bianca.rossi"))
    entries = desk.rosters(call)[-1][1:]
    assert names(entries) == ["Bianca Rossi"] * 2 and entries[0]["id"] != entries[1]["id"]


@pytest.mark.parametrize("wrong", [{"passcode": "no"}, {"passcode": None}, {"joinMeetingId": "000000000000"}])
def test_a_meeting_that_is_not_there_fails_the_call_and_not_the_request(desk: Desk, wrong: Any) -> None:
    call = joining(desk, by_id(meeting_of(desk), **wrong))
    assert desk.news(call) == [("updated", "establishing"), ("deleted", "terminated")]
    assert call.result and call.result.code == 404


def test_a_meeting_without_a_passcode_takes_none(desk: Desk) -> None:
    meeting = meeting_of(desk, has_passcode=False)
    assert joining(desk, by_id(meeting)).state == "established"
    assert joining(desk, by_id(meeting, passcode="123456")).state == "terminated"


def test_coordinates_are_complete(desk: Desk) -> None:
    whole = by_organizer(meeting_of(desk))
    nobody = {**whole, "meetingInfo": {"@odata.type": meetings.ORGANIZER, "organizer": {}}}
    for lacking in (
        {"meetingInfo": whole["meetingInfo"]},
        {"chatInfo": whole["chatInfo"]},
        nobody,
        {"meetingInfo": {"@odata.type": meetings.TOKEN}},
        {"meetingInfo": {"@odata.type": meetings.MEETING_ID}},
    ):
        assert refused(graph.create, desk.engine, desk.app, {**CREATE, **lacking}) == (400, "BadRequest")


def test_joining_needs_a_right_to_join(desk: Desk) -> None:
    body = {**CREATE, **by_organizer(meeting_of(desk))}
    app = without(desk, "Calls.JoinGroupCall.All")
    assert refused(graph.create, desk.engine, app, body) == (403, "7504")


def test_with_coordinates_one_target_makes_a_group_call(desk: Desk) -> None:
    bianca = {"identity": {"user": {"id": desk.person("bianca.rossi").id}}}
    call = joining(desk, by_organizer(meeting_of(desk)), targets=[bianca])
    desk.pass_time(seconds=5)
    assert names(desk.rosters(call)[-1]) == ["commsportal", "Bianca Rossi"]


def test_from_a_meeting_telephones_and_several_are_invited(desk: Desk) -> None:
    call = joining(desk, by_organizer(meeting_of(desk)))
    people = [{"identity": {"user": {"id": desk.person(upn).id}}} for upn in ("rita", "omar")]
    invite(desk, call, PHONE, *people)
    desk.pass_time(seconds=6)
    assert call.conference and len(call.conference.people) == 3


def test_from_a_meeting_joined_by_token_no_telephone_is_invited(desk: Desk) -> None:
    first = joining(desk, by_organizer(meeting_of(desk)))
    assert first.conference
    token = desk.engine.meetings.token_for(first.conference, desk.clock[0])
    call = joining(desk, {"meetingInfo": token})
    assert call.conference is first.conference
    assert refused(invite, desk, call, PHONE) == (400, "BadRequest")


def test_how_long_a_join_token_is_good_is_a_choice(desk: Desk) -> None:
    desk.faults.merge({"join_token_hours": 1})
    first = joining(desk, by_organizer(meeting_of(desk)))
    assert first.conference
    token = desk.engine.meetings.token_for(first.conference, desk.clock[0])
    desk.pass_time(minutes=59)
    assert joining(desk, {"meetingInfo": token}).state == "established"
    desk.pass_time(minutes=2)
    late = joining(desk, {"meetingInfo": token})
    assert late.result and (late.result.code, late.result.subcode) == (400, 8526)


# The lobby


def test_a_guest_application_sees_itself_in_the_lobby_until_it_is_let_in(desk: Desk) -> None:
    meeting = meeting_of(desk)
    inside = joining(desk, by_organizer(meeting))
    roles = (desk.app.roles - {"Calls.JoinGroupCall.All"}) | {"Calls.JoinGroupCallAsGuest.All"}
    guest = joining(desk, by_organizer(meeting), type(desk.app)(desk.app.tenant, desk.app.app_id, roles))
    (only,) = desk.rosters(guest)
    assert [entry["isInLobby"] for entry in only] == [True]
    assert [entry["isInLobby"] for entry in desk.rosters(inside)[-1]] == [False, True]
    assert guest.conference
    waiting = guest.conference.participants[guest.my_participant_id]
    roster.person_changes(desk.engine, guest.conference, waiting, {"lobby": False})
    assert [entry["isInLobby"] for entry in desk.rosters(guest)[-1]] == [False, False]


def test_nobody_waits_in_the_lobby_for_more_than_half_an_hour(desk: Desk) -> None:
    meeting = meeting_of(desk, lobby="organizer")
    call = joining(desk, by_organizer(meeting))
    assert call.conference
    person = rosters.join(desk.engine, call.conference, somebody(desk, "bianca.rossi"))
    assert person.is_in_lobby
    desk.pass_time(minutes=31)
    assert call.result and (call.result.code, call.result.subcode) == (200, 5855)
    assert not call.conference.participants


@pytest.mark.parametrize(
    ("lobby", "waiting"),
    [
        ("everyone", []),
        ("organization", ["guest", "phone", "stranger"]),
        ("organizer", ["colleague", "guest", "phone", "stranger"]),
        ("invited", ["colleague", "guest", "phone", "stranger"]),
    ],
)
def test_who_waits_is_the_meetings_choice(desk: Desk, lobby: str, waiting: list[str]) -> None:
    meeting = meeting_of(desk, lobby=lobby)
    conference = meetings.conference_of(desk.engine, meeting)
    parties = {
        "organizer": meeting.organizer,
        "colleague": somebody(desk, "bianca.rossi"),
        "guest": Party("guest", "1", "Somebody"),
        "phone": Party("phone", "+442079460101"),
        "stranger": Party("user", "2", "Stranger", "another-tenant"),
    }
    joined = {name: rosters.join(desk.engine, conference, party) for name, party in parties.items()}
    assert sorted(name for name, found in joined.items() if found.is_in_lobby) == waiting


def test_who_was_asked_in_does_not_wait(desk: Desk) -> None:
    call = joining(desk, by_organizer(meeting_of(desk, lobby="everyone")))
    assert call.conference and call.conference.meeting
    call.conference.meeting.lobby = "organizer"
    invite(desk, call, {"identity": {"user": {"id": desk.person("bianca.rossi").id}}})
    desk.pass_time(seconds=5)
    assert [entry["isInLobby"] for entry in desk.rosters(call)[-1]] == [False, False]
