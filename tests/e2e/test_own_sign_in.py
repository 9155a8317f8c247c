"""An organiser whom no access policy covers holds their own meeting by their own sign-in."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.running import Demo

pytestmark = pytest.mark.timeout(240)


def test_an_organiser_signs_in_with_microsoft_and_holds_what_the_portal_may_not(
    quiet: Demo, open_as: Callable[..., Page]
) -> None:
    tenant = quiet.simulator("GET", "/api/connection")["tenant"]
    quiet.simulator("PUT", "/api/tenant-settings", {tenant: {"has_access_policy": False}})
    try:
        max_ = open_as("max", "/meetings/new/")
        max_.get_by_label("Subject").fill("In my own name")
        max_.get_by_label("Date").fill((datetime.now(tz=UTC) + timedelta(days=3)).date().isoformat())
        max_.get_by_label("Organiser", exact=True).select_option(label="Max Okafor")
        max_.get_by_role("button", name="Schedule").click()
        expect(max_.get_by_text("Grant-CsApplicationAccessPolicy")).to_be_visible()
        expect(max_.get_by_role("button", name="Hold it with my own sign-in")).to_have_count(0)
        max_.get_by_role("link", name="Sign in with Microsoft").click()
        max_.get_by_role("link", name="Max Okafor").click()
        expect(max_.get_by_role("heading", name="In my own name")).to_be_visible()
        rita = open_as("rita", max_.url.removeprefix(quiet.url))
        expect(rita.get_by_text("own sign-in")).to_have_count(0)
        max_.get_by_role("button", name="Hold it with my own sign-in").click()
        expect(max_.get_by_role("link", name="Open in Teams")).to_be_visible()
        expect(max_.get_by_text("Planned")).to_be_visible()
    finally:
        quiet.simulator("PUT", "/api/tenant-settings", {tenant: {"has_access_policy": True}})
