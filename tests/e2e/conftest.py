"""One demo for all browser tests, and Debian's Chromium."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.databases import Database
from tests.e2e.reconciling import Books
from tests.e2e.running import Demo, alive
from tests.invariants import assert_holds

expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Use the machine's Chromium; there is no browser test without one."""
    path = (
        os.environ.get("CHROMIUM") or shutil.which("chromium") or pytest.fail("no Chromium: apt install chromium")
    )
    return browser_type_launch_args | {
        "executable_path": path,
        "args": ["--no-sandbox", "--disable-dev-shm-usage"],
    }


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Run a quiet demo for the whole session; when all is done every invariant holds, and nothing is left over."""
    running = Demo(tmp_path_factory.mktemp("demo")).start()
    yield running
    try:
        assert running.violations() == {}
        assert_holds(Books(running, Database(running.folder)))
    finally:
        pids, status = running.pids().values(), running.stop()
    assert status == 0
    assert [pid for pid in pids if alive(pid)] == []


@pytest.fixture
def quiet(demo: Demo) -> Iterator[Demo]:
    """Give the demo with all its faults off; leave it so, with no call under way that the next test would meet."""
    before = demo.simulator("GET", "/api/faults")
    yield demo
    demo.simulator("PUT", "/api/faults", before)
    demo.hush()


@pytest.fixture
def open_as(browser: Browser, quiet: Demo) -> Iterator[Callable[..., Page]]:
    """Return a function that signs a person in, in a browser of their own, and comes to `path`."""
    contexts: list[BrowserContext] = []

    def open_page(username: str, path: str = "/console/", start: str = "", **options: Any) -> Page:
        context = browser.new_context(**({"viewport": {"width": 1366, "height": 768}} | options))
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{quiet.url}/sign-in/?next={start or path}")
        page.get_by_label("Name", exact=True).fill(username)
        page.get_by_label("Password").fill(quiet.password)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url(f"{quiet.url}{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def own_demo(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    """Return a function that makes demos which are stopped at the end."""
    made: list[Demo] = []

    def make(name: str = "data", **environ: str) -> Demo:
        made.append(Demo(tmp_path / name, **environ))
        return made[-1]

    yield make
    for running in made:
        if running.process:
            running.stop()
