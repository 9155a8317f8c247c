"""The console as a person finds their way in it."""

import re

from playwright.sync_api import Locator, Page, expect


def row(page: Page, caller: str) -> Locator:
    """Return the caller's row in the queue."""
    return page.locator(".lane__row", has_text=caller)


def lane(page: Page, name: str) -> Locator:
    """Return one of the queue's lanes."""
    return page.locator(f"[data-lane={name}]")


def card(page: Page, caller: str) -> Locator:
    """Return the caller's card in the centre."""
    return page.locator(".callcard", has_text=caller)


def press(page: Page, caller: str, name: str) -> None:
    """Choose the caller and press a button of the card."""
    row(page, caller).click()
    card(page, caller).get_by_role("button", name=re.compile(rf"^{name}\b")).first.click()


def press_in_time(page: Page, caller: str, key: str) -> None:
    """Press a key once the call has rung for two seconds: in haste a key is not for a call that has just come."""
    expect(row(page, caller).locator(".time")).to_have_text(re.compile(r"^\d s$"))
    page.keyboard.press(key)


def choose_person(page: Page, name: str) -> None:
    """Type a name where the keyboard is, and wait until that person is the one a call would be sent to."""
    page.keyboard.type(name)
    expect(panel(page)).to_contain_text(name)
    expect(panel(page).get_by_role("button").first).to_be_enabled()


def panel(page: Page) -> Locator:
    """Return what is shown of the chosen person."""
    return page.get_by_role("group", name="Selected person")
