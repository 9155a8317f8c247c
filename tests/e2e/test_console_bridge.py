"""A call is bridged from the console: the bot stays, and a colleague is consulted before the caller meets them."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.consoles import card, choose_person, in_the_call, lane, press, press_in_time, row
from tests.e2e.running import Behave, Demo, wait_for

pytestmark = pytest.mark.timeout(240)
OpenAs = Callable[..., Page]


def test_a_call_is_bridged_a_colleague_consulted_and_all_brought_together(
    quiet: Demo, open_as: OpenAs, behave: Behave
) -> None:
    behave("Rita Hansen", "answer")
    behave("Max Okafor", "answer")
    rita, client, caller = open_as("rita"), quiet.client("rita"), "+14255550281"
    graph_id = quiet.ring("clinic", caller)
    press_in_time(rita, caller, "F2")
    expect(in_the_call(rita, caller, "Caller")).to_contain_text("Talking")
    expect(in_the_call(rita, caller, "Rita Hansen")).to_contain_text("Talking")
    expect(row(rita, caller)).to_have_count(1)
    expect(lane(rita, "live").locator(".lane__row", has_text=caller)).to_contain_text("answered by you")

    rita.keyboard.press("F3")
    expect(in_the_call(rita, caller, "Caller")).to_contain_text("On hold")
    rita.keyboard.press("F3")
    expect(in_the_call(rita, caller, "Caller")).to_contain_text("Talking")
    rita.keyboard.press("Control+k")
    choose_person(rita, "Max Okafor")
    rita.keyboard.press("F7")
    expect(in_the_call(rita, caller, "Max Okafor")).to_contain_text("Talking")
    expect(in_the_call(rita, caller, "Caller")).to_contain_text("On hold")
    rita.keyboard.press("F3")
    expect(in_the_call(rita, caller, "Caller")).to_contain_text("Talking")

    in_the_call(rita, caller, "Rita Hansen").get_by_role("button", name="Remove Rita Hansen").click()
    expect(in_the_call(rita, caller, "Rita Hansen")).to_have_count(0)
    rita.keyboard.press("F4")
    expect(card(rita, caller)).to_contain_text("The bot leaves; the others go on.")
    rita.keyboard.press("F4")
    expect(lane(rita, "handled").locator(".lane__row", has_text=caller)).to_have_count(1)
    first = client.call(graph_id) or {}
    assert (first["lane"], first["outcome"], first["handled_to"]) == ("aside", "answered", "Rita Hansen")
    together = next(group for group in quiet.simulator("GET", "/api/groups") if caller in str(group))
    assert {one["name"] for one in together["participants"]} == {caller, "Max Okafor"}


def test_who_does_not_pick_up_has_the_caller_back_and_tries_again(
    quiet: Demo, open_as: OpenAs, behave: Behave
) -> None:
    behave("Rita Hansen", "decline")
    rita, caller = open_as("rita"), "+14255550282"
    quiet.ring("clinic", caller)
    press(rita, caller, "Take")
    expect(row(rita, caller)).to_have_attribute("data-state", "failed")
    expect(card(rita, caller)).to_contain_text("Nobody took the call in Teams")
    expect(card(rita, caller)).to_contain_text("The caller is still with the bot")
    expect(row(rita, caller)).to_have_count(1)
    behave("Rita Hansen", "answer")
    press(rita, caller, "Take")
    expect(in_the_call(rita, caller, "Rita Hansen")).to_contain_text("Talking")
    expect(in_the_call(rita, caller, "Caller")).to_contain_text("Talking")
    rita.keyboard.press("F4")
    rita.keyboard.press("F4")
    expect(lane(rita, "handled").locator(".lane__row", has_text=caller)).to_have_count(1)


def test_another_receptionist_sees_it_on_its_way_and_leaves_it_alone(
    quiet: Demo, open_as: OpenAs, behave: Behave
) -> None:
    behave("Rita Hansen", "ignore")
    rita, manager, caller = open_as("rita"), open_as("max"), "+14255550283"
    graph_id = quiet.ring("clinic", caller)
    press(rita, caller, "Take")
    expect(row(manager, caller)).to_contain_text("Rita Hansen is on it")
    expect(row(rita, caller)).to_contain_text("ringing Rita Hansen in Teams")
    rita.keyboard.press("F4")
    expect(card(rita, caller)).to_contain_text("The caller is cut off.")
    rita.keyboard.press("F4")
    wait_for(lambda: (quiet.manager.call(graph_id) or {})["state"] == "terminated", "end of the call")
    expect(lane(manager, "live").locator(".lane__row", has_text=caller)).to_have_count(0)
