"""The list of calls: scope, search, pages, and how many queries they cost."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from calls.models import Call
from directory.models import User
from routing.models import Line
from tests.pages.conftest import MakeCall, SignIn


def listed(client: Client, query: str = "") -> list[str]:
    """Return the ids of the calls on a page of the list, in their order."""
    return re.findall(r'href="/calls/([0-9a-f-]{36})/"', client.get(f"/calls/{query}").content.decode())


def ids(*calls: Call) -> list[str]:
    return [str(call.pk) for call in calls]


def test_the_newest_call_comes_first(rita: User, main: Line, make_call: MakeCall, sign_in: SignIn) -> None:
    first, second = make_call(main), make_call(main)
    assert listed(sign_in(rita)) == ids(second, first)


def test_calls_of_foreign_lines_are_not_there(
    omar: User, main: Line, clinic: Line, make_call: MakeCall, sign_in: SignIn
) -> None:
    mine, foreign, lineless = make_call(main), make_call(clinic), make_call(None)
    browser = sign_in(omar)
    assert listed(browser) == ids(mine)
    assert listed(browser, f"?line={clinic.pk}") == []
    assert browser.get(f"/calls/{foreign.pk}/").status_code == 404
    assert browser.get(f"/calls/{lineless.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [("weber", True), ("WEBER", True), ("23125", True), ("Dana", True), ("graph-id-7", True), ("nobody", False)],
)
def test_search_finds_name_number_target_and_graph_id(
    rita: User, main: Line, make_call: MakeCall, sign_in: SignIn, query: str, found: bool
) -> None:
    make_call(main)
    wanted = make_call(
        main, caller_name="Hans Weber", caller_phone="+493023125", handled_to="Dana Lee", graph_id="graph-id-7"
    )
    assert listed(sign_in(rita), f"?q={query}") == (ids(wanted) if found else [])


def test_search_takes_percent_and_underscore_as_they_stand(
    rita: User, main: Line, make_call: MakeCall, sign_in: SignIn
) -> None:
    make_call(main)
    wanted = make_call(main, caller_name="100% sure_thing")
    assert listed(sign_in(rita), "?q=%25") == ids(wanted)
    assert listed(sign_in(rita), "?q=e_t") == ids(wanted)


def test_line_and_state_narrow(rita: User, main: Line, sales: Line, make_call: MakeCall, sign_in: SignIn) -> None:
    ended, live = make_call(main), make_call(sales, state="incoming")
    browser = sign_in(rita)
    assert listed(browser, "?state=live") == ids(live)
    assert listed(browser, "?state=ended") == ids(ended)
    assert listed(browser, f"?line={main.pk}") == ids(ended)
    assert listed(browser, f"?line={main.pk}&state=live") == []


@pytest.mark.parametrize(
    "query",
    [
        "?line=x",
        "?line=99999999999999999999",
        "?line=-1",
        "?state=sideways",
        "?cursor=rubbish",
        "?cursor=W10",
        "?q=%00",
    ],
)
def test_odd_addresses_are_answered(
    rita: User, main: Line, make_call: MakeCall, sign_in: SignIn, query: str
) -> None:
    make_call(main)
    assert sign_in(rita).get(f"/calls/{query}").status_code == 200


def test_pages_follow_each_other_without_gap_or_repeat(
    rita: User, main: Line, make_call: MakeCall, sign_in: SignIn
) -> None:
    calls = [make_call(main) for _ in range(120)]
    browser, query, seen = sign_in(rita), "?q=amara", []
    while query:
        page = browser.get(f"/calls/{query}").content.decode()
        seen += re.findall(r'href="/calls/([0-9a-f-]{36})/"', page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        query = older[1].replace("&amp;", "&") if older else ""
        make_call(main)
    assert seen == ids(*reversed(calls))


def test_the_next_page_keeps_what_was_asked(rita: User, main: Line, make_call: MakeCall, sign_in: SignIn) -> None:
    for _ in range(51):
        make_call(main)
    page = sign_in(rita).get(f"/calls/?q=amara&line={main.pk}&state=ended").content.decode()
    older = re.search(r'rel="next" href="([^"]+)"', page)
    assert older
    asked = parse_qs(urlsplit(older[1].replace("&amp;", "&")).query)
    assert {name: asked[name] for name in ("q", "line", "state")} == {
        "q": ["amara"],
        "line": [str(main.pk)],
        "state": ["ended"],
    }


def test_a_long_list_costs_as_many_queries_as_a_short_one(
    rita: User,
    main: Line,
    make_call: MakeCall,
    sign_in: SignIn,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    browser = sign_in(rita)
    for _ in range(50):
        make_call(main, handled_by=rita, outcome="taken")
    with django_assert_max_num_queries(5):  # session, person, calls, lines, and one to spare
        assert len(listed(browser)) == 50


def test_an_empty_list_says_why(rita: User, main: Line, make_call: MakeCall, sign_in: SignIn) -> None:
    browser = sign_in(rita)
    assert b"No calls yet" in browser.get("/calls/").content
    make_call(main)
    assert b"No call matches" in browser.get("/calls/?q=zzz").content


def test_names_from_outside_stay_text(rita: User, main: Line, make_call: MakeCall, sign_in: SignIn) -> None:
    nasty = "<img src=x onerror=alert(1)>\"'"
    call = make_call(main, caller_name=nasty, caller_phone="<b>", handled_to="</td><script>")
    browser = sign_in(rita)
    for path in ("/calls/", f"/calls/{call.pk}/", "/calls/?q=%3Cimg"):
        body = browser.get(path).content.decode()
        assert "<img" not in body
        assert "</td><script>" not in body
        assert "&lt;img src=x" in body
