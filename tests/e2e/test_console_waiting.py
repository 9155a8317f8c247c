"""Callers wait in numbered slots in everybody's sight; who waits too long comes back with a sign."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.consoles import answered, card, choose_person, lane, press, row
from tests.e2e.running import Behave, Demo

pytestmark = pytest.mark.timeout(180)
OpenAs = Callable[..., Page]


def test_a_caller_is_parked_and_a_colleague_takes_them_back_by_the_number_of_the_slot(
    quiet: Demo, open_as: OpenAs
) -> None:
    rita, max_, caller = open_as("rita"), open_as("max"), "+14255550261"
    client = quiet.client("rita")
    graph_id = answered(rita, quiet, caller)
    rita.keyboard.press("F9")
    for page in (rita, max_):
        waiting = lane(page, "handled").locator(".lane__row", has_text=caller)
        expect(waiting).to_have_attribute("data-state", "parked")
        expect(waiting).to_contain_text(re.compile(r"slot \d, by Rita Hansen"))
    call = client.call(graph_id) or {}
    assert (call["lane"], call["claim"], call["park"]["by"]) == ("waiting", None, "Rita Hansen")

    max_.keyboard.press("F9")
    expect(max_.locator("[data-part=hints]")).to_contain_text("Which slot? Press its number.")
    max_.keyboard.press(str(call["park"]["slot"]))
    expect(lane(max_, "live").locator(".lane__row", has_text=caller)).to_have_attribute("aria-selected", "true")
    expect(lane(rita, "live").locator(".lane__row", has_text=caller)).to_contain_text("Max Okafor is on it")
    call = client.call(graph_id) or {}
    assert (call["park"], call["claim"]["owner"]) == (None, "max")
    press(max_, caller, "Take")
    expect(lane(max_, "handled").locator(".lane__row", has_text=caller)).to_contain_text("Max Okafor, by you")


def test_a_caller_who_waits_too_long_in_a_slot_is_recalled_to_all(quiet: Demo, open_as: OpenAs) -> None:
    rita, max_, caller = open_as("rita"), open_as("max"), "+14255550262"
    answered(rita, quiet, caller)
    press(rita, caller, "Park")
    expect(lane(rita, "handled").locator(".lane__row", has_text=caller)).to_have_attribute("data-state", "parked")
    for page in (rita, max_):
        expect(page.get_by_role("alert")).to_contain_text(f"Recall: {caller}, slot", timeout=90_000)
        expect(lane(page, "live").locator(".lane__row", has_text=caller)).to_contain_text("parked by Rita Hansen")
    expect(card(max_, caller)).to_contain_text("Recall")
    rita.keyboard.press("F9")
    expect(row(rita, caller)).to_contain_text("answered by you")
    rita.keyboard.press("F4")
    rita.keyboard.press("F4")
    expect(lane(rita, "handled").locator(".lane__row", has_text=caller)).to_contain_text("you hung up")


@pytest.mark.case(26)
def test_a_call_that_comes_back_is_sent_to_a_colleague_who_is_named(
    quiet: Demo, open_as: OpenAs, behave: Behave
) -> None:
    behave("Samir Khalil", "decline")
    rita, caller = open_as("rita"), "+14255550263"
    answered(rita, quiet, caller)
    rita.keyboard.press("Control+k")
    choose_person(rita, "Samir Khalil")
    rita.keyboard.press("F8")
    expect(card(rita, caller)).to_contain_text("Recall: back from Samir Khalil")
    others = card(rita, caller).get_by_role("list", name="Others who might take it").get_by_role("button")
    expect(others).to_contain_text(["Tove Andersson", "Ugo Bianchi"])
    behave("Tove Andersson", "ignore")
    others.filter(has_text="Tove Andersson").click()
    moving = lane(rita, "handled").locator(".lane__row", has_text=caller)
    expect(moving).to_contain_text("to Tove Andersson")
    expect(moving).to_have_attribute("data-state", "moving")
    expect(lane(rita, "live").locator(".lane__row", has_text=caller)).to_contain_text("back from", timeout=90_000)
    others = card(rita, caller).get_by_role("list", name="Others who might take it").get_by_role("button")
    expect(others).to_contain_text(["Ugo Bianchi"])
    others.filter(has_text="Ugo Bianchi").click()
    expect(lane(rita, "handled").locator(".lane__row", has_text=caller)).to_contain_text("Ugo Bianchi, by you")
