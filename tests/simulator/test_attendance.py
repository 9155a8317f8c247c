"""Who was in a meeting, and when: one report for each session (REFERENCE 9.6)."""

from typing import Any

import pytest

from simulator import schema
from simulator.engine import Party, meeting_bodies, meetings, rosters
from simulator.engine import actions as graph
from simulator.engine.attendance import REPORTS_KEPT
from simulator.engine.conference import Attendee, Conference, Meeting, Participant

from .conftest import Desk
from .test_meetings import by_organizer, joining, meeting_of, somebody


def come(desk: Desk, meeting: Meeting, who: str | Party) -> tuple[Conference, Participant]:
    """Have somebody come to a meeting."""
    conference = meetings.conference_of(desk.engine, meeting)
    party = somebody(desk, who) if isinstance(who, str) else who
    return conference, rosters.join(desk.engine, conference, party)


def go(desk: Desk, *inside: tuple[Conference, Participant]) -> None:
    """Have them leave, and the empty room be noticed."""
    for conference, participant in inside:
        rosters.leave(desk.engine, conference, participant, "left")
    desk.pass_time(seconds=1)


def told(meeting: Meeting) -> list[tuple[str, str, list[int], int]]:
    """Return the records of the newest report: who, as what, how long each time and in all."""
    records = meeting_bodies.report(meeting.reports[-1], {})["attendanceRecords"]
    return [
        (
            one["identity"]["displayName"],
            one["role"],
            [each["durationInSeconds"] for each in one["attendanceIntervals"]],
            one["totalAttendanceInSeconds"],
        )
        for one in records
    ]


def test_a_session_ends_with_the_last_and_leaves_a_report(desk: Desk) -> None:
    meeting, began = meeting_of(desk), desk.clock[0]
    ada = come(desk, meeting, meeting.organizer)
    desk.pass_time(seconds=60)
    bianca = come(desk, meeting, "bianca.rossi")
    desk.pass_time(seconds=60)
    go(desk, ada)
    assert meeting.reports == []
    rosters.leave(desk.engine, *bianca, "left")
    ended = desk.clock[0]
    desk.pass_time(seconds=1)
    (report,) = meeting.reports
    assert (report.start, report.end) == (began, ended)
    assert told(meeting) == [("Ada Lindqvist", "Organizer", [120], 120), ("Bianca Rossi", "Presenter", [61], 61)]
    assert not desk.engine.conferences


def test_who_comes_again_has_one_record_and_an_interval_for_each_join(desk: Desk) -> None:
    meeting = meeting_of(desk)
    ada = come(desk, meeting, meeting.organizer)
    for seconds in (3, 6):  # soon: without a bot people go home some time after somebody left
        bianca = come(desk, meeting, "bianca.rossi")
        desk.pass_time(seconds=seconds)
        go(desk, bianca)
    phone, tablet = come(desk, meeting, "bianca.rossi"), come(desk, meeting, "bianca.rossi")
    desk.pass_time(seconds=5)
    go(desk, phone, tablet, ada)
    records = {name: (each, total) for name, _, each, total in told(meeting)}
    assert records["Bianca Rossi"] == ([3, 6, 5, 5], 19)
    assert list(records) == ["Ada Lindqvist", "Bianca Rossi"]


def test_each_session_has_its_own_report(desk: Desk) -> None:
    meeting = meeting_of(desk)
    for who in ("rita", "omar"):
        inside = come(desk, meeting, who)
        desk.pass_time(seconds=30)
        go(desk, inside)
    assert [[one.party.name for one in report.records] for report in meeting.reports] == [
        ["Rita Hansen"],
        ["Omar Haddad"],
    ]
    first, second = meeting.reports
    assert first.id != second.id and first.end < second.start


def test_a_bot_keeps_the_session_going_and_is_not_listed(desk: Desk) -> None:
    meeting = meeting_of(desk)
    call = joining(desk, by_organizer(meeting))
    for who in ("rita", "omar"):
        inside = come(desk, meeting, who)
        desk.pass_time(seconds=30)
        go(desk, inside)
    assert meeting.reports == []
    graph.delete(desk.engine, desk.app, call)
    desk.pass_time(seconds=1)
    assert [name for name, *_ in told(meeting)] == ["Rita Hansen", "Omar Haddad"]
    alone = joining(desk, by_organizer(meeting))
    graph.delete(desk.engine, desk.app, alone)
    desk.pass_time(seconds=1)
    assert len(meeting.reports) == 1, "a bot alone is no session"


def test_who_waits_in_the_lobby_is_there_from_when_they_are_let_in(desk: Desk) -> None:
    meeting = meeting_of(desk)
    ada, guest = come(desk, meeting, meeting.organizer), come(desk, meeting, Party("guest", "g-1", "Gus"))
    come(desk, meeting, Party("guest", "g-2", "Grace"))
    desk.pass_time(seconds=60)
    rosters.admit(desk.engine, *guest)
    desk.pass_time(seconds=15)
    go(desk, ada, guest)
    assert meeting.reports == [], "somebody still waits"
    desk.pass_time(minutes=30)
    assert {name: total for name, _, _, total in told(meeting)} == {"Ada Lindqvist": 75, "Gus": 15}


