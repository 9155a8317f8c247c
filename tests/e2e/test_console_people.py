"""The pane at the right: who is free, who is at hand, and a name with a mistake in it."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.consoles import panel
from tests.e2e.running import Demo, wait_for

pytestmark = pytest.mark.timeout(240)
OpenAs = Callable[..., Page]
Show = Callable[..., None]


def people(page: Page) -> Locator:
    """Return the list of people."""
    return page.get_by_role("listbox", name="People")


def person(page: Page, name: str) -> Locator:
    """Return somebody's row."""
    return people(page).get_by_role("option").filter(has_text=name)


@pytest.fixture
def show(quiet: Demo) -> Iterator[Show]:
    """Return a function that gives a person a presence by hand; afterwards everybody is as they were."""
    ids = {entry["name"]: entry["id"] for entry in quiet.simulator("GET", "/api/people")}
    changed = set()

    def put(name: str, presence: dict[str, str] | None, out_of_office: str | None = None) -> None:
        changed.add(name)
        body: dict[str, Any] = {"presence": presence, "out_of_office": out_of_office}
        quiet.simulator("PUT", f"/api/people/{ids[name]}", body)

    yield put
    for name in changed:
        put(name, None)


def everybody_is_there(demo: Demo) -> None:
    """Wait until the worker has mirrored the directory."""
    wait_for(lambda: demo.manager.get("people/", q="Okafor")["results"], "people in the directory")


def test_presence_changes_before_ones_eyes_with_its_age(quiet: Demo, open_as: OpenAs, show: Show) -> None:
    everybody_is_there(quiet)
    show("Max Okafor", {"availability": "Busy", "activity": "InAMeeting"})
    rita = open_as("rita")
    person(rita, "Max Okafor").scroll_into_view_if_needed()
    expect(person(rita, "Max Okafor").locator(".free")).to_have_text("In a meeting", timeout=60_000)
    expect(person(rita, "Max Okafor").locator(".presence")).to_have_attribute("data-is", "busy")
    person(rita, "Max Okafor").click()
    expect(panel(rita)).to_contain_text(re.compile(r"In a meeting.*as of \d\d:\d\d:\d\d"))

    show("Max Okafor", {"availability": "Away", "activity": "Away"}, "Back on <b>Monday</b> & well")
    expect(person(rita, "Max Okafor").locator(".free")).to_have_text("Out of office", timeout=60_000)
    expect(panel(rita).locator(".person__away")).to_have_text("Back on Monday & well")
    show("Max Okafor", {"availability": "Available", "activity": "Available"})
    expect(person(rita, "Max Okafor").locator(".free")).to_have_text("Free", timeout=60_000)
    expect(panel(rita).locator(".person__away")).to_be_hidden()


def test_a_star_survives_a_reload_and_is_ones_own(quiet: Demo, open_as: OpenAs) -> None:
    everybody_is_there(quiet)
    rita, manager = open_as("rita"), open_as("max")
    person(rita, "Omar").first.click()
    star = panel(rita).get_by_role("button", name=re.compile("is a favourite"))
    name = person(rita, "Omar").first.locator("b").inner_text()
    expect(star).to_have_attribute("aria-pressed", "false")
    with rita.expect_response("**/api/v1/favourites/**") as answered:
        star.click()
    assert answered.value.status == 204
    rita.reload()
    expect(people(rita).locator(".people__section").first).to_have_text("Favourites")
    expect(people(rita).get_by_role("option").first).to_contain_text(name)
    expect(people(rita).get_by_role("option").filter(has_text=name)).to_have_count(1)
    manager.reload()
    expect(people(manager).get_by_role("option").first).to_be_visible()
    expect(people(manager).locator("[data-favourite]")).to_have_count(0)
    people(rita).get_by_role("option").first.click()
    with rita.expect_response("**/api/v1/favourites/**"):
        panel(rita).get_by_role("button", name=re.compile("is a favourite")).click()
    rita.reload()
    expect(people(rita).get_by_role("option").first).to_be_visible()
    expect(people(rita).locator("[data-favourite]")).to_have_count(0)


def test_a_name_with_swapped_letters_finds_somebody(quiet: Demo, open_as: OpenAs) -> None:
    everybody_is_there(quiet)
    rita = open_as("rita")
    rita.keyboard.press("Control+k")
    rita.keyboard.type("Max Okafro")
    expect(panel(rita)).to_contain_text("Max Okafor")
    expect(people(rita).get_by_role("option")).to_have_count(1)


def test_a_department_is_shown_alone(quiet: Demo, open_as: OpenAs) -> None:
    everybody_is_there(quiet)
    rita = open_as("rita")
    show = rita.get_by_role("combobox", name="Show")
    expect(show).to_be_visible()
    group = show.locator("optgroup[label=Department] option").first
    name, count = re.fullmatch(r"(.*) \((\d+)\)", group.inner_text()).groups()  # type: ignore[union-attr]
    show.select_option(label=f"{name} ({count})")
    expect(people(rita).get_by_role("option")).to_have_count(int(count))
    expect(person(rita, name)).to_have_count(int(count))
