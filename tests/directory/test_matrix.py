"""Every route, asked as every person; every unsafe request without a CSRF token."""

import hashlib
from typing import Any

import pytest
from django.apps import apps

from tests.directory import walk
from tests.directory.matrix import MATRIX, READABLE
from tests.directory.world import World, make_world
from tests.people import api

ROUTES = walk.routes()
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
ORIGINS: tuple[dict[str, str], ...] = ({}, {"HTTP_ORIGIN": "http://localhost:8100"}, {"HTTP_ORIGIN": "null"})


@pytest.fixture
def world(db: None, quick_hasher: None, settings: Any) -> World:
    """Return one row of everything; Microsoft is not asked."""
    settings.SIGN_IN_TENANTS = []
    return make_world()


def digest() -> str:
    """Return a digest of all rows that mean something."""
    labels = ("calls", "routing", "webhooks", "directory", "audit", "admin")
    models = [model for label in labels for model in apps.get_app_config(label).get_models()]
    rows = [(model.__name__, list(model._default_manager.order_by("pk").values_list())) for model in models]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


@pytest.mark.control("Z1")
def test_every_route_is_in_the_table_and_the_table_names_nothing_else() -> None:
    assert MATRIX.keys() == ROUTES.keys()


@pytest.mark.control("Z1")
@pytest.mark.control("X1")
@pytest.mark.parametrize("name", sorted(ROUTES))
def test_every_person_gets_what_the_table_says(world: World, name: str) -> None:
    path = walk.address(*ROUTES[name], world)
    browsers = {person: walk.browser_of(world.users.get(person)) for person in walk.PEOPLE}
    for verb, cells in MATRIX[name].items():
        told = [walk.ask(browsers[person], path, name, verb) for person in walk.PEOPLE]
        assert " ".join(map(str, told)) == cells, f"{verb} {path}: {walk.PEOPLE}"


@pytest.mark.control("H1")
@pytest.mark.parametrize("name", sorted(ROUTES))
def test_an_unsafe_request_by_cookie_needs_our_own_token_and_origin(world: World, name: str) -> None:
    path = walk.address(*ROUTES[name], world)
    person = "ada" if path.startswith("/admin/") else "rita"
    browser = walk.browser_of(world.users[person], enforce_csrf_checks=True)
    refused = (400, 405) if name == "csp-reports" else (403, 405)  # takes reports from anybody, keeps none
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
    recorded = name in (
        "admin:webhooks_delivery_body",
        "sign-in-microsoft-callback",
    )  # who looked, who was refused
    assert (digest() == before) is not recorded


@pytest.mark.control("Z1")
@pytest.mark.parametrize("name", sorted(name for name in ROUTES if name.startswith("api-")))
def test_the_api_has_no_other_verbs(world: World, name: str) -> None:
    path = walk.address(*ROUTES[name], world)
    for person in ("eve", "rita", "max", "ada"):
        for verb in ("put", "patch", "delete"):
            answer = getattr(api(world.users[person]), verb)(path, {}, format="json")
            assert answer.status_code in (403, 405), f"{verb} {path}"


@pytest.mark.control("X1")
@pytest.mark.parametrize("model", READABLE)
def test_no_form_and_no_action_changes_a_readable_model(world: World, model: str) -> None:
    app, name = model.split("_")
    key = world.rows[model].pk
    browser = walk.browser_of(world.users["ada"])
    before = digest()
    for page in ("", "add/", f"{key}/change/", f"{key}/delete/", f"{key}/history/"):
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
