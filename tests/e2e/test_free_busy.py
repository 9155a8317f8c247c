"""A manager sees who has time, takes a time that is suggested, and adds people by name and by group."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
import requests
from playwright.sync_api import Browser, Locator, Page, expect

from graph.calendar_values import EventSettings, ZonedTime
from graph.client import GraphClient
from graph.transport import Wire
from tests.e2e.consoles import picture
from tests.e2e.running import Demo

pytestmark = pytest.mark.timeout(240)
OpenAs = Callable[..., Page]


def monday() -> datetime:
    """Return a Monday some weeks ahead at midnight, which no other test plans anything for."""
    today = datetime.now(tz=UTC)
    return datetime.combine(today.date() + timedelta(days=70 - today.weekday()), time(), UTC)


def row(page: Page, name: str) -> Locator:
    """Return somebody's row of the grid."""
    return page.get_by_role("list", name="Who is free").get_by_role("listitem").filter(has_text=name)


class Token:
    """The application's own token, asked for once."""

    def __init__(self, demo: Demo) -> None:
        there = demo.simulator("GET", "/api/connection")
        scope = {"grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default"}
        body = scope | {"client_id": there["client_id"], "client_secret": there["client_secret"]}
        answer = requests.post(f"{there['authority']}/oauth2/v2.0/token", body, verify=there["ca"], timeout=30)
        self.token: str = answer.json()["access_token"]

    def bearer(self) -> str:
        """Return it."""
        return self.token

    def drop(self, token: str) -> None:
        """Forget nothing."""


def fill(demo: Demo, name: str, start: datetime, minutes: int, show_as: str = "busy") -> None:
    """Put something into somebody's calendar, as Outlook does."""
    there = demo.simulator("GET", "/api/connection")
    client = GraphClient(there["graph"], there["tenant"], Token(demo), Wire(there["ca"]))  # type: ignore[arg-type]
    person = next(one["id"] for one in demo.simulator("GET", "/api/people") if one["name"] == name)
    times = [ZonedTime.at(at) for at in (start, start + timedelta(minutes=minutes))]
    client.calendars.create(
        person, EventSettings(subject="Elsewhere", start=times[0], end=times[1], show_as=show_as)
    )


def form(open_as: OpenAs, day: datetime, begins: str = "10:00", ends: str = "11:00") -> Page:
    """Open the form of a new meeting, by the clocks of Berlin."""
    page = open_as("max", "/meetings/new/")
    page.get_by_label("Subject").fill("Who has time")
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    page.get_by_label("Date").fill(day.date().isoformat())
    page.get_by_label("From", exact=True).fill(begins)
    page.get_by_label("To", exact=True).fill(ends)
    return page


def test_people_are_added_seen_and_a_time_is_found_for_them(quiet: Demo, open_as: OpenAs) -> None:
    day = monday()
    for start, minutes, show_as in (
        (9, 60, "busy"),
        (11, 30, "tentative"),
        (13, 90, "oof"),
        (15, 60, "workingElsewhere"),
    ):
        fill(quiet, "Bianca Rossi", day.replace(hour=start), minutes, show_as)
    fill(quiet, "Carlos Mendes", day.replace(hour=9, minute=30), 60)
    page = form(open_as, day)
    expect(row(page, "Max Okafor")).to_contain_text("organiser")
    search = page.get_by_role("combobox", name="Add somebody of the directory")
    search.fill("wen")
    expect(page.get_by_role("option", name="Wen Zhao")).to_be_visible()
    search.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Wen Zhao is invited.")).to_be_visible()
    expect(page.get_by_label("People", exact=True)).to_have_value("wen.zhao@contoso.example\n")
    search.fill("okafor")
    offered = page.get_by_role("listbox", name="Who matches")
    expect(offered.get_by_role("option", name="Max Okafor")).to_have_attribute("aria-selected", "true")
    search.press("Escape")
    expect(offered).to_be_hidden()
    search.fill("")
    page.get_by_label("Add a group").select_option("Sales (4)")
    page.get_by_role("button", name="Add the group").click()
    expect(page.get_by_text("4 people added.")).to_be_visible()
    page.get_by_role("button", name="Add the group").click()
    expect(page.get_by_text("Nobody was added. 4 were named already.")).to_be_visible()
    people = page.get_by_label("People", exact=True)
    people.fill(people.input_value() + "guest@fabrikam.example")
    expect(row(page, "Wen Zhao")).to_contain_text("Shanghai")
    expect(row(page, "Wen Zhao")).to_contain_text("outside hours")
    expect(row(page, "guest@fabrikam.example")).to_contain_text("Unknown")
    expect(row(page, "Bianca Rossi")).to_contain_text(
        "Busy 10:00 to 11:00, Tentative 12:00 to 12:30, Out of office"
    )
    picture(page, "free-busy-conflicts")
    first = page.get_by_role("list", name="Other times").get_by_role("button").first
    words = first.inner_text()
    first.click()
    expect(page.get_by_text("outside hours", exact=True)).to_have_count(0)
    assert page.get_by_label("From", exact=True).input_value() in words
    expect(page.locator("[data-part=about]")).to_be_focused()
    picture(page, "free-busy")
    page.get_by_role("button", name="Schedule").click()
    expect(page.get_by_role("link", name="Open in Teams")).to_be_visible()


def test_without_the_permission_the_remedy_is_named_and_the_form_works(
    own_demo: Callable[..., Demo], browser: Browser
) -> None:
    demo = own_demo().start()
    tenant = demo.simulator("GET", "/api/connection")["tenant"]
    roles = demo.simulator("GET", "/api/permissions")[tenant]
    demo.simulator("PUT", "/api/permissions", {tenant: [one for one in roles if "Calendars" not in one]})
    demo.kill("web")  # with the token that was got before

    def open_as(username: str, path: str) -> Page:
        page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
        page.goto(f"{demo.url}/sign-in/?next={path}")
        page.get_by_label("Name", exact=True).fill(username)
        page.get_by_label("Password").fill(demo.password)
        page.get_by_role("button", name="Sign in", exact=True).click()
        return page

    page = form(open_as, monday())
    alert = page.get_by_role("alert").filter(has_text="Calendars.Read")
    expect(alert).to_contain_text(f"in tenant {tenant}")
    expect(page.get_by_role("list", name="Who is free")).to_be_hidden()
    picture(page, "free-busy-refused")
    page.get_by_role("button", name="Schedule").click()
    expect(page.get_by_role("link", name="Open in Teams")).to_be_visible()
    page.context.close()
