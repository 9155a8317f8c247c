"""The console as a person finds their way in it."""

import os
import re
from pathlib import Path
from typing import Final

from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.e2e.running import Demo

SIZES: Final[dict[str, ViewportSize]] = {
    "desk": {"width": 1366, "height": 768},
    "phone": {"width": 390, "height": 844},
}


def row(page: Page, caller: str) -> Locator:
    """Return the caller's row in the queue."""
    return page.locator(".lane__row", has_text=caller)


def lane(page: Page, name: str) -> Locator:
    """Return one of the queue's lanes."""
    return page.locator(f"[data-lane={name}]")


def card(page: Page, caller: str) -> Locator:
    """Return the caller's card in the centre."""
    return page.locator(".callcard", has_text=caller)


def in_the_call(page: Page, caller: str, name: str) -> Locator:
    """Return the row of somebody who is in the caller's call."""
    return (
        card(page, caller).get_by_role("list", name="In this call").get_by_role("listitem").filter(has_text=name)
    )


def press(page: Page, caller: str, name: str) -> None:
    """Choose the caller and press a button of the card."""
    row(page, caller).click()
    card(page, caller).get_by_role("button", name=re.compile(rf"^{name}\b")).first.click()


def press_in_time(page: Page, caller: str, key: str) -> None:
    """Press a key once the call has rung for two seconds: in haste a key is not for a call that has just come."""
    expect(row(page, caller).locator(".time")).to_have_text(re.compile(r"^\d s$"))
    page.keyboard.press(key)


def answered(page: Page, demo: Demo, caller: str) -> str:
    """Ring the main line and have the bot answer; return Graph's id of the call."""
    graph_id = demo.ring("main", caller)
    press(page, caller, "Answer")
    expect(lane(page, "live").locator(".lane__row", has_text=caller)).to_contain_text("answered by you")
    return graph_id


def choose_person(page: Page, name: str) -> None:
    """Type a name where the keyboard is, and wait until that person is the one a call would be sent to."""
    page.keyboard.type(name)
    expect(panel(page)).to_contain_text(name)
    expect(panel(page).get_by_role("button").first).to_be_enabled()


def panel(page: Page) -> Locator:
    """Return what is shown of the chosen person."""
    return page.get_by_role("group", name="Selected person")


def picture(page: Page, name: str) -> None:
    """Keep what it looks like, light and dark, where somebody wants to see it (PICTURES names a folder)."""
    if not (folder := os.environ.get("PICTURES")):
        return
    before = page.viewport_size
    for kind, size in SIZES.items():
        page.set_viewport_size(size)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            page.screenshot(path=Path(folder) / f"{name}-{kind}-{scheme}.png")
    page.set_viewport_size(before or SIZES["desk"])
