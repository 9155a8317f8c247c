"""Desktop notices: who rings while nobody looks at the console."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.consoles import card, row
from tests.e2e.running import Demo

pytestmark = pytest.mark.timeout(240)
OpenAs = Callable[..., Page]

# The browser's own notices, kept where a test finds them. A headless page is never hidden; this one says it is.
WATCHED = """
window.notices = [];
window.Notification = class extends Notification {
  constructor(...all) {
    super(...all);
    window.notices.push(this);
    for (const kind of ["show", "close"]) this.addEventListener(kind, () => (this.last = kind));
  }
};
let away = false;
Object.defineProperty(document, "hidden", { get: () => away });
Object.defineProperty(document, "visibilityState", { get: () => (away ? "hidden" : "visible") });
window.look = (elsewhere) => {
  away = elsewhere;
  document.dispatchEvent(new Event("visibilitychange"));
};
"""


def console(open_as: OpenAs, *permissions: str) -> Page:
    """Open rita's console in a browser with these permissions."""
    page = open_as("rita", "/calls/", permissions=list(permissions))
    page.add_init_script(WATCHED)
    page.goto(page.url.replace("/calls/", "/console/"))
    expect(page.locator("[data-part=live]")).to_contain_text("Live")
    return page


def ring_as(demo: Demo, name: str, line: str) -> None:
    """Ring a line as somebody of the organisation."""
    person = next(entry for entry in demo.simulator("GET", "/api/people") if entry["name"] == name)
    demo.simulator("POST", "/api/calls", {"from": {"user": person["id"]}, "to": line})


def look_away(page: Page, away: bool = True) -> None:
    """Go to another tab, or come back."""
    page.evaluate("away => window.look(away)", away)


def notices(page: Page) -> list[dict[str, Any]]:
    """Return the notices so far: what they say, and whether they are shown or closed."""
    return page.evaluate("window.notices.map(({title, body, last}) => ({title, body, last}))")


def wait_for_notice(page: Page, title: str, last: str) -> None:
    """Wait until a notice is shown or closed."""
    page.wait_for_function(
        "([title, last]) => window.notices.some((one) => one.title === title && one.last === last)",
        arg=[title, last],
    )


def test_a_call_that_nobody_sees_ring_is_told_with_name_and_line(quiet: Demo, open_as: OpenAs) -> None:
    page = console(open_as, "notifications")
    look_away(page)
    ring_as(quiet, "Adele Vance", "sales")
    wait_for_notice(page, "Adele Vance rings on sales", "show")
    assert [notice["body"] for notice in notices(page)] == ["You talk in Teams"]
    expect(page).to_have_title("(1) Console · commsportal")


def test_a_click_on_a_notice_chooses_its_call(quiet: Demo, open_as: OpenAs) -> None:
    page = console(open_as, "notifications")
    look_away(page)
    quiet.ring("main", "+14255550221")
    wait_for_notice(page, "+14255550221 rings on main", "show")
    ring_as(quiet, "Bianca Rossi", "sales")
    wait_for_notice(page, "Bianca Rossi rings on sales", "show")
    expect(row(page, "+14255550221")).to_have_attribute("aria-selected", "true")
    page.evaluate("window.notices[1].dispatchEvent(new Event('click'))")
    expect(row(page, "Bianca Rossi")).to_have_attribute("aria-selected", "true")
    expect(card(page, "Bianca Rossi")).to_be_visible()
    wait_for_notice(page, "Bianca Rossi rings on sales", "close")


def test_a_notice_goes_with_its_call_and_when_somebody_looks(quiet: Demo, open_as: OpenAs) -> None:
    page = console(open_as, "notifications")
    first = quiet.ring("main", "+14255550222")
    expect(row(page, "+14255550222")).to_be_visible()
    assert notices(page) == []
    look_away(page)
    wait_for_notice(page, "+14255550222 rings on main", "show")
    quiet.simulator("POST", f"/api/calls/{first}/hang-up")
    wait_for_notice(page, "+14255550222 rings on main", "close")
    quiet.ring("main", "+14255550223")
    wait_for_notice(page, "+14255550223 rings on main", "show")
    look_away(page, False)
    wait_for_notice(page, "+14255550223 rings on main", "close")


def test_no_notice_without_permission(quiet: Demo, open_as: OpenAs) -> None:
    page = console(open_as)
    assert page.evaluate("Notification.permission") == "denied"
    look_away(page)
    quiet.ring("main", "+14255550224")
    expect(row(page, "+14255550224")).to_have_attribute("data-state", "ringing")
    expect(page).to_have_title("(1) Console · commsportal")
    assert notices(page) == []
