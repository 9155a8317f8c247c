"""A manager begins from a template, keeps a draft that nobody else sees, and schedules it later."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.consoles import picture
from tests.e2e.running import Demo

pytestmark = pytest.mark.timeout(240)
OpenAs = Callable[..., Page]
DAY = (datetime.now(tz=UTC) + timedelta(days=301)).date().isoformat()


def test_a_template_fills_in_a_draft_that_is_scheduled_later(quiet: Demo, open_as: OpenAs) -> None:
    max_ = open_as("max", "/meetings/new/")
    max_.get_by_label("Date").fill(DAY)
    max_.get_by_label("From", exact=True).fill("09:30")
    max_.get_by_label("People", exact=True).fill("kept@fabrikam.example")
    max_.get_by_label("Template", exact=True).select_option("Consultation")
    expect(max_.get_by_label("To", exact=True)).to_have_value("10:15")
    expect(max_.get_by_label("Lobby", exact=True)).to_have_value("organizer")
    expect(max_.get_by_label("People", exact=True)).to_have_value("kept@fabrikam.example")
    expect(max_.get_by_role("button", name="Fill in")).to_be_hidden()
    max_.get_by_label("Subject").fill("Consultation Okoye")
    picture(max_, "form")
    max_.get_by_role("button", name="Save draft").scroll_into_view_if_needed()
    picture(max_, "form-end")
    max_.get_by_role("button", name="Save draft").click()
    expect(max_.get_by_text("This is a draft.")).to_be_visible()
    expect(max_.locator(".page__head").get_by_text("Draft", exact=True)).to_be_visible()
    picture(max_, "draft")
    path = max_.url.removeprefix(quiet.url)
    assert open_as("rita", f"/meetings/?day={DAY}").get_by_text("Consultation Okoye").count() == 0
    assert not held(quiet, path)
    max_.goto(f"{quiet.url}/meetings/?day={DAY}")
    picture(max_, "list")
    max_.get_by_text("Drafts", exact=False).first.click()
    picture(max_, "drafts")
    max_.get_by_role("navigation", name="Drafts").get_by_role("link", name="Consultation Okoye").click()
    max_.get_by_role("link", name="Change").click()
    max_.get_by_label("Subject").fill("Consultation with Mrs Okoye")
    picture(max_, "draft-form")
    max_.get_by_role("button", name="Save draft").click()
    max_.get_by_role("button", name="Schedule").click()
    expect(max_.get_by_role("link", name="Open in Teams")).to_be_visible()
    expect(max_.get_by_text("Planned", exact=True)).to_be_visible()
    assert held(quiet, path)
    picture(max_, "scheduled")
    max_.goto(f"{quiet.url}/meetings/?day={DAY}")
    max_.get_by_role("combobox", name="Template").select_option("Stand-up")
    max_.get_by_role("button", name="Show").click()
    expect(max_.get_by_role("heading", name="No meetings this week")).to_be_visible()
    picture(max_, "narrowed")
    max_.get_by_role("combobox", name="Template").select_option("Consultation")
    max_.get_by_role("button", name="Show").click()
    expect(max_.get_by_role("link", name="Consultation with Mrs Okoye")).to_be_visible()


def held(demo: Demo, path: str) -> list[str]:
    """Return the ids of meetings at Microsoft that carry the id which a page's path has."""
    key = path.strip("/").rpartition("/")[2]
    return [one["id"] for one in demo.simulator("GET", "/api/meetings") if one["external_id"] == key]


def test_without_scripts_the_server_fills_in(quiet: Demo, open_as: OpenAs) -> None:
    max_ = open_as("max", "/meetings/new/", java_script_enabled=False)
    max_.get_by_label("Template", exact=True).select_option("Stand-up")
    max_.get_by_role("button", name="Fill in").click()
    expect(max_.get_by_label("Subject")).to_have_value("Stand-up")
    expect(max_.get_by_label("Presenters", exact=True)).to_have_value("everyone")
    max_.get_by_label("Date").fill(DAY)
    max_.get_by_role("button", name="Save draft").click()
    expect(max_.get_by_text("This is a draft.")).to_be_visible()
    max_.get_by_role("button", name="Discard the draft").click()
    expect(max_.get_by_text("The draft “Stand-up” was discarded.")).to_be_visible()


def test_an_administrators_template_is_a_managers_next_choice(quiet: Demo, open_as: OpenAs) -> None:
    ada = open_as("ada", "/admin/meetings/meetingtemplate/add/")
    ada.get_by_label("Name").fill("Ward round")
    ada.get_by_label("Length in minutes").fill("20")
    ada.get_by_label("Teams records by itself").check()
    picture(ada, "admin")
    ada.get_by_role("button", name="Save", exact=True).click()
    expect(ada.get_by_role("link", name="Ward round").first).to_be_visible()
    picture(ada, "admin-list")
    max_ = open_as("max", "/meetings/new/")
    max_.get_by_label("From", exact=True).fill("23:50")
    max_.get_by_label("Template", exact=True).select_option("Ward round")
    expect(max_.get_by_label("To", exact=True)).to_have_value("00:10")
    expect(max_.get_by_label("Teams records by itself")).to_be_checked()


def test_a_meeting_is_joined_without_a_passcode_if_that_was_wanted_from_the_first(
    quiet: Demo, open_as: OpenAs
) -> None:
    max_ = open_as("max", "/meetings/new/")
    max_.get_by_label("Subject").fill("No passcode")
    max_.get_by_label("Date").fill(DAY)
    max_.get_by_label("Joining by meeting id needs a passcode").uncheck()
    max_.get_by_role("button", name="Schedule").click()
    expect(max_.get_by_text("needs no passcode", exact=True)).to_be_visible()
    number = max_.locator("dd .mono").inner_text()
    (made,) = [one for one in quiet.simulator("GET", "/api/meetings") if one["subject"] == "No passcode"]
    assert made["join_meeting_id"] == re.sub(r"\s", "", number) and made["passcode"] is None
    max_.get_by_role("link", name="Change").click()
    max_.get_by_label("Joining by meeting id needs a passcode").check()
    max_.get_by_role("button", name="Save").click()
    expect(max_.get_by_text("a meeting keeps its passcode")).to_be_visible()
    picture(max_, "refused")
