"""A manager reads who was in a meeting, and takes the table away; a receptionist reads it too."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.running import Demo, wait_for

pytestmark = pytest.mark.timeout(240)
OpenAs = Callable[..., Page]
GUEST = "=HYPERLINK(1)"


def held(quiet: Demo, subject: str) -> None:
    """Have two people come to a meeting and leave it, and the room be empty."""
    meeting = next(one for one in quiet.simulator("GET", "/api/meetings") if one["subject"] == subject)
    omar = next(one for one in quiet.simulator("GET", "/api/people") if one["name"].startswith("Omar"))
    path = f"/api/meetings/{meeting['id']}/join"
    inside = [quiet.simulator("POST", path, who) for who in ({"user": omar["id"]}, {"guest": GUEST})]
    for one in inside:
        quiet.simulator("DELETE", f"/api/groups/{one['group']}/participants/{one['id']}")
    groups = {one["group"] for one in inside}
    wait_for(
        lambda: groups.isdisjoint(found["id"] for found in quiet.simulator("GET", "/api/groups")), "an empty room"
    )


def test_who_was_there_is_fetched_shown_and_taken_away(quiet: Demo, open_as: OpenAs) -> None:
    max_ = open_as("max", "/meetings/new/")
    max_.get_by_label("Subject").fill("Who came")
    max_.get_by_label("Date").fill((datetime.now(tz=UTC) + timedelta(days=2)).date().isoformat())
    max_.get_by_label("Lobby", exact=True).select_option("everyone")
    max_.get_by_role("button", name="Schedule").click()
    expect(max_.get_by_role("link", name="Open in Teams")).to_be_visible()
    max_.get_by_role("link", name="Attendance").click()
    expect(max_.get_by_role("heading", name="Not over yet")).to_be_visible()
    held(quiet, "Who came")
    max_.get_by_role("button", name="Fetch now").click()
    table = max_.get_by_role("table")
    expect(table.get_by_role("row", name="Omar")).to_be_visible()
    expect(table.get_by_role("row", name=GUEST)).to_contain_text("Not invited")
    expect(max_.get_by_text("It is not over: nobody is late or missing yet.")).to_be_visible()
    with max_.expect_download() as taken:
        max_.get_by_role("link", name="CSV").click()
    text = Path(taken.value.path()).read_text(encoding="utf-8-sig")
    names = [row["Name"] for row in csv.DictReader(io.StringIO(text))]
    assert f"'{GUEST}" in names and GUEST not in names and len(names) == 3
    rita = open_as("rita", max_.url.removeprefix(quiet.url))
    expect(rita.get_by_role("row", name="Omar")).to_be_visible()
    expect(rita.get_by_role("button", name="Fetch now")).to_have_count(0)
