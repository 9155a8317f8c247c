"""Fields of rows that no request may set: refused by name at every action, left as they are by every form."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db.models import Model
from rest_framework.test import APIClient

from calls.api.serializers import JoinSerializer
from tests.directory import walk
from tests.directory.test_matrix import ROUTES, digest
from tests.directory.world import World, make_world

pytestmark = pytest.mark.control("Z4")
PASSWORD = "a staple of the correct horse"
START, FAR = datetime(2020, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
ADMINS = {model._meta.label_lower.replace(".", "_") for model in admin.site._registry}
FORMS: dict[str, dict[str, Any]] = {
    "directory_user": {
        "username": "new-{}",
        "name": "New {}",
        "roles": ["receptionist"],
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    },
    "routing_line": {
        "tenant_id": settings.GRAPH_TENANT_IDS[0],
        "name": "new-{}",
        "phone": "+1425555020{}",
        "instance_id": "eeeeeeee-0000-4000-8000-00000000000{}",
        "mode": "direct",
        "organizers": "",
        "fallback": "reject",
        "fallback_kind": "",
        "fallback_target": "",
        "staff": [],
    },
    "meetings_organizer": {
        "tenant_id": settings.GRAPH_TENANT_IDS[0],
        "oid": "eeeeeeee-0000-4000-8000-00000000001{}",
        "staff": [],
    },
    "meetings_meetingtemplate": {
        "tenant_id": settings.GRAPH_TENANT_IDS[0],
        "name": "new-{}",
        "minutes": "3{}",
        "subject": "",
        "lobby": "organization",
        "dial_in_bypass": "",
        "presenters": "organization",
        "chat": "enabled",
        "camera": "on",
        "microphone": "on",
        "record": "",
        "announce": "",
        "passcode": "on",
        "is_archived": "",
    },
}  # what each form that adds a row declares, with values that it takes
CHANGED = {*FORMS, "directory_person"}  # people come from Microsoft: their form adds none
PAGES = [(model, "") for model in sorted(ADMINS)] + [
    (model, where)
    for model in sorted(ADMINS - FORMS.keys())
    for where in ("add/", "{}/change/", "{}/delete/", "{}/history/")
    if model not in CHANGED or where != "{}/change/"
]
LABELS = ("calls", "meetings", "routing", "webhooks", "directory", "audit")
VIEWS = {
    name: ROUTES[name][1].callback.view_class
    for name in ROUTES
    if name.startswith(("api-call", "api-meeting", "api-room"))
}
ACTIONS = {name: view for name, view in VIEWS.items() if hasattr(view, "body")}
OTHER_BODIES = {"api-calls": JoinSerializer}  # of actions that take one of two


def asked_with(name: str) -> str:
    """Return the verb of an action."""
    return "put" if name in ("api-meeting", "api-meeting-occurrence") else "post"


def actor(name: str) -> str:
    """Return somebody who may ask for an action."""
    return "max" if name.startswith("api-meeting") else "rita"


FAVOURITE = {"api-favourite": ("PUT", "DELETE")}  # of which bodies are not read
OTHER_VERBS = [
    (name, verb)
    for name in sorted(name for name in ROUTES if name.startswith("api-"))
    for verb in ("post", "put", "patch", "delete")
    if (verb != asked_with(name) or name not in ACTIONS) and verb.upper() not in FAVOURITE.get(name, ())
]


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
    client.force_authenticate(world.users[actor(name)])
    before = digest()
    own = {field for body in (ACTIONS[name].body, OTHER_BODIES.get(name)) if body for field in body().fields}
    for field in sorted(set(names()) - own):
        answer = getattr(client, asked_with(name))(path, {field: 1}, format="json")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert digest() == before


@pytest.mark.parametrize("model", sorted(CHANGED))
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


@pytest.mark.parametrize("model", sorted(FORMS))
def test_a_form_that_adds_sets_its_own_fields_alone(world: World, model: str) -> None:
    path, told = f"/admin/{model.replace('_', '/')}/add/", FORMS[model]
    browser = walk.browser_of(world.users["ada"])
    page = browser.get(path)
    assert set(page.context["adminform"].form.fields) == told.keys()  # another field is another row of this test
    rows = page.context["adminform"].model_admin.model._default_manager
    everything: dict[str, Any] = dict.fromkeys(names(), "77")
    made = []
    for n, more in enumerate(({}, everything)):
        own = {field: value.format(n) if isinstance(value, str) else value for field, value in told.items()}
        answer = browser.post(path, {**more, **own, "_save": "Save"})
        assert answer.status_code == 302, answer.context["adminform"].form.errors
        made.append(values(rows.latest("pk")))
    plain, full = made
    assert plain["id"] != full["id"]
    differing = {name for name in plain if plain[name] != full[name]}
    assert differing <= told.keys() | {"id", "password", "created_at"}
    assert "77" not in map(str, full.values()) and abs(full["id"] - plain["id"]) == 1
    assert full.get("created_at", FAR) > START


@pytest.mark.parametrize(("model", "where"), PAGES)
def test_a_page_without_a_form_takes_no_field(world: World, model: str, where: str) -> None:
    path = f"/admin/{model.replace('_', '/')}/{where.format(world.rows[model].pk)}"
    posted = dict.fromkeys(names(), "77") | {"_save": "Save", "form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1"}
    posted |= {f"form-0-{name}": "77" for name in names()} | {"form-0-id": str(world.rows[model].pk)}
    browsers = [walk.browser_of(world.users[person]) for person in ("ada", "max", "una")]
    before = digest()
    for browser in browsers:
        assert browser.post(path, posted).status_code in (200, 403, 404), path
    assert digest() == before


def test_other_pages_of_forms_change_nothing_else(world: World) -> None:
    before, rita = values(world.users["rita"]), world.users["rita"]
    path = f"/admin/directory/user/{rita.pk}/password/"
    new = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    answer = walk.browser_of(world.users["ada"]).post(path, dict.fromkeys(names(), "77") | new)
    assert answer.status_code == 302
    rita.refresh_from_db()
    assert {name for name, value in values(rita).items() if value != before[name]} == {"password"}


@pytest.mark.parametrize(("name", "verb"), OTHER_VERBS)
def test_no_other_verb_of_the_api_takes_a_field(world: World, name: str, verb: str) -> None:
    client = APIClient()
    client.force_authenticate(world.users[actor(name)])
    before = digest()
    posted = dict.fromkeys(names(), 77)
    assert getattr(client, verb)(walk.address(*ROUTES[name], world), posted, format="json").status_code == 405
    assert digest() == before


def test_who_signs_in_sets_nothing_of_the_account(world: World) -> None:
    rita = world.users["rita"]
    rita.set_password(PASSWORD)
    rita.save()
    before = values(rita)
    posted = dict.fromkeys(names(), "77") | {"username": "rita", "password": PASSWORD}
    assert walk.browser_of(None).post("/sign-in/", posted).status_code == 302
    rita.refresh_from_db()
    assert {name for name, value in values(rita).items() if value != before[name]} <= {"last_login", "password"}


def test_there_are_fields_actions_and_forms_to_try(world: World) -> None:
    assert len(names()) > 80 and len(ACTIONS) == 45
    assert {model for model in world.rows if model in ADMINS} == ADMINS and FORMS.keys() < ADMINS
