"""Odd and empty values in the query of a list are told, never taken for something else, and never a 500."""

from typing import Any

import pytest

from directory.models import User
from tests.people import api

pytestmark = pytest.mark.django_db
LISTS = ("calls/", "people/", "lines/")
CALL = "calls/00000000-0000-4000-8000-000000000000/timeline/"


def ask(user: User, path: str, **query: str) -> Any:
    """Ask the API."""
    return api(user).get(f"/api/v1/{path}", query)


@pytest.mark.parametrize("path", LISTS[:2])
@pytest.mark.parametrize(
    "limit",
    ["9" * 5_000, "9" * 20, "0" * 10 + "1", "\u0663", "\uff15", "\u00b2", "-1", "0", "201", "1.5", " 5", ""],
)
def test_a_limit_is_a_few_plain_digits_within_bounds(una: User, path: str, limit: str) -> None:
    answer = ask(una, path, limit=limit)
    assert answer.status_code == 400 and "1 to 200" in answer.json()["errors"]["limit"][0]
    assert ask(una, path, limit="200").status_code == ask(una, path, limit="1").status_code == 200


@pytest.mark.parametrize("path", [*LISTS, CALL])
def test_no_list_fails_on_a_limit_without_end(una: User, path: str) -> None:
    assert ask(una, path, limit="9" * 5_000).status_code < 500


@pytest.mark.parametrize("name", ["graph_id", "live", "line"])
def test_an_empty_filter_is_not_all_calls(una: User, name: str) -> None:
    answer = ask(una, "calls/", **{name: ""})
    assert answer.status_code == 400 and answer.json()["errors"][name]


def test_which_call_is_meant_is_asked_in_words(una: User) -> None:
    assert "leave graph_id out" in ask(una, "calls/", graph_id="").json()["errors"]["graph_id"][0]


@pytest.mark.parametrize("path", LISTS[:2])
def test_an_empty_search_finds_all(una: User, path: str) -> None:
    assert ask(una, path, q="").status_code == 200
