"""Skills, departments, favourites and recents: what people are found by and kept at hand by."""

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from audit.models import Entry
from commsportal.clock import now
from directory import favourites, sync
from directory.models import Edition, Favourite, Person, Recent, User
from routing.models import Line
from tests.directory.test_sync import DAGNY, LIAM, Directory
from tests.people import api, make_person, tenant_id

OTHER_TENANT = "dddddddd-0000-4000-8000-000000000001"


def names(client: APIClient, **query: str) -> list[str]:
    answer = client.get("/api/v1/people/", query)
    assert answer.status_code == 200, answer.content
    return [one["name"] for one in answer.json()["results"]]


def at_hand(client: APIClient) -> dict[str, list[str]]:
    told = client.get("/api/v1/people/at-hand/").json()
    return {part: [one["name"] for one in people] for part, people in told.items()}


def star(client: APIClient, person: Person) -> int:
    return client.put(f"/api/v1/favourites/{person.oid}/").status_code


@pytest.fixture
def dana(rita: User) -> Person:
    """Return a colleague who speaks German."""
    return make_person("Dana Lee", department="Clinic", skills=["German", "First aid"])


@pytest.fixture
def wei(rita: User) -> Person:
    """Return another colleague."""
    return make_person("Wei Chen", department="Sales", skills=["German"])


# --- search -------------------------------------------------------------------------------------------------
def test_people_are_found_by_skill_and_in_spite_of_a_mistake(rita: User, dana: Person, wei: Person) -> None:
    client = api(rita)
    assert names(client, q="first aid") == ["Dana Lee"]
    assert names(client, q="GERMAN") == ["Dana Lee", "Wei Chen"]
    assert names(client, q="wei german") == ["Wei Chen"]
    assert names(client, q="dnaa") == ["Dana Lee"]
    assert names(client, q="daan sales") == []


def test_a_list_is_narrowed_to_a_department_and_a_skill(rita: User, dana: Person, wei: Person) -> None:
    client = api(rita)
    assert names(client, department="Sales") == ["Wei Chen"]
    assert names(client, skill="First aid") == ["Dana Lee"]
    assert names(client, skill="German", department="Clinic", q="lee") == ["Dana Lee"]
    assert names(client, department="Nobody's") == []
    for odd in ("department=", "skill=", "skill=" + "x" * 61, "department=a%00b"):
        assert client.get(f"/api/v1/people/?{odd}").status_code == 400


@pytest.mark.control("Z7")
def test_departments_and_skills_are_those_of_ones_own_tenants(
    rita: User, una: User, dana: Person, wei: Person
) -> None:
    make_person("Gone Person", department="Closed", enabled=False)
    make_person("Ken Sato", department="Clinic", tenant_id=OTHER_TENANT, skills=["Japanese"])
    assert api(rita).get("/api/v1/people/groups/").json() == {
        "departments": [{"name": "Clinic", "people": 1}, {"name": "Sales", "people": 1}],
        "skills": [{"name": "First aid", "people": 1}, {"name": "German", "people": 2}],
    }
    told = api(una).get("/api/v1/people/groups/").json()
    assert told["departments"][0] == {"name": "Clinic", "people": 2}
    assert {"name": "Japanese", "people": 1} in told["skills"]


def test_pages_go_on_where_the_last_ended_whatever_the_rank(rita: User) -> None:
    for n in range(9):
        make_person(f"Olsen {n}" if n % 3 else f"Max Olsen {n}", department="Olsens" if n % 2 else "")
        make_person(f"Olesn {n}")
        make_person(f"Elsa {n}", department="Olsens")
    client, seen, cursor, pages = api(rita), [], "", 0
    whole = names(client, q="olsen", limit="200")
    while cursor is not None:
        page = client.get(
            "/api/v1/people/", {"q": "olsen", "limit": 4} | ({"cursor": cursor} if cursor else {})
        ).json()
        seen += [one["name"] for one in page["results"]]
        cursor, pages = page["next"], pages + 1
    assert seen == whole and len(seen) == 27 and pages == 7
    assert seen[0] == "Olsen 1" and seen[6] == "Max Olsen 0" and seen[9] == "Elsa 0" and seen[-1] == "Olesn 8"


