"""Calls that are sent on from the console: by keyboard alone, and when it does not work out."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.consoles import card, choose_person, lane, panel, press, press_in_time, row
from tests.e2e.running import Demo, wait_for

pytestmark = pytest.mark.timeout(240)
OpenAs = Callable[..., Page]
Behave = Callable[[str, str], None]
BEFORE_THE_WORK = {"error": 1, "seed": 80}  # with this seed the next seven requests fail before they did anything


@pytest.fixture
def behave(quiet: Demo) -> Iterator[Behave]:
    """Return a function that tells a person how to react when called; afterwards everybody is as before."""
    before = {entry["name"]: entry for entry in quiet.simulator("GET", "/api/people")}
    changed = set()

    def tell(name: str, behaviour: str) -> None:
        changed.add(name)
        quiet.simulator("PUT", f"/api/people/{before[name]['id']}", {"behaviour": behaviour})

    yield tell
    for name in changed:
        tell(name, before[name]["behaviour"])


@pytest.fixture
def no_permission(quiet: Demo) -> Iterator[None]:
    """Take the permission to redirect away; a worker that starts anew notices."""
    before = quiet.simulator("GET", "/api/permissions")
    less = {tenant: [role for role in roles if role != "Calls.Initiate.All"] for tenant, roles in before.items()}
    quiet.simulator("PUT", "/api/permissions", less)
    restart_worker(quiet)
    yield
    quiet.simulator("PUT", "/api/permissions", before)
    restart_worker(quiet)


def restart_worker(demo: Demo) -> None:
    """Kill the worker and wait for the next one."""
    killed = demo.kill("worker")
    wait_for(lambda: demo.pids().get("worker") not in (None, killed), "worker")
    wait_for(demo.is_ready, "readiness")


def seen_by_the_portal(demo: Demo, graph_id: str) -> dict[str, Any]:
    """Return the call as the portal's interface tells it."""
    return wait_for(lambda: demo.manager.call(graph_id), "call")


def failures(demo: Demo) -> list[dict[str, Any]]:
    """Return the requests that Graph answered with an error of its own."""
    return [entry for entry in demo.simulator("GET", "/api/requests")["results"] if entry["status"] >= 500]


def answered(page: Page, demo: Demo, caller: str) -> str:
    """Ring a line and have the bot answer; return Graph's id of the call."""
    graph_id = demo.ring("main", caller)
    press(page, caller, "Answer")
    expect(lane(page, "live").locator(".lane__row", has_text=caller)).to_contain_text("answered by you")
    return graph_id


def test_a_ringing_call_is_redirected_by_keyboard_alone(quiet: Demo, open_as: OpenAs) -> None:
    rita = open_as("rita")
    graph_id = quiet.ring("main", "+14255550201")
    expect(row(rita, "+14255550201")).to_have_attribute("aria-selected", "true")
    rita.keyboard.press("F8")
    expect(rita.get_by_role("combobox")).to_be_focused()
    expect(rita.locator("[data-part=hints]")).to_contain_text("Choose a person, then press F8.")
    choose_person(rita, "Una Brennan")
    press_in_time(rita, "+14255550201", "F8")
    expect(lane(rita, "handled").locator(".lane__row", has_text="+14255550201")).to_contain_text(
        "Una Brennan, by you"
    )
    call = seen_by_the_portal(quiet, graph_id)
    assert (call["outcome"], call["handled_to"]) == ("redirected", "Una Brennan")


def test_the_next_call_does_not_go_where_the_last_one_went(quiet: Demo, open_as: OpenAs) -> None:
    rita = open_as("rita")
    quiet.ring("main", "+14255550202")
    expect(row(rita, "+14255550202")).to_have_attribute("aria-selected", "true")
    rita.keyboard.press("Control+k")
    choose_person(rita, "Una Brennan")
    press_in_time(rita, "+14255550202", "F8")
    expect(lane(rita, "handled").locator(".lane__row", has_text="+14255550202")).to_be_visible()
    expect(panel(rita)).to_be_hidden()
    quiet.ring("main", "+14255550203")
    press_in_time(rita, "+14255550203", "F8")
    expect(rita.locator("[data-part=hints]")).to_contain_text("Choose a person, then press F8.")
    expect(row(rita, "+14255550203")).to_have_attribute("data-state", "ringing")


