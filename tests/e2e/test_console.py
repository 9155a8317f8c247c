"""The console in a real browser, on a real demo."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.e2e.consoles import card, lane, press, press_in_time, row
from tests.e2e.running import Demo, wait_for

pytestmark = pytest.mark.timeout(240)
OpenAs = Callable[..., Page]


def ring_by_hand(softphone: Page, line: str, phone: str) -> None:
    """Ring a line from a number on the simulator's softphone page."""
    softphone.get_by_role("searchbox").fill(phone)
    softphone.locator("#typed").click()
    softphone.locator("#line").select_option(line)
    softphone.get_by_role("button", name="Ring", exact=True).click()
    expect(softphone.locator("#mine-from")).to_contain_text(phone)


def test_one_takes_what_the_other_sees_taken(quiet: Demo, open_as: OpenAs) -> None:
    rita, omar = open_as("rita"), open_as("omar")
    for page in (rita, omar):
        expect(page.locator("[data-part=live]")).to_contain_text("Live")
    softphone = rita.context.new_page()
    softphone.goto(quiet.simulator_url)
    ring_by_hand(softphone, "main", "+14255550171")
    caller = "+14255550171"
    for page in (rita, omar):
        expect(row(page, caller)).to_have_attribute("data-state", "ringing")
    press(rita, caller, "Claim")
    expect(row(omar, caller)).to_contain_text("Rita Hansen is taking it")
    with quiet.paused("worker"):
        press(rita, caller, "Take")
        for page in (rita, omar):
            expect(row(page, caller)).to_have_attribute("data-state", "pending")
    for page in (rita, omar):
        expect(row(page, caller)).to_have_attribute("data-state", "handled")
    expect(lane(rita, "handled")).to_contain_text("you took it")
    expect(lane(omar, "handled")).to_contain_text("Rita Hansen took it")