@pytest.mark.parametrize(
    "cursor", ["WyJ4Il0", "WyJ4IiwiYSIsIjEiXQ", "WyIxIiwiYSIsIngiXQ", "WyIxIiwiYSIsIjEiLCIyIl0"]
)
def test_a_cursor_that_no_page_gave_out_is_400(rita: User, cursor: str) -> None:
    assert api(rita).get("/api/v1/people/", {"cursor": cursor}).status_code == 400


def test_who_is_renamed_disabled_or_new_is_found_so_by_the_next_search(rita: User, dana: Person) -> None:
    client = api(rita)
    assert names(client, q="dana") == ["Dana Lee"]
    make_person("Dana Roy")
    assert names(client, q="dana") == ["Dana Lee", "Dana Roy"]
    dana.enabled = False
    dana.save()
    assert names(client, q="dana") == ["Dana Roy"]


@pytest.mark.django_db
def test_the_mirror_keeps_skills_and_has_searches_look_again(rita: User, monkeypatch: pytest.MonkeyPatch) -> None:
    there = Directory([DAGNY, LIAM])
    monkeypatch.setattr("graph.conf.client", lambda tenant: there)
    client = api(rita)
    sync.merge(tenant_id(), there.users_there)
    dagny = Person.objects.get(oid=DAGNY.id.lower())
    dagny.skills = ["Norwegian"]
    dagny.save()
    assert names(client, q="norwegian") == ["Dagny Sørensen"]
    before = Edition.objects.get(pk=tenant_id()).stamp
    sync.merge(tenant_id(), there.users_there)
    assert Edition.objects.get(pk=tenant_id()).stamp == before  # no news, no new look
    sync.merge(tenant_id(), [replace(DAGNY, display_name="Dagny Olsen")])
    assert names(client, q="norwegian") == ["Dagny Olsen"] and names(client, q="liam") == []
    dagny.refresh_from_db()
    assert dagny.skills == ["Norwegian"]


# --- skills in the admin ------------------------------------------------------------------------------------
@pytest.fixture
def browser(ada: User) -> Client:
    """Return ada's browser."""
    client = Client(HTTP_HOST="localhost:8000")
    client.force_login(ada)
    return client


def test_an_administrator_writes_skills_on_record(browser: Client, rita: User, wei: Person) -> None:
    path = f"/admin/directory/person/{wei.pk}/change/"
    page = browser.get(path).content.decode()
    assert ">\nGerman</textarea>" in page and 'name="name"' not in page
    assert browser.post(path, {"skills": " Mandarin ,, First   aid,", "name": "x"}).status_code == 302
    wei.refresh_from_db()
    assert (wei.skills, wei.name) == (["Mandarin", "First aid"], "Wei Chen")
    entry = Entry.objects.get()
    assert (entry.kind, entry.actor, entry.tenant_id) == ("person.changed", "ada", tenant_id())
    assert entry.data == {"person": wei.oid, "changes": {"skills": [["German"], ["Mandarin", "First aid"]]}}
    assert names(api(rita), q="mandarin") == ["Wei Chen"]
    assert browser.post(path, {"skills": "Mandarin, First aid"}).status_code == 302
    assert Entry.objects.filter(kind="person.changed").count() == 1  # nothing changed


@pytest.mark.parametrize("skills", ["x" * 61, ",".join(map(str, range(21))), "German, german", "a\x07b"])
def test_skills_that_make_no_sense_are_refused_in_the_form(browser: Client, wei: Person, skills: str) -> None:
    answer = browser.post(f"/admin/directory/person/{wei.pk}/change/", {"skills": skills})
    assert answer.status_code == 200 and answer.context["adminform"].form.errors["skills"]
    wei.refresh_from_db()
    assert wei.skills == ["German"]


# --- favourites and recents ---------------------------------------------------------------------------------
def test_a_favourite_is_kept_for_oneself_alone(rita: User, omar: User, dana: Person, wei: Person) -> None:
    client = api(rita)
    assert [star(client, wei), star(client, dana), star(client, wei)] == [204, 204, 204]
    assert at_hand(client) == {"favourites": ["Dana Lee", "Wei Chen"], "recents": []}
    assert at_hand(api(omar)) == {"favourites": [], "recents": []}
    assert api(omar).delete(f"/api/v1/favourites/{dana.oid}/").status_code == 204
    assert client.delete(f"/api/v1/favourites/{wei.oid}/").status_code == 204
    assert client.delete(f"/api/v1/favourites/{wei.oid}/").status_code == 204
    assert at_hand(client)["favourites"] == ["Dana Lee"]


