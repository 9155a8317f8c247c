"""The console by keyboard, its panes side by side, and its ring."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.consoles import card, lane, press, row
from tests.e2e.running import Demo, wait_for

pytestmark = pytest.mark.timeout(240)
OpenAs = Callable[..., Page]
CALLERS = ("+14255550251", "+14255550252", "+14255550253")

# Counts the notes that the browser plays.
LISTENING = """
window.notes = 0;
const play = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...at) {
  window.notes += 1;
  return play.apply(this, at);
};
"""


def region(page: Page, name: str) -> Locator:
    """Return one of the three panes."""
    return page.locator(f"[data-region={name}]")


def missed(demo: Demo, caller: str) -> None:
    """Have somebody ring and give up."""
    graph_id = demo.ring("main", caller)
    wait_for(lambda: demo.manager.call(graph_id), "call")
    demo.simulator("POST", f"/api/calls/{graph_id}/hang-up")


@pytest.fixture
def desk(quiet: Demo, open_as: OpenAs) -> Page:
    """Open rita's console with three calls in its queue, none of which rings any more."""
    for caller in CALLERS:
        missed(quiet, caller)
    page = open_as("rita")
    for caller in CALLERS:
        expect(row(page, caller).first).to_have_attribute("data-state", "missed")
    return page


def test_arrows_home_and_end_move_in_the_queue(desk: Page) -> None:
    rows = desk.locator(".lane__row")
    desk.keyboard.press("Alt+q")
    expect(region(desk, "queue").locator(":focus")).to_have_count(1)
    steps = (("Home", 0), ("ArrowDown", 1), ("ArrowDown", 2), ("ArrowUp", 1), ("Home", 0), ("ArrowUp", 0))
    for key, place in steps:
        desk.keyboard.press(key)
        expect(rows.nth(place)).to_have_attribute("aria-selected", "true")
        expect(rows.nth(place)).to_be_focused()
    desk.keyboard.press("End")
    expect(rows.last).to_have_attribute("aria-selected", "true")
    expect(rows.last).to_be_focused()
    expect(desk.locator(".lane__row[aria-selected=true]")).to_have_count(1)


def test_alt_leads_to_each_pane_and_escape_one_step_back(desk: Page) -> None:
    chosen = row(desk, CALLERS[0]).first
    chosen.click()
    expect(card(desk, CALLERS[0])).to_be_visible()
    desk.keyboard.press("Alt+d")
    search = desk.get_by_label("Search people")
    expect(search).to_be_focused()
    desk.keyboard.press("Alt+c")
    expect(region(desk, "call").locator(":focus")).to_have_count(1)
    desk.keyboard.press("Alt+q")
    expect(chosen).to_be_focused()
    desk.keyboard.press("?")
    expect(desk.get_by_role("dialog")).to_be_visible()
    desk.keyboard.press("Escape")
    expect(desk.get_by_role("dialog")).to_be_hidden()
    desk.keyboard.press("Control+k")
    desk.keyboard.type("Una")
    desk.keyboard.press("Escape")
    expect(search).to_have_value("")
    desk.keyboard.press("Escape")
    expect(chosen).to_be_focused()


def test_escape_takes_a_question_back_and_ends_no_call(quiet: Demo, open_as: OpenAs) -> None:
    rita, caller = open_as("rita"), "+14255550254"
    graph_id = quiet.ring("main", caller)
    press(rita, caller, "Answer")
    expect(lane(rita, "live").locator(".lane__row", has_text=caller)).to_contain_text("answered by you")
    wait_for(lambda: (quiet.manager.call(graph_id) or {})["state"] == "established", "conversation")
    rita.keyboard.press("F4")
    expect(card(rita, caller)).to_contain_text("The caller is cut off.")
    for _ in range(3):
        rita.keyboard.press("Escape")
    expect(card(rita, caller)).not_to_contain_text("The caller is cut off.")
    assert (quiet.manager.call(graph_id) or {})["state"] == "established"
    rita.keyboard.press("F4")
    expect(card(rita, caller)).to_contain_text("The caller is cut off.")
    rita.keyboard.press("F4")
    expect(row(rita, caller)).to_contain_text("you hung up")


def test_the_queue_stands_left_the_call_in_the_centre_and_people_right(desk: Page) -> None:
    boxes = [region(desk, name).bounding_box() for name in ("queue", "call", "people")]
    sides = [(box["x"], box["x"] + box["width"]) for box in boxes if box]
    assert len(sides) == 3 and sides[0][1] <= sides[1][0] and sides[1][1] <= sides[2][0]
    assert len({box["y"] for box in boxes if box}) == 1


def test_a_ring_is_heard_once_sound_is_ready(quiet: Demo, open_as: OpenAs) -> None:
    page = open_as("rita", "/calls/")
    page.add_init_script(LISTENING)
    page.goto(f"{quiet.url}/console/")
    expect(page.locator("[data-part=live]")).to_contain_text("Live")
    sound = page.locator("[data-part=sound]")
    expect(sound).to_contain_text("Sound blocked")
    first = quiet.ring("main", "+14255550255")
    expect(row(page, "+14255550255")).to_have_attribute("data-state", "ringing")
    assert page.evaluate("window.notes") == 0
    page.keyboard.press("Alt+q")
    expect(sound).to_contain_text("Sound ready")
    page.wait_for_function("window.notes > 0")
    quiet.simulator("POST", f"/api/calls/{first}/hang-up")
    expect(row(page, "+14255550255")).to_have_attribute("data-state", "missed")
    heard = page.evaluate("window.notes")
    quiet.ring("main", "+14255550256")
    page.wait_for_function("before => window.notes > before", arg=heard)
