"""A manager schedules a meeting, changes and cancels it; a receptionist looks."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
import requests
import vobject
from playwright.sync_api import Page, expect

from tests.e2e.consoles import picture
from tests.e2e.running import Demo, wait_for

pytestmark = pytest.mark.timeout(240)
OpenAs = Callable[..., Page]


def day_after(days: int) -> str:
    return (datetime.now(tz=UTC) + timedelta(days=days)).date().isoformat()


def test_a_meeting_is_scheduled_changed_and_cancelled(quiet: Demo, open_as: OpenAs) -> None:
    max_ = open_as("max", "/meetings/")
    max_.get_by_role("link", name="New meeting").first.click()
    max_.get_by_label("Subject").fill("Follow-up Okoye")
    max_.get_by_label("Date").fill(day_after(2))
    max_.get_by_label("From", exact=True).fill("10:00")
    max_.get_by_label("To", exact=True).fill("09:00")
    max_.get_by_label("People", exact=True).fill("nobody")
    max_.get_by_role("button", name="Schedule").click()
    picture(max_, "wrong")
    max_.get_by_role("alert").get_by_role("link", name="People").click()
    expect(max_.get_by_label("People", exact=True)).to_be_in_viewport()
    expect(max_.get_by_text("Line 1: nobody is no e-mail address.", exact=True)).to_be_in_viewport()
    expect(max_.get_by_label("Subject")).to_have_value("Follow-up Okoye")
    max_.get_by_label("To", exact=True).fill("10:30")
    max_.get_by_label("People", exact=True).fill("guest@fabrikam.example")
    max_.get_by_role("button", name="Schedule").click()
    expect(max_.get_by_role("link", name="Open in Teams")).to_be_visible()
    expect(max_.get_by_text("Planned")).to_be_visible()
    path = max_.url.removeprefix(quiet.url)
    max_.get_by_role("link", name="Change").click()
    max_.get_by_label("From", exact=True).fill("11:00")
    max_.get_by_label("To", exact=True).fill("11:45")
    max_.get_by_role("button", name="Save").click()
    expect(max_.get_by_text("11:00 to 11:45")).to_be_visible()
    expect(max_.get_by_text("Planned")).to_be_visible()
    rita = open_as("rita", path)
    expect(rita.get_by_role("heading", name="Follow-up Okoye")).to_be_visible()
    expect(rita.get_by_role("button", name="Cancel the meeting")).to_have_count(0)
    max_.get_by_label("Reason").fill("Max is ill")
    max_.get_by_role("button", name="Cancel the meeting").click()
    expect(max_.get_by_text("Max is ill")).to_be_visible()
    expect(max_.locator(".page__head").get_by_text("Cancelled", exact=True)).to_be_visible()
    expect(max_.get_by_role("link", name="Open in Teams")).to_have_count(0)


def test_people_are_told_by_mail_and_a_calendar_program_reads_along(quiet: Demo, open_as: OpenAs) -> None:
    max_ = open_as("max", "/meetings/new/")
    max_.get_by_label("Subject").fill("Told by mail")
    max_.get_by_label("Date").fill(day_after(2))
    max_.get_by_label("People", exact=True).fill("ann@fabrikam.example")
    max_.get_by_role("button", name="Schedule").click()
    told = max_.locator("[aria-labelledby=invited]").get_by_role("listitem")
    expect(told.get_by_text("Invited", exact=True)).to_be_visible()
    (mail,) = mails(quiet, "Invitation: Told by mail")
    assert mail["To"] == "ann@fabrikam.example"
    (event,) = (vobject.readOne(part.get_payload(decode=True).decode()).vevent for part in calendars(mail))
    assert event.summary.value == "Told by mail" and event.attendee.value == "mailto:ann@fabrikam.example"
    told.get_by_role("button", name="Send again to ann@fabrikam.example").click()
    wait_for(lambda: len(mails(quiet, "Invitation: Told by mail")) == 2, "second mail")
    max_.goto(f"{quiet.url}/meetings/calendar/")
    max_.get_by_role("button", name="Make a link").click()
    link = max_.get_by_label("Copy it now").input_value()
    assert "SUMMARY:Told by mail" in requests.get(link, timeout=10).text
    max_.get_by_role("button", name="End the link").click()
    expect(max_.get_by_role("heading", name="There is no link")).to_be_visible()
    assert requests.get(link, timeout=10).status_code == 404


def mails(demo: Demo, subject: str) -> list[EmailMessage]:
    """Return the mails of a subject that the demo has sent so far."""
    whole = (file.read_bytes() for file in (demo.folder / "mail").glob("*.log"))
    parts = [part for content in whole for part in content.split(b"-" * 79) if part.strip()]
    read = [message_from_bytes(part.lstrip(), policy=policy.default) for part in parts]
    return [one for one in read if one["Subject"] == subject]  # type: ignore[misc]


def calendars(mail: EmailMessage) -> Iterator[Any]:
    """Yield the calendar that mail programs show."""
    return (part for part in mail.walk() if part.get_content_type() == "text/calendar")


def test_a_missing_policy_names_its_remedy_and_a_retry_helps(quiet: Demo, open_as: OpenAs) -> None:
    tenant = quiet.simulator("GET", "/api/connection")["tenant"]
    quiet.simulator("PUT", "/api/tenant-settings", {tenant: {"has_access_policy": False}})
    try:
        max_ = open_as("max", "/meetings/new/")
        max_.get_by_label("Subject").fill("Without a policy")
        max_.get_by_label("Date").fill(day_after(3))
        max_.get_by_role("button", name="Schedule").click()
        expect(max_.get_by_text("Grant-CsApplicationAccessPolicy")).to_be_visible()
        expect(max_.get_by_role("button", name="Try again now")).to_be_visible()
    finally:
        quiet.simulator("PUT", "/api/tenant-settings", {tenant: {"has_access_policy": True}})
    max_.get_by_role("button", name="Try again now").click()
    expect(max_.get_by_role("link", name="Open in Teams")).to_be_visible()


def test_how_a_series_repeats_is_asked_step_by_step_and_said_before_it_is_scheduled(
    quiet: Demo, open_as: OpenAs
) -> None:
    max_ = open_as("max", "/meetings/new/")
    until, count = max_.get_by_label("On this day"), max_.get_by_label("After so many times")
    expect(until).to_be_hidden()
    max_.get_by_label("Subject").fill("Ward round")
    max_.get_by_label("Date").fill(day_after(2))
    max_.get_by_label("Repeat", exact=True).select_option("Every day")
    expect(max_.get_by_text("days", exact=True)).to_be_visible()
    expect(max_.get_by_label("Monday")).to_be_hidden()
    count.fill("3")
    expect(max_.get_by_text("Every day: 3 dates")).to_be_visible()
    until.fill(day_after(3))
    expect(count).to_have_value("")
    expect(max_.get_by_text("Every day: 2 dates")).to_be_visible()
    max_.get_by_label("Repeat", exact=True).select_option("Every week")
    expect(max_.get_by_label("Monday")).to_be_visible()
    max_.get_by_text("What Microsoft is asked for").click()
    expect(max_.get_by_text('"type": "weekly"')).to_be_visible()
    max_.get_by_label("Repeat", exact=True).select_option("Does not repeat")
    expect(until).to_be_hidden()
    expect(max_.get_by_text("One meeting.")).to_be_visible()


def press(page: Page, key: str) -> None:
    """Press a key once the page that is seen knows what to do with it."""
    page.wait_for_load_state()
    page.keyboard.press(key)


def test_the_calendar_is_gone_through_by_keys(quiet: Demo, open_as: OpenAs) -> None:
    max_ = open_as("max", "/meetings/new/")
    max_.get_by_label("Subject").fill("Radiology board")
    max_.get_by_label("Date").fill(day_after(9))
    max_.get_by_label("From", exact=True).fill("14:15")
    max_.get_by_label("To", exact=True).fill("15:00")
    max_.get_by_role("button", name="Schedule").click()
    expect(max_.get_by_role("heading", name="Radiology board")).to_be_visible()
    max_.goto(f"{quiet.url}/meetings/?day={day_after(9)}")
    press(max_, "Alt+w")
    event = max_.get_by_role("link", name="Radiology board")
    expect(event).to_be_visible()
    column, hour = max_.locator(".week__col").first.bounding_box(), max_.get_by_text("14:00").bounding_box()
    placed = event.bounding_box()
    assert column and hour and placed
    assert 10 < placed["y"] - hour["y"] < 40  # a quarter past
    press(max_, "Alt+m")
    expect(max_.get_by_role("table", name="Meetings of")).to_be_visible()
    expect(max_.get_by_role("link", name="Radiology board")).to_be_visible()
    month = max_.get_by_role("table").get_by_role("caption").text_content()
    press(max_, "ArrowRight")
    expect(max_.get_by_role("table").get_by_role("caption")).not_to_have_text(month or "")
    press(max_, "Alt+t")
    expect(max_.locator("td[aria-current=date]")).to_be_visible()
    press(max_, "Alt+n")
    expect(max_.get_by_role("heading", name="New meeting")).to_be_visible()
    max_.get_by_label("Subject").press("m")
    expect(max_.get_by_label("Subject")).to_have_value("m")
