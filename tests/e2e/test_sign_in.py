"""Signing in, in a real browser."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.running import Demo

pytestmark = pytest.mark.timeout(180)


def test_sign_in_with_microsoft_through_the_simulators_page(demo: Demo, page: Page) -> None:
    page.goto(f"{demo.url}/console/")
    page.wait_for_url(f"{demo.url}/sign-in/**")
    page.get_by_role("link", name="Sign in with Microsoft").click()
    page.wait_for_url(f"{demo.simulator_url}/**")
    page.get_by_role("link", name="Omar Haddad").click()
    page.wait_for_url(f"{demo.url}/console/")
    expect(page.locator(".console")).to_have_attribute("data-user", "omar")


def test_a_wrong_password_is_refused_in_words(demo: Demo, page: Page) -> None:
    page.goto(f"{demo.url}/sign-in/")
    page.get_by_label("Name", exact=True).fill("eve")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page).to_have_url(f"{demo.url}/sign-in/")


def test_signing_out_closes_the_console(demo: Demo, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{demo.url}/sign-in/?next=/console/")
    page.get_by_label("Name", exact=True).fill("max")
    page.get_by_label("Password").fill(demo.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{demo.url}/console/")
    page.locator("summary[aria-label='Max Okafor, my menu']").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{demo.url}/sign-in/")
    page.goto(f"{demo.url}/console/")
    expect(page).to_have_url(f"{demo.url}/sign-in/?next=/console/")
    context.close()
