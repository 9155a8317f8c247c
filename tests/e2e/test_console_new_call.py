"""A call begins in the console: people called together and rung again, a meeting joined and left."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.consoles import card, in_the_call, lane, picture, row
from tests.e2e.running import Behave, Demo

pytestmark = pytest.mark.timeout(240)
OpenAs = Callable[..., Page]
PHONE = {"viewport": {"width": 390, "height": 844}}
CALLER = "+14255550284"
GROUP = "Carlos Mendes and 2 more"


def dialog(page: Page) -> Locator:
    """Return the open dialog of a new call."""
    return page.get_by_role("dialog", name="New call")


def begin(page: Page, line: str = "clinic") -> None:
    """Open the dialog by its key."""
    expect(page.locator("[data-part=live]")).to_contain_text("Live")
    page.keyboard.press("Alt+n")
    dialog(page).get_by_label("In the name of").select_option(label=line)


def choose(page: Page, *names: str) -> None:
    """Choose people, by name and the Enter key."""
    search = dialog(page).get_by_role("combobox", name="People and telephone numbers")
    for name in names:
        search.fill(name)
        expect(dialog(page).get_by_role("option", name=name)).to_have_attribute("aria-selected", "true")
        search.press("Enter")
        expect(picks(page).filter(has_text=name)).to_have_count(1)


def picks(page: Page) -> Locator:
    """Return the chips of those who will be called."""
    return dialog(page).get_by_role("list", name="Will be called").get_by_role("listitem")


def test_three_are_called_together_and_the_one_who_did_not_answer_is_rung_again(
    quiet: Demo, open_as: OpenAs, behave: Behave
) -> None:
    behave("Carlos Mendes", "answer")
    behave("Samir Khalil", "decline")
    behave("Oskar Nowak", "ignore")
    rita = open_as("rita")
    begin(rita)
    dialog(rita).get_by_role("button", name=re.compile("^Remove Rita")).click()
    expect(picks(rita)).to_have_count(0)
    dialog(rita).get_by_role("button", name="Call them").click()
    expect(dialog(rita).locator("[data-new=trouble]")).to_have_text("Choose at least two people or numbers.")
    choose(rita, "Carlos Mendes", "Samir Khalil", "Oskar Nowak")
    picture(rita, "dialog")
    quiet.ring("main", CALLER)
    expect(dialog(rita).get_by_role("alert").first).to_contain_text("F2 takes the call")
    picture(rita, "dialog-ring")
    expect(row(rita, CALLER).locator(".time")).to_have_text(re.compile(r"^\d s$"))  # no press in haste
    rita.keyboard.press("F2")
    expect(dialog(rita)).to_have_count(0)
    expect(lane(rita, "handled").locator(".lane__row", has_text=CALLER)).to_have_count(1)
    rita.keyboard.press("Alt+n")
    expect(picks(rita)).to_have_count(3)
    dialog(rita).get_by_role("button", name="Call them").click()
    expect(dialog(rita)).to_have_count(0)

    expect(lane(rita, "live").locator(".lane__row", has_text=GROUP)).to_have_count(1)
    expect(in_the_call(rita, GROUP, "Carlos Mendes")).to_contain_text("Talking")
    expect(in_the_call(rita, GROUP, "Samir Khalil")).to_contain_text("Declined")
    expect(in_the_call(rita, GROUP, "Oskar Nowak")).to_contain_text("Ringing")
    expect(card(rita, GROUP).get_by_role("button", name="Ring again")).to_have_count(0)
    picture(rita, "ringing")
    expect(in_the_call(rita, GROUP, "Oskar Nowak")).to_contain_text("No answer", timeout=90_000)
    expect(row(rita, GROUP)).to_contain_text("1 of 3 joined")
    picture(rita, "settled")

    behave("Oskar Nowak", "answer")
    card(rita, GROUP).get_by_role("button", name="Ring again").click()
    expect(in_the_call(rita, GROUP, "Oskar Nowak")).to_contain_text("Talking")
    expect(in_the_call(rita, GROUP, "Samir Khalil")).to_contain_text("Declined")
    expect(card(rita, GROUP).get_by_role("button", name="Ring again")).to_have_count(0)
    rita.keyboard.press("F4")
    expect(card(rita, GROUP)).to_contain_text("The bot leaves; the others go on.")
    rita.keyboard.press("F4")
    expect(lane(rita, "handled").locator(".lane__row", has_text=GROUP)).to_have_count(1)
    together = next(group for group in quiet.simulator("GET", "/api/groups") if "Oskar Nowak" in str(group))
    assert {one["name"] for one in together["participants"]} == {"Carlos Mendes", "Oskar Nowak"}


def test_a_meeting_is_joined_by_its_link_and_left_on_a_phone_too(
    quiet: Demo, open_as: OpenAs, behave: Behave
) -> None:
    behave("Adele Vance", "answer")
    people = {one["name"]: one["id"] for one in quiet.simulator("GET", "/api/people")}
    meeting = quiet.simulator("POST", "/api/meetings", {"organizer": people["Max Okafor"], "subject": "Round"})
    quiet.simulator("POST", f"/api/meetings/{meeting['id']}/join", {"user": people["Hana Kobayashi"]})
    rita, name = open_as("rita", **PHONE), "Max Okafor's meeting"
    expect(rita.locator("[data-part=live]")).to_contain_text("Live")
    rita.get_by_role("button", name="New call").first.click()
    dialog(rita).get_by_role("button", name="Join a meeting").click()
    dialog(rita).get_by_label("Join link").fill("https://teams.microsoft.com/l/chat/1")
    dialog(rita).get_by_role("button", name="Join", exact=True).click()
    expect(dialog(rita).locator("[data-new=trouble]")).to_contain_text("leads to Teams, but not to a meeting")
    picture(rita, "phone")
    assert rita.evaluate("document.documentElement.scrollWidth <= innerWidth")
    rita.keyboard.press("Escape")
    expect(dialog(rita)).to_have_count(0)
    rita.keyboard.press("Alt+n")
    expect(dialog(rita).get_by_label("Join link")).to_have_value("https://teams.microsoft.com/l/chat/1")
    dialog(rita).get_by_label("Join link").fill(meeting["join_url"])
    dialog(rita).get_by_role("button", name="Join", exact=True).click()

    expect(in_the_call(rita, name, "Hana Kobayashi")).to_contain_text("Talking")
    picture(rita, "phone-card")
    rita.get_by_role("button", name="People", exact=True).click()
    rita.keyboard.press("Control+k")
    rita.keyboard.type("Adele Vance")
    person = rita.get_by_role("group", name="Selected person")
    person.get_by_role("button", name=re.compile("^Invite")).first.click()
    expect(in_the_call(rita, name, "Adele Vance")).to_contain_text("Talking")
    card(rita, name).get_by_role("button", name=re.compile("^Hang up")).click()
    card(rita, name).get_by_role("group", name="Confirm").get_by_role(
        "button", name=re.compile("^Hang up")
    ).click()
    rita.get_by_role("button", name="Queue", exact=True).click()
    expect(lane(rita, "handled").locator(".lane__row", has_text=name)).to_have_count(1)
