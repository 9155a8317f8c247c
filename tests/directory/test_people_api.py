"""`/api/v1/me/` and `/api/v1/people/`."""

import pytest
from django.test import Client

from commsportal.clock import now
from directory import search, tokens
from directory.models import Edition, Person, User
from directory.roles import MATRIX
from routing.models import Line
from tests.people import OIDS, api, make_person, make_user, tenant_id


def names(answer: object) -> list[str]:
    """Return the names on a page of people."""
    return [person["name"] for person in answer.json()["results"]]  # type: ignore[attr-defined]


def test_me_says_who_may_do_what_where(omar: User, main: Line, sales: Line, clinic: Line) -> None:
    assert api(omar).get("/api/v1/me/").json() == {
        "id": omar.pk,
        "username": "omar",
        "name": "Omar",
        "roles": ["receptionist"],
        "rights": sorted(MATRIX["receptionist"]),
        "lines": [{"id": main.pk, "name": "main"}, {"id": sales.pk, "name": "sales"}],
        "graph_user": OIDS["omar"],
    }


def test_an_administrator_has_all_lines(ada: User, main: Line, clinic: Line) -> None:
    assert [line["name"] for line in api(ada).get("/api/v1/me/").json()["lines"]] == ["clinic", "main"]


def test_who_has_no_role_gets_me_and_nothing_else(eve: User, main: Line) -> None:
    main.staff.add(eve)
    me = api(eve).get("/api/v1/me/").json()
    assert (me["roles"], me["rights"], me["lines"]) == ([], [], [])
    assert api(eve).get("/api/v1/people/").status_code == 403


def test_who_is_not_linked_has_no_graph_user(db: None) -> None:
    user = make_user("rita", oid="", tenant_id="")
    assert api(user).get("/api/v1/me/").json()["graph_user"] is None


@pytest.mark.control("Z7")
def test_people_are_those_of_the_tenants_one_works_for(rita: User, una: User, main: Line) -> None:
    make_person("Dana Lee")
    make_person("Wei Chen", tenant_id="dddddddd-0000-4000-8000-000000000001")
    assert names(api(rita).get("/api/v1/people/?q=e")) == ["Dana Lee"]
    assert names(api(una).get("/api/v1/people/?q=e")) == ["Dana Lee", "Wei Chen"]
    Line.objects.filter(pk=main.pk).update(tenant_id="dddddddd-0000-4000-8000-000000000001")
    assert names(api(rita).get("/api/v1/people/?q=e")) == ["Dana Lee", "Wei Chen"]


@pytest.mark.parametrize("path", ["/api/v1/me/", "/api/v1/people/"])
def test_without_credentials_the_answer_is_401_and_names_the_scheme(db: None, path: str) -> None:
    answer = api().get(path)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="commsportal"'
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.control("A6")
@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Bearer wrong", 401),
        ("bearer", 401),
        ("Bearer ", 401),
        ("BEARER {token}", 200),
        ("Bearer  {token} ", 200),
        ("Bearer {token} {token}", 401),
        ("Basic cml0YTpyaXRh", 401),
        ("{token}", 401),
    ],
)
def test_the_header_is_read_strictly(rita: User, header: str, status: int) -> None:
    value = header.format(token=tokens.issue(rita))
    assert Client().get("/api/v1/me/", HTTP_AUTHORIZATION=value).status_code == status


@pytest.mark.control("A6")
def test_beside_a_cookie_the_header_alone_counts(rita: User, eve: User) -> None:
    client = Client()
    client.force_login(rita)
    assert client.get("/api/v1/me/").json()["username"] == "rita"
    beside = {"HTTP_AUTHORIZATION": f"Bearer {tokens.issue(eve)}"}
    assert client.get("/api/v1/me/", **beside).json()["username"] == "eve"
    assert client.get("/api/v1/me/", HTTP_AUTHORIZATION="Bearer wrong").status_code == 401


@pytest.mark.control("A6")
def test_a_token_is_not_taken_from_the_address(rita: User) -> None:
    token = tokens.issue(rita)
    for name in ("token", "access_token", "authorization"):
        assert Client().get(f"/api/v1/me/?{name}={token}").status_code == 401


@pytest.mark.control("A7")
def test_rights_taken_away_are_gone_with_the_next_request(rita: User) -> None:
    client, page = api(rita), Client()
    page.force_login(rita)
    assert client.get("/api/v1/people/").status_code == page.get("/api/v1/people/").status_code == 200
    User.objects.update(roles=[])
    assert client.get("/api/v1/people/").status_code == page.get("/api/v1/people/").status_code == 403
    User.objects.update(is_active=False)
    assert client.get("/api/v1/me/").status_code == page.get("/api/v1/me/").status_code == 401


