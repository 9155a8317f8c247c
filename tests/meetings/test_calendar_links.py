"""A secret link lets a calendar program read what its owner may see, and nothing else, until it ends."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import icalendar
import pytest
import vobject
from django.test import Client

from audit.models import Entry
from commsportal import leaks, redaction, throttles
from commsportal.clock import now
from commsportal.logs import JsonFormatter
from directory.models import Person, User
from meetings import feeds
from meetings.models import Attendee, CalendarLink, OnlineMeeting, Organizer
from tests.clock import Clock
from tests.directory.walk import browser_of
from tests.meetings import rows
from tests.meetings.conftest import make_organizer

pytestmark = [pytest.mark.django_db, pytest.mark.control("A8")]
STRANGER: dict[str, str] = {"HTTP_HOST": "localhost:8000"}


def hold(organizer: Organizer, by: User, subject: str, days: float, **changes: Any) -> OnlineMeeting:
    begins = now() + timedelta(days=days)
    return rows.hold(
        organizer=organizer,
        subject=subject,
        starts_at=begins,
        ends_at=begins + timedelta(hours=1),
        zone="Europe/Berlin",
        created_by=by,
        created_at=now(),
        sent=1,
        join_url="https://teams.example/x",
        **changes,
    )


@pytest.fixture(autouse=True)
def fresh_allowances(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begin with full allowances: they are kept in memory."""
    for name in ("calendars", "calendar_guesses"):
        kept = getattr(throttles, name)
        monkeypatch.setattr(throttles, name, throttles.Allowance(kept._per_minute))
    yield


def subjects(content: bytes) -> list[str]:
    calendar: Any = icalendar.Calendar.from_ical(content)
    return sorted(str(one["SUMMARY"]) for one in calendar.walk("VEVENT"))


def read(token: str) -> Any:
    return Client(**STRANGER).get(f"/calendar/{token}.ics")


def test_a_link_is_made_on_the_page_and_shown_once(dana: Organizer, rita: User) -> None:
    browser = browser_of(rita)
    assert "There is no link" in browser.get("/meetings/calendar/").content.decode()
    shown = browser.post("/meetings/calendar/", {"make": "yes"})
    (address,) = re.findall(r"http://localhost:8000/calendar/(ccal_[\w-]{43})\.ics", shown.content.decode())
    assert "no-store" in shown["Cache-Control"]
    again = browser.get("/meetings/calendar/").content.decode()
    assert "There is a link" in again and address not in again
    assert read(address).status_code == 200
    assert "Used last" in browser.get("/meetings/calendar/").content.decode()


def test_only_a_digest_is_kept_and_the_trail_tells_who_made_and_ended_it(rita: User) -> None:
    token = feeds.issue(rita)
    link = CalendarLink.objects.get()
    assert feeds.revoke(link, actor="ada") and not feeds.revoke(link, actor="ada")
    rows = [str(value) for row in CalendarLink.objects.values() for value in row.values()]
    texts = [*rows, *Entry.objects.values_list("text", flat=True)]
    assert not any(token in text or token[5:] in text for text in texts)
    entries = Entry.objects.filter(kind__startswith="calendar_link.").order_by("seq").values_list("kind", "actor")
    assert list(entries) == [("calendar_link.made", "rita"), ("calendar_link.revoked", "ada")]


