"""Three panes and four lanes in their order, and no key or control without a function."""

import re
from html import unescape

import pytest
from django.test import Client

from calls.views import KEYS
from directory.models import User
from routing.models import Line
from tests.pages.conftest import SignIn

# Drawn in the design for functions that come later, or named in its map of keys.
LATER = (
    "Block",
    "Note",
    "Dismiss as spam",
    "Take over",
    "Favourites",
    "Recent",
    "Groups",
    "Add a person",
    "Call a number",
    "Available",
    "Disposition",
)
WORKING = ("F2", "F3", "F4", "F7", "F8", "F9", "Ctrl K", "↑ ↓ Home End", "Alt Q", "Alt C", "Alt D", "Esc", "?")
KEYS_LATER = ("F6", "F10", "Shift Enter", "Ctrl Shift B", "Alt 1", "Num")


@pytest.fixture
def page(rita: User, main: Line, sales: Line, sign_in: SignIn) -> str:
    """Return the console of a receptionist."""
    browser: Client = sign_in(rita)
    return unescape(browser.get("/console/").content.decode())


def words(markup: str) -> str:
    """Return what one reads or is read to, without the markup."""
    said = re.findall(r'(?:aria-label|title|placeholder)="([^"]*)"', markup)
    return " | ".join([*said, re.sub(r"<[^>]+>", " ", markup)])


def test_the_queue_comes_first_then_the_call_then_people(page: str) -> None:
    assert re.findall(r'data-region="(\w+)"', page) == ["queue", "call", "people"]


def test_the_queue_has_its_four_lanes(page: str) -> None:
    assert re.findall(r'data-lane="(\w+)"', page) == ["ringing", "live", "handled", "missed"]


@pytest.mark.parametrize("name", LATER)
def test_no_control_is_there_whose_function_comes_later(page: str, name: str) -> None:
    main = page[page.index("<main") : page.index("</main>")]
    assert not re.search(rf"\b{name}\b", words(main))


def test_the_sheet_names_the_keys_that_do_something_and_no_other(page: str) -> None:
    sheet = page[page.index('data-part="help"') :]
    named = [re.sub(r"\s+", " ", key) for key in re.findall(r"<dt><kbd[^>]*>(.*?)</kbd></dt>", sheet)]
    assert named == [key for key, _ in KEYS]
    for key in WORKING:
        assert any(key in one for one in named), key
    assert [key for key in KEYS_LATER if any(key in one for one in named)] == []
