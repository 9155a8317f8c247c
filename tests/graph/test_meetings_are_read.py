"""A meeting is read whole, and whatever else is told left out (REFERENCE 9, 19.4)."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest

from graph.meeting_values import Attendee, AudioConferencing, Meeting
from simulator import schema

ADA, OMAR = "112f7296-5fa4-42ca-bae8-6a692b15d4b8", "2045ee37-3202-5de1-b584-cbd206e22002"
ID = "MSo1N2Y5ZGFjYy03MWJmLTQ3+NDMtYjQ/xMy01M2=="
URL = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_x%40thread.v2/0?context=%7b%22Tid%22%3a%22t%22%7d"
NINE, TEN = datetime(2026, 11, 24, 9, tzinfo=UTC), datetime(2026, 11, 24, 10, tzinfo=UTC)
TOLD: dict[str, Any] = {
    "@odata.type": "#microsoft.graph.onlineMeeting",
    "id": ID,
    "subject": "Budget",
    "creationDateTime": "2026-11-20T08:00:00.1234567Z",
    "startDateTime": "2026-11-24T10:00:00+01:00",
    "endDateTime": "2026-11-24T10:00:00Z",
    "joinWebUrl": URL,
    "externalId": "ours-1",
    "videoTeleconferenceId": "123456789",
    "chatInfo": {"threadId": "19:meeting_x@thread.v2", "messageId": "0"},
    "joinMeetingIdSettings": {"isPasscodeRequired": True, "joinMeetingId": "123456789012", "passcode": "aB3dE6gH"},
    "lobbyBypassSettings": {"scope": "Invited", "isDialInBypassEnabled": True},
    "allowedPresenters": "roleIsPresenter",
    "allowMeetingChat": "limited",
    "allowAttendeeToEnableCamera": False,
    "allowAttendeeToEnableMic": True,
    "allowRecording": False,
    "allowTranscription": None,
    "recordAutomatically": True,
    "isEntryExitAnnounced": False,
    "audioConferencing": {
        "conferenceId": "2425999",
        "tollNumber": "+12525634478",
        "tollFreeNumber": None,
        "dialinUrl": "https://dialin.teams.microsoft.com/22f12fa0?id=2425999",
    },
    "participants": {
        "organizer": {
            "identity": {"user": {"id": ADA.upper(), "displayName": "Ada"}},
            "upn": "ada@contoso.example",
        },
        "attendees": [
            {"identity": {"user": {"id": OMAR}}, "upn": "omar@contoso.example", "role": "Presenter"},
            {"identity": None, "upn": "guest@fabrikam.example", "role": "scribe"},
        ],
    },
}


def test_a_meeting_is_read_whole() -> None:
    schema.require("onlineMeeting", {**TOLD, "lobbyBypassSettings": None, "participants": None})
    meeting = Meeting.from_graph(TOLD)
    assert (meeting.start, meeting.end) == (NINE, TEN)
    assert meeting.created_at == datetime(2026, 11, 20, 8, 0, 0, 123456, UTC)
    assert (meeting.id, meeting.subject, meeting.join_url, meeting.external_id) == (ID, "Budget", URL, "ours-1")
    assert (meeting.join_meeting_id, meeting.passcode) == ("123456789012", "aB3dE6gH")
    assert meeting.organizer == Attendee(ADA, "ada@contoso.example")
    assert meeting.attendees == (
        Attendee(OMAR, "omar@contoso.example", "presenter"),
        Attendee("", "guest@fabrikam.example", "scribe"),  # a word that nobody knew when this was written
    )
    assert (meeting.lobby_scope, meeting.is_dial_in_bypass_enabled) == ("invited", True)
    assert (meeting.allowed_presenters, meeting.allow_meeting_chat) == ("roleIsPresenter", "limited")
    switches = [
        getattr(meeting, name) for name in ("allow_attendee_to_enable_camera", "allow_attendee_to_enable_mic")
    ]
    assert switches == [False, True]
    assert (meeting.allow_recording, meeting.allow_transcription, meeting.record_automatically) == (
        False,
        None,
        True,
    )
    assert meeting.is_entry_exit_announced is False
    assert meeting.audio_conferencing == AudioConferencing(
        "2425999", "+12525634478", "", "https://dialin.teams.microsoft.com/22f12fa0?id=2425999"
    )
    assert meeting.video_teleconference_id == "123456789"


def test_a_passcode_is_not_in_what_is_printed() -> None:
    assert "aB3dE6gH" not in repr(Meeting.from_graph(TOLD))


@pytest.mark.parametrize(
    "odd",
    [
        None,
        [],
        "meeting",
        dict.fromkeys(TOLD, 7),
        {name: [] for name in TOLD},
        dict.fromkeys(TOLD),
        {name: {"organizer": 7, "attendees": [7, None], "scope": {}, "tollNumber": []} for name in TOLD},
    ],
)
def test_what_cannot_be_read_is_left_out(odd: object) -> None:
    meeting = Meeting.from_graph(odd)
    assert (meeting.id, meeting.start, meeting.attendees, meeting.audio_conferencing) == ("", None, (), None)
    assert all(getattr(meeting, one.name) in ("", None, ()) for one in fields(meeting))


@pytest.mark.parametrize("odd", ["2026-11-24T09:00:00", "2026-11-24", "0001-01-01T00:00:00+14:00", "soon", 7])
def test_a_time_that_could_be_any_is_none(odd: object) -> None:
    assert Meeting.from_graph({"id": "1", "startDateTime": odd}).start is None