def test_the_calendar_holds_what_its_owner_may_see_at_this_moment(
    dana: Organizer, max_: User, rita: User, omar: User, clock: Clock
) -> None:
    Person.objects.filter(oid=dana.oid).update(mail="dana@contoso.example")
    other = make_organizer("Ivo Cruz", max_)
    for subject, days in (("tomorrow", 1), ("last week", -7), ("long ago", -32), ("next year", 190)):
        one = hold(dana, max_, subject, days)
        Attendee.objects.create(meeting=one, position=0, address="patient@fabrikam.example", name="Pat")
    hold(dana, max_, "cancelled", 2, state="cancelled")
    hold(other, max_, "not ours", 1)
    answer = read(feeds.issue(rita))
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert subjects(answer.content) == ["last week", "tomorrow"]
    assert b"patient" not in answer.content and b"dana@contoso.example" in answer.content
    assert icalendar.Calendar.from_ical(answer.content)["METHOD"] == "PUBLISH"
    events = vobject.readOne(answer.content.decode()).vevent_list
    assert {one.summary.value: one.url.value for one in events}["tomorrow"] == "https://teams.example/x"
    assert subjects(read(feeds.issue(max_)).content) == ["last week", "not ours", "tomorrow"]
    assert subjects(read(feeds.issue(omar)).content) == []


def test_what_it_answers_is_kept_by_nobody(rita: User) -> None:
    for answer in (read(feeds.issue(rita)), read("ccal_guessed")):
        assert "no-store" in answer["Cache-Control"] and answer["Referrer-Policy"] == "no-referrer"
        assert answer["X-Robots-Tag"] == "noindex" and not answer.cookies


def test_a_link_that_has_ended_is_like_one_that_never_was(rita: User) -> None:
    first = feeds.issue(rita)
    second = feeds.issue(rita)
    never = read("ccal_" + "x" * 43)
    ended = read(first)
    assert (ended.status_code, ended.content) == (never.status_code, never.content) == (404, never.content)
    assert read(second).status_code == 200
    browser = browser_of(rita)
    browser.post("/meetings/calendar/", {"revoke": "yes"})
    assert read(second).status_code == 404
    assert "There is no link" in browser.get("/meetings/calendar/").content.decode()


def test_administrators_end_anybodys_link(rita: User, ada: User) -> None:
    token, browser = feeds.issue(rita), browser_of(ada)
    page = f"/admin/meetings/calendarlink/{CalendarLink.objects.get().pk}"
    shown = browser.get(f"{page}/change/").content.decode()
    assert f'action="{page}/revoke/"' in shown and CalendarLink.objects.get().digest not in shown
    assert "is revoked" in browser.post(f"{page}/revoke/", follow=True).content.decode()
    assert read(token).status_code == 404
    assert Entry.objects.filter(kind="calendar_link.revoked", actor="ada").count() == 1
    again = browser.post(f"{page}/revoke/", follow=True).content.decode()
    assert "was revoked before" in again and f"{page}/revoke/" not in again


@pytest.mark.parametrize("change", [{"is_active": False}, {"roles": []}])
def test_a_link_ends_with_its_owners_access(rita: User, change: dict[str, Any]) -> None:
    token = feeds.issue(rita)
    User.objects.filter(pk=rita.pk).update(**change)
    assert read(token).status_code == 404


def test_it_opens_nothing_else(rita: User, dana: Organizer, max_: User) -> None:
    token = feeds.issue(rita)
    meeting = hold(dana, max_, "x", 1)
    client = Client(**STRANGER)
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    for path in ("/api/v1/me/", "/api/v1/meetings/", f"/api/v1/meetings/{meeting.pk}/"):
        assert client.get(path, **headers).status_code == 401
    for path in ("/meetings/", f"/meetings/{meeting.pk}/meeting.ics", "/meetings/calendar/"):
        assert client.get(f"{path}?token={token}", **headers)["Location"].startswith("/sign-in/")
    for verb in ("post", "put", "patch", "delete"):
        assert getattr(client, verb)(f"/calendar/{token}.ics").status_code == 405
    for path in (f"/calendar/{token}", f"/calendar/{token}.ics/", f"/calendar/{token}/x.ics", "/calendar/.ics"):
        assert client.get(path).status_code in (302, 404)
    for odd in (token.upper(), token[:-1], token + "x", "%00", "é", "x" * 5000, CalendarLink.objects.get().digest):
        assert client.get(f"/calendar/{odd}.ics").status_code == 404


