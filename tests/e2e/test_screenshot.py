"""The README's picture, taken from the real thing (`make screenshot`), and pages that fit their window."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.running import ROOT, Demo, wait_for

pytestmark = pytest.mark.timeout(240)
PAGES = ("/console/", "/calls/", "/admin/")
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
    page = open_as("ada", viewport=size, color_scheme=scheme)
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    for path in PAGES:
        page.goto(f"{quiet.url}{path}")
        page.locator("main, #content").first.wait_for()
        overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        page.screenshot(path=folder / f"{path.strip('/')}-{size['width']}-{scheme}.png")
        assert overflow <= 0, path
