"""Every right of the table is good for something: each role that has it gets its way, and no other does."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory

from calls.models import Call
from commsportal.clock import now
from directory import tokens
from directory.models import ApiToken, User
from directory.roles import MATRIX, RIGHTS, ROLES
from routing.models import Line
from tests.directory.walk import browser_of
from tests.directory.world import World, make_world
from tests.people import make_line, make_user

WHO = {"receptionist": "rita", "manager": "max", "administrator": "ada", "auditor": "una"}
Use = Callable[[World, Client, User], Any]


@pytest.fixture
def world(db: None, quick_hasher: None) -> World:
    """Return one row of everything."""
    return make_world()


def see(world: World, browser: Client, user: User) -> Any:
    return browser.get(f"/api/v1/calls/{world.call.pk}/")


def decide(world: World, browser: Client, user: User) -> Any:
    return browser.post(f"/api/v1/calls/{world.call.pk}/claim/", {}, "application/json")


def hang_up(world: World, browser: Client, user: User) -> Any:
    Call.objects.filter(pk=world.call.pk).update(state="established", established_at=now(), deadline=None)
    return browser.post(f"/api/v1/calls/{world.call.pk}/hang-up/", {}, "application/json")


def configure_line(world: World, browser: Client, user: User) -> Any:
    told = {"name": "renamed", "fallback": "reject", "staff": [user.pk]}
    return browser.post(f"/admin/routing/line/{world.clinic.pk}/change/", told)


def schedule(world: World, browser: Client, user: User) -> Any:
    return browser.post(
        f"/api/v1/meetings/{world.rows['meetings_onlinemeeting'].pk}/retry/", {}, "application/json"
    )


def replay(world: World, browser: Client, user: User) -> Any:
    return browser.post(f"/admin/webhooks/delivery/{world.rows['webhooks_delivery'].pk}/replay/")


def read_raw(world: World, browser: Client, user: User) -> Any:
    return browser.get(f"/admin/webhooks/delivery/{world.rows['webhooks_delivery'].pk}/body/")


def end_token(world: World, browser: Client, user: User) -> Any:
    tokens.issue(user)
    return browser.post(f"/admin/directory/apitoken/{ApiToken.objects.get(user=user, name='script').pk}/revoke/")


def administer(world: World, browser: Client, user: User) -> Any:
    return browser.get(f"/admin/directory/user/{user.pk}/change/")


USES: dict[str, Use] = {
    "see": see,
    "decide": decide,
    "hang_up": hang_up,
    "configure_line": configure_line,
    "schedule": schedule,
    "replay": replay,
    "read_raw": read_raw,
    "tokens": end_token,
    "admin": administer,
}


def test_every_right_has_a_use_here() -> None:
    assert tuple(USES) == RIGHTS and tuple(WHO) == ROLES


@pytest.mark.control("Z1")
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("right", RIGHTS)
def test_a_yes_of_the_table_works_and_a_no_does_not(world: World, right: str, role: str) -> None:
    user = world.users[WHO[role]]
    ApiToken.objects.all().delete()
    answer = USES[right](world, browser_of(user), user)
    expected = (200, 201, 202, 302) if right in MATRIX[role] else (403, 404)
    assert answer.status_code in expected, answer.content
    if answer.status_code == 302:
        assert "/sign-in/" not in answer["Location"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("rita", {"apitoken"}),
        ("max", {"apitoken", "line"}),
        ("una", {"apitoken", "delivery"}),
        ("ada", {model._meta.model_name for model in admin.site._registry}),
    ],
)
def test_the_admin_and_the_portal_show_people_what_is_theirs(world: World, name: str, shown: set[str]) -> None:
    browser = browser_of(world.users[name])
    assert 'href="/admin/"' in browser.get("/calls/").content.decode()
    models = [model for app in browser.get("/admin/").context["app_list"] for model in app["models"]]
    assert {model["model"]._meta.model_name for model in models} == shown


def test_who_has_no_role_is_shown_no_way_in(world: World) -> None:
    browser = browser_of(world.users["eve"])
    assert 'href="/admin/"' not in browser.get("/console/").content.decode()
    assert browser.get("/admin/").status_code == 403


@pytest.mark.control("Z1")
@pytest.mark.parametrize("model", list(admin.site._registry), ids=lambda model: model.__name__)
def test_each_model_of_the_admin_is_closed_to_those_without_its_right(db: None, model: Any) -> None:
    request = RequestFactory().get("/admin/")
    request.user = User(username="x", roles=[])
    pages = admin.site._registry[model]
    assert not pages.has_module_permission(request) and not any(pages.get_model_perms(request).values())
    request.user = User(username="x", roles=list(ROLES), is_active=False)
    assert not pages.has_module_permission(request) and not any(pages.get_model_perms(request).values())


@pytest.mark.control("Z1")
@pytest.mark.parametrize("name", ["rita", "max", "una"])
def test_whether_a_row_exists_is_not_told_to_those_without_its_right(world: World, name: str) -> None:
    browser = browser_of(world.users[name])
    shown = {model["model"] for app in browser.get("/admin/").context["app_list"] for model in app["models"]}
    hidden = [model for model in admin.site._registry if model not in shown]
    assert len(hidden) >= 8
    for model in hidden:
        app, label = model._meta.app_label, model._meta.model_name
        row = world.rows[f"{app}_{label}"].pk
        for page in ("change", "history", "delete"):
            told = {browser.get(f"/admin/{app}/{label}/{key}/{page}/").status_code for key in (row, 987654)}
            assert told == {403}, f"{label} {page}"


@pytest.mark.control("Z1")
def test_a_manager_configures_the_lines_of_their_scope_and_makes_none(world: World) -> None:
    browser = browser_of(world.users["max"])
    other = make_line("sales", [world.users["omar"]], fallback="reject")
    listed = browser.get("/admin/routing/line/").content.decode()
    assert "clinic" in listed and "sales" not in listed
    told = {"name": "mine", "fallback": "reject", "staff": [world.users["max"].pk]}
    browser.post(f"/admin/routing/line/{other.pk}/change/", told)
    for page in ("add/", f"{world.clinic.pk}/delete/"):
        assert browser.post(f"/admin/routing/line/{page}", told).status_code == 403
    assert sorted(Line.objects.values_list("name", flat=True)) == ["clinic", "sales"]
    assert list(other.staff.all()) == [world.users["omar"]]


def test_the_tokens_of_others_are_nobodys_but_an_administrators(world: World) -> None:
    tokens.issue(world.users["max"], "wallboard")
    row = ApiToken.objects.get(name="wallboard")
    for name in ("rita", "una"):
        browser = browser_of(world.users[name])
        assert "wallboard" not in browser.get("/admin/directory/apitoken/").content.decode()
        assert browser.post(f"/admin/directory/apitoken/{row.pk}/revoke/").status_code == 404
    row.refresh_from_db()
    assert row.revoked_at is None
    assert browser_of(world.users["ada"]).post(f"/admin/directory/apitoken/{row.pk}/revoke/").status_code == 302


@pytest.mark.parametrize("key", ["x", "0", "9" * 30, "9" * 5_000, "%00"])
def test_the_password_of_nobody_is_not_found(world: World, key: str) -> None:
    for verb in ("get", "post"):
        answer = getattr(browser_of(world.users["ada"]), verb)(f"/admin/directory/user/{key}/password/")
        assert answer.status_code == 404


@pytest.mark.parametrize("path", ["/api/schema/", "/api/docs/"])
def test_the_description_of_the_api_is_for_those_who_signed_in(world: World, path: str) -> None:
    token = tokens.issue(world.users["rita"])
    stranger = Client(HTTP_HOST="localhost:8000")
    assert stranger.get(path).status_code in (401, 302)
    assert stranger.get(path, HTTP_AUTHORIZATION="Bearer guessed").status_code in (401, 302)
    assert stranger.get(path, HTTP_AUTHORIZATION=f"Bearer {token}").status_code == 200
    assert browser_of(world.users["eve"]).get(path).status_code == 200


def test_a_stranger_at_the_documentation_is_led_to_the_sign_in_and_back(db: None) -> None:
    answer = Client(HTTP_HOST="localhost:8000").get("/api/docs/")
    assert answer["Location"] == "/sign-in/?next=/api/docs/"


@pytest.mark.parametrize(
    ("path", "verb", "status"), [("schema", "get", 401), ("schema", "post", 405), ("docs", "post", 405)]
)
def test_what_is_refused_there_is_a_problem_in_json(world: World, path: str, verb: str, status: int) -> None:
    browser = browser_of(world.users["rita"] if status == 405 else None)
    answer = getattr(browser, verb)(f"/api/{path}/")
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status


def test_signing_out_twice_leads_to_the_sign_in(db: None) -> None:
    rita = make_user("rita")
    browser = Client(HTTP_HOST="localhost:8000", enforce_csrf_checks=True)
    for verb in ("post", "get"):
        assert getattr(browser, verb)("/sign-out/")["Location"] == "/sign-in/"
    browser.force_login(rita)
    assert browser.post("/sign-out/").status_code == 403  # by another site's form
    assert browser.get("/api/v1/me/").status_code == 200
