"""Somebody holds SQLite's lock past every time-out: all wait, consoles are told, all go on by themselves."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.consoles import row
from tests.e2e.databases import Database
from tests.e2e.outages import LOGGED, are_told, are_told_of_none, assert_says_come_again, show
from tests.e2e.reconciling import Books
from tests.e2e.running import Demo, wait_for
from tests.invariants import assert_holds
from tests.watching import watching

pytestmark = [pytest.mark.control("R6"), pytest.mark.timeout(240)]
RETRIES = 40  # of the simulator, together some minutes: longer than a database is away on a slow machine
SIZES = ((1366, 768), (390, 844))


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """Return both sides of a demo whose database is locked now and then."""
    running = Demo(tmp_path_factory.mktemp("locked")).start()
    running.simulator("PUT", "/api/faults", {"callback_retries": RETRIES})
    yield Books(running, Database(running.folder))
    assert running.stop() == 0


@pytest.fixture
def console(books: Books, browser: Browser) -> Iterator[Page]:
    """Return rita's console."""
    demo, page = books.running, browser.new_page()
    page.goto(f"{demo.url}/sign-in/?next=/console/")
    page.get_by_label("Name", exact=True).fill("rita")
    page.get_by_label("Password").fill(demo.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("[data-part=live]")).to_have_text("Live")
    yield page
    page.close()


@contextmanager
def locked(books: Books) -> Iterator[None]:
    """Hold the one lock for writing, from outside."""
    path = books.database.folder / "portal.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as own:
        own.execute("BEGIN EXCLUSIVE")
        yield


def test_all_wait_are_told_and_go_on(books: Books) -> None:
    demo = books.running
    rita, before, known = demo.client("rita"), demo.pids(), demo.ring()
    ringing = wait_for(lambda: rita.call(known), "call")
    with watching([rita.console(), rita.console()]) as consoles:
        wait_for(lambda: show(consoles, ringing["id"]), "call on both consoles")
        with locked(books):
            late = demo.ring("main", "+14255550191")
            wait_for(lambda: books.statuses()[503], "503 of the intake")
            wait_for(lambda: are_told(consoles), "word that the database is away")
            assert_says_come_again(rita, ringing["id"])
        wait_for(lambda: are_told_of_none(consoles), "word that it is back")
        wait_for(lambda: rita.call(late), "the call that came meanwhile")
        assert demo.pids() == before and [one.returns for one in consoles] == [0, 0]
        assert set(books.statuses()) == {202, 503}
        assert_holds(books, watchers=consoles, expected_log=LOGGED)


def test_a_page_says_so_and_says_so_no_longer(books: Books, console: Page, tmp_path: Path) -> None:
    banner, pill = console.locator("[data-part=connection]"), console.locator("[data-part=live]")
    books.running.ring("main", "+14255550192")
    expect(row(console, "+14255550192")).to_be_visible()
    with locked(books):
        expect(banner).to_contain_text("Database away")
        expect(pill).to_contain_text("Stale")
        expect(console.locator("[data-part=stale]")).to_be_visible()
        expect(console.locator("[data-part=alert]")).to_contain_text("database is away")
        picture(console, Path(os.environ.get("SCREENSHOTS") or tmp_path))
    expect(banner).to_be_hidden()
    expect(pill).to_have_text("Live")
    assert_holds(books, expected_log=LOGGED)


def picture(page: Page, folder: Path) -> None:
    """Picture a page on desk and phone, by day and by night, and see that it fits its window."""
    folder.mkdir(parents=True, exist_ok=True)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=folder / f"database-away-{width}-{scheme}.png")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
