"""Who was in a meeting is read from Microsoft after it, session by session, and kept."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from audit.models import Entry
from commsportal import pauses
from commsportal.clock import now
from commsportal.pauses import Urgency
from directory.models import User
from graph import errors
from meetings import attendance, attended, commands, invariants
from meetings.errors import IsCancelled, MeetingNotFound, NothingToDo
from meetings.facts import plan_of
from meetings.models import AttendanceFetch, AttendanceRecord, AttendanceReport, OnlineMeeting
from meetings.rules.attendance import Verdict
from simulator.engine import Party
from tests.calls.service import error
from tests.meetings.sessions import NINE, Held, lists_asked

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(max_: User, rita: User, monkeypatch: pytest.MonkeyPatch) -> Held:
    """Return a meeting at Microsoft's side whose organiser's staff are max and rita."""
    return Held(monkeypatch, max_, rita)


def fetch_of(held: Held) -> AttendanceFetch:
    return AttendanceFetch.objects.get(meeting=held.meeting)


def kinds() -> list[str]:
    return [kind for kind in Entry.objects.order_by("seq").values_list("kind", flat=True) if "attendance" in kind]


def broken(held: Held, monkeypatch: pytest.MonkeyPatch, *faults: Any) -> None:
    """Have the next requests about attendance fail so; a callable runs first, and the request goes on."""
    waiting, honest = list(faults), held.other.exchange

    def exchange(method: str, url: str, **rest: Any) -> Any:
        fault = waiting.pop(0) if waiting and "attendanceReports" in url else None
        if isinstance(fault, Exception):
            raise fault
        if callable(fault):
            fault()
        elif fault is not None:
            return fault
        return honest(method, url, **rest)

    monkeypatch.setattr(held.other, "exchange", exchange)


def test_it_is_fetched_five_minutes_after_the_planned_end(held: Held) -> None:
    assert fetch_of(held).due_at == NINE + timedelta(minutes=65)
    held.session(("ada", 0, 60), ("bianca.rossi", 1, 20), ("bianca.rossi", 30, 60))
    held.look(64)
    assert not AttendanceReport.objects.exists()
    held.look(65)
    (report,) = AttendanceReport.objects.all()
    assert (report.starts_at, report.ends_at) == (NINE, NINE + timedelta(minutes=60))
    assert (report.participant_count, report.fetched_at) == (2, now())
    bianca = report.records.get(name="Bianca Rossi")
    assert (bianca.email, len(bianca.intervals)) == ("bianca.rossi@contoso.example", 2)
    fetch = fetch_of(held)
    assert (fetch.fetched_at, fetch.due_at) == (now(), NINE + timedelta(minutes=75))
    assert kinds() == ["meeting.attendance_kept"]


def test_rejoins_and_two_devices_are_one_person_from_end_to_end(held: Held) -> None:
    held.invite("bianca.rossi", "adele.vance")
    phone = Party("phone", "+442079460101")
    held.session(
        ("ada", 0, 60),
        ("bianca.rossi", 0, 20),
        ("bianca.rossi", 15, 25),  # a second device
        ("bianca.rossi", 40, 60),
        (phone, 10, 30),
    )
    held.look(65)
    entries = attended.of(held.meeting, 5).entries
    told = [
        (
            one.part,
            one.name,
            one.attendance and (one.attendance.seconds, one.attendance.rejoins),
            set(one.verdicts),
        )
        for one in entries
    ]
    assert told == [
        ("organizer", "Ada Lindqvist", (3600, 0), {Verdict.ON_TIME}),
        ("attendee", "Bianca Rossi", (45 * 60, 1), {Verdict.ON_TIME}),
        ("attendee", held.people["adele.vance"].name, None, {Verdict.MISSING}),
        ("uninvited", "+442079460101", (20 * 60, 0), {Verdict.LATE, Verdict.LEFT_EARLY}),
    ]


def test_all_pages_are_read(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = lists_asked(held, monkeypatch)
    crowd = [Party("guest", f"g-{n}", f"Guest {n}") for n in range(57)]
    held.session(*[(one, 0, 30) for one in crowd])
    for n in range(12):
        held.session(("rita", 31 + n, 31.5 + n))
    held.look(65)
    assert AttendanceReport.objects.count() == 13
    assert AttendanceRecord.objects.count() == 57 + 12
    first = AttendanceReport.objects.order_by("starts_at")[0]
    assert first.participant_count == first.records.count() == 57
    assert sum("attendanceRecords" in url for url in asked) == 6 + 12 and len(asked) == 2 + 18


def test_reading_again_changes_nothing(held: Held, max_: User) -> None:
    held.session(("ada", 0, 60), ("rita", 5, 50))
    held.look(65)
    before = list(AttendanceRecord.objects.values_list("graph_id", "oid", "intervals"))
    commands.fetch_attendance(max_, held.meeting.pk)
    held.look(66)
    assert list(AttendanceRecord.objects.values_list("graph_id", "oid", "intervals")) == before
    assert kinds() == ["meeting.attendance_kept", "meeting.attendance_asked"]


def test_what_was_told_once_stays_when_the_service_forgets_it(held: Held, max_: User) -> None:
    held.session(("ada", 0, 60), ("rita", 5, 50), (Party("guest", "", "Gus"), 0, 10))
    held.look(65)
    (report,) = held.theirs.reports
    shorter = type(report)(report.id, report.start, report.end, report.records[:1])
    held.theirs.reports[:] = [shorter]
    commands.fetch_attendance(max_, held.meeting.pk)
    held.look(66)
    assert {one.name for one in AttendanceRecord.objects.all()} == {"Ada Lindqvist", "Rita Hansen"}
    held.theirs.reports.clear()
    commands.fetch_attendance(max_, held.meeting.pk)
    held.look(67)
    assert AttendanceReport.objects.count() == 1 and AttendanceRecord.objects.count() == 2


def test_a_meeting_without_a_report_is_looked_at_less_and_less_often(held: Held) -> None:
    looked = []
    while (due := fetch_of(held).due_at) is not None:
        looked.append((due - NINE).total_seconds() / 60 - 60)
        held.look(60 + looked[-1])
    assert looked == [5, 15, 30, 60, 120, 240, 480, 1440, 7 * 1440]
    assert not fetch_of(held).error_title and kinds() == []


def test_a_later_session_is_found_and_the_first_is_not_read_again(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    held.session(("ada", 0, 60))
    for minutes in (65, 75, 90, 120):
        held.look(minutes)
    held.session(("ada", 300, 330))
    asked = lists_asked(held, monkeypatch)
    held.look(540)
    assert AttendanceReport.objects.count() == 2
    assert sum("attendanceRecords" in url for url in asked) == 1


def test_a_meeting_that_is_moved_is_looked_at_after_its_new_end(held: Held, max_: User) -> None:
    later = replace(plan_of(held.meeting), ends_at=NINE + timedelta(hours=3))
    commands.change(max_, held.meeting.pk, later, version=1)
    held.look(-600)
    assert fetch_of(held).due_at == NINE + timedelta(minutes=185)
    commands.cancel(max_, held.meeting.pk, version=2)
    held.look(-500)
    assert fetch_of(held).due_at is None
    with pytest.raises(IsCancelled):
        commands.fetch_attendance(max_, held.meeting.pk)


@pytest.mark.case(50)
def test_without_an_access_policy_the_remedy_is_named_and_it_is_tried_again(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    held.session(("ada", 0, 60))
    missing = error(403, "Forbidden", "No Application Access Policy found for the app")
    broken(held, monkeypatch, missing, missing)
    held.look(65)
    fetch = fetch_of(held)
    assert fetch.error_title == "The portal may not act in the name of Ada Lindqvist"
    assert held.organizer.oid in fetch.error_detail and "Grant-CsApplicationAccessPolicy" in fetch.error_detail
    assert fetch.due_at == now() + timedelta(minutes=30)
    held.look(96)
    assert kinds() == ["meeting.attendance_failed"]  # told once
    held.look(127)
    assert fetch_of(held).error_title == "" and AttendanceReport.objects.count() == 1


@pytest.mark.parametrize(
    ("fault", "title", "minutes"),
    [
        (error(403, "Forbidden", "lacking"), "Microsoft does not permit this", 30),
        (error(404, "NotFound"), "The meeting is gone from Teams", 10),
        (error(400, "BadRequest", "no"), "Microsoft does not tell who was there", 10),
        (error(503, "ServiceUnavailable"), "Microsoft could not be asked", 1),
        (errors.NotSent("down"), "Microsoft could not be asked", 1),
        (errors.Throttled("slow down", status=429, retry_after=900), "Microsoft takes no more requests", 15),
    ],
)
def test_what_fails_says_what_to_do_and_when_it_is_tried_again(
    held: Held, monkeypatch: pytest.MonkeyPatch, fault: Any, title: str, minutes: int
) -> None:
    broken(held, monkeypatch, fault)
    held.look(65)
    fetch = fetch_of(held)
    assert fetch.error_title.startswith(title) and fetch.error_detail
    assert fetch.due_at == now() + timedelta(minutes=minutes) and fetch.lease is None


def test_what_fails_is_not_tried_for_ever(held: Held, max_: User, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(held, monkeypatch, *[errors.NotSent("down")] * 1000)
    while (due := fetch_of(held).due_at) is not None:
        held.look((due - NINE).total_seconds() / 60)
    assert fetch_of(held).error_title and now() > NINE + timedelta(days=6)
    held.at(20 * 1440)
    commands.fetch_attendance(max_, held.meeting.pk)
    held.look(20 * 1440)
    assert fetch_of(held).due_at is not None  # somebody waits


def test_a_pause_of_the_tenant_holds_it_back(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = lists_asked(held, monkeypatch)
    held.at(64)
    pauses.note(held.other.tenant.id, Urgency.LIST, 200, "429")
    held.look(65)
    assert asked == [] and fetch_of(held).attempts == 0
    held.look(70)
    assert len(asked) == 1


def test_a_manager_has_it_fetched_now(held: Held, max_: User, rita: User) -> None:
    held.session(("ada", 0, 20))
    held.at(25)
    commands.fetch_attendance(max_, held.meeting.pk)
    commands.fetch_attendance(max_, held.meeting.pk)  # asked already
    assert kinds() == ["meeting.attendance_asked"] and attended.of(held.meeting, 5).is_pending
    held.look(25)
    seen = attended.of(held.meeting, 5)
    assert not seen.is_pending and len(seen.sessions) == 1
    assert {one.verdicts for one in seen.entries} == {frozenset()}  # it is not over: nobody is missing yet
    assert fetch_of(held).due_at == NINE + timedelta(minutes=65)


def test_only_who_acts_for_the_organiser_has_it_fetched(held: Held, max_: User, rita: User) -> None:
    with pytest.raises(PermissionDenied):
        commands.fetch_attendance(rita, held.meeting.pk)
    OnlineMeeting.objects.update(graph_id="")
    with pytest.raises(NothingToDo):
        commands.fetch_attendance(max_, held.meeting.pk)
    held.organizer.staff.clear()
    with pytest.raises(MeetingNotFound):
        commands.fetch_attendance(max_, held.meeting.pk)


def test_asking_while_it_is_read_reads_it_once_more(
    held: Held, max_: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = lists_asked(held, monkeypatch)
    broken(held, monkeypatch, lambda: commands.fetch_attendance(max_, held.meeting.pk))
    held.look(65)
    assert len(asked) == 2 and fetch_of(held).asked_at is None


def test_a_worker_whose_lease_is_over_keeps_nothing(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    held.session(("ada", 0, 60))
    stolen = lambda: AttendanceFetch.objects.update(lease=held.meeting.pk) and None  # noqa: E731
    broken(held, monkeypatch, stolen)
    held.look(65)
    assert not AttendanceReport.objects.exists() and fetch_of(held).fetched_at is None
    held.look(66)
    assert AttendanceReport.objects.count() == 1


def test_two_workers_do_not_both_read_it(held: Held) -> None:
    held.at(65)
    assert len(attendance.claim(5)) == 1 and attendance.claim(5) == []


def test_what_the_portal_cannot_keep_says_so(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    def odd(*_: object) -> None:
        raise ValueError("odd")

    held.session(("ada", 0, 60))
    monkeypatch.setattr(attendance, "_row", odd)
    held.look(65)
    assert fetch_of(held).error_title == "The portal failed on this meeting"
    assert not AttendanceReport.objects.exists()  # nothing half done
    monkeypatch.undo()


@pytest.mark.control("I18")
def test_attendance_that_nobody_reads_is_found(held: Held) -> None:
    assert list(invariants.attendance_is_read(lambda seen: None)) == []
    held.at(70)
    assert len(list(invariants.attendance_is_read(lambda seen: None))) == 1
    held.look(70)
    assert list(invariants.attendance_is_read(lambda seen: None)) == []
