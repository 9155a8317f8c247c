"""Who was in a meeting is read to the last page, and whatever is told of them (REFERENCE 9.6)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from graph import meetings
from graph.attendance import AttendanceInterval, AttendanceRecord, MeetingReport
from graph.client import GraphClient
from graph.errors import Forbidden, NotFound, OutcomeUnknown, Refused
from graph.types import Identity
from simulator import schema
from tests.graph.fake_service import FakeService, Reply

ADA = "112f7296-5fa4-42ca-bae8-6a692b15d4b8"
REPORT = "c9b6db1c-d5eb-427d-a5c0-20088d9b22d7"
REPORTS = f"/v1.0/users/{ADA}/onlineMeetings/MSpk/attendanceReports"
ONE = f"{REPORTS}/{REPORT}"
RECORDS = f"{ONE}/attendanceRecords"


def interval(begin: int, end: int) -> dict[str, Any]:
    """Return an interval within an hour."""
    return {
        "joinDateTime": f"2026-11-24T09:{begin:02d}:00Z",
        "leaveDateTime": f"2026-11-24T09:{end:02d}:00Z",
        "durationInSeconds": 60 * (end - begin),
    }


TWICE: dict[str, Any] = {
    "id": "rec-1",
    "emailAddress": "ada@contoso.example",
    "totalAttendanceInSeconds": 1200,
    "role": "Organizer",
    "identity": {"id": ADA.upper(), "displayName": "Ada", "tenantId": None},
    "attendanceIntervals": [interval(30, 40), interval(10, 20)],
}
GUEST: dict[str, Any] = {
    "id": "rec-2",
    "emailAddress": None,
    "totalAttendanceInSeconds": 60,
    "role": "Attendee",
    "identity": {"@odata.type": "#microsoft.graph.communicationsGuestIdentity", "displayName": "Gus"},
    "attendanceIntervals": [interval(10, 11)],
}


def told(number: int) -> dict[str, Any]:
    """Return a report of a day."""
    day = f"2026-11-{number:02d}"
    return {
        "id": f"report-{number}",
        "totalParticipantCount": number,
        "meetingStartDateTime": f"{day}T09:00:00.945Z",
        "meetingEndDateTime": f"{day}T10:00:00Z",
        "attendanceRecords": [],
    }


def page(service: FakeService, path: str, *items: Any, more: bool) -> Reply:
    """Return a page, with a link to the next one or without."""
    link = {"@odata.nextLink": f"{service.url}{path}?$skiptoken=x"} if more else {}
    return Reply(200, {"value": list(items), **link})


def test_all_reports_are_read_and_the_newest_is_first(service: FakeService, graph: GraphClient) -> None:
    pages = [
        page(service, REPORTS, told(1), told(3), more=True),
        page(service, REPORTS, more=True),
        page(service, REPORTS, told(2), {"id": "report-0"}, more=False),
    ]
    for reply in pages:
        schema.require("meetingAttendanceReport.collection", reply.body)
    service.on("GET", REPORTS, *pages)
    found = graph.meetings.attendance_reports(ADA, "MSpk")
    assert [report.id for report in found] == ["report-3", "report-2", "report-1", "report-0"]
    start, end = datetime(2026, 11, 3, 9, 0, 0, 945000, UTC), datetime(2026, 11, 3, 10, tzinfo=UTC)
    assert found[0] == MeetingReport("report-3", start, end, 3)
    assert found[3] == MeetingReport("report-0")
    assert [asked.query for asked in service.seen] == [{}, {"$skiptoken": ["x"]}, {"$skiptoken": ["x"]}]


def test_who_came_twice_has_two_intervals_in_their_order(service: FakeService, graph: GraphClient) -> None:
    service.on("GET", RECORDS, page(service, RECORDS, TWICE, more=True), page(service, RECORDS, GUEST, more=False))
    ada, guest = graph.meetings.attendance_records(ADA, "MSpk", REPORT)
    ten, half = datetime(2026, 11, 24, 9, 10, tzinfo=UTC), datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    assert [one.joined_at for one in ada.intervals] == [ten, half]
    assert (ada.id, ada.email, ada.role, ada.seconds) == ("rec-1", "ada@contoso.example", "Organizer", 1200)
    assert ada.identity == Identity("", ADA, "Ada")
    assert (guest.identity, guest.email) == (Identity("guest", "", "Gus"), "")


def test_one_report_comes_with_all_of_its_records(service: FakeService, graph: GraphClient) -> None:
    whole = {**told(3), "attendanceRecords": [TWICE], "attendanceRecords@odata.nextLink": service.url + RECORDS}
    schema.require("meetingAttendanceReport", whole)
    service.on("GET", ONE, Reply(200, whole), Reply(200, told(3)))
    service.on("GET", RECORDS, page(service, RECORDS, GUEST, more=False))
    report = graph.meetings.attendance_report(ADA, "MSpk", REPORT, expand=True)
    assert [record.id for record in report.records] == ["rec-1", "rec-2"]
    assert graph.meetings.attendance_report(ADA, "MSpk", REPORT).records == ()
    assert [asked.query for asked in service.of(ONE)] == [{"$expand": ["attendanceRecords"]}, {}]


def test_a_list_without_an_end_is_given_up(
    service: FakeService, graph: GraphClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meetings, "MOST_PAGES", 3)
    service.on("GET", REPORTS, page(service, REPORTS, told(1), more=True))
    with pytest.raises(OutcomeUnknown, match="no end"):
        graph.meetings.attendance_reports(ADA, "MSpk")
    assert len(service.seen) == 4


@pytest.mark.control("O2")
def test_a_page_elsewhere_is_not_read(service: FakeService, graph: GraphClient) -> None:
    body = {**told(3), "attendanceRecords@odata.nextLink": "https://evil.example/records"}
    service.on("GET", ONE, Reply(200, body))
    with pytest.raises(Refused):
        graph.meetings.attendance_report(ADA, "MSpk", REPORT, expand=True)


@pytest.mark.parametrize(
    "odd",
    [
        None,
        7,
        {},
        dict.fromkeys(TWICE, "7" * 20),
        dict.fromkeys(TWICE, True),
        dict.fromkeys(TWICE),
        {name: [{}] for name in TWICE},
    ],
)
def test_what_cannot_be_read_of_a_record_is_left_out(odd: object) -> None:
    record = AttendanceRecord.from_graph(odd)
    assert (record.identity, record.seconds) == (None, None)
    assert set(record.intervals) <= {AttendanceInterval()}


@pytest.mark.parametrize(("status", "kind"), [(404, NotFound), (403, Forbidden)])
def test_no_meeting_and_no_role_are_told_apart(
    service: FakeService, graph: GraphClient, status: int, kind: type[Exception]
) -> None:
    service.on("GET", REPORTS, Reply(status, {"error": {"code": "7504" if status == 403 else "NotFound"}}))
    with pytest.raises(kind) as caught:
        graph.meetings.attendance_reports(ADA, "MSpk")
    assert getattr(caught.value, "permission", "") == (meetings.READ_ARTIFACTS if status == 403 else "")
