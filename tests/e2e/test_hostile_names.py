"""A directory of names that are markup, script, templates or nothing to see: all of it is text, everywhere."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.running import Demo, wait_for

pytestmark = [pytest.mark.timeout(240), pytest.mark.control("H2")]
NAMES = [
    entry["input"] for entry in json.loads((Path(__file__).parents[1] / "data/hostile_names.json").read_text())
]
SIZES = ({"width": 1366, "height": 768}, {"width": 390, "height": 844})
READ_ANEW = (
    "from directory.models import SyncState; from commsportal.clock import now; "
    "SyncState.objects.update(due_at=now())"
)
# What markup would have become, had any been taken for markup; and whether something sticks out.
LOOK = """() => {
  const elements = "script:not([src]), style, img:not([src^='/static/']), iframe, object, base, meta";
  const attributes = "[onload], [onerror], [onfocus], a[href^='javascript:'], form[action*=evil]";
  const foreign = [...document.body.querySelectorAll(`${elements}, ${attributes}`)];
  const width = document.documentElement.clientWidth;
  const wide = document.scrollingElement.scrollWidth - width;
  const out = [...document.querySelectorAll("button, input, a.btn")].filter((element) => {
    const box = element.getBoundingClientRect();
    return element.checkVisibility({ visibilityProperty: true }) && box.width && box.right > width + 1;
  });
  return { ran: window.ran ?? null, foreign: foreign.map((e) => e.outerHTML), wide: Math.max(0, wide),
           out: out.filter((e) => !e.closest("table, .scroll")).map((e) => e.outerHTML.slice(0, 200)) };
}"""
NOTHING: dict[str, Any] = {"ran": None, "foreign": [], "wide": 0, "out": []}


def rename(demo: Demo, names: dict[str, str]) -> None:
    """Give people of the directory other names, and wait until the portal has read them."""
    for person, name in names.items():
        demo.simulator("PUT", f"/api/people/{person}", {"name": name})
    demo.manage("shell", "-c", READ_ANEW)
    last = list(names)[-1]
    wait_for(lambda: known(demo).get(last) == names[last], "the directory read anew")


def known(demo: Demo) -> dict[str, str]:
    """Return the names of the portal's directory by id."""
    return {person["id"]: person["name"] for person in demo.manager.get("people/", limit=200)["results"]}


@pytest.fixture
def hostile(quiet: Demo) -> Iterator[dict[str, str]]:
    """Give everybody but those who sign in a hostile name; return names by id, and put the real ones back."""
    signing_in = ("rita", "omar", "max", "ada", "una", "eve")
    everybody = quiet.simulator("GET", "/api/people")
    real = {person["id"]: person["name"] for person in everybody if person["upn"].split("@")[0] not in signing_in}
    names = dict(zip(real, NAMES, strict=False))
    rename(quiet, names)
    yield names
    rename(quiet, {person: real[person] for person in names})


def watched(page: Page) -> list[str]:
    """Return a list that fills with dialogs and with what the page's policy or scripts complain of."""
    heard: list[str] = []
    page.on("dialog", lambda dialog: (heard.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    return heard


def looks_sound(page: Page, where: str) -> None:
    """Require that nothing ran, nothing became markup and nothing sticks out, at both sizes."""
    for size in SIZES:
        page.set_viewport_size(size)
        assert page.evaluate(LOOK) == NOTHING, f"{where} at {size}"
    page.set_viewport_size(SIZES[0])


def ring_as(demo: Demo, person: str, name: str) -> str:
    """Ring main as a person of that name; return Graph's id of the call."""
    demo.simulator("PUT", f"/api/people/{person}", {"name": name})
    return demo.simulator("POST", "/api/calls", {"from": {"user": person}, "to": "main"})["id"]


def shown(page: Page, selector: str) -> str:
    """Return all text of the elements, whether in sight or not."""
    return page.evaluate(
        "(css) => [...document.querySelectorAll(css)].map((e) => e.textContent).join('\\n')", selector
    )


def test_hostile_callers_are_text_in_the_console_and_on_pages(
    quiet: Demo, hostile: dict[str, str], open_as: Callable[..., Page]
) -> None:
    page = open_as("rita")
    heard = watched(page)
    people = list(hostile)
    for start in range(0, len(NAMES), 13):
        callers = dict(zip(people, NAMES[start : start + 13], strict=False))
        rung = [ring_as(quiet, person, name) for person, name in callers.items()]
        names = [wait_for(lambda call=call: quiet.manager.call(call), "call")["caller"]["name"] for call in rung]
        for name in names:
            wait_for(lambda name=name: name in shown(page, ".lane__row"), f"row of {name!r}")
        page.locator(".lane__row").first.click()
        looks_sound(page, "console")
        quiet.hush()
    page.goto(f"{quiet.url}/calls/")
    looks_sound(page, "calls")
    for call in quiet.manager.calls()[: len(NAMES) : 2]:
        page.goto(f"{quiet.url}/calls/{call['id']}/")
        expect(page.locator("h1")).to_be_visible()
        assert call["caller"]["name"] in shown(page, "h1")
        looks_sound(page, call["caller"]["name"])
    assert heard == []


def test_hostile_colleagues_are_text_where_people_are_looked_for(
    quiet: Demo, hostile: dict[str, str], open_as: Callable[..., Page]
) -> None:
    page = open_as("rita")
    heard = watched(page)
    wait_for(lambda: NAMES[0] in shown(page, "#people-found"), "people")
    page.get_by_role("combobox").fill("script")
    page.locator("#people-found [role=option]").first.click()
    looks_sound(page, "people")
    page = open_as("ada", "/admin/directory/person/")
    heard += watched(page)
    page.reload()
    assert NAMES[0] in shown(page, "#result_list")
    assert page.evaluate(LOOK)["ran"] is None and page.evaluate(LOOK)["foreign"] == []
    assert heard == []