def test_arrows_and_enter_choose_among_those_found(quiet: Demo, open_as: OpenAs) -> None:
    rita = open_as("rita")
    quiet.ring("main", "+14255550204")
    expect(row(rita, "+14255550204")).to_have_attribute("aria-selected", "true")
    rita.keyboard.press("Control+k")
    choose_person(rita, "Front Desk")
    second = rita.get_by_role("option").nth(1)
    name = second.locator("b").inner_text()
    rita.keyboard.press("ArrowDown")
    expect(second).to_have_attribute("aria-selected", "true")
    for _ in range(2):
        rita.keyboard.press("Tab")
    expect(panel(rita).get_by_role("button", name="Redirect")).to_be_focused()
    rita.keyboard.press("Enter")
    expect(lane(rita, "handled").locator(".lane__row", has_text="+14255550204")).to_contain_text(f"{name}, by you")
    expect(rita.get_by_role("combobox")).to_be_focused()


@pytest.mark.case(26)
@pytest.mark.parametrize(("behaviour", "caller"), [("decline", "+14255550205"), ("busy", "+14255550206")])
def test_a_declined_transfer_brings_the_caller_back_and_says_what_to_do(
    quiet: Demo, open_as: OpenAs, behave: Behave, behaviour: str, caller: str
) -> None:
    behave("Una Brennan", behaviour)
    rita = open_as("rita")
    graph_id = answered(rita, quiet, caller)
    rita.keyboard.press("Control+k")
    choose_person(rita, "Una Brennan")
    rita.keyboard.press("F8")
    expect(row(rita, caller)).to_have_attribute("data-state", "failed")
    expect(row(rita, caller)).to_contain_text("Transfer failed")
    expect(card(rita, caller)).to_contain_text("The caller is still here")
    expect(card(rita, caller)).to_contain_text("Try somebody else, or take the call.")
    call = seen_by_the_portal(quiet, graph_id)
    assert (call["state"], call["lane"], call["operation"]["status"]) == ("established", "live", "failed")

    rita.keyboard.press("Control+k")
    choose_person(rita, "Max Okafor")
    rita.keyboard.press("F8")
    expect(lane(rita, "handled").locator(".lane__row", has_text=caller)).to_contain_text("Max Okafor, by you")


@pytest.mark.parametrize(("behaviour", "caller"), [("decline", "+14255550207"), ("busy", "+14255550208")])
def test_a_redirected_call_is_out_of_our_hands_and_the_console_says_so(
    quiet: Demo, open_as: OpenAs, behave: Behave, behaviour: str, caller: str
) -> None:
    behave("Una Brennan", behaviour)
    rita = open_as("rita")
    graph_id = quiet.ring("main", caller)
    row(rita, caller).click()
    rita.keyboard.press("Control+k")
    choose_person(rita, "Una Brennan")
    rita.keyboard.press("F8")
    expect(lane(rita, "handled").locator(".lane__row", has_text=caller)).to_contain_text("Una Brennan, by you")
    expect(card(rita, caller)).to_contain_text("Graph does not tell who picks up")
    call = seen_by_the_portal(quiet, graph_id)
    assert (call["state"], call["outcome"]) == ("terminated", "redirected")


def test_graph_fails_for_a_moment_and_is_asked_again(quiet: Demo, open_as: OpenAs) -> None:
    rita = open_as("rita")
    graph_id = quiet.ring("main", "+14255550209")
    row(rita, "+14255550209").click()
    rita.keyboard.press("Control+k")
    choose_person(rita, "Una Brennan")
    before = len(failures(quiet))
    quiet.simulator("PUT", "/api/faults", BEFORE_THE_WORK)
    rita.keyboard.press("F8")
    expect(row(rita, "+14255550209")).to_contain_text("asked Graph to redirect to Una Brennan")
    wait_for(lambda: len(failures(quiet)) > before, "request that fails")
    quiet.simulator("PUT", "/api/faults", {"error": 0})
    expect(lane(rita, "handled").locator(".lane__row", has_text="+14255550209")).to_contain_text(
        "Una Brennan, by you"
    )
    asked = quiet.simulator("GET", f"/api/requests?call={graph_id}")["results"]
    assert [entry["effect"] for entry in asked if entry["action"] == "redirect"] == [True]


