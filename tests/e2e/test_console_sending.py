"""Calls that are sent on from the console: by keyboard alone, and when it does not work out."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.consoles import answered, card, choose_person, in_the_call, lane, panel, press_in_time, row
from tests.e2e.databases import Database
from tests.e2e.running import Behave, Demo, wait_for

pytestmark = pytest.mark.timeout(240)
OpenAs = Callable[..., Page]
BEFORE_THE_WORK = {"error": 1, "seed": 80}  # with this seed the next seven requests fail before they did anything


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
    """Kill the worker and wait for a sign of life of the next one: that of the last counts for a while."""
    killed = demo.kill("worker")
    wait_for(lambda: demo.pids().get("worker") not in (None, killed), "worker")
    beat = f"select 1 from commsportal_beat where name like 'worker % {demo.pids()['worker']}'"
    wait_for(lambda: Database(demo.folder).rows(beat), "sign of life")
    wait_for(demo.is_ready, "readiness")


def seen_by_the_portal(demo: Demo, graph_id: str) -> dict[str, Any]:
    """Return the call as the portal's interface tells it."""
    return wait_for(lambda: demo.manager.call(graph_id), "call")


def failures(demo: Demo, graph_id: str) -> list[dict[str, Any]]:
    """Return what was asked about a call and Graph answered with an error of its own.

    Such a request is known by its scenario alone: it failed before anybody looked which call it is about.
    """
    scenario = seen_by_the_portal(demo, graph_id)["scenario_id"]
    found = demo.simulator("GET", "/api/requests")["results"]
    return [entry for entry in found if entry["status"] >= 500 and entry["scenario_id"] == scenario]


def test_a_ringing_call_is_redirected_by_keyboard_alone(quiet: Demo, open_as: OpenAs) -> None:
    rita = open_as("rita")
    graph_id = quiet.ring("main", "+14255550201")
    expect(row(rita, "+14255550201")).to_have_attribute("aria-selected", "true")
    rita.keyboard.press("F8")
    expect(rita.get_by_label("Search people")).to_be_focused()
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
    second = rita.get_by_role("listbox", name="People").get_by_role("option").nth(1)
    name = second.locator("b").inner_text()
    rita.keyboard.press("ArrowDown")
    expect(second).to_have_attribute("aria-selected", "true")
    for _ in range(3):
        rita.keyboard.press("Tab")
    expect(panel(rita).get_by_role("button", name="Redirect")).to_be_focused()
    rita.keyboard.press("Enter")
    expect(lane(rita, "handled").locator(".lane__row", has_text="+14255550204")).to_contain_text(f"{name}, by you")
    expect(rita.get_by_label("Search people")).to_be_focused()


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
    expect(lane(rita, "live").locator(".lane__row", has_text=caller)).to_contain_text("back from Una Brennan")
    expect(card(rita, caller)).to_contain_text("Recall: back from Una Brennan")
    expect(card(rita, caller)).to_contain_text("Try somebody else, or take the call.")
    expect(rita.get_by_role("alert")).to_contain_text(f"Recall: {caller}, back from Una Brennan")
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
    quiet.simulator("PUT", "/api/faults", BEFORE_THE_WORK)
    rita.keyboard.press("F8")
    expect(row(rita, "+14255550209")).to_contain_text("asked Graph to redirect to Una Brennan")
    wait_for(lambda: failures(quiet, graph_id), "request that fails")
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
    quiet.simulator("PUT", "/api/faults", BEFORE_THE_WORK)
    rita.keyboard.press("F8")
    wait_for(lambda: failures(quiet, graph_id), "request that fails")
    quiet.simulator("PUT", "/api/faults", {"error": 0})
    expect(row(rita, "+14255550212")).to_contain_text("back from Una Brennan")
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
    expect(lost).to_contain_text("nobody took it", timeout=60_000)
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


def test_a_guest_is_rung_into_an_answered_call_and_stays_when_the_bot_leaves(
    quiet: Demo, open_as: OpenAs, behave: Behave
) -> None:
    behave("Una Brennan", "decline")
    behave("Max Okafor", "answer")
    rita = open_as("rita")
    graph_id = answered(rita, quiet, "+14255550213")
    rita.keyboard.press("Control+k")
    choose_person(rita, "Una Brennan")
    with quiet.paused("worker"):
        rita.keyboard.press("Shift+F8")
        expect(card(rita, "+14255550213")).to_contain_text("Una Brennan (ringing …)")
    expect(card(rita, "+14255550213")).to_contain_text("Una Brennan: Nobody came.")

    rita.keyboard.press("Control+k")
    choose_person(rita, "Max Okafor")
    panel(rita).get_by_role("button", name="Invite").click()
    expect(in_the_call(rita, "+14255550213", "Max Okafor")).to_contain_text("Talking")
    expect(card(rita, "+14255550213")).not_to_contain_text("Nobody came")
    rita.keyboard.press("F4")
    expect(card(rita, "+14255550213")).to_contain_text("The bot leaves; the others go on.")
    rita.keyboard.press("F4")
    expect(lane(rita, "handled").locator(".lane__row", has_text="+14255550213")).to_contain_text(
        "Max Okafor, by you"
    )
    assert seen_by_the_portal(quiet, graph_id)["outcome"] == "transferred"
    assert "Max Okafor" in str(quiet.simulator("GET", "/api/groups"))


def test_a_switchboard_holds_consults_brings_together_and_removes(
    quiet: Demo, open_as: OpenAs, behave: Behave
) -> None:
    behave("Max Okafor", "answer")
    rita, omar, caller = open_as("rita"), open_as("omar"), "+14255550217"
    graph_id = answered(rita, quiet, caller)
    rita.keyboard.press("F3")
    expect(rita.locator("[data-part=hints]")).to_contain_text("a call of two has no hold")
    rita.keyboard.press("Control+k")
    choose_person(rita, "Max Okafor")
    rita.keyboard.press("Shift+F8")
    guest = in_the_call(rita, caller, "Max Okafor")
    expect(guest).to_contain_text("Talking")

    rita.keyboard.press("F3")
    expect(in_the_call(rita, caller, "Caller")).to_contain_text("On hold")
    row(omar, caller).click()
    expect(in_the_call(omar, caller, "Caller")).to_contain_text("On hold")
    guest.get_by_role("button", name="Mute Max Okafor").click()
    expect(guest).to_contain_text("Muted")
    assert there(quiet, caller)[caller]["held"] and there(quiet, caller)["Max Okafor"]["muted"]

    card(rita, caller).get_by_role("button", name="Bring back").click()
    expect(in_the_call(rita, caller, "Caller")).to_contain_text("Talking")
    guest.get_by_role("button", name="Remove Max Okafor").click()
    expect(guest).to_have_count(0)
    assert seen_by_the_portal(quiet, graph_id)["state"] == "established"
    rita.keyboard.press("F4")
    rita.keyboard.press("F4")
    expect(lane(rita, "handled").locator(".lane__row", has_text=caller)).to_have_count(1)


def there(demo: Demo, caller: str) -> dict[str, dict[str, Any]]:
    """Return how the simulator has those who are in a group call with the caller, by name."""
    groups = [
        {one["name"]: one for one in group["participants"]} for group in demo.simulator("GET", "/api/groups")
    ]
    return next(group for group in groups if caller in group)