@pytest.mark.parametrize(
    ("presenters", "roles"),
    [
        ("everyone", ["Organizer", "Presenter", "Presenter", "Presenter", "Presenter"]),
        ("organization", ["Organizer", "Presenter", "Presenter", "Presenter", "Attendee"]),
        ("roleIsPresenter", ["Organizer", "Presenter", "Presenter", "Attendee", "Attendee"]),
        ("organizer", ["Organizer", "Presenter", "Attendee", "Attendee", "Attendee"]),
    ],
)
def test_the_role_is_a_word_of_its_own(desk: Desk, presenters: str, roles: list[str]) -> None:
    meeting = meeting_of(desk, lobby="everyone")
    meeting.switches = {"allowedPresenters": presenters}
    rita, omar = somebody(desk, "rita"), somebody(desk, "omar")
    meeting.attendees = (
        Attendee(rita.id, "rita", role="coorganizer"),
        Attendee(omar.id, "omar", role="presenter"),
    )
    people = [meeting.organizer, rita, omar, somebody(desk, "bianca.rossi"), Party("guest", "g-1", "Gus")]
    go(desk, *[come(desk, meeting, party) for party in people])
    assert [role for _, role, _, _ in told(meeting)] == roles


def test_everybody_is_told_as_what_they_are(desk: Desk) -> None:
    meeting = meeting_of(desk, lobby="everyone")
    people = [somebody(desk, "rita"), Party("guest", "g-1", "Gus"), Party("phone", "+442079460101")]
    go(desk, *[come(desk, meeting, party) for party in people])
    mails = {person.id: person.mail for person in desk.app.tenant.people.values()}
    body = meeting_bodies.report(meeting.reports[0], mails)
    schema.require("meetingAttendanceReport", body)
    assert body["totalParticipantCount"] == 3
    assert [(one["emailAddress"], one["identity"]) for one in body["attendanceRecords"]] == [
        ("rita@contoso.example", identity("User", people[0], tenantId=desk.app.tenant.id)),
        (None, identity("Guest", people[1])),
        (None, identity("Phone", people[2])),
    ]
    assert meeting_bodies.report(meeting.reports[0])["attendanceRecords"] == []


def identity(kind: str, party: Party, **more: str) -> dict[str, Any]:
    """Return an identity with its type."""
    tag = f"#microsoft.graph.communications{kind}Identity"
    return {"@odata.type": tag, "id": party.id, "displayName": party.name or party.id, **more}


def test_so_many_reports_are_kept(desk: Desk) -> None:
    meeting = meeting_of(desk)
    for _ in range(REPORTS_KEPT + 2):
        go(desk, come(desk, meeting, "rita"))
    assert len(meeting.reports) == REPORTS_KEPT


def test_a_call_of_several_without_a_meeting_leaves_nothing_behind(desk: Desk) -> None:
    conference = rosters.open_conference(desk.engine)
    rosters.join(desk.engine, conference, somebody(desk, "rita"))
    assert conference.stays == []


# A meeting that is deleted


@pytest.mark.parametrize("way", ["organizer", "number", "token"])
def test_a_deleted_meeting_is_joined_no_more(desk: Desk, way: str) -> None:
    meeting = meeting_of(desk)
    inside = come(desk, meeting, "rita")
    token = desk.engine.meetings.token_for(inside[0], desk.clock[0])
    numbers = {"joinMeetingId": meeting.join_meeting_id, "passcode": meeting.passcode}
    ways = {
        "organizer": by_organizer(meeting),
        "number": {"meetingInfo": {"@odata.type": meetings.MEETING_ID, **numbers}},
        "token": {"meetingInfo": token},
    }
    assert joining(desk, ways[way]).state == "established"
    desk.engine.meetings.remove(meeting)
    call = joining(desk, ways[way])
    assert desk.news(call) == [("updated", "establishing"), ("deleted", "terminated")]
    assert call.result and (call.result.code, call.result.subcode) == (404, 8527)
    assert inside[1].id in inside[0].participants, "who is in stays in"


def test_deleting_makes_no_room_for_more_in_a_month(desk: Desk) -> None:
    table, meeting = desk.engine.meetings, meeting_of(desk)
    table.remove(meeting)
    table.remove(meeting)
    assert table.count_of(meeting.organizer, desk.clock[0]) == 1
    desk.pass_time(days=31)
    assert table.count_of(meeting.organizer, desk.clock[0]) == 0


def test_who_is_on_the_list_of_a_meeting_for_invited_does_not_wait(desk: Desk) -> None:
    meeting = meeting_of(desk, lobby="invited")
    rita = somebody(desk, "rita")
    meeting.attendees = (Attendee(rita.id, "rita@contoso.example"), Attendee("", "gus@fabrikam.example"))
    waiting = [come(desk, meeting, who)[1].is_in_lobby for who in ("rita", "omar")]
    assert waiting == [False, True]
    guest = come(desk, meeting, Party("guest", "", "Gus"))[1]
    assert guest.is_in_lobby
    meeting.lobby, meeting.attendees = "organizer", (Attendee(rita.id, "rita", role="coorganizer"),)
    assert [come(desk, meeting, who)[1].is_in_lobby for who in ("rita", "omar")] == [False, True]
