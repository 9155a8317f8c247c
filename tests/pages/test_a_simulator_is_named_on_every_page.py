"""Whoever looks at a page of a portal tied to a simulator reads that no real calls are made."""

from typing import Any

import pytest

from commsportal import failures
from tests.directory import walk
from tests.directory.world import World, make_world

ROUTES = walk.routes()
WORDS = "The simulator is on: no real calls are made."
PEOPLE = ("nobody", "eve", "rita", "ada")


@pytest.fixture
def world(db: None, settings: Any) -> World:
    """Return one row of everything; Microsoft is not asked."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.SIGN_IN_TENANTS = []
    return make_world()


def pages(world: World) -> dict[str, str]:
    """Return the text of every page that anybody is shown, errors included, by person and path."""
    found = {}
    for person in PEOPLE:
        browser = walk.browser_of(world.users.get(person))
        for name, route in ROUTES.items():
            answer = browser.get(walk.address(*route, world))
            if answer["Content-Type"].startswith("text/html") and answer.content:
                found[f"{person} {name} {answer.status_code}"] = answer.content.decode()
    return found


@pytest.mark.control("P1")
def test_every_page_says_so(world: World, settings: Any, rf: Any) -> None:
    settings.SIMULATOR_URL = "http://localhost:8100"
    shown = pages(world)
    shown |= {
        status: failures.page(rf.get("/"), f"{status}.html", 500).content.decode() for status in ("500", "503")
    }
    assert len(shown) > 40
    assert [page for page, text in shown.items() if text.count(WORDS) != 1] == []


@pytest.mark.control("P1")
def test_no_page_says_so_without_a_simulator(world: World) -> None:
    assert [page for page, text in pages(world).items() if WORDS in text] == []
