"""Fields of rows that no request may set: refused by name at every action, left as they are by every form."""

from typing import Any

import pytest
from django.apps import apps
from django.db.models import Model
from rest_framework.test import APIClient

from calls.api import views
from tests.directory import walk
from tests.directory.test_matrix import ROUTES, digest
from tests.directory.world import World, make_world

pytestmark = pytest.mark.control("Z4")
LABELS = ("calls", "routing", "webhooks", "directory", "audit")
ACTIONS = {name: ROUTES[name][1].callback.view_class for name in ROUTES if name.startswith("api-call-")}
ACTIONS = {name: view for name, view in ACTIONS.items() if issubclass(view, views.Action)}


@pytest.fixture
def world(db: None) -> World:
    """Return one row of everything."""
    return make_world()


def names() -> list[str]:
    """Return the names of all fields and columns of all our models."""
    models: list[type[Model]] = [m for label in LABELS for m in apps.get_app_config(label).get_models()]
    fields = [field for model in models for field in model._meta.get_fields()]
    return sorted({name for field in fields for name in (field.name, getattr(field, "attname", field.name))})


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_an_action_refuses_every_field_that_is_not_its_own(world: World, name: str) -> None:
    path = walk.address(*ROUTES[name], world)
    client = APIClient()
    client.force_authenticate(world.users["rita"])
    before = digest()
    for field in names():
        if field in ACTIONS[name].body().fields:
            continue
        answer = client.post(path, {field: 1}, format="json")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert digest() == before


@pytest.mark.parametrize("model", ["directory_user", "routing_line"])
def test_a_form_changes_its_own_fields_alone(world: World, model: str) -> None:
    path = "/".join(model.split("_"))
    row = world.rows[model]
    browser = walk.browser_of(world.users["ada"])
    page = browser.get(f"/admin/{path}/{row.pk}/change/")
    form = page.context["adminform"].form
    own = {field: value for field, value in form.initial.items() if field in form.fields and value is not None}
    foreign = {field.attname: 77 for field in row._meta.concrete_fields if field.name not in form.fields}
    assert len(foreign) > 1
    data = {
        field: [getattr(one, "pk", one) for one in v] if isinstance(v, list) else v for field, v in own.items()
    }
    before = values(row)
    answer = browser.post(f"/admin/{path}/{row.pk}/change/", {**data, **foreign, "_save": "Save"})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    row.refresh_from_db()
    after = values(row)
    assert {field for field in foreign if after[field] != before[field]} == set()


def values(row: Any) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_there_are_fields_and_actions_to_try() -> None:
    assert len(names()) > 80 and len(ACTIONS) == 7
