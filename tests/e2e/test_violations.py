"""What the Content-Security-Policy stops in Chromium is reported to the portal, and counted there."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.e2e.running import Demo, wait_for

pytestmark = pytest.mark.timeout(240)


@pytest.mark.control("H3")
def test_chromium_reports_what_was_stopped(own_demo: Callable[..., Demo], page: Page) -> None:
    demo = own_demo().start()
    page.goto(f"{demo.url}/sign-in/")
    assert demo.violations() == {}
    strange = "Object.assign(document.createElement('img'), {src: 'http://127.0.0.1:1/x'})"
    page.evaluate(f"document.body.append({strange})")
    wait_for(lambda: demo.violations() == {"img-src": 1.0}, "report")
