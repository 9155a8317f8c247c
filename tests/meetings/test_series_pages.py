"""Series on pages: made by the form, looked at before, and changed date by date."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from directory.models import User
from meetings import commands, drafts
from meetings.models import OnlineMeeting, Organizer
from meetings.rules.patterns import Pattern, Range, Recurrence
from meetings.rules.times import Weekday
from tests.directory.walk import browser_of
from tests.meetings.conftest import make_organizer
from tests.meetings.series import MARCH, YEAR, at, weekly
from tests.meetings.test_pages import page, told

pytestmark = pytest.mark.django_db
WEEK = timedelta(weeks=1)


@pytest.fixture
def desk(max_: User) -> Client:
    return browser_of(max_)


@pytest.fixture
def held(dana: Organizer, max_: User) -> OnlineMeeting:
    """Return a series of six Tuesdays."""
    return commands.schedule(max_, dana.pk, weekly())


def filled(organizer: Organizer, day: date = MARCH, **changes: Any) -> dict[str, Any]:
    """Return a filled-in form of three dates."""
    return told(organizer, day=day.isoformat(), interval="1", count="3") | changes


def days_of(meeting: OnlineMeeting) -> list[date]:
    return list(meeting.occurrences.order_by("starts_at").values_list("day", flat=True))


def moved_to(day: date, hour: int, version: int = 1) -> dict[str, Any]:
    return {"day": day.isoformat(), "begins": f"{hour:02}:00", "ends": f"{hour + 1:02}:00", "version": version}


LAST_TUESDAY = max(day for n in range(5) if (day := MARCH + n * WEEK).month == 3)
TUESDAY, FRIDAY = int(Weekday.TUESDAY), int(Weekday.FRIDAY)


@pytest.mark.parametrize(
    ("first", "changes", "kind", "words"),
    [
        (MARCH, {"repeats": "daily"}, "daily", "Every day"),
        (MARCH, {"repeats": "daily", "interval": "3"}, "daily", "Every 3 days"),
        (MARCH, {"repeats": "weekly"}, "weekly", "Every Tuesday"),
        (MARCH, {"repeats": "weekly", "weekdays": [TUESDAY, FRIDAY]}, "weekly", "Every Tuesday and Friday"),
        (MARCH, {"repeats": "weekly", "interval": "2"}, "weekly", "Every 2 weeks on Tuesday"),
        (date(YEAR, 3, 5), {"repeats": "monthly"}, "absoluteMonthly", "Every month on the 5th"),
        (MARCH, {"repeats": "monthly_nth"}, "relativeMonthly", "Every month on the third Tuesday"),
        (LAST_TUESDAY, {"repeats": "monthly_last"}, "relativeMonthly", "Every month on the last Tuesday"),
        (date(YEAR, 3, 5), {"repeats": "yearly"}, "absoluteYearly", "Every year on 5 March"),
    ],
)
def test_the_form_makes_each_kind_of_series_and_shows_it_again(
    first: date, changes: dict[str, Any], kind: str, words: str, dana: Organizer, desk: Client
) -> None:
    answer = desk.post("/meetings/new/", filled(dana, first, **changes))
    assert answer.status_code == 302
    meeting = OnlineMeeting.objects.get()
    assert meeting.on_calendar and meeting.recurrence and meeting.recurrence["pattern"]["type"] == kind
    days = days_of(meeting)
    assert days[0] == first and len(days) == 3
    shown = page(desk, f"/meetings/{meeting.pk}/")
    assert f"{words}, until {days[-1].day} {days[-1]:%B %Y}" in shown and "3 take place" in shown
    form = page(desk, f"/meetings/{meeting.pk}/edit/")
    assert f'<option value="{changes["repeats"]}" selected' in form
    again = desk.post(f"/meetings/{meeting.pk}/edit/", form_of(desk, meeting))
    meeting.refresh_from_db()
    assert (again.status_code, meeting.version) == (302, 1)


@pytest.mark.parametrize(
    ("first", "changes", "field", "words"),
    [
        (MARCH, {"repeats": "weekly", "count": ""}, "until", "Say when the series ends"),
        (MARCH, {"repeats": "weekly", "until": f"{YEAR}-12-01"}, "until", "Say when the series ends"),
        (MARCH, {"repeats": "weekly", "count": "", "until": f"{YEAR}-01-01"}, "until", "end before it begins"),
        (MARCH, {"repeats": "weekly", "count": "0"}, "count", "1 or more"),
        (MARCH, {"repeats": "daily", "count": "401"}, "repeats", "at most 400 dates"),
        (MARCH, {"repeats": "weekly", "count": "300"}, "repeats", "more than five years"),
        (MARCH, {"repeats": "weekly", "weekdays": [FRIDAY]}, "repeats", "is none of the days of the series"),
        (MARCH, {"repeats": "weekly", "weekdays": ["9"]}, "weekdays", "valid choice"),
        (MARCH, {"repeats": "hourly"}, "repeats", "valid choice"),
        (MARCH, {"repeats": "weekly", "interval": "0"}, "interval", "1 or more"),
        (MARCH, {"repeats": "weekly", "interval": "100"}, "interval", "99 at most"),
        (MARCH, {"repeats": "monthly_last"}, "repeats", "is not the last"),
        (date(YEAR, 3, 30), {"repeats": "monthly_nth"}, "repeats", "Not every month has a fifth"),
        (MARCH, {"repeats": "weekly", "holidays": "Atlantis"}, "holidays", "valid choice"),
        (MARCH, {"repeats": "weekly", "passcode": ""}, "passcode", "wants a passcode"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(
    first: date, changes: dict[str, Any], field: str, words: str, dana: Organizer, desk: Client
) -> None:
    answer = desk.post("/meetings/new/", filled(dana, first, **changes))
    assert answer.status_code == 400 and not OnlineMeeting.objects.exists()
    errors = answer.context["form"].errors
    assert list(errors) == [field] and words in " ".join(errors[field])
    assert escape(errors[field][0]) in answer.content.decode()


def test_public_holidays_are_skipped_and_named(dana: Organizer, desk: Client) -> None:
    first = date(YEAR, 12, 24)
    desk.post("/meetings/new/", filled(dana, first, repeats="daily", count="4", holidays="DE"))
    meeting = OnlineMeeting.objects.get()
    shown = page(desk, f"/meetings/{meeting.pk}/")
    assert "Public holidays are skipped: Germany" in shown and "Christmas Day" in shown and "Holiday" in shown
    assert meeting.occurrences.held().count() == 2
    desk.post(f"/meetings/{meeting.pk}/dates/{YEAR}-12-25/restore/", {"version": 1})
    assert meeting.occurrences.held().count() == 3


def form_of(desk: Client, meeting: OnlineMeeting) -> dict[str, Any]:
    """Return the form of a meeting as it is sent when nothing is changed."""
    form = desk.get(f"/meetings/{meeting.pk}/edit/").context["form"]
    values = {name: form[name].value() for name in form.fields}
    sent = {name: str(value) for name, value in values.items() if value not in (None, "", False, [])}
    return (
        sent
        | {name: "on" for name, value in values.items() if value is True}
        | {"weekdays": values["weekdays"] or []}
    )


@pytest.mark.parametrize(
    "pattern",
    [
        Pattern("weekly", days=frozenset({Weekday.TUESDAY})),
        Pattern("weekly", 2, days=frozenset({Weekday.TUESDAY}), first_day_of_week=Weekday.SUNDAY),
        Pattern("relativeYearly", days=frozenset({Weekday.TUESDAY}), index="third", month=3),
        Pattern("absoluteMonthly", day_of_month=MARCH.day),
        Pattern("daily", 5),
    ],
)
def test_a_form_that_nobody_changed_makes_no_version(
    pattern: Pattern, dana: Organizer, desk: Client, max_: User
) -> None:
    plan = weekly(recurrence=Recurrence(pattern, Range(MARCH, count=3)), holidays="DE")
    meeting = commands.schedule(max_, dana.pk, plan)
    before = meeting.recurrence
    answer = desk.post(f"/meetings/{meeting.pk}/edit/", form_of(desk, meeting))
    assert answer.status_code == 302, answer.context["form"].errors
    meeting.refresh_from_db()
    assert (meeting.version, meeting.recurrence) == (1, before)


def test_a_longer_series_keeps_the_date_that_was_moved(held: OnlineMeeting, desk: Client) -> None:
    second = MARCH + WEEK
    desk.post(f"/meetings/{held.pk}/dates/{second}/", moved_to(second, 14))
    answer = desk.post(f"/meetings/{held.pk}/edit/", form_of(desk, held) | {"count": "8"})
    assert answer.status_code == 302
    assert len(days_of(held)) == 8
    assert held.occurrences.get(day=second).starts_at == at(second, 14)


def test_a_date_is_moved_cancelled_and_restored_on_its_page(held: OnlineMeeting, desk: Client) -> None:
    second, third = MARCH + WEEK, MARCH + 2 * WEEK
    path = f"/meetings/{held.pk}/dates/{second}/"
    assert f'value="{second}"' in page(desk, path) and "Move it back" not in page(desk, path)
    answer = desk.post(path, moved_to(second + timedelta(days=1), 14))
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/meetings/{held.pk}/?day={second}")
    shown = page(desk, f"/meetings/{held.pk}/")
    assert f"instead of {second.day} {second:%b}" in shown and "14:00 to 15:00" in shown
    assert "Move it back" in page(desk, path)
    desk.post(f"/meetings/{held.pk}/dates/{third}/cancel/", {"version": 2, "reason": "Ward <closed>"})
    shown = page(desk, f"/meetings/{held.pk}/")
    assert "Ward &lt;closed&gt;" in shown and "5 take place" in shown
    assert "Cancel this date" not in page(desk, f"/meetings/{held.pk}/dates/{third}/")
    for version, day in ((3, second), (4, third)):
        desk.post(f"/meetings/{held.pk}/dates/{day}/restore/", {"version": version})
    shown = page(desk, f"/meetings/{held.pk}/")
    assert "instead of" not in shown and "6 take place" in shown
    held.refresh_from_db()
    assert held.version == 5


def test_what_cannot_be_of_a_date_is_said_on_its_page(held: OnlineMeeting, desk: Client) -> None:
    second = MARCH + WEEK
    path = f"/meetings/{held.pk}/dates/{second}/"
    past = desk.post(path, moved_to(MARCH + 2 * WEEK, 9))
    assert past.status_code == 400 and "on or past the day of the date of" in past.content.decode()
    for odd in ({}, moved_to(second, 9) | {"day": "never"}, moved_to(second, 9) | {"version": "x"}):
        assert desk.post(path, odd).status_code == 400
    stale = desk.post(path, moved_to(second, 14, version=7))
    assert stale.status_code == 400 and "Somebody has changed it meanwhile" in stale.content.decode()
    answer = desk.post(f"{path}cancel/", {"reason": "no version"}, follow=True)
    assert "Look at the date again" in answer.content.decode()
    answer = desk.post(f"{path}restore/", {"version": 1}, follow=True)
    assert "That date is so already" in answer.content.decode()
    held.refresh_from_db()
    assert held.version == 1


def test_dates_of_others_of_drafts_and_of_no_series_have_no_page(
    held: OnlineMeeting, dana: Organizer, desk: Client, max_: User, rita: User
) -> None:
    once = commands.schedule(max_, dana.pk, weekly(recurrence=None))
    foreign = commands.schedule(max_, dana.pk, weekly())
    foreign.organizer = make_organizer("Wei Chen")
    foreign.save()
    for meeting, day in ((once, MARCH), (foreign, MARCH), (held, MARCH + timedelta(days=1)), (held, "someday")):
        path = f"/meetings/{meeting.pk}/dates/{day}/"
        assert desk.get(path).status_code == 404
        assert desk.post(f"{path}cancel/", {"version": 1}).status_code == 404
    draft = drafts.save(max_, dana.pk, weekly(subject="Later"))
    refused = desk.post(f"/meetings/{draft.pk}/dates/{MARCH}/cancel/", {"version": 1}, follow=True)
    assert "Schedule it first" in refused.content.decode()
    reader = browser_of(rita)
    assert reader.get(f"/meetings/{held.pk}/dates/{MARCH}/").status_code == 403
    shown = page(reader, f"/meetings/{held.pk}/")
    assert "6 take place" in shown and f"/dates/{MARCH}/" not in shown


def test_a_page_shows_the_dates_to_come_and_all_when_asked(
    dana: Organizer, desk: Client, max_: User, django_assert_max_num_queries: Any
) -> None:
    meeting = commands.schedule(max_, dana.pk, weekly(count=30))
    with django_assert_max_num_queries(25):
        shown = page(desk, f"/meetings/{meeting.pk}/")
    assert shown.count('class="row row--wrap"') >= 12 and "Show 18 more" in shown
    with django_assert_max_num_queries(25):
        whole = page(desk, f"/meetings/{meeting.pk}/?all")
    assert whole.count("?day=") >= 30 and "more</a>" not in whole
    for odd in ("?day=never", "?day=", f"?day={MARCH + WEEK}", "?all=1&day=2020-01-01"):
        assert desk.get(f"/meetings/{meeting.pk}/{odd}").status_code == 200
    assert f"{MARCH + WEEK:%A} {(MARCH + WEEK).day} {MARCH + WEEK:%B %Y}, 09:00" in page(
        desk, f"/meetings/{meeting.pk}/?day={MARCH + WEEK}"
    )


def test_calendars_show_a_date_where_it_was_moved_to(
    held: OnlineMeeting, desk: Client, django_assert_max_num_queries: Any
) -> None:
    second, third = MARCH + WEEK, MARCH + 2 * WEEK
    there = second + timedelta(days=1)
    desk.post(f"/meetings/{held.pk}/dates/{second}/", moved_to(there, 14))
    desk.post(f"/meetings/{held.pk}/dates/{third}/cancel/", {"version": 2})
    with django_assert_max_num_queries(14):
        month = page(desk, f"/meetings/?view=month&day={second}&zone=Europe/Berlin")
    assert f"/meetings/{held.pk}/?day={second}" in month and ">14:00<" in month
    assert f"{there:%A} {there.day} {there:%B}, 1 meeting" in month
    assert f"{second:%A} {second.day} {second:%B}, 0 meetings" in month
    for view in ("agenda", "week"):
        week = page(desk, f"/meetings/?view={view}&day={second}&zone=Europe/Berlin")
        assert f"/meetings/{held.pk}/?day={second}" in week and "14:00" in week and "09:00 to" not in week


def test_a_preview_is_answered_as_json_and_keeps_nothing(dana: Organizer, desk: Client, rita: User) -> None:
    answer = desk.post("/meetings/preview/", filled(dana, repeats="weekly"))
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/json"
    found = answer.json()
    assert found["words"].startswith("Every Tuesday: 3 dates, the last on ")
    assert [one["request"].split()[0] for one in found["requests"]] == ["POST", "PATCH"]
    assert '"daysOfWeek"' in found["requests"][0]["body"]
    once = desk.post("/meetings/preview/", told(dana, day=MARCH.isoformat())).json()
    assert once["words"] == "" and "createOrGet" in once["requests"][0]["request"]
    for changes, words in (
        ({"repeats": "weekly", "count": ""}, "On this day: Say when the series ends"),
        ({"repeats": "daily", "count": "401"}, "at most 400 dates"),
        ({"subject": ""}, "Subject: "),
    ):
        assert words in desk.post("/meetings/preview/", filled(dana, **changes)).json()["problem"]
    assert not OnlineMeeting.objects.exists()
    assert desk.get("/meetings/preview/").status_code == 405
    assert browser_of(rita).post("/meetings/preview/", filled(dana)).status_code == 403