def test_a_transfer_that_graph_does_not_confirm_is_not_repeated_and_the_console_says_so(
    quiet: Demo, open_as: OpenAs
) -> None:
    rita = open_as("rita")
    graph_id = answered(rita, quiet, "+14255550212")
    rita.keyboard.press("Control+k")
    choose_person(rita, "Una Brennan")
    before = len(failures(quiet))
    quiet.simulator("PUT", "/api/faults", BEFORE_THE_WORK)
    rita.keyboard.press("F8")
    wait_for(lambda: len(failures(quiet)) > before, "request that fails")
    quiet.simulator("PUT", "/api/faults", {"error": 0})
    expect(row(rita, "+14255550212")).to_contain_text("Transfer failed", timeout=20_000)
    expect(card(rita, "+14255550212")).to_contain_text(
        "Microsoft did not confirm the transfer. The caller is still here"
    )
    assert transfers(quiet, graph_id) == []

    rita.keyboard.press("Control+k")
    choose_person(rita, "Max Okafor")
    rita.keyboard.press("F8")
    expect(lane(rita, "handled").locator(".lane__row", has_text="+14255550212")).to_contain_text(
        "Max Okafor, by you"
    )
    assert transfers(quiet, graph_id) == [True]


def transfers(demo: Demo, graph_id: str) -> list[bool]:
    """Return the transfers that Graph took for this call: whether each had an effect."""
    asked = demo.simulator("GET", f"/api/requests?call={graph_id}")["results"]
    return [entry["effect"] for entry in asked if entry["action"] == "transfer"]


def test_a_call_that_graph_lost_is_no_success(quiet: Demo, open_as: OpenAs) -> None:
    rita = open_as("rita")
    graph_id = quiet.ring("main", "+14255550210")
    row(rita, "+14255550210").click()
    rita.keyboard.press("Control+k")
    choose_person(rita, "Una Brennan")
    quiet.simulator("PUT", "/api/faults", BEFORE_THE_WORK)
    rita.keyboard.press("F8")
    lost = lane(rita, "missed").locator(".lane__row", has_text="+14255550210")
    expect(lost).to_contain_text("nobody took it", timeout=40_000)
    told = card(rita, "+14255550210")
    expect(told).to_contain_text("The call ended first.")
    expect(told).to_contain_text("Nobody got the caller. Call back.")
    call = seen_by_the_portal(quiet, graph_id)
    assert (call["state"], call["outcome"], call["operation"]["status"]) == ("terminated", "missed", "failed")


@pytest.mark.case(33)
def test_a_redirect_that_graph_refuses_says_why_and_the_call_still_rings(
    quiet: Demo, no_permission: None, open_as: OpenAs
) -> None:
    rita = open_as("rita")
    graph_id = quiet.ring("main", "+14255550211")
    row(rita, "+14255550211").click()
    rita.keyboard.press("Control+k")
    choose_person(rita, "Una Brennan")
    rita.keyboard.press("F8")
    expect(row(rita, "+14255550211")).to_have_attribute("data-state", "failed")
    told = card(rita, "+14255550211")
    expect(told).to_contain_text("Microsoft does not permit this")
    expect(told).to_contain_text("Calls.Initiate.All")
    expect(told).to_contain_text("The call still rings. Try again, send it to somebody else, or answer it.")
    call = seen_by_the_portal(quiet, graph_id)
    assert (call["lane"], call["operation"]["status"]) == ("ringing", "failed")
    rita.keyboard.press("F4")
    expect(row(rita, "+14255550211")).to_contain_text("you rejected it")
