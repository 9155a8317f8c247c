"""A weekly series across a change of the clocks: by mail, with one date moved, its room, and who came."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import icalendar
import pytest
import vobject
from dateutil.rrule import rrulestr
from playwright.sync_api import Page, expect

from tests.e2e.consoles import picture
from tests.e2e.running import Behave, Demo, wait_for
from tests.e2e.test_console_new_call import PHONE
from tests.e2e.test_meetings import calendars, mails
from tests.e2e.test_rooms import seat

pytestmark = pytest.mark.timeout(240)
OpenAs = Callable[..., Page]
BERLIN = ZoneInfo("Europe/Berlin")
SUBJECT, GUEST = "Ward rounds", "guest.of.rounds@fabrikam.example"


def clocks_change() -> date:
    """Return the day on which clocks in Berlin change next, three weeks ahead at least."""
    day = datetime.now(tz=UTC).date() + timedelta(days=21)
    while offset(day) == offset(day + timedelta(days=1)):
        day += timedelta(days=1)
    return day


def offset(day: date) -> timedelta | None:
    return datetime(day.year, day.month, day.day, tzinfo=BERLIN).utcoffset()


FIRST = clocks_change() - timedelta(days=10)
DAYS = [FIRST + timedelta(weeks=n) for n in range(4)]


def nine(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=BERLIN)


def to_guest(demo: Demo, subject: str) -> list[EmailMessage]:
    return [one for one in mails(demo, subject) if one["To"] == GUEST]


def in_mail(demo: Demo, subject: str) -> tuple[dict[datetime, datetime], str]:
    """Return when the dates of the newest mail to the guest are, by when the rule has them, and its whole text."""
    found = to_guest(demo, subject)
    (part,) = calendars(found[-1])
    text = part.get_payload(decode=True).decode()
    assert len(list(vobject.readOne(text).vevent_list)) >= 1
    (calendar,) = icalendar.Calendar.from_ical(text, multiple=True)
    events = [one for one in calendar.subcomponents if one.name == "VEVENT"]
    (master,) = (one for one in events if "RECURRENCE-ID" not in one)
    rule = rrulestr(master["RRULE"].to_ical().decode(), dtstart=master["DTSTART"].dt)
    dates = {one.astimezone(UTC): one.astimezone(UTC) for one in rule}
    for one in events:
        if one is not master:
            dates[one["RECURRENCE-ID"].dt.astimezone(UTC)] = one["DTSTART"].dt.astimezone(UTC)
    body = found[-1].get_body(("plain",))
    assert body is not None
    return dates, body.get_content()


def schedule(page: Page, address: str) -> None:
    page.get_by_label("Subject").fill(SUBJECT)
    page.get_by_label("Date").fill(FIRST.isoformat())
    page.get_by_label("From", exact=True).fill("09:00")
    page.get_by_label("To", exact=True).fill("09:30")
    page.get_by_label("Time zone", exact=True).select_option("Europe/Berlin")
    expect(page.get_by_label("After so many times")).to_be_hidden()
    page.get_by_label("Repeat", exact=True).select_option("weekly")
    page.get_by_label("After so many times").fill("4")
    page.get_by_label("People", exact=True).fill(f"{address}\n{GUEST}")
    expect(page.get_by_text(f"4 dates, the last on {DAYS[-1].day} {DAYS[-1]:%B %Y}")).to_be_visible()
    page.get_by_text("What Microsoft is asked for").click()
    expect(page.get_by_text("POST /users/").first).to_contain_text("/events")
    picture(page, "series-form")
    page.get_by_role("button", name="Schedule").click()
    expect(page.get_by_role("link", name="Open in Teams")).to_be_visible()
    expect(page.get_by_text("Next date")).to_be_visible()


def test_a_weekly_series_from_the_form_to_who_came(quiet: Demo, open_as: OpenAs, behave: Behave) -> None:
    assert offset(DAYS[0]) != offset(DAYS[-1])
    behave("Carlos Mendes", "answer")
    carlos = next(one for one in quiet.simulator("GET", "/api/people") if one["name"] == "Carlos Mendes")
    max_ = open_as("max", "/meetings/new/")
    schedule(max_, carlos["upn"])
    path = max_.url.removeprefix(quiet.url)

    wait_for(lambda: to_guest(quiet, f"Invitation: {SUBJECT}"), "an invitation")
    dates, said = in_mail(quiet, f"Invitation: {SUBJECT}")
    assert set(dates.values()) == {nine(day).astimezone(UTC) for day in DAYS}
    assert len({at.hour for at in dates.values()}) == 2  # the same hour in Berlin, another in UTC
    assert f"every {FIRST:%A}, 09:00 to 09:30 (Europe/Berlin)" in said

    second = DAYS[1]
    max_.get_by_role("link", name=f"Change {second.day} {second:%b %Y}").click()
    max_.get_by_label("Date", exact=True).fill((second + timedelta(days=1)).isoformat())
    max_.get_by_label("From", exact=True).fill("15:00")
    max_.get_by_label("To", exact=True).fill("15:45")
    picture(max_, "series-date")
    max_.get_by_role("button", name="Move").click()
    expect(max_.get_by_text(f"instead of {second.day} {second:%b}")).to_be_visible()
    wait_for(lambda: to_guest(quiet, f"Changed: {SUBJECT}"), "news of the moved date")
    dates, said = in_mail(quiet, f"Changed: {SUBJECT}")
    moved = nine(second + timedelta(days=1)).replace(hour=15).astimezone(UTC)
    assert dates[nine(second).astimezone(UTC)] == moved
    others = [nine(day).astimezone(UTC) for day in DAYS if day != second]
    assert [at for at in dates.values() if at != moved] == others
    max_.goto(f"{quiet.url}/meetings/?view=month&day={moved.date()}&zone=Europe/Berlin")
    expect(max_.get_by_role("link", name="15:00 Ward rounds")).to_be_visible()
    max_.goto(quiet.url + path)
    picture(max_, "series")
    picture(open_as("max", path, **PHONE), "series-phone")

    rita = open_as("rita", f"{path}room/")
    rita.get_by_role("button", name="Have the bot join").click()
    expect(rita.locator("[data-part=bot]")).to_have_text("Inside")
    expect(seat(rita, "Carlos Mendes")).to_contain_text("Missing")
    rita.get_by_role("button", name="Ring Carlos Mendes into the meeting").click()
    expect(seat(rita, "Carlos Mendes")).to_contain_text("Here")
    rita.get_by_role("button", name="Remove Carlos Mendes").click()
    expect(seat(rita, "Carlos Mendes")).to_contain_text("Left")
    rita.get_by_role("button", name="Bot leaves").click()
    expect(rita.locator("[data-part=bot]")).to_have_text("Not there")

    max_.goto(f"{quiet.url}{path}attendance/")
    max_.get_by_role("button", name="Fetch now").click()
    row = max_.get_by_role("table").get_by_role("row", name="Carlos Mendes")
    expect(row).to_be_visible()
    expect(row).not_to_contain_text("Not invited")
