"""What is set of a meeting, and what is refused (REFERENCE 9.1, 9.4)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from simulator import schema
from simulator.engine import meeting_bodies, meeting_settings
from simulator.engine.model import GraphFault

from .conftest import Desk
from .test_meetings import meeting_of

NINE, TEN = "2026-11-24T09:00:00Z", "2026-11-24T11:00:00.1234567+01:00"
PRESENTER = {"upn": "omar@contoso.example", "role": "presenter"}


def of_new(desk: Desk, body: Any) -> Any:
    """Return what a new meeting of Ada's would be."""
    schema.require("onlineMeeting.create.request", body)
    ada = desk.person("ada").id
    return meeting_settings.of_new(body, ada, desk.app.tenant.find_person, desk.clock[0])


def of_known(desk: Desk, body: Any) -> Any:
    """Return what would change of a meeting of Ada's."""
    schema.require("onlineMeeting", body)
    return meeting_settings.of_known(meeting_of(desk), body, desk.app.tenant.find_person)


def test_nothing_is_required_of_a_new_one(desk: Desk) -> None:
    now = desk.clock[0]
    assert of_new(desk, {}) == {"start": now, "end": now + timedelta(hours=1), "switches": {}}


def test_everything_is_taken_over_and_what_is_read_only_ignored(desk: Desk) -> None:
    body = {
        "subject": "Budget",
        "startDateTime": NINE,
        "endDateTime": TEN,
        "lobbyBypassSettings": {"scope": "invited", "isDialInBypassEnabled": True},
        "participants": {"attendees": [PRESENTER, {"upn": "gus@fabrikam.example"}]},
        "allowedPresenters": "roleIsPresenter",
        "allowMeetingChat": None,
        "allowRecording": False,
        "id": "ours",
        "joinWebUrl": "https://example.com/",
    }
    for found in (of_new(desk, body), of_known(desk, body)):
        omar, guest = found.pop("attendees")
        assert (omar.id, omar.name, omar.role) == (desk.person("omar").id, "Omar Haddad", "presenter")
        assert (guest.id, guest.upn, guest.role) == ("", "gus@fabrikam.example", "attendee")
        assert found == {
            "subject": "Budget",
            "start": datetime(2026, 11, 24, 9, tzinfo=UTC),
            "end": datetime(2026, 11, 24, 10, 0, 0, 123456, tzinfo=UTC),
            "lobby": "invited",
            "dial_in_bypass": True,
            "switches": {"allowedPresenters": "roleIsPresenter", "allowRecording": False},
        }


def test_a_change_is_of_what_it_names_and_null_gives_a_switch_back(desk: Desk) -> None:
    meeting, find = meeting_of(desk), desk.app.tenant.find_person
    meeting.switches = {"allowRecording": False, "allowMeetingChat": "disabled"}
    assert meeting_settings.of_known(meeting, {"subject": None, "allowRecording": None}, find) == {
        "subject": "",
        "switches": {"allowMeetingChat": "disabled"},
    }


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"startDateTime": TEN, "endDateTime": NINE}, "must not be before"),
        ({"startDateTime": "2026-02-30T09:00:00Z", "endDateTime": TEN}, "no time"),
        ({"startDateTime": "0001-01-01T00:00:00+14:00", "endDateTime": TEN}, "no time"),
        ({"startDateTime": None, "endDateTime": TEN}, "startDateTime"),
        ({"participants": {"attendees": [{"role": "presenter"}]}}, "identity.user.id or upn"),
        ({"participants": {"attendees": [{"identity": {"user": {"id": None}}}]}}, "identity.user.id or upn"),
        ({"allowedPresenters": "roleIsPresenter"}, "all attendees"),
        ({"allowedPresenters": "roleIsPresenter", "participants": {"attendees": [{"upn": "a"}]}}, "all attendees"),
        ({"allowedPresenters": "unknownFutureValue"}, "unknownFutureValue"),
        ({"lobbyBypassSettings": {"scope": "unknownFutureValue"}}, "unknownFutureValue"),
        ({"participants": {"organizer": {"identity": {"user": {"id": "somebody"}}}}}, "participants.organizer"),
    ],
)
def test_what_cannot_be_is_refused_with_words_of_its_own(desk: Desk, body: Any, words: str) -> None:
    for ask in (of_new, of_known):
        with pytest.raises(GraphFault, match=words) as caught:
            ask(desk, body)
        assert (caught.value.status, caught.value.code) == (400, "BadRequest")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"startDateTime": NINE}, "together"),
        ({"endDateTime": TEN}, "together"),
        ({"joinMeetingIdSettings": {"isPasscodeRequired": False}}, "make another meeting"),
    ],
)
def test_what_only_a_new_one_may_have_is_refused_of_a_known(desk: Desk, body: Any, words: str) -> None:
    with pytest.raises(GraphFault, match=words):
        of_known(desk, body)


def test_the_organizer_is_whose_meetings_these_are(desk: Desk) -> None:
    ada = {"organizer": {"identity": {"user": {"id": desk.person("ada").id.upper()}}}}
    assert of_new(desk, {"participants": ada})["switches"] == {}
    with pytest.raises(GraphFault, match="never be changed"):
        of_known(desk, {"participants": ada})


# How it is told


def test_a_meeting_is_told_with_all_the_ways_into_it(desk: Desk) -> None:
    meeting, ada = meeting_of(desk), desk.person("ada")
    body = meeting_bodies.shown(meeting, ada)
    schema.require("onlineMeeting", body)
    assert body["participants"]["organizer"]["upn"] == "ada@contoso.example"
    assert body["audioConferencing"]["conferenceId"] in body["audioConferencing"]["dialinUrl"]
    assert body["startDateTime"] == "2026-03-02T09:00:00Z"
    assert {body["allowMeetingChat"], body["allowRecording"]} == {"enabled", True}
    content = body["joinInformation"]["content"]
    assert content.startswith("data:text/html,%3Cdiv") and meeting.join_meeting_id in content


def test_without_a_licence_there_is_no_telephone(desk: Desk) -> None:
    ada = desk.person("ada")
    ada.audio_conferencing = False
    body = meeting_bodies.shown(meeting_of(desk), ada)
    assert body["audioConferencing"] is None and "dialin" not in body["joinInformation"]["content"]


def test_the_invitation_speaks_the_language_asked_for(desk: Desk) -> None:
    meeting, ada = meeting_of(desk, has_passcode=False), desk.person("ada")
    shown = {
        name: meeting_bodies.shown(meeting, ada, language=name)["joinInformation"]["content"]
        for name in ("en", "de")
    }
    assert "Besprechung" in shown["de"] and "Besprechung" not in shown["en"]
    assert "Kennung" not in shown["de"]


def test_later_words_are_for_who_asks_for_them(desk: Desk) -> None:
    meeting, ada = meeting_of(desk, lobby="invited"), desk.person("ada")
    attendees = {"participants": {"attendees": [{"upn": "omar@contoso.example", "role": "coorganizer"}]}}
    meeting.attendees = of_known(desk, attendees)["attendees"]
    told = {
        evolved: (body["lobbyBypassSettings"]["scope"], body["participants"]["attendees"][0]["role"])
        for evolved in (True, False)
        for body in [meeting_bodies.shown(meeting, ada, evolved=evolved)]
    }
    assert told == {True: ("invited", "coorganizer"), False: ("unknownFutureValue", "unknownFutureValue")}


def test_an_id_is_opaque_and_the_same_for_nobody_else(desk: Desk) -> None:
    first, second = meeting_of(desk), meeting_of(desk)
    assert first.id != second.id and first.id.startswith("MSp")
