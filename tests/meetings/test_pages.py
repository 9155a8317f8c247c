"""The pages of meetings: a week, one meeting, and the form."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from commsportal import worker
from commsportal.clock import now
from directory.models import User
from meetings.models import Attendee, OnlineMeeting, Organizer
from tests.calls.service import error
from tests.clock import Clock
from tests.directory.walk import browser_of
from tests.meetings.conftest import Meetings, make_organizer
from tests.meetings.rows import hold_all, move_all
from tests.people import make_person

pytestmark = pytest.mark.django_db
OPTIONS = {
    "lobby": "organization",
    "presenters": "organization",
    "chat": "enabled",
    "camera": "on",
    "microphone": "on",
    "passcode": "on",
}
GUESTS = "* guest@fabrikam.example\n\ntwo@fabrikam.example"


def told(organizer: Organizer, **changes: str) -> dict[str, Any]:
    """Return a filled-in form."""
    day = (now() + timedelta(days=3)).date().isoformat()
    times = {"day": day, "begins": "09:00", "ends": "09:30", "zone": "Europe/Berlin"}
    return {"organizer": organizer.pk, "subject": "Follow-up", "attendees": "", **times, **OPTIONS, **changes}


@pytest.fixture
def desk(max_: User) -> Client:
    return browser_of(max_)


@pytest.fixture
def held(dana: Organizer, desk: Client, microsoft: Meetings, clock: Clock) -> OnlineMeeting:
    """Return a meeting that was scheduled on the page and that Microsoft has."""
    answer = desk.post("/meetings/new/", told(dana, attendees=GUESTS))
    meeting = OnlineMeeting.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/meetings/{meeting.pk}/")
    worker.run_pending()
    meeting.refresh_from_db()
    return meeting


def page(desk: Client, path: str) -> str:
    answer = desk.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_wall_clock_times_are_meant_where_the_form_says(held: OnlineMeeting) -> None:
    begins = held.starts_at.astimezone(UTC)
    assert begins.hour in (7, 8) and held.ends_at - held.starts_at == timedelta(minutes=30)
    assert [(one.address, one.role) for one in held.attendees.all()] == [
        ("guest@fabrikam.example", "presenter"),
        ("two@fabrikam.example", "attendee"),
    ]


def test_a_meeting_shows_how_to_join_and_who_is_invited(held: OnlineMeeting, desk: Client) -> None:
    shown = page(desk, f"/meetings/{held.pk}/")
    assert f'href="{held.join_url}"' in shown and "Planned" in shown and "two@fabrikam.example" in shown
    assert "+14255550100, conference 77" in shown


@pytest.mark.control("H3")
def test_what_is_no_link_is_none(held: OnlineMeeting, desk: Client) -> None:
    OnlineMeeting.objects.update(join_url="javascript:alert(1)", subject="<b>bold</b>")
    shown = page(desk, f"/meetings/{held.pk}/")
    assert "javascript:" not in shown and "<b>bold</b>" not in shown and "&lt;b&gt;bold" in shown


def test_a_week_lists_what_begins_in_it_in_the_zone_of_the_reader(held: OnlineMeeting, desk: Client) -> None:
    week = held.starts_at.date().isoformat()
    shown = page(desk, f"/meetings/?day={week}&zone=Europe/Berlin")
    assert "Follow-up" in shown and "09:00 to 09:30" in shown
    desk.cookies["portal-zone"] = "Asia%2FKathmandu"
    there = held.starts_at.astimezone(UTC) + timedelta(hours=5, minutes=45)
    assert f"{there:%H:%M} to" in page(desk, f"/meetings/?day={week}")
    assert "Follow-up" not in page(desk, f"/meetings/?day={(held.starts_at + timedelta(days=14)).date()}")
    for odd in (
        "day=never",
        "day=0001-01-01",
        "day=9999-12-31",
        "zone=../etc",
        "organizer=x",
        "organizer=9" * 9,
    ):
        assert desk.get(f"/meetings/?{odd}").status_code == 200


def test_a_week_takes_few_queries_however_full(
    held: OnlineMeeting, desk: Client, django_assert_max_num_queries: Any
) -> None:
    rows = [
        OnlineMeeting(
            organizer=held.organizer,
            subject=f"Meeting {n}",
            starts_at=held.starts_at,
            ends_at=held.ends_at,
            zone="UTC",
            created_by=held.created_by,
            created_at=held.created_at,
        )
        for n in range(50)
    ]
    hold_all(rows)
    with django_assert_max_num_queries(12):
        shown = page(desk, f"/meetings/?day={held.starts_at.date()}")
    assert shown.count("agenda__row") == 51


def crowd(held: OnlineMeeting, count: int) -> None:
    """Put as many more beside a meeting."""
    same = {
        name: getattr(held, name) for name in ("organizer", "starts_at", "ends_at", "created_by", "created_at")
    }
    hold_all(OnlineMeeting(subject=f"Meeting {n}", zone="UTC", **same) for n in range(count))


def test_a_month_shows_the_first_of_a_day_and_counts_the_others(
    held: OnlineMeeting, desk: Client, django_assert_max_num_queries: Any
) -> None:
    crowd(held, 50)
    with django_assert_max_num_queries(13):
        shown = page(desk, f"/meetings/?view=month&day={held.starts_at.date()}&zone=Europe/Berlin")
    assert shown.count('class="month__event') == 3 and "and 48 more" in shown and "51 meetings" in shown
    assert f"view=agenda&amp;day={held.starts_at.date()}" in shown or f"day={held.starts_at.date()}" in shown
    other = held.starts_at + timedelta(days=70)
    assert "0 meetings" in page(desk, f"/meetings/?view=month&day={other.date()}")


def test_a_week_shows_hours_and_puts_what_happens_at_once_side_by_side(held: OnlineMeeting, desk: Client) -> None:
    crowd(held, 2)
    begins = held.starts_at + timedelta(hours=13)
    move_all(begins, begins + timedelta(hours=3), subject="Meeting 1")
    shown = page(desk, f"/meetings/?view=week&day={held.starts_at.date()}&zone=Europe/Berlin")
    assert shown.count('data-from="9.000" data-for="0.500" data-column="') == 2
    assert 'data-column="1" data-of="2"' in shown and "23:00" in shown
    assert 'data-from="22.000" data-for="2.000"' in shown  # until midnight, the rest on the next day
    last = held.starts_at.weekday() == 6
    assert last or 'data-from="0.000" data-for="1.000"' in shown


def test_a_meeting_begins_at_once_and_once(
    dana: Organizer, desk: Client, microsoft: Meetings, rita: User, clock: Clock
) -> None:
    shown = desk.get("/meetings/").context
    form = {"organizer": dana.pk, "zone": "Europe/Berlin", "key": str(shown["key"])}
    for _ in range(2):
        answer = desk.post("/meetings/now/", form)
        assert answer.headers["Location"] == f"/meetings/{shown['key']}/room/"
    meeting = OnlineMeeting.objects.get()
    assert timedelta() <= clock.at - meeting.starts_at < timedelta(minutes=1)
    assert (meeting.subject, meeting.ends_at - meeting.starts_at) == ("Meeting of Dana Lee", timedelta(hours=1))
    worker.run_pending()
    assert "data-look-again" not in page(desk, f"/meetings/{meeting.pk}/room/")


def test_nobody_meets_now_in_the_name_of_others(dana: Organizer, desk: Client, ada: User, max_: User) -> None:
    other = make_organizer("Una Roy", ada)
    form = {"organizer": other.pk, "zone": "Europe/Berlin", "key": str(uuid4())}
    said = desk.post("/meetings/now/", form, follow=True).content.decode()
    assert "Name an organiser for whom you may schedule." in said and not OnlineMeeting.objects.exists()
    assert "Meet now" not in page(browser_of(ada), "/meetings/")


def test_what_goes_on_past_midnight_is_in_the_week_that_it_reaches(held: OnlineMeeting, desk: Client) -> None:
    monday = held.starts_at.replace(hour=12) + timedelta(days=7 - held.starts_at.weekday())
    begins = monday - timedelta(hours=15)  # Sunday evening
    move_all(begins, begins + timedelta(hours=8))
    shown = page(desk, f"/meetings/?view=week&day={monday.date()}&zone=UTC")
    assert 'data-from="0.000" data-for="5.000"' in shown
    assert "0 meetings" in page(desk, f"/meetings/?view=agenda&day={monday.date()}&zone=UTC")


def test_who_has_no_address_stays_invited(held: OnlineMeeting, desk: Client) -> None:
    person = make_person("Una Roy")
    Attendee.objects.create(meeting=held, position=9, oid=person.oid, name="Una Roy")
    path = f"/meetings/{held.pk}/edit/"
    shown = desk.get(path).context["form"].initial["attendees"]
    assert shown == "* guest@fabrikam.example\ntwo@fabrikam.example"
    assert desk.post(path, told(held.organizer, attendees=shown, subject="Moved", version="1")).status_code == 302
    assert held.attendees.filter(oid=person.oid).exists() and held.attendees.count() == 3


@pytest.mark.parametrize("view", ["agenda", "week", "month", "day", ""])
def test_an_empty_calendar_says_so_whatever_is_asked(
    dana: Organizer, desk: Client, microsoft: Meetings, view: str
) -> None:
    for day in ("", "never", "0001-01-01", "9999-12-31"):
        assert "0 meetings" in page(desk, f"/meetings/?view={view}&day={day}")


def test_a_form_says_at_its_fields_what_is_wrong_and_keeps_what_was_typed(
    dana: Organizer, desk: Client, microsoft: Meetings
) -> None:
    people = "good@fabrikam.example\nbad one\nworse"
    answer = desk.post("/meetings/new/", told(dana, day="2001-01-01", attendees=people))
    text = answer.content.decode()
    assert answer.status_code == 400 and "That is over already." in text
    assert "Line 2: bad one is no e-mail address." in text and "Line 3: worse is no e-mail address." in text
    assert 'To be mended: <a href="#id_ends">To</a>, <a href="#id_attendees">People</a>.' in text
    assert "Open the form anew." in desk.post("/meetings/new/", told(dana, key="odd")).content.decode()
    draft = desk.post("/meetings/new/", told(dana, day="2001-01-01", attendees=people, draft="1")).content.decode()
    assert "Line 3: worse is no e-mail address." in draft and "That is over already." not in draft
    assert 'value="Follow-up"' in text and 'aria-invalid="true"' in text
    assert desk.post("/meetings/new/", {}).status_code == 400 and not OnlineMeeting.objects.exists()


@pytest.mark.control("E5")
def test_people_come_from_a_file_all_or_none(dana: Organizer, desk: Client, microsoft: Meetings) -> None:
    def file(text: bytes) -> SimpleUploadedFile:
        return SimpleUploadedFile("people.csv", text, "text/csv")

    bad = file(b"ana@fabrikam.example\nben\n<b>x</b>@y\n")
    answer = desk.post("/meetings/new/", told(dana, attendees="two@fabrikam.example", table=bad))
    said = answer.content.decode()
    assert answer.status_code == 400 and "Row 2: ben is no e-mail address." in said and "Row 3: &lt;b&gt;" in said
    assert "two@fabrikam.example" in said and not OnlineMeeting.objects.exists()
    good = file(b"ana@fabrikam.example\nben@fabrikam.example,presenter\n")
    assert desk.post("/meetings/new/", told(dana, attendees="two@fabrikam.example", table=good)).status_code == 302
    people = OnlineMeeting.objects.get().attendees.values_list("address", "role")
    assert [*people] == [
        ("two@fabrikam.example", "attendee"),
        ("ana@fabrikam.example", "attendee"),
        ("ben@fabrikam.example", "presenter"),
    ]


def test_what_ends_before_it_begins_ends_the_next_day(dana: Organizer, desk: Client, microsoft: Meetings) -> None:
    assert desk.post("/meetings/new/", told(dana, begins="23:00", ends="01:00")).status_code == 302
    meeting = OnlineMeeting.objects.get()
    assert meeting.ends_at - meeting.starts_at == timedelta(hours=2)


def test_a_change_keeps_what_the_form_shows_and_an_old_form_is_refused(held: OnlineMeeting, desk: Client) -> None:
    path = f"/meetings/{held.pk}/edit/"
    shown = desk.get(path).context["form"]
    assert shown.initial["attendees"] == "* guest@fabrikam.example\ntwo@fabrikam.example"
    form = told(held.organizer, subject="Moved", attendees=shown.initial["attendees"], version="1")
    assert desk.post(path, form).status_code == 302
    refused = desk.post(path, form)
    assert refused.status_code == 400 and "Somebody has changed it meanwhile" in refused.content.decode()
    held.refresh_from_db()
    assert (held.subject, held.version) == ("Moved", 2)


def test_a_meeting_is_cancelled_with_its_reason(held: OnlineMeeting, desk: Client, microsoft: Meetings) -> None:
    assert desk.post(f"/meetings/{held.pk}/cancel/", {"version": "1", "reason": "Dana is ill"}).status_code == 302
    worker.run_pending()
    shown = page(desk, f"/meetings/{held.pk}/")
    assert "Dana is ill" in shown and "Cancelled" in shown and held.join_url not in shown and microsoft.all == {}
    again = desk.post(f"/meetings/{held.pk}/cancel/", {"version": "2"}, follow=True)
    assert "This meeting is cancelled" in again.content.decode()


def test_what_stands_in_the_way_is_shown_with_its_remedy(
    dana: Organizer, desk: Client, microsoft: Meetings, clock: Clock
) -> None:
    microsoft.fail("POST", error(403, "Forbidden", "No Application Access Policy found for the app"))
    desk.post("/meetings/new/", told(dana))
    worker.run_pending()
    meeting = OnlineMeeting.objects.get()
    shown = page(desk, f"/meetings/{meeting.pk}/")
    assert "Grant-CsApplicationAccessPolicy" in shown and "Try again now" in shown and "Failed" in shown
    desk.post(f"/meetings/{meeting.pk}/retry/")
    worker.run_pending()
    assert "Open in Teams" in page(desk, f"/meetings/{meeting.pk}/")


def test_two_versions_stand_beside_each_other_until_somebody_decides(
    held: OnlineMeeting, desk: Client, microsoft: Meetings, rita: User
) -> None:
    microsoft.all[held.graph_id]["subject"] = "Theirs"
    form = told(held.organizer, subject="Ours", version="1")
    assert desk.post(f"/meetings/{held.pk}/edit/", form).status_code == 302
    worker.run_pending()
    shown = page(desk, f"/meetings/{held.pk}/")
    assert "Changed in Teams as well" in shown and "Theirs" in shown and "Decide" in shown
    assert "Overwrite it" not in page(browser_of(rita), f"/meetings/{held.pk}/")
    assert desk.post(f"/meetings/{held.pk}/resolve/", {"version": "2", "keep": "neither"}).status_code == 302
    assert desk.post(f"/meetings/{held.pk}/resolve/", {"version": "2", "keep": "theirs"}).status_code == 302
    worker.run_pending()
    held.refresh_from_db()
    assert (held.subject, held.sent, held.theirs) == ("Theirs", 3, None)


def test_who_schedules_nothing_sees_and_changes_nothing(held: OnlineMeeting, rita: User, omar: User) -> None:
    shown = page(browser_of(rita), f"/meetings/{held.pk}/")
    assert "Follow-up" in shown and "Cancel the meeting" not in shown and "/edit/" not in shown
    assert browser_of(rita).get("/meetings/new/").status_code == 403
    assert browser_of(rita).post(f"/meetings/{held.pk}/cancel/", {"version": "1"}).status_code == 403
    assert browser_of(omar).get(f"/meetings/{held.pk}/").status_code == 404
    assert "An administrator names them" in page(browser_of(omar), "/meetings/")


def test_the_form_begins_with_the_next_hour_there(dana: Organizer, desk: Client, clock: Clock) -> None:
    clock.at = datetime(2026, 3, 28, 23, 10, tzinfo=UTC)
    initial = desk.get("/meetings/new/?zone=Asia/Kathmandu").context["form"].initial
    assert (str(initial["day"]), f"{initial['begins']:%H:%M}", initial["zone"]) == (
        "2026-03-29",
        "05:00",
        "Asia/Kathmandu",
    )


@pytest.mark.parametrize(
    "odd",
    [
        {"day": "0001-01-01", "zone": "Asia/Tokyo"},
        {"day": "9999-12-31", "begins": "23:00", "ends": "01:00"},
        {"day": "9999-12-31", "begins": "23:00", "ends": "23:30", "zone": "America/New_York"},
        {"subject": "a\x00b"},
        {"zone": "localtime"},
    ],
)
def test_odd_values_are_refused_at_their_field(dana: Organizer, desk: Client, odd: dict[str, str]) -> None:
    answer = desk.post("/meetings/new/", told(dana, **odd))
    assert answer.status_code == 400 and set(answer.context["form"].errors) <= {"day", "subject", "zone"}


def test_a_form_that_is_sent_twice_makes_one_meeting(dana: Organizer, desk: Client, microsoft: Meetings) -> None:
    key = str(desk.get("/meetings/new/").context["form"].initial["key"])
    for _ in range(2):
        assert desk.post("/meetings/new/", told(dana, key=key)).headers["Location"] == f"/meetings/{key}/"
    assert OnlineMeeting.objects.count() == 1


def test_a_change_of_the_subject_moves_nothing(held: OnlineMeeting, desk: Client) -> None:
    ends = held.starts_at + timedelta(minutes=30, seconds=30)
    OnlineMeeting.objects.update(ends_at=ends)  # as the API takes it
    form = desk.get(f"/meetings/{held.pk}/edit/").context["form"].initial
    typed = {name: form[name].strftime("%H:%M") for name in ("begins", "ends")}
    wanted = told(held.organizer, subject="Other", version="1", day=str(form["day"]), **typed)
    answer = desk.post(f"/meetings/{held.pk}/edit/", wanted)
    held.refresh_from_db()
    assert (answer.status_code, held.ends_at, held.subject) == (302, ends, "Other")
