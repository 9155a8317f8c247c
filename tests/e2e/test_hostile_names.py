"""A directory of names that are markup, script, templates or nothing to see: all of it is text, everywhere."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urlsplit

import pytest
from playwright.sync_api import Page

from tests.e2e.running import Demo, wait_for
from tests.e2e.walking import NOT_FOLLOWED, kind
from tests.tried import Count

pytestmark = [pytest.mark.timeout(240), pytest.mark.control("H2")]
NAMES = [
    entry["input"] for entry in json.loads((Path(__file__).parents[1] / "data/hostile_names.json").read_text())
]
SIZES = ({"width": 1366, "height": 768}, {"width": 390, "height": 844})
READ_ANEW = (
    "from directory.models import SyncState; from commsportal.clock import now; "
    "SyncState.objects.update(due_at=now(), lease=None, lease_until=None)"  # whoever reads now puts nothing off
)
FILES = (".ics", ".csv", ".xlsx", ".svg")  # browsers show no page of these
# What markup would have become, had any been taken for markup; and whether something sticks out.
LOOK = """() => {
  const ours = "[src^='/static/'], .room__code[src$='/room/code.svg']";
  const elements = `script:not([src]), style, img:not(${ours}), iframe, object, base, meta`;
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
TEXT_AND_LINKS = "() => [document.documentElement.textContent, [...document.links].map((link) => link.href)]"
FIGURE = "hostile names on pages in Chromium"
ENOUGH_NAMES, MOST_VISITS, FEW_VISITS = 30, 32, 4
PLANT = """
from directory import tokens
from directory.models import User
from routing.models import Line
tenant = Line.objects.first().tenant_id
tokens.issue(User.objects.get(username="rita"), "hers")
for n, name in enumerate({names}):
    user = User(username=f"hostile-{{n}}", name=name)
    user.set_unusable_password()
    user.save()
    tokens.issue(user, name[:100])
    Line.objects.create(tenant_id=tenant, name=name[:100], instance_id=f"hostile-{{n}}")
"""
REMOVE = """
from directory.models import User
from routing.models import Line
User.objects.filter(username__startswith="hostile-").delete()
Line.objects.filter(instance_id__startswith="hostile-").delete()
"""
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


def test_hostile_callers_are_text_in_the_console(
    quiet: Demo, hostile: dict[str, str], open_as: Callable[..., Page], tried: Count
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
            tried(FIGURE)
        page.locator(".lane__row").first.click()
        looks_sound(page, "console")
        quiet.hush()
    assert heard == []


def test_hostile_colleagues_are_text_where_people_are_looked_for(
    quiet: Demo, hostile: dict[str, str], open_as: Callable[..., Page]
) -> None:
    page = open_as("rita")
    heard = watched(page)
    wait_for(lambda: NAMES[0] in shown(page, "#people-found"), "people")
    page.get_by_label("Search people").fill("script")
    page.locator("#people-found [role=option]").first.click()
    looks_sound(page, "people")
    assert heard == []


@pytest.fixture
def planted(quiet: Demo) -> Iterator[None]:
    """Have lines, accounts and API tokens of hostile names, and calls of people who bear them; leave the calls."""
    quiet.manage("shell", "-c", PLANT.format(names=NAMES))
    try:
        people = [person["id"] for person in quiet.simulator("GET", "/api/people")]
        for name in NAMES:
            rung = ring_as(quiet, people[-1], name)
            wait_for(lambda call=rung: quiet.manager.call(call), "call")
            quiet.hush()
        yield
    finally:
        quiet.manage("shell", "-c", REMOVE)


@dataclass
class Tour:
    """A walk along every link, to pages of each kind until enough names were shown on them."""

    page: Page
    url: str
    names: dict[str, set[str]] = field(default_factory=dict)  # that were shown, by kind of page
    visits: Counter[str] = field(default_factory=Counter)

    def go(self, *starts: str) -> None:
        """Follow all links from there; see that each page is sound."""
        waiting, seen = list(starts), set(starts)
        while waiting:
            path = waiting.pop(0)
            if self.is_done(kind(path)):
                continue
            for link in self.look(path):
                if link not in seen:
                    seen.add(link)
                    waiting.append(link)

    def is_done(self, kind: str) -> bool:
        """Tell whether there is nothing more to learn from pages of that kind."""
        shown = len(self.names.get(kind, ()))
        return shown >= ENOUGH_NAMES or self.visits[kind] >= (MOST_VISITS if shown else FEW_VISITS)

    def look(self, path: str) -> list[str]:
        """Look at one page; return where it leads."""
        self.page.goto(self.url + path)
        found = self.page.evaluate(LOOK)
        assert (found["ran"], found["foreign"]) == (None, []), path
        text, links = self.page.evaluate(TEXT_AND_LINKS)
        self.visits[kind(path)] += 1
        shown = self.names.setdefault(kind(path), set())
        shown |= {name for name in NAMES if name in text or json.dumps(name)[1:-1] in text}
        paths = [urldefrag(link).url.removeprefix(self.url) for link in links]
        paths = [re.sub(r"\?_changelist_filters=.*", "", path) for path in paths]
        pages = (path for path in paths if path.startswith("/") and not urlsplit(path).path.endswith(FILES))
        return [path for path in pages if not path.startswith((*NOT_FOLLOWED, "/api/"))]


@pytest.mark.timeout(1800)
def test_hostile_names_are_text_on_every_page(
    quiet: Demo, hostile: dict[str, str], planted: None, open_as: Callable[..., Page], tried: Count
) -> None:
    for who in ("rita", "ada"):
        page = open_as(who)
        heard = watched(page)
        tour = Tour(page, quiet.url)
        tour.go("/calls/", "/admin/")
        assert heard == []
        for names in tour.names.values():
            tried(FIGURE, len(names))
