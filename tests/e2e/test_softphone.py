"""The simulator's page: be somebody, ring a line, hang up, and make trouble."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.running import Demo, wait_for

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def softphone(page: Page, quiet: Demo) -> Page:
    """Return the page, open."""
    page.goto(quiet.simulator_url)
    return page


def test_somebody_rings_a_line_and_hangs_up(quiet: Demo, softphone: Page) -> None:
    softphone.get_by_role("searchbox").fill("carlos")
    softphone.get_by_role("option", name="Carlos Mendes").click()
    softphone.locator("#line").select_option("sales")
    softphone.get_by_role("button", name="Ring", exact=True).click()
    expect(softphone.locator("#mine-from")).to_have_text("Carlos Mendes")
    expect(softphone.locator("#mine-to")).to_have_text("to Sales")
    (call,) = wait_for(lambda: quiet.manager.get("calls/", live="true")["results"], "call in the portal")
    assert (call["caller"]["name"], call["line"]["name"]) == ("Carlos Mendes", "sales")
    softphone.locator("#mine").get_by_role("button", name="Hang up").click()
    expect(softphone.locator("#mine-state")).to_contain_text("Over")
    wait_for(lambda: quiet.manager.get(f"calls/{call['id']}/")["state"] == "terminated", "end in the portal")


def test_trouble_is_made_and_taken_back(quiet: Demo, softphone: Page) -> None:
    late = softphone.get_by_label("Notify late")
    late.fill("300")
    late.blur()
    softphone.get_by_role("slider", name="Drop").fill("0.5")
    softphone.get_by_role("slider", name="Drop").dispatch_event("change")
    wait_for(lambda: switches(quiet, "delay_ms", "drop") == [300, 0.5], "trouble")
    softphone.get_by_role("button", name="None").click()
    wait_for(lambda: switches(quiet, "delay_ms", "drop") == [0, 0], "calm")


def test_people_in_a_meeting_are_let_in_muted_and_joined_by_others(quiet: Demo, softphone: Page) -> None:
    people = {person["name"]: person for person in quiet.simulator("GET", "/api/people")}
    organizer = people["Ada Lindqvist"]["id"]
    meeting = quiet.simulator("POST", "/api/meetings", {"organizer": organizer, "subject": "Budget"})
    quiet.simulator("POST", f"/api/meetings/{meeting['id']}/join", {"guest": "Gus"})
    softphone.get_by_role("button", name="Let Gus in").click()
    softphone.get_by_role("button", name="Mute Gus", exact=True).click()
    expect(softphone.locator(".member", has_text="Gus")).to_contain_text("muted")
    softphone.get_by_label("Invite somebody").select_option(label="Bianca Rossi")
    expect(softphone.get_by_role("button", name="Mute Bianca Rossi")).to_be_visible()
    presence = softphone.locator(f'[data-presence="{people["Bianca Rossi"]["id"]}"]')
    expect(presence).to_have_text("In a conference")
    for name in ("Gus", "Bianca Rossi"):
        softphone.get_by_role("button", name=f"Have leave: {name}").click()
    expect(softphone.locator("#groups-card")).to_be_hidden()
    expect(presence).to_have_text("Available")


def switches(demo: Demo, *names: str) -> list[float]:
    """Return what some switches stand at."""
    found = demo.simulator("GET", "/api/faults")
    return [found[name] for name in names]
