"""Every route, asked as every person; every unsafe request without a CSRF token."""

import hashlib
from typing import Any

import pytest
from django.apps import apps

from tests.directory import walk
from tests.directory.matrix import MATRIX, READABLE
from tests.directory.world import World, make_world
from tests.tried import Count

ROUTES = walk.routes()
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
UNKNOWN = ("PUT", "PATCH", "DELETE")  # verbs that no route has
RECORDED = {  # who looked, who was refused, who took a table away
    "admin:webhooks_delivery_body",
    "sign-in-microsoft-callback",
    "meeting-attendance-csv",
    "meeting-attendance-xlsx",
}
ORIGINS: tuple[dict[str, str], ...] = ({}, {"HTTP_ORIGIN": "http://localhost:8100"}, {"HTTP_ORIGIN": "null"})


@pytest.fixture
def world(db: None, quick_hasher: None, settings: Any) -> World:
    """Return one row of everything; Microsoft is not asked."""
    settings.SIGN_IN_TENANTS = []
    return make_world()


def digest() -> str:
    """Return a digest of all rows that mean something."""
    labels = ("calls", "meetings", "routing", "webhooks", "directory", "audit", "admin")
    models = [model for label in labels for model in apps.get_app_config(label).get_models()]
    rows = [(model.__name__, list(model._default_manager.order_by("pk").values_list())) for model in models]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


@pytest.mark.control("Z1")
def test_every_route_is_in_the_table_and_the_table_names_nothing_else() -> None:
    assert MATRIX.keys() == ROUTES.keys()


@pytest.mark.control("Z1")
@pytest.mark.control("X1")
@pytest.mark.parametrize("name", sorted(ROUTES))
def test_every_person_gets_what_the_table_says(world: World, tried: Count, name: str) -> None:
    path = walk.address(*ROUTES[name], world)
    browsers = {person: walk.browser_of(world.users.get(person)) for person in walk.PEOPLE}
    for verb, cells in MATRIX[name].items():
        told = [walk.ask(browsers[person], path, name, verb) for person in walk.PEOPLE]
        assert " ".join(map(str, told)) == cells, f"{verb} {path}: {walk.PEOPLE}"
        tried("cells of route, verb and person", len(told))


@pytest.mark.control("Z1")
def test_a_verb_that_no_route_has_does_no_more_than_to_look(world: World, tried: Count) -> None:
    browsers = {person: walk.browser_of(world.users.get(person)) for person in walk.PEOPLE}
    before = digest()
    for name in sorted(ROUTES.keys() - RECORDED):
        path, seen = (
            walk.address(*ROUTES[name], world),
            dict(zip(walk.PEOPLE, MATRIX[name]["GET"].split(), strict=True)),
        )
        is_admin = name.startswith("admin:")  # those pages know no verbs: one stands for all there
        for person in ("nobody", "ada") if is_admin else walk.PEOPLE:
            for verb in UNKNOWN[-1:] if is_admin else [verb for verb in UNKNOWN if verb not in MATRIX[name]]:
                status = browsers[person].generic(verb, path).status_code
                assert status in (401, 403, 404, 405, int(seen[person])), f"{verb} {path} as {person}"
                tried("cells of route, verb and person")
    assert digest() == before


@pytest.mark.control("Z1")
@pytest.mark.parametrize("verb", ["TRACE", "TRACK", "CONNECT", "DEBUG"])
def test_a_verb_that_shows_the_request_is_answered_405_everywhere(world: World, tried: Count, verb: str) -> None:
    for person in ("nobody", "ada"):
        browser = walk.browser_of(world.users.get(person))
        for name in sorted(ROUTES):
            path = walk.address(*ROUTES[name], world)
            answer = browser.generic(verb, path, headers={"X-Mark": "b3c1"})
            assert answer.status_code == 405 and b"b3c1" not in answer.content, f"{verb} {path} as {person}"
            tried("cells of route, verb and person")


@pytest.mark.control("H1")
@pytest.mark.parametrize("name", sorted(ROUTES))
def test_an_unsafe_request_by_cookie_needs_our_own_token_and_origin(world: World, name: str) -> None:
    path = walk.address(*ROUTES[name], world)
    person = "ada" if path.startswith("/admin/") else "rita"
    browser = walk.browser_of(world.users[person], enforce_csrf_checks=True)
    is_open = name in ("csp-reports", "changes")  # take from anybody, keep nothing of strangers
    refused = (400, 405) if is_open else (403, 405)
    before = digest()
    for verb in UNSAFE:
        for origin in ORIGINS if verb == "POST" else ORIGINS[:1]:
            answer = getattr(browser, verb.lower())(path, **origin)
            assert answer.status_code in refused, f"{verb} {path} {origin}"
    assert digest() == before


@pytest.mark.control("H1")
@pytest.mark.parametrize("name", sorted(ROUTES))
def test_a_get_changes_nothing(world: World, name: str) -> None:
    path = walk.address(*ROUTES[name], world)
    browser = walk.browser_of(world.users["ada"])
    before = digest()
    browser.get(path)
    assert (digest() == before) is not (name in RECORDED)


@pytest.mark.control("X1")
@pytest.mark.parametrize("model", READABLE)
def test_no_form_and_no_action_changes_a_readable_model(world: World, model: str) -> None:
    app, name = model.split("_")
    key = world.rows[model].pk
    browser = walk.browser_of(world.users["ada"])
    before = digest()
    change = [] if model == "directory_person" else [f"{key}/change/"]  # the skills are written there
    for page in ("", "add/", *change, f"{key}/delete/", f"{key}/history/"):
        for data in (
            {"action": "delete_selected", "_selected_action": [key], "post": "yes", "index": 0},
            {
                "state": "terminated",
                "status": "pending",
                "actor": "x",
                "name": "x",
                "_save": "Save",
                "post": "yes",
            },
        ):
            assert browser.post(f"/admin/{app}/{name}/{page}", data).status_code == 403
    assert digest() == before