def test_a_method_that_a_list_lacks_is_405(rita: User) -> None:
    assert api(rita).post("/api/v1/people/", {"name": "x"}, format="json").status_code == 405
    assert not Person.objects.exists()


@pytest.fixture
def colleagues(db: None) -> list[Person]:
    """Return four people of the directory, one of them disabled."""
    return [
        make_person("Dagny Sørensen", department="Sales", business_phone="+1 (425) 555-0110", job_title="Head"),
        make_person("José Jiménez", department="Operations", mobile_phone="+49 89 123 45 67", mail="jj@x.example"),
        make_person("Łukasz Groß", department="Sales", upn="lukasz@contoso.example"),
        make_person("Gone Person", department="Sales", enabled=False),
    ]


def test_a_person_is_shown_under_graphs_id(rita: User, colleagues: list[Person]) -> None:
    dagny = colleagues[0]
    assert api(rita).get("/api/v1/people/?q=dagny").json() == {
        "results": [
            {
                "id": dagny.oid,
                "name": "Dagny Sørensen",
                "upn": "",
                "mail": "",
                "phones": ["+1 (425) 555-0110"],
                "department": "Sales",
                "job_title": "Head",
                "skills": [],
            }
        ],
        "next": None,
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Dagny Sørensen", "José Jiménez", "Łukasz Groß"]),
        ("sorensen", ["Dagny Sørensen"]),
        ("SØREN", ["Dagny Sørensen"]),
        ("jimenez jose", ["José Jiménez"]),
        ("Jime\u0301nez", ["José Jiménez"]),
        ("lukasz gross", ["Łukasz Groß"]),
        ("sales", ["Dagny Sørensen", "Łukasz Groß"]),
        ("sales dag", ["Dagny Sørensen"]),
        ("425 555 01", ["Dagny Sørensen"]),
        ("(425) 555-0110", ["Dagny Sørensen"]),
        ("+14255550110", ["Dagny Sørensen"]),
        ("089 1234567", ["José Jiménez"]),
        ("0049 89 123", ["José Jiménez"]),
        ("jj@x", ["José Jiménez"]),
        ("gone", []),
        ("%", []),
        ("_", []),
        ("dagny jose", []),
    ],
)
def test_people_are_found_by_name_department_and_number(
    rita: User, colleagues: list[Person], query: str, found: list[str]
) -> None:
    answer = api(rita).get("/api/v1/people/", {"q": query})
    assert sorted(names(answer)) == sorted(found)


@pytest.mark.parametrize("query", [{"q": "a\0b"}, {"q": "x" * 201}, {"cursor": "x"}, {"limit": "0"}])
def test_odd_queries_are_400(rita: User, query: dict[str, str]) -> None:
    assert api(rita).get("/api/v1/people/", query).status_code == 400


def test_pages_hold_everybody_once_in_the_order_of_names(rita: User) -> None:
    for n in range(25):
        make_person(f"Person {n % 7}", department="Sales")
    client, seen, cursor = api(rita), [], ""
    while cursor is not None:
        page = client.get("/api/v1/people/", {"limit": 4, "q": "sales"} | ({"cursor": cursor} if cursor else {}))
        seen += [(person["name"], person["id"]) for person in page.json()["results"]]
        cursor = page.json()["next"]
    assert len(seen) == len(set(seen)) == 25
    assert [name for name, _ in seen] == sorted(name for name, _ in seen)


def test_thousands_of_people_are_searched_in_memory(rita: User, django_assert_num_queries: object) -> None:
    person = Person(tenant_id=tenant_id(), name="x", synced_at=now())
    rows = []
    for n in range(2000):
        person.name = f"Person {n:05d}"
        rows.append(
            Person(
                tenant_id=tenant_id(),
                oid=f"cccccccc-0000-4000-8000-{n:012d}",
                name=person.name,
                synced_at=now(),
                search_text=search.text_of(person),
            )
        )
    Person.objects.bulk_create(rows)
    Edition.renew([tenant_id()])
    client = api(rita)
    client.get("/api/v1/people/?q=person")  # the token's use is noted once
    with django_assert_num_queries(5):  # type: ignore[operator] # token, edition, favourites, recents, the page
        assert names(client.get("/api/v1/people/?q=person 01999")) == ["Person 01999"]
