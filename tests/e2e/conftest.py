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
from tests.e2e.running import Behave, Demo
from tests.invariants import assert_holds

expect.set_options(timeout=30_000)
PARK_SECONDS = "30"  # in which a slow machine, too, parks a caller and takes them back
RETRIES = 5  # so often a notification comes again that was answered 503: SQLite has one writer at a time


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
    running = Demo(tmp_path_factory.mktemp("demo"), PARK_SECONDS=PARK_SECONDS).start()
    running.simulator("PUT", "/api/faults", {"callback_retries": RETRIES})
    yield running
    try:
        assert running.violations() == {}
    finally:
        ends_well(running)


def ends_well(running: Demo) -> None:
    """Show that every invariant holds of a demo that runs, and that it ends without a fault and a trace."""
    try:
        if running.is_running():
            assert_holds(Books(running, Database(running.folder)), expected_log=running.expected_log)
    finally:
        faults = running.faults_of_its_end()
    assert not faults, "\n".join(faults)


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
    """Return a function that makes demos; each that still runs at the end is looked at, stopped, and ends well."""
    made: list[Demo] = []

    def make(name: str = "data", **environ: str) -> Demo:
        made.append(Demo(tmp_path / name, **environ))
        return made[-1]

    yield make
    for running in made:
        if running.starts:
            ends_well(running)


@pytest.fixture
def behave(quiet: Demo) -> Iterator[Behave]:
    """Return a function that tells a person how to react when called; afterwards everybody is as before."""
    before = {entry["name"]: entry for entry in quiet.simulator("GET", "/api/people")}
    changed = set()

    def tell(name: str, behaviour: str) -> None:
        changed.add(name)
        quiet.simulator("PUT", f"/api/people/{before[name]['id']}", {"behaviour": behaviour})

    yield tell
    for name in changed:
        tell(name, before[name]["behaviour"])
