"""Keys are pressed for the other side from the card, and everybody in a call of several is muted."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.consoles import answered, card, in_the_call, picture, press
from tests.e2e.running import Behave, Demo, wait_for

pytestmark = pytest.mark.timeout(240)
OpenAs = Callable[..., Page]


def test_keys_are_pressed_for_the_other_side(quiet: Demo, open_as: OpenAs) -> None:
    rita, caller = open_as("rita"), "+14255550271"
    graph_id = answered(rita, quiet, caller)
    press(rita, caller, "Press keys")
    keys = card(rita, caller).get_by_label("Keys to press for the other side")
    expect(keys).to_be_focused()
    keys.fill("12 e")
    keys.press("Enter")
    expect(card(rita, caller)).to_contain_text("Keys are 0 to 9, *, # and A to D.")
    press(rita, caller, "Press keys")
    keys.fill("48*1#")
    picture(rita, "keys")
    keys.press("Enter")
    expect(keys).to_have_count(0)
    asked = wait_for(lambda: quiet.simulator("GET", f"/api/calls/{graph_id}/operations"), "operation")
    assert [one["kind"] for one in asked] == ["sendDtmfTonesOperation"]
    press(rita, caller, "Press keys")
    keys.press("Escape")
    expect(keys).to_have_count(0)


def test_everybody_is_muted_at_once(quiet: Demo, open_as: OpenAs, behave: Behave) -> None:
    behave("Rita Hansen", "answer")
    rita, caller = open_as("rita"), "+14255550272"
    quiet.ring("clinic", caller)
    press(rita, caller, "Take")
    expect(in_the_call(rita, caller, "Caller")).to_contain_text("Talking")
    expect(in_the_call(rita, caller, "Rita Hansen")).to_contain_text("Talking")
    press(rita, caller, "More")
    picture(rita, "more")
    expect(card(rita, caller).get_by_role("button", name="Mute the bot", exact=True)).to_be_focused()
    rita.get_by_role("button", name="Add the gallery").click()
    expect(card(rita, caller).get_by_role("button", name="Add the gallery")).to_have_count(0)
    press(rita, caller, "Mute all")
    for name in ("Caller", "Rita Hansen"):
        expect(in_the_call(rita, caller, name)).to_contain_text("Muted")
    expect(card(rita, caller).get_by_role("button", name="Mute all")).to_have_count(0)
    rita.keyboard.press("F4")
    rita.keyboard.press("F4")
