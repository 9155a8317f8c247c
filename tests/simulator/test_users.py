"""`/users` as REFERENCE 22 says."""

from typing import Any

import pytest

from simulator import schema

from .process import Running

EVENTUAL = {"ConsistencyLevel": "eventual"}


def names(simulator: Running, headers: dict[str, str] | None = None, **options: str) -> list[str]:
    """Return the first names that a query finds."""
    query = {f"${name}": value for name, value in options.items()}
    answer = simulator.graph("GET", "/users", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    schema.require("user.collection", answer.json())
    return [user["givenName"] for user in answer.json()["value"]]


def test_pages_are_followed_to_the_last(simulator: Running) -> None:
    url, seen = f"{simulator.connection['graph']}//users?$top=12&$select=id,displayName", []
    while url:
        page = simulator.signed_in.get(url).json()
        seen += page["value"]
        url = page.get("@odata.nextLink", "")
    assert len(seen) == len({user["id"] for user in seen}) == 30
    assert set(seen[0]) == {"id", "displayName"}


def test_only_the_default_set_comes_without_asking(simulator: Running) -> None:
    user = simulator.graph("GET", "/users?$top=1").json()["value"][0]
    assert "department" not in user and "accountEnabled" not in user
    assert {"id", "displayName", "businessPhones", "userPrincipalName"} <= set(user)


@pytest.mark.parametrize("key", ["id", "upn"])
def test_one_user_by_either_name(simulator: Running, key: str) -> None:
    rita = simulator.person("rita")
    answer = simulator.graph("GET", f"/users/{rita[key]}?$select=displayName,department")
    schema.require("user", answer.json())
    assert (answer.json()["displayName"], answer.json()["department"]) == ("Rita Hansen", "Front Desk")


def test_an_unknown_user_is_404(simulator: Running) -> None:
    answer = simulator.graph("GET", "/users/nobody@contoso.example")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "Request_ResourceNotFound")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("startsWith(displayName,'A')", ["Ada", "Adele"]),
        ("startswith(mail,'rita') or givenName eq 'Omar'", ["Rita", "Omar"]),
        ("department eq 'Clinic' and jobTitle ge 'Practice'", ["Hana", "Ines"]),
        ("surname in ('Klein','O''Connor')", ["Gustav", "Liam"]),
        ("(givenName eq 'Max' or givenName eq 'Una') and accountEnabled eq true", ["Max", "Una"]),
    ],
)
def test_filters_without_advanced_query(simulator: Running, text: str, found: list[str]) -> None:
    assert names(simulator, filter=text) == found


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"filter": "endsWith(mail,'vance@contoso.example')"}, ["Adele"]),
        ({"filter": "department eq 'Sales' and not startsWith(givenName,'D')"}, ["Bianca", "Carlos", "Emeka"]),
        ({"filter": "department eq 'Clinic'", "orderby": "displayName desc"}, ["Ines", "Hana", "Gustav", "Farah"]),
        ({"search": '"displayName:ros"'}, ["Bianca", "Rosa"]),
        ({"search": '"displayName:an" AND "mail:tove"'}, ["Tove"]),
        ({"search": '"displayName:vance" OR "givenName:wen"'}, ["Adele", "Wen"]),
    ],
)
def test_advanced_queries(simulator: Running, options: dict[str, str], found: list[str]) -> None:
    assert names(simulator, EVENTUAL, count="true", **options) == found


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"$filter": "endsWith(mail,'x')"}, 400),
        ({"$filter": "department ne 'Sales'"}, 400),
        ({"$filter": "department eq 'Sales'", "$orderby": "displayName"}, 400),
        ({"$search": '"displayName:wa"'}, 400),
        ({"$filter": "nonsense eq 'x'"}, 400),
        ({"$filter": "department eq"}, 400),
        ({"$filter": "department eq 'a' ;"}, 400),
        ({"$skip": "5"}, 400),
        ({"$top": "1000"}, 400),
        ({"$top": "0"}, 400),
        ({"$orderby": "department"}, 400),
        ({"$select": "aboutMe"}, 501),
    ],
)
def test_what_is_not_supported_is_refused(simulator: Running, query: dict[str, Any], status: int) -> None:
    answer = simulator.graph("GET", "/users", params=query)
    assert answer.status_code == status
    schema.require("error", answer.json())


def test_counts_need_their_header(simulator: Running) -> None:
    counted = simulator.graph("GET", "/users/$count", headers=EVENTUAL)
    assert (counted.text, counted.headers["Content-Type"].split(";")[0]) == ("30", "text/plain")
    assert simulator.graph("GET", "/users/$count").status_code == 400
    assert "@odata.count" not in simulator.graph("GET", "/users?$count=true").json()
    assert simulator.graph("GET", "/users?$count=true&$top=5", headers=EVENTUAL).json()["@odata.count"] == 30


def test_the_basic_permission_shows_basic_properties(simulator: Running) -> None:
    simulator.put("/api/permissions", {simulator.connection["tenant"]: ["User.ReadBasic.All"]})
    headers = {"Authorization": f"Bearer {simulator.token()}"}
    user = (
        simulator.session()
        .get(f"{simulator.connection['graph']}/users?$top=1", headers=headers)
        .json()["value"][0]
    )
    assert set(user) == {"displayName", "givenName", "surname", "mail", "userPrincipalName", "id"}
