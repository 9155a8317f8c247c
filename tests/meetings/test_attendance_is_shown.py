"""Who was in a meeting: the page, the tables to keep and the API."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.test import Client

from audit.models import Entry
from commsportal import tables
from commsportal.clock import now
from directory.models import User
from meetings import attendance_views
from meetings.models import AttendanceFetch, AttendanceRecord, AttendanceReport, Attendee, OnlineMeeting
from tests.directory.walk import browser_of
from tests.meetings.sessions import NINE, Held
from tests.people import api

pytestmark = pytest.mark.django_db
HOSTILE = [one["input"] for one in json.loads(Path("tests/data/hostile_names.json").read_text())]
FORMULAS = ["=1+1", "+1", "-1", "@A1", "\t=1+1", "\r=1+1", "Rita;=1+1", '=HYPERLINK("https://evil.example","x")']


@pytest.fixture
def held(max_: User, rita: User, monkeypatch: pytest.MonkeyPatch) -> Held:
    """Return a meeting at Microsoft's side whose organiser's staff are max and rita."""
    return Held(monkeypatch, max_, rita)


@pytest.fixture
def over(held: Held) -> Held:
    """Return one that is over: Bianca came late, Adele not at all, Rita was not invited."""
    held.invite("bianca.rossi", "adele.vance")
    held.session(("ada", 0, 60), ("bianca.rossi", 7, 30), ("bianca.rossi", 40, 60), ("rita", 0, 20))
    held.look(65)
    return held


def shown(user: User, held: Held, query: str = "") -> str:
    answer = browser_of(user).get(f"/meetings/{held.meeting.pk}/attendance/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def exported(user: User, held: Held, kind: str, query: str = "") -> bytes:
    answer = browser_of(user).get(f"/meetings/{held.meeting.pk}/attendance.{kind}{query}")
    assert answer.status_code == 200 and answer["Content-Type"] == tables.MEDIA_TYPES[kind]
    assert answer["Content-Disposition"].startswith('attachment; filename="attendance-2026-03-02-')
    return answer.content


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_page_says_who_came_when_and_how_they_kept_to_the_plan(over: Held, rita: User) -> None:
    page = shown(rita, over)
    assert "Bianca Rossi" in page and "10:07" in page and "Europe/Berlin" in page
    assert "Late" in page and "Missing" in page and "Not invited" in page
    assert "2 Mar 2026, 10:00 to 11:00" in page and "3 people" in page
    assert "1 late" in page and "1 missing" in page and "Fetch now" not in page
    assert "1 late" not in shown(rita, over, "?tolerance=10")
    for odd in ("x", "-1", "9999", "٣", ""):
        assert "Bianca Rossi" in shown(rita, over, f"?tolerance={odd}")


def test_a_meeting_leads_to_its_attendance(over: Held, rita: User) -> None:
    page = browser_of(rita).get(f"/meetings/{over.meeting.pk}/").content.decode()
    assert f'href="/meetings/{over.meeting.pk}/attendance/"' in page


@pytest.mark.parametrize(
    ("minutes", "changes", "words"),
    [
        (-60, {}, "Not over yet"),
        (70, {}, "No report yet"),
        (8 * 1440, {}, "Nobody came, or Teams has not told"),
        (70, {"graph_id": ""}, "Microsoft does not have it yet"),
        (70, {"state": "cancelled"}, "It does not take place"),
    ],
)
def test_a_page_without_a_report_says_why(
    held: Held, rita: User, minutes: float, changes: dict[str, str], words: str
) -> None:
    held.look(minutes)
    OnlineMeeting.objects.update(**changes)
    assert words in shown(rita, held)


def test_what_stands_in_the_way_is_shown_and_fetched_again_by_a_manager(
    over: Held, max_: User, rita: User
) -> None:
    due = now() + timedelta(minutes=30)
    AttendanceFetch.objects.update(error_title="Not permitted", error_detail="Grant-It -Now", due_at=due)
    page = shown(max_, over)
    assert "Not permitted" in page and "Grant-It -Now" in page and "Tried again" in page
    path = f"/meetings/{over.meeting.pk}/attendance/fetch/"
    assert browser_of(rita).post(path).status_code == 403
    answer = browser_of(max_).post(path)
    assert answer.headers["Location"] == f"/meetings/{over.meeting.pk}/attendance/"
    page = shown(max_, over)
    assert "data-look-again" in page and "Not permitted" not in page
    over.look(66)
    assert "data-look-again" not in shown(max_, over)
    OnlineMeeting.objects.update(graph_id="")
    page = browser_of(max_).post(path, follow=True).content.decode()
    assert "Microsoft does not have this meeting yet." in page


def test_people_whom_microsoft_counts_and_does_not_name_are_told(over: Held, rita: User) -> None:
    AttendanceReport.objects.update(participant_count=800)
    page = shown(rita, over)
    assert "Microsoft counts 797 more than it names" in page and "3 people of 800" in page


def test_a_long_page_ends_and_the_files_have_all(
    over: Held, rita: User, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr(attendance_views, "MOST", 20)
    report = AttendanceReport.objects.get()
    span = [[NINE.isoformat(), (NINE + timedelta(minutes=9)).isoformat()]]
    AttendanceRecord.objects.bulk_create(
        [AttendanceRecord(report=report, graph_id=f"g{n}", name=f"Guest {n}", intervals=span) for n in range(200)]
    )
    client = browser_of(rita)
    with django_assert_max_num_queries(14):
        page = client.get(f"/meetings/{over.meeting.pk}/attendance/").content.decode()
    assert page.count('data-cell="main"') == 20 and "184 more of 204" in page
    assert len(rows_of(exported(rita, over, "csv"))) == 204
    client = api(rita)
    with django_assert_max_num_queries(14):
        told = client.get(f"/api/v1/meetings/{over.meeting.pk}/attendance/").json()
    assert len(told["people"]) == 204


def test_tables_have_a_row_for_each_person_in_the_zone_of_the_meeting(over: Held, rita: User) -> None:
    rows = rows_of(exported(rita, over, "csv"))
    assert [(row["Name"], row["Part"], row["Kept to the plan"]) for row in rows] == [
        ("Ada Lindqvist", "Organiser", "On time"),
        ("Bianca Rossi", "Invited", "Late"),
        (over.people["adele.vance"].name, "Invited", "Missing"),
        ("Rita Hansen", "Not invited", "Left early"),
    ]
    bianca = rows[1]
    assert bianca["First joined"] == "2026-03-02T10:07:00+01:00"
    assert bianca["Last left"] == "2026-03-02T11:00:00+01:00"
    assert (bianca["Minutes"], bianca["Rejoins"], rows[2]["Minutes"]) == ("43", "1", "")
    assert rows_of(exported(rita, over, "csv", "?tolerance=10"))[1]["Kept to the plan"] == "On time"
    book = openpyxl.load_workbook(io.BytesIO(exported(rita, over, "xlsx")))
    people, stays = (list(page.iter_rows(values_only=True)) for page in book.worksheets)
    assert book.sheetnames == ["People", "Stays"] and len(people) == 5 and people[2][0] == "Bianca Rossi"
    assert [row[1] for row in stays[1:]].count("Bianca Rossi") == 2
    assert stays[1][4:] == ("Organizer", "2026-03-02T10:00:00+01:00", "2026-03-02T11:00:00+01:00", 60)


@pytest.mark.control("E1")
@pytest.mark.parametrize("payload", [*FORMULAS, *HOSTILE])
def test_no_text_of_strangers_is_a_formula(over: Held, rita: User, payload: str) -> None:
    told = payload.replace("\x00", "")
    AttendanceRecord.objects.update(name=told[:256], role=told[:64], oid=told[:256], email=told[:320])
    Attendee.objects.update(name=told[:256], address=told[:320], oid="")
    OnlineMeeting.objects.update(subject=told[:255])
    type(over.organizer).objects.update(name=told[:256])
    starts = tuple("=+-@\t\r\n")
    content = exported(rita, over, "csv").decode("utf-8-sig")
    for delimiter in ",;\t":
        cells = [cell for row in csv.reader(io.StringIO(content, newline=""), delimiter=delimiter) for cell in row]
        assert not [cell for cell in cells if cell.lstrip().startswith(starts) or cell.startswith(starts)]
    assert {len(row) for row in csv.reader(io.StringIO(content, newline=""))} == {9}
    book = openpyxl.load_workbook(io.BytesIO(exported(rita, over, "xlsx")))
    cells = [cell for page in book.worksheets for row in page.iter_rows() for cell in row]
    assert "f" not in {cell.data_type for cell in cells} and not any(cell.hyperlink for cell in cells)
    assert not [cell for cell in cells if str(cell.value or "").lstrip().startswith(starts)]
    page = shown(rita, over)
    assert told not in page or "<" not in told


@pytest.mark.control("X3")
def test_who_takes_a_table_away_is_on_record(over: Held, rita: User, una: User) -> None:
    exported(rita, over, "csv")
    exported(una, over, "xlsx")
    entries = Entry.objects.filter(kind="meeting.attendance_exported").order_by("seq")
    told = [(one.actor, json.loads(one.text)) for one in entries]
    meeting = {"meeting": str(over.meeting.pk), "organizer": over.organizer.oid, "people": 4}
    meeting["day"] = over.meeting.occurrences.get().day.isoformat()
    assert told == [("rita", meeting | {"format": "csv"}), ("una", meeting | {"format": "xlsx"})]


def test_only_the_staff_of_the_organiser_see_it(over: Held, omar: User, una: User, eve: User) -> None:
    for user, status in ((omar, 404), (eve, 403), (una, 200)):
        client: Client = browser_of(user)
        for ending in ("attendance/", "attendance.csv", "attendance.xlsx"):
            assert client.get(f"/meetings/{over.meeting.pk}/{ending}").status_code == status
        assert api(user).get(f"/api/v1/meetings/{over.meeting.pk}/attendance/").status_code == status


def test_the_api_tells_the_same(over: Held, rita: User, max_: User) -> None:
    path = f"/api/v1/meetings/{over.meeting.pk}/attendance/"
    told = api(rita).get(path).json()
    assert (told["tolerance"], told["is_pending"], told["problem"]) == (5, False, None)
    (session,) = told["sessions"]
    assert (session["people"], session["participant_count"], session["is_complete"]) == (3, 3, True)
    ada, bianca, adele, rita_ = told["people"]
    assert (ada["part"], ada["verdicts"], ada["seconds"]) == ("organizer", ["on_time"], 3600)
    assert (bianca["verdicts"], bianca["rejoins"]) == (["late"], 1)
    assert (adele["verdicts"], adele["first_join_at"], adele["seconds"]) == (["missing"], None, 0)
    assert (rita_["part"], rita_["verdicts"]) == ("uninvited", ["left_early"])
    assert api(rita).get(path, {"tolerance": 10}).json()["people"][1]["verdicts"] == ["on_time"]
    for odd in ("-1", "121", "x", ""):
        assert api(rita).get(path, {"tolerance": odd}).status_code == 400
    assert api(rita).post(f"{path}fetch/", {}, format="json").status_code == 403
    asked = api(max_).post(f"{path}fetch/", {}, format="json")
    assert (asked.status_code, asked.json()["is_pending"]) == (202, True)
    over.look(66)
    assert api(max_).get(path).json()["is_pending"] is False


def test_the_api_names_what_stands_in_the_way(over: Held, rita: User) -> None:
    AttendanceFetch.objects.update(
        error_title="Not permitted", error_detail="Do this", error_code="403", due_at=None
    )
    told = api(rita).get(f"/api/v1/meetings/{over.meeting.pk}/attendance/").json()
    assert told["problem"] == {"title": "Not permitted", "detail": "Do this", "code": "403", "again_at": None}