@pytest.mark.control("Z7")
def test_nobody_of_another_tenant_becomes_a_favourite_or_stays_one_in_sight(rita: User, main: Line) -> None:
    stranger = make_person("Ken Sato", tenant_id=OTHER_TENANT)
    gone = make_person("Gone Person", enabled=False)
    client = api(rita)
    assert [star(client, stranger), star(client, gone)] == [404, 404]
    assert client.put(f"/api/v1/favourites/{uuid.uuid4()}/").status_code == 404
    assert client.put("/api/v1/favourites/x/").status_code == 404
    Line.objects.filter(pk=main.pk).update(tenant_id=OTHER_TENANT)
    assert star(client, stranger) == 204
    Line.objects.filter(pk=main.pk).update(tenant_id=tenant_id())
    assert at_hand(client)["favourites"] == []
    assert client.delete(f"/api/v1/favourites/{stranger.oid}/").status_code == 204
    assert not Favourite.objects.exists()


def test_there_are_no_more_favourites_than_a_list_is_good_for(rita: User, dana: Person) -> None:
    people = [make_person(f"P {n}") for n in range(favourites.MOST_FAVOURITES)]
    Favourite.objects.bulk_create(Favourite(user=rita, person=one) for one in people)
    client = api(rita)
    answer = client.put(f"/api/v1/favourites/{dana.oid}/")
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_favourites")
    assert star(client, people[0]) == 204
    client.delete(f"/api/v1/favourites/{people[0].oid}/")
    assert star(client, dana) == 204


@pytest.mark.control("X1")
def test_a_favourite_needs_the_csrf_token_of_the_session(rita: User, dana: Person) -> None:
    browser = Client(HTTP_HOST="localhost:8000", enforce_csrf_checks=True)
    browser.force_login(rita)
    assert browser.put(f"/api/v1/favourites/{dana.oid}/").status_code == 403
    assert browser.delete(f"/api/v1/favourites/{dana.oid}/").status_code == 403
    assert not Favourite.objects.exists()


def test_favourites_and_recents_are_found_first(rita: User, dana: Person, wei: Person) -> None:
    client = api(rita)
    tom = make_person("Tom Okafor", department="German desk")
    assert names(client, q="german") == ["Dana Lee", "Tom Okafor", "Wei Chen"]
    star(client, wei)
    favourites.note(rita, tenant_id(), [tom.oid])
    assert names(client, q="german") == ["Wei Chen", "Tom Okafor", "Dana Lee"]
    assert names(client) == ["Dana Lee", "Tom Okafor", "Wei Chen"]


def test_those_called_of_late_are_the_newest_each_once_and_never_oneself(
    rita: User, dana: Person, wei: Person
) -> None:
    people = [make_person(f"P {n}") for n in range(12)]
    myself = make_person("Rita Hansen", oid=rita.oid)
    start = now() - timedelta(days=89)
    for n, one in enumerate([*people, dana, wei]):
        Recent.objects.create(user=rita, person=one, at=start + timedelta(minutes=n))
    favourites.note(rita, tenant_id(), [people[3].oid, myself.oid, str(uuid.uuid4())])
    favourites.note(rita, OTHER_TENANT, [people[4].oid])
    told = at_hand(api(rita))["recents"]
    assert told[:3] == ["P 3", "Wei Chen", "Dana Lee"] and len(told) == favourites.MOST_RECENT
    Recent.objects.filter(person=wei).update(at=now() - timedelta(days=91))
    sync.tidy()
    assert not Recent.objects.filter(person=wei).exists() and Recent.objects.filter(person=dana).exists()


def test_a_list_of_those_at_hand_costs_few_statements(
    rita: User, dana: Person, wei: Person, django_assert_num_queries: Any
) -> None:
    client = api(rita)
    star(client, dana)
    favourites.note(rita, tenant_id(), [wei.oid])
    with django_assert_num_queries(5):  # the token, two lists of keys, two of people
        assert at_hand(client) == {"favourites": ["Dana Lee"], "recents": ["Wei Chen"]}
