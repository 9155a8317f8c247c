"""The room of a meeting: the bot comes in, who is missing is rung, and everybody sees who is there."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.consoles import picture
from tests.e2e.running import Behave, Demo
from tests.e2e.test_console_new_call import PHONE

pytestmark = pytest.mark.timeout(240)
OpenAs = Callable[..., Page]
PEOPLE = ("Carlos Mendes", "Samir Khalil", "Bianca Rossi")


def schedule(quiet: Demo, page: Page, *addresses: str) -> str:
    """Have a meeting scheduled tomorrow; return the path of its room once Microsoft holds it."""
    page.get_by_label("Subject").fill("Case conference")
    page.get_by_label("Date").fill((datetime.now(tz=UTC) + timedelta(days=1)).date().isoformat())
    page.get_by_label("From", exact=True).fill("10:00")
    page.get_by_label("To", exact=True).fill("10:30")
    page.get_by_label("People", exact=True).fill("\n".join(addresses))
    page.get_by_role("button", name="Schedule").click()
    expect(page.get_by_role("link", name="Open in Teams")).to_be_visible()
    return page.url.removeprefix(quiet.url) + "room/"


def seat(page: Page, name: str) -> Locator:
    """Return the row of somebody who is invited."""
    return page.locator("[data-part=seats] > li").filter(has_text=name)


def test_the_bot_joins_rings_those_missing_and_leaves(quiet: Demo, open_as: OpenAs, behave: Behave) -> None:
    for name, behaviour in zip(PEOPLE, ("answer", "busy", "answer"), strict=True):
        behave(name, behaviour)
    people = {one["name"]: one["upn"] for one in quiet.simulator("GET", "/api/people")}
    path = schedule(
        quiet, open_as("max", "/meetings/new/"), *(people[name] for name in PEOPLE[:2]), "g@fabrikam.example"
    )
    rita = open_as("rita", path)
    expect(seat(rita, "Carlos Mendes")).to_contain_text("Unknown")
    expect(rita.get_by_role("img", name="QR code of the join link")).to_be_visible()
    picture(rita, "room-before")
    rita.get_by_role("button", name="Have the bot join").click()
    expect(rita.locator("[data-part=bot]")).to_have_text("Inside")
    expect(seat(rita, "Carlos Mendes")).to_contain_text("Missing")
    expect(seat(rita, "g@fabrikam.example")).to_contain_text("Unknown")
    rita.get_by_role("button", name="Ring the 2 missing").click()
    expect(seat(rita, "Carlos Mendes")).to_contain_text("Here")
    expect(seat(rita, "Samir Khalil")).to_contain_text("Busy")
    expect(rita.locator("[data-part=count]")).to_have_text("1 of 3 here")
    picture(rita, "room-inside")
    max_ = open_as("max", path, **PHONE)
    expect(seat(max_, "Carlos Mendes")).to_contain_text("Here")
    picture(max_, "room-phone")
    rita.get_by_role("button", name="Mute Carlos Mendes").click()
    expect(max_.locator("[data-part=present]")).to_contain_text("Muted")
    behave("Samir Khalil", "answer")
    expect(max_.get_by_role("button", name="Remove Carlos Mendes")).not_to_have_attribute("aria-disabled", "true")
    max_.get_by_role("button", name="Ring Samir Khalil into the meeting").click()
    expect(seat(rita, "Samir Khalil")).to_contain_text("Here")
    for name in PEOPLE[:2]:  # else they would sit there in the tests to come
        rita.get_by_role("button", name=f"Remove {name}").click()
        expect(seat(rita, name)).to_contain_text("Left")
    rita.get_by_role("button", name="Bot leaves").click()
    for page in (rita, max_):
        expect(page.locator("[data-part=bot]")).to_have_text("Not there")
        expect(page.get_by_role("button", name="Have the bot join")).to_be_visible()


def test_who_may_only_look_is_offered_nothing(quiet: Demo, open_as: OpenAs) -> None:
    path = schedule(quiet, open_as("max", "/meetings/new/"), "g@fabrikam.example")
    una = open_as("una", path)
    expect(seat(una, "g@fabrikam.example")).to_be_visible()
    expect(una.locator("[data-part=bot]")).to_have_text("Not there")
    expect(una.get_by_role("button", name=re.compile("join|Ring|leaves"))).to_have_count(0)
