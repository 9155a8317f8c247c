"""The console on a phone: the bar that keeps a ring within reach of the thumb."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.consoles import card, lane, press, row
from tests.e2e.running import Demo, wait_for

pytestmark = pytest.mark.timeout(240)
OpenAs = Callable[..., Page]
PHONE = {"viewport": {"width": 390, "height": 844}}

# A thumb that comes down in the very moment in which the bar begins to name another call.
HASTY = """
([caller]) => {
  const bar = document.querySelector("[data-part=ringbar]");
  new MutationObserver((_, watch) => {
    if (!bar.querySelector("b").textContent.includes(caller)) return;
    watch.disconnect();
    bar.querySelector("button").click();
  }).observe(bar, { subtree: true, childList: true, characterData: true });
}
"""


def bar(page: Page) -> Locator:
    """Return the bar of the ring."""
    return page.locator("[data-part=ringbar]")


def decisions(page: Page) -> list[str]:
    """Return a list that fills with what the page asks about calls: their ids and the verb."""
    asked: list[str] = []
    page.on(
        "request",
        lambda request: asked.append(request.url.split("/calls/")[1]) if request.method == "POST" else None,
    )
    return asked


def take_from_the_bar(page: Page, caller: str) -> None:
    """Press the bar's button once it has named this caller for a while, and wait until the page has asked."""
    expect(bar(page)).to_contain_text(caller)
    expect(bar(page).locator("[data-rest]")).to_have_text(re.compile(r", \d s\b"))
    with page.expect_request(lambda request: request.method == "POST" and "/calls/" in request.url):
        bar(page).get_by_role("button", name=f"Take {caller}").click()


def id_of(demo: Demo, graph_id: str) -> str:
    """Return the portal's id of a call."""
    return wait_for(lambda: demo.manager.call(graph_id), "call")["id"]


def test_the_bar_takes_the_call_it_names_while_another_one_is_chosen(quiet: Demo, open_as: OpenAs) -> None:
    rita = open_as("rita", **PHONE)
    first = quiet.ring("main", "+14255550231")
    press(rita, "+14255550231", "Answer")
    rita.get_by_role("button", name="Queue", exact=True).click()
    expect(lane(rita, "live").locator(".lane__row")).to_contain_text("answered by you")
    expect(row(rita, "+14255550231")).to_have_attribute("aria-selected", "true")
    asked = decisions(rita)
    second = quiet.ring("sales", "+14255550232")
    take_from_the_bar(rita, "+14255550232")
    expect(row(rita, "+14255550232")).to_have_attribute("data-state", "handled")
    assert asked == [f"{id_of(quiet, second)}/redirect/"]
    assert (quiet.manager.call(first) or {})["lane"] == "live"


def test_a_ring_below_the_answered_call_in_hand_is_in_reach_too(quiet: Demo, open_as: OpenAs) -> None:
    rita = open_as("rita", **PHONE)
    quiet.ring("main", "+14255550237")
    press(rita, "+14255550237", "Answer")
    answered = card(rita, "+14255550237")
    expect(answered.get_by_role("button", name="Transfer")).to_be_enabled()
    answered.get_by_role("button", name="Transfer").focus()
    quiet.ring("sales", "+14255550238")
    expect(rita.locator(".callcard").last).to_contain_text("+14255550238")
    take_from_the_bar(rita, "+14255550238")
    expect(row(rita, "+14255550238")).to_contain_text("you took it")
    expect(answered).to_contain_text("Answered by you")


def test_a_ring_that_comes_later_does_not_change_whom_the_bar_means(quiet: Demo, open_as: OpenAs) -> None:
    rita = open_as("rita", **PHONE)
    asked = decisions(rita)
    first = quiet.ring("main", "+14255550233")
    expect(bar(rita)).to_contain_text("+14255550233")
    quiet.ring("main", "+14255550234")
    expect(row(rita, "+14255550234")).to_be_visible()
    take_from_the_bar(rita, "+14255550233")
    assert asked == [f"{id_of(quiet, first)}/redirect/"]


def test_a_thumb_that_meant_the_call_before_takes_nothing(quiet: Demo, open_as: OpenAs) -> None:
    rita = open_as("rita", **PHONE)
    asked = decisions(rita)
    first = quiet.ring("main", "+14255550235")
    expect(bar(rita)).to_contain_text("+14255550235")
    second = quiet.ring("main", "+14255550236")
    expect(row(rita, "+14255550236")).to_be_visible()
    rita.evaluate(HASTY, ["+14255550236"])
    quiet.simulator("POST", f"/api/calls/{first}/hang-up")
    expect(rita.locator("[data-part=hints]")).to_contain_text("has just changed. Press again.")
    assert asked == []
    take_from_the_bar(rita, "+14255550236")
    assert asked == [f"{id_of(quiet, second)}/redirect/"]


def test_the_call_that_is_chosen_in_the_queue_comes_into_sight(quiet: Demo, open_as: OpenAs) -> None:
    client = quiet.client("rita")
    callers = [f"+1425555029{number}" for number in range(5)]
    for caller in callers:
        graph_id = quiet.ring("main", caller)
        client.post(f"calls/{id_of(quiet, graph_id)}/answer/", {})
    rita = open_as("rita", **PHONE)
    for caller in (callers[-1], callers[0]):
        rita.get_by_role("button", name="Queue", exact=True).click()
        row(rita, caller).click()
        expect(card(rita, caller)).to_be_in_viewport(ratio=0.9)
