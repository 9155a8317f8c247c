"""The admin in our look, history readable and not editable."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.running import Demo, wait_for

pytestmark = pytest.mark.timeout(180)
READ_ONLY = ("webhooks/delivery", "calls/operation", "audit/entry")


def test_administrators_read_history_and_cannot_change_it(quiet: Demo, open_as: Callable[..., Page]) -> None:
    rita = quiet.client("rita")
    graph_id = quiet.ring("main", "+14255550181")
    call = wait_for(lambda: rita.call(graph_id), "call")
    asked = rita.post(f"calls/{call['id']}/reject/", {"reason": "busy"}).json()
    wait_for(lambda: rita.get(f"operations/{asked['id']}/")["status"] != "pending", "settled reject")
    page = open_as("ada", "/admin/")
    for model in READ_ONLY:
        page.goto(f"{quiet.url}/admin/{model}/")
        expect(page.locator("#result_list tbody tr").first).to_be_visible()
        expect(page.locator(f"a[href='/admin/{model}/add/']")).to_have_count(0)
        page.locator("#result_list tbody th a, #result_list tbody td a").first.click()
        expect(page.locator("#content")).to_be_visible()
        expect(page.locator("input[name=_save]")).to_have_count(0)


def test_a_line_is_configured_in_the_admin(quiet: Demo, open_as: Callable[..., Page]) -> None:
    page = open_as("ada", "/admin/routing/line/")
    page.get_by_role("link", name="clinic").click()
    expect(page.get_by_label("Name:")).to_have_value("clinic")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist, [role=status]").first).to_contain_text("clinic")


def test_others_find_only_what_is_theirs(open_as: Callable[..., Page], quiet: Demo) -> None:
    page = open_as("max", "/admin/")
    expect(page.get_by_role("link", name="Lines").first).to_be_visible()
    expect(page.get_by_role("link", name="Users")).to_have_count(0)
    answer = page.goto(f"{quiet.url}/admin/audit/entry/")
    assert answer is not None
    assert answer.status == 403


def test_who_has_no_role_stays_outside(open_as: Callable[..., Page], quiet: Demo) -> None:
    page = open_as("eve", "/")
    answer = page.goto(f"{quiet.url}/admin/")
    assert answer is not None
    assert answer.status == 403