def test_no_session_is_looked_at(rita: User, max_: User, dana: Organizer, clock: Clock) -> None:
    other = make_organizer("Ivo Cruz", max_)
    hold(other, max_, "not ritas", 1)
    assert subjects(browser_of(max_).get(f"/calendar/{feeds.issue(rita)}.ics").content) == []


def test_who_comes_too_often_waits(rita: User, settings: Any) -> None:
    settings.SIGN_INS_PER_MINUTE = 5
    token = feeds.issue(rita)
    answers = [read(token) for _ in range(throttles.CALENDARS_PER_MINUTE + 1)]
    assert [one.status_code for one in answers] == [200] * throttles.CALENDARS_PER_MINUTE + [429]
    assert int(answers[-1]["Retry-After"]) > 0 and "no-store" in answers[-1]["Cache-Control"]
    guesses = [read(f"ccal_{n}").status_code for n in range(6)]
    assert guesses[-1] == 429 and set(guesses[:-1]) == {404}


def test_one_person_has_one_link(rita: User) -> None:
    for _ in range(3):
        feeds.issue(rita)
    assert CalendarLink.objects.alive().filter(user=rita).count() == 1


@pytest.mark.control("P3")
def test_a_link_is_in_no_record(rita: User, caplog: pytest.LogCaptureFixture, clock: Clock) -> None:
    token = feeds.issue(rita)
    feeds.revoke(CalendarLink.objects.get(), actor="rita")
    read(token)  # Django logs the paths of what it does not find
    text = "\n".join(map(JsonFormatter().format, caplog.records))
    assert "/calendar/ccal_[redacted]" in text and token[5:] not in text
    assert redaction.redact(f"GET /calendar/{token}.ics") == "GET /calendar/ccal_[redacted].ics"


@pytest.mark.control("I13")
def test_a_link_in_a_row_is_found(rita: User) -> None:
    token = feeds.issue(rita)
    assert list(leaks.secrets_are_not_in_rows(lambda seen: None)) == []
    User.objects.filter(pk=rita.pk).update(name=f"see /calendar/{token}.ics")
    (found,) = leaks.secrets_are_not_in_rows(lambda seen: None)
    assert found.startswith("a calendar's link stands in directory.user.name") and token not in found


def test_a_full_calendar_is_bounded_and_takes_few_queries(
    dana: Organizer,
    rita: User,
    max_: User,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_max_num_queries: Any,
) -> None:
    monkeypatch.setattr(feeds, "MOST", 20)
    for n in range(15):
        hold(dana, max_, f"next {n:02}", 1 + n)
        hold(dana, max_, f"past {n:02}", -1 - n)
    with django_assert_max_num_queries(6):
        content = feeds.feed(rita)
    assert subjects(content) == [f"next {n:02}" for n in range(15)] + [f"past {n:02}" for n in range(5)]


def test_a_meeting_is_a_file_for_those_who_may_see_it(
    dana: Organizer, max_: User, rita: User, omar: User, clock: Clock
) -> None:
    Person.objects.filter(oid=dana.oid).update(mail="dana@contoso.example")
    made = hold(dana, max_, "Follow-up", 1)
    Attendee.objects.create(meeting=made, position=0, address="pat@fabrikam.example", name="Pat")
    answer = browser_of(rita).get(f"/meetings/{made.pk}/meeting.ics")
    assert answer["Content-Disposition"] == 'attachment; filename="meeting.ics"'
    calendar: Any = icalendar.Calendar.from_ical(answer.content)
    (event,) = calendar.walk("VEVENT")
    assert (calendar["METHOD"], event["UID"], event["URL"]) == ("PUBLISH", str(made.pk), made.join_url)
    assert event["ORGANIZER"] == "mailto:dana@contoso.example" and "ATTENDEE" not in event
    assert browser_of(omar).get(f"/meetings/{made.pk}/meeting.ics").status_code == 404
