"""The README's picture, taken from the real thing (`make screenshot`), and pages that fit their window."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.running import ROOT, Demo, wait_for

pytestmark = pytest.mark.timeout(240)
PAGES = (
    "/console/",
    "/calls/",
    "/admin/",
    "/admin/audit/entry/",
    "/admin/audit/entry/1/change/",
    "/admin/calls/operation/",
    "/admin/directory/user/1/change/",
    "/admin/routing/line/1/change/",
    "/admin/webhooks/delivery/",
    "/admin/webhooks/delivery/1/body/",
    "/api/docs/",
    "/sign-in/microsoft/callback/",
    "/nothing-here/",
)
SIZES = ({"width": 1366, "height": 768}, {"width": 390, "height": 844})


def people(demo: Demo) -> list[str]:
    """Return ids of people who have no sign-in, to call as."""
    return [entry["id"] for entry in demo.simulator("GET", "/api/people")][10:]


def ring_as(demo: Demo, person: str, line: str) -> str:
    """Ring a line as somebody of the organisation."""
    return demo.simulator("POST", "/api/calls", {"from": {"user": person}, "to": line})["id"]


def busy_desk(demo: Demo) -> None:
    """Bring about handled, live and ringing calls."""
    rita, callers = demo.client("rita"), people(demo)
    for person, action, body in ((callers[0], "reject", {"reason": "busy"}), (callers[1], "redirect", {})):
        graph_id = ring_as(demo, person, "sales")
        call = wait_for(lambda graph_id=graph_id: rita.call(graph_id), "call")
        rita.post(f"calls/{call['id']}/{action}/", body)
        wait_for(lambda graph_id=graph_id: rita.call(graph_id)["lane"] == "handled", "handled call")
    graph_id = ring_as(demo, callers[2], "main")
    call = wait_for(lambda: rita.call(graph_id), "call")
    rita.post(f"calls/{call['id']}/answer/")
    wait_for(lambda: rita.call(graph_id)["lane"] == "live", "live call")
    ring_as(demo, callers[3], "main")
    demo.ring("clinic", "+14255550142")


def test_screenshot(quiet: Demo, open_as: Callable[..., Page], tmp_path: Path) -> None:
    page = open_as("rita")
    busy_desk(quiet)
    expect(page.locator("[data-lane=ringing] .lane__row")).to_have_count(2)
    page.locator("[data-lane=ringing] .lane__row").first.click()
    expect(page.locator(".callcard", has_text="Take").first).to_be_visible()
    wanted = os.environ.get("SCREENSHOT")
    path = ROOT / wanted if wanted else tmp_path / "console.png"
    page.screenshot(path=path)
    assert path.stat().st_size > 20_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES, ids=["desk", "phone"])
def test_pages_fit_their_window(
    quiet: Demo, open_as: Callable[..., Page], size: dict[str, int], scheme: str, tmp_path: Path
) -> None:
    graph_id = quiet.ring("main", "+14255550143")
    call = wait_for(lambda: quiet.manager.call(graph_id), "call")
    page = open_as("ada", viewport=size, color_scheme=scheme)
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    for path in (*PAGES, f"/calls/{call['id']}/"):
        name = path.strip("/").replace("/", "-").replace(call["id"], "call")
        assert_fits(page, f"{quiet.url}{path}", folder / f"{name}-{size['width']}-{scheme}.png")
    page.context.clear_cookies()
    assert_fits(page, f"{quiet.url}/sign-in/", folder / f"sign-in-{size['width']}-{scheme}.png")


def assert_fits(page: Page, address: str, picture: Path) -> None:
    """Open a page, picture it, and see that neither it nor a text of fixed width in it is wider than its place."""
    page.goto(address)
    page.locator("main, #content, .opblock").first.wait_for()
    overflow = page.evaluate(
        "Math.max(...[document.documentElement, ...document.querySelectorAll('pre')]"
        ".map((one) => one.scrollWidth - one.clientWidth))"
    )
    page.screenshot(path=picture)
    assert overflow <= 0, address
    too_high = page.locator("#header").evaluate_all(
        "all => all.some((one) => one.scrollHeight > one.clientHeight + 1)"
    )
    assert not too_high, f"{address}: its head is higher than its place"