def test_a_lost_socket_comes_back_with_nothing_missing(quiet: Demo, open_as: OpenAs) -> None:
    rita = open_as("rita", "/calls/")
    sockets: list[WebSocketRoute] = []
    swallowed = {"now": False}

    def connect(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        if not swallowed["now"]:
            socket.connect_to_server()

    rita.route_web_socket(re.compile(r"/ws/console/"), connect)
    rita.goto(f"{quiet.url}/console/")
    expect(rita.locator("[data-part=live]")).to_contain_text("Live")
    first = quiet.ring("sales", "+14255550172")
    expect(row(rita, "+14255550172")).to_have_attribute("data-state", "ringing")

    swallowed["now"] = True
    sockets[-1].close(code=1012)
    expect(rita.locator("[data-part=connection]")).to_be_visible()
    quiet.simulator("POST", f"/api/calls/{first}/hang-up")
    quiet.ring("sales", "+14255550173")
    wait_for(lambda: (quiet.manager.call(first) or {}).get("state") == "terminated", "end of the first call")
    expect(row(rita, "+14255550173")).to_have_count(0)

    swallowed["now"] = False
    rita.get_by_role("button", name="Try now").click()
    expect(rita.locator("[data-part=connection]")).to_be_hidden()
    expect(row(rita, "+14255550172")).to_have_attribute("data-state", "missed")
    expect(row(rita, "+14255550173")).to_be_visible()
    assert len(sockets) >= 3


@pytest.mark.control("R4")
def test_a_killed_web_process_is_survived_by_the_page(quiet: Demo, open_as: OpenAs) -> None:
    rita = open_as("rita")
    expect(rita.locator("[data-part=live]")).to_contain_text("Live")
    quiet.kill("web")
    wait_for(quiet.is_ready, "readiness")
    quiet.ring("clinic", "+14255550174")
    expect(row(rita, "+14255550174")).to_be_visible(timeout=30_000)


def test_a_claim_ends_with_its_console(quiet: Demo, open_as: OpenAs) -> None:
    rita, omar = open_as("rita"), open_as("omar")
    quiet.ring("main", "+14255550175")
    expect(row(omar, "+14255550175")).to_be_visible()
    press(rita, "+14255550175", "Claim")
    expect(row(omar, "+14255550175")).to_contain_text("Rita Hansen is taking it")
    rita.close()
    expect(row(omar, "+14255550175")).not_to_contain_text("Rita Hansen is taking it")


def test_answer_by_the_bot_then_transfer_to_a_person(quiet: Demo, open_as: OpenAs) -> None:
    rita = open_as("rita")
    caller = "+14255550176"
    quiet.ring("main", caller)
    press(rita, caller, "Answer")
    expect(lane(rita, "live").locator(".lane__row", has_text=caller)).to_contain_text("answered by you")
    rita.keyboard.press("Control+k")
    rita.keyboard.type("Una")
    expect(rita.locator(".person")).to_contain_text("Una Brennan")
    expect(rita.locator(".person").get_by_role("button", name="Transfer")).to_be_enabled()
    rita.keyboard.press("F8")
    expect(lane(rita, "handled").locator(".lane__row", has_text=caller)).to_be_visible(timeout=60_000)


def test_keys_take_and_reject(quiet: Demo, open_as: OpenAs) -> None:
    rita = open_as("rita")
    quiet.ring("main", "+14255550177")
    press_in_time(rita, "+14255550177", "F4")
    expect(row(rita, "+14255550177")).to_contain_text("you rejected it")
    quiet.ring("main", "+14255550178")
    press_in_time(rita, "+14255550178", "F2")
    expect(row(rita, "+14255550178")).to_contain_text("you took it")


def test_the_slash_searches_from_anywhere_but_a_field(open_as: OpenAs) -> None:
    rita = open_as("rita")
    expect(rita.locator("[data-part=live]")).to_contain_text("Live")
    rita.keyboard.press("?")
    expect(rita.get_by_role("dialog")).to_contain_text("Ctrl K or /")
    rita.keyboard.press("/")
    expect(rita.get_by_role("dialog")).to_be_hidden()
    expect(rita.get_by_label("Search people")).to_be_focused()
    rita.keyboard.type("a/b")
    expect(rita.get_by_label("Search people")).to_have_value("a/b")


def test_nobody_decides_and_the_fallback_does(quiet: Demo, open_as: OpenAs) -> None:
    rita = open_as("rita")
    quiet.ring("clinic", "+14255550179")
    expect(row(rita, "+14255550179")).to_be_visible()
    expect(row(rita, "+14255550179")).to_contain_text("fallback", timeout=60_000)
    kinds = [entry for entry in quiet.client("rita").calls() if entry["caller"]["phone"] == "+14255550179"]
    assert [entry["outcome"] for entry in kinds] == ["fallback"]


def test_the_page_tells_that_sound_is_ready_after_a_click(open_as: OpenAs) -> None:
    rita = open_as("rita")
    rita.locator("[data-part=sound]").click()
    expect(rita.locator("[data-part=sound]")).to_contain_text("Sound ready")


def test_the_list_finds_a_call_and_its_page_tells_its_story(quiet: Demo, open_as: OpenAs) -> None:
    rita, client = open_as("rita", "/calls/"), quiet.client("rita")
    graph_id = quiet.ring("sales", "+14255550180")
    wait_for(lambda: client.call(graph_id), "call")
    quiet.simulator("POST", f"/api/calls/{graph_id}/hang-up")
    wait_for(lambda: (client.call(graph_id) or {})["state"] == "terminated", "end")
    rita.get_by_role("searchbox").fill("0180")
    rita.get_by_role("button", name="Show").click()
    rita.get_by_role("link", name=re.compile("0180")).click()
    expect(rita.get_by_role("heading", level=1)).to_contain_text("0180")
    expect(rita.locator("main")).to_contain_text(graph_id)


@pytest.mark.parametrize(
    ("username", "decides", "caller"),
    [
        ("ada", False, "+14255550182"),
        ("una", False, "+14255550183"),
        ("rita", True, "+14255550184"),
        ("max", True, "+14255550185"),
    ],
)
def test_people_land_at_the_console_and_may_do_what_their_role_says(
    quiet: Demo, open_as: OpenAs, username: str, decides: bool, caller: str
) -> None:
    page = open_as(username, "/console/", start="/")
    quiet.ring("sales", caller)
    row(page, caller).click()
    expect(card(page, caller)).to_be_visible()
    take = card(page, caller).get_by_role("button", name=re.compile("^Take"))
    expect(take).to_have_count(1 if decides else 0)


def test_nobody_without_a_role_sees_a_call(quiet: Demo, open_as: OpenAs) -> None:
    page = open_as("eve", "/", start="/")
    expect(page.get_by_role("link", name="Calls", exact=True)).to_have_count(0)
    for path in ("/console/", "/calls/"):
        answer = page.goto(f"{quiet.url}{path}")
        assert answer is not None
        assert answer.status == 403


@pytest.mark.parametrize("path", ["/console/", "/calls/", "/sign-in/", "/admin/", "/api/docs/"])
def test_pages_break_no_rule_of_their_own_policy(quiet: Demo, open_as: OpenAs, path: str) -> None:
    page = open_as("ada", "/calls/")
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{quiet.url}{path}")
    page.wait_for_load_state("load")
    if path == "/console/":
        expect(page.locator("[data-part=live]")).to_contain_text("Live")
    if path == "/api/docs/":
        expect(page.locator("#swagger-ui .opblock").first).to_be_visible()
    assert complaints == []
