"""The admin: accounts, lines, tokens and dead deliveries, each change on record."""

import re
from typing import Any

import pytest
from django.test import Client

from audit.models import Entry
from commsportal.clock import now
from directory import commands, tokens
from directory.models import ApiToken, User
from routing.models import Line
from tests.people import NUMBERS, OIDS, make_person, make_user, tenant_id
from webhooks.models import Delivery


@pytest.fixture
def browser(ada: User) -> Client:
    """Return ada's browser."""
    client = Client(HTTP_HOST="localhost:8000")
    client.force_login(ada)
    return client


@pytest.fixture
def dead(db: None) -> Delivery:
    """Return a delivery that could not be applied."""
    return Delivery.objects.create(
        tenant_id=tenant_id(),
        message_key="m",
        index=0,
        call_key="c",
        body='{"secret": "marker"}',
        received_at=now(),
        status="dead",
        error="it would not fit",
    )


def kinds() -> list[str]:
    """Return the kinds of all entries."""
    return list(Entry.objects.values_list("kind", flat=True))


@pytest.mark.parametrize("path", ["", "routing/line/", "password_change/", "password_change/done/"])
def test_the_head_of_every_page_is_the_portals(browser: Client, path: str) -> None:
    page = browser.get(f"/admin/{path}").content.decode()
    assert page.count('action="/sign-out/"') == 1 and page.count('data-act="theme"') == 1
    assert '<a href="/console/">' in page and "Log out" not in page


# --- deliveries ---------------------------------------------------------------------------------------------
def test_a_dead_delivery_is_shown_with_its_error_and_a_button(browser: Client, dead: Delivery) -> None:
    page = browser.get(f"/admin/webhooks/delivery/{dead.pk}/change/").content.decode()
    assert "it would not fit" in page
    assert f'action="/admin/webhooks/delivery/{dead.pk}/replay/"' in page
    assert "marker" not in page


@pytest.mark.control("X3")
def test_replay_makes_it_due_and_is_on_record(browser: Client, dead: Delivery) -> None:
    answer = browser.post(f"/admin/webhooks/delivery/{dead.pk}/replay/", follow=True)
    assert "is applied anew" in answer.content.decode() and "/replay/" not in answer.content.decode()
    dead.refresh_from_db()
    assert dead.status == "pending" and dead.due_at is not None
    entry = Entry.objects.get()
    assert (entry.kind, entry.actor, entry.data["delivery"]) == ("delivery.replayed", "ada", dead.pk)
    browser.post(f"/admin/webhooks/delivery/{dead.pk}/replay/")
    assert kinds() == ["delivery.replayed"]


@pytest.mark.control("X3")
def test_reading_a_raw_body_leaves_one_entry(browser: Client, dead: Delivery) -> None:
    page = browser.get(f"/admin/webhooks/delivery/{dead.pk}/body/").content.decode()
    assert "marker" in page
    entry = Entry.objects.get()
    assert (entry.kind, entry.actor, entry.data) == ("raw.read", "ada", {"delivery": dead.pk, "call_key": "c"})


@pytest.mark.control("X3")
def test_looking_at_anything_else_shows_no_body(browser: Client, dead: Delivery) -> None:
    for page in ("", f"{dead.pk}/change/", f"{dead.pk}/history/"):
        assert b"marker" not in browser.get(f"/admin/webhooks/delivery/{page}").content
    assert kinds() == []


@pytest.mark.parametrize("action", ["replay", "body"])
def test_a_delivery_that_is_not_there_is_404(browser: Client, action: str) -> None:
    verb = browser.post if action == "replay" else browser.get
    assert verb(f"/admin/webhooks/delivery/999/{action}/").status_code == 404


# --- tokens -------------------------------------------------------------------------------------------------
@pytest.mark.control("A7")
def test_a_token_is_revoked_and_dead_at_once(browser: Client, rita: User) -> None:
    token = tokens.issue(rita)
    row = ApiToken.objects.get()
    page = browser.get(f"/admin/directory/apitoken/{row.pk}/change/").content.decode()
    assert row.digest not in page and token not in page and "Revoke" in page
    assert (
        "is revoked" in browser.post(f"/admin/directory/apitoken/{row.pk}/revoke/", follow=True).content.decode()
    )
    assert tokens.authenticate(token) is None
    assert Entry.objects.last().kind == "token.revoked" and Entry.objects.last().actor == "ada"


# --- accounts -----------------------------------------------------------------------------------------------
def account(user: User, **changes: Any) -> dict[str, Any]:
    """Return the form of an account, with changes."""
    told = {name: getattr(user, name) for name in ("username", "name", "email", "roles", "tenant_id", "oid")}
    told["is_active"] = "on"
    return {name: value for name, value in (told | changes).items() if value is not None}


def test_a_role_is_given_and_on_record(browser: Client, eve: User) -> None:
    answer = browser.post(f"/admin/directory/user/{eve.pk}/change/", account(eve, roles=["receptionist"]))
    assert answer.status_code == 302
    eve.refresh_from_db()
    assert eve.roles == ["receptionist"]
    entry = Entry.objects.get()
    assert (entry.kind, entry.actor) == ("user.changed", "ada")
    assert entry.data == {"user_id": eve.pk, "username": "eve", "changes": {"roles": [[], ["receptionist"]]}}


def test_saving_without_a_change_is_no_change(browser: Client, eve: User) -> None:
    assert browser.post(f"/admin/directory/user/{eve.pk}/change/", account(eve)).status_code == 302
    assert kinds() == []


@pytest.mark.control("Z6")
@pytest.mark.parametrize(
    "change", [{"roles": ["administrator", "receptionist"]}, {"roles": []}, {"is_active": None}, {"oid": ""}]
)
def test_nobody_changes_what_they_may_do_themselves(browser: Client, ada: User, change: dict[str, Any]) -> None:
    make_user("max", roles=["administrator"])
    before = User.objects.filter(pk=ada.pk).values().get()
    answer = browser.post(f"/admin/directory/user/{ada.pk}/change/", account(ada, **change))
    assert answer.status_code == 200 and "Another administrator must" in answer.content.decode()
    assert User.objects.filter(pk=ada.pk).values().get() == before and kinds() == []


def test_ones_own_name_may_be_changed(browser: Client, ada: User) -> None:
    browser.post(f"/admin/directory/user/{ada.pk}/change/", account(ada, name="Ada Lindqvist"))
    ada.refresh_from_db()
    assert ada.name == "Ada Lindqvist" and kinds() == ["user.changed"]


@pytest.mark.control("Z6")
@pytest.mark.parametrize("change", [{"roles": []}, {"is_active": False}])
def test_one_active_administrator_remains(ada: User, max_: User, change: dict[str, Any]) -> None:
    with pytest.raises(commands.LastAdministrator):
        commands.change_user(ada, change, by=max_)
    make_user("omar", roles=["administrator"], is_active=False)
    with pytest.raises(commands.LastAdministrator):
        commands.change_user(ada, change, by=max_)
    make_user("una", roles=["administrator"])
    commands.change_user(ada, change, by=max_)
    assert not ada_may(ada)


def ada_may(ada: User) -> bool:
    """Tell whether ada still administers."""
    ada.refresh_from_db()
    return "admin" in ada.rights


def test_an_unknown_role_is_refused(browser: Client, eve: User) -> None:
    answer = browser.post(f"/admin/directory/user/{eve.pk}/change/", account(eve, roles=["root"]))
    assert answer.status_code == 200
    eve.refresh_from_db()
    assert eve.roles == []


def test_a_new_account_is_on_record_and_can_sign_in(browser: Client, quick_hasher: None) -> None:
    word = "a staple of the correct horse"
    told = {"username": "new", "name": "New", "roles": ["auditor"], "usable_password": "true"}
    answer = browser.post("/admin/directory/user/add/", told | {"password1": word, "password2": word})
    assert answer.status_code == 302
    user = User.objects.get(username="new")
    assert user.roles == ["auditor"] and user.check_password(word)
    assert Entry.objects.get().data["changes"]["roles"] == [[], ["auditor"]]


@pytest.mark.control("A5")
def test_a_weak_password_is_refused(browser: Client, eve: User, quick_hasher: None) -> None:
    told = {"password1": "password", "password2": "password", "set-password": "", "usable_password": "true"}
    assert browser.post(f"/admin/directory/user/{eve.pk}/password/", told).status_code == 200
    eve.refresh_from_db()
    assert not eve.has_usable_password() and kinds() == []


def test_a_password_set_by_an_administrator_is_on_record_without_itself(
    browser: Client, eve: User, quick_hasher: None
) -> None:
    word = "a staple of the correct horse"
    told = {"password1": word, "password2": word, "set-password": "", "usable_password": "true"}
    assert browser.post(f"/admin/directory/user/{eve.pk}/password/", told).status_code == 302
    eve.refresh_from_db()
    assert eve.check_password(word)
    entry = Entry.objects.get()
    assert (entry.kind, entry.actor) == ("user.changed", "ada") and word not in entry.text


def test_accounts_are_never_deleted(browser: Client, eve: User) -> None:
    assert browser.post(f"/admin/directory/user/{eve.pk}/delete/", {"post": "yes"}).status_code == 403
    data = {"action": "delete_selected", "_selected_action": [eve.pk], "post": "yes"}
    browser.post("/admin/directory/user/", data)
    assert User.objects.filter(pk=eve.pk).exists()


# --- lines --------------------------------------------------------------------------------------------------
def line_form(line: Line, **changes: Any) -> dict[str, Any]:
    """Return the form of a line, with changes."""
    names = ("name", "phone", "instance_id", "mode", "organizers", "fallback", "fallback_kind", "fallback_target")
    told = {name: getattr(line, name) for name in names}
    return told | {"staff": list(line.staff.values_list("pk", flat=True))} | changes


def test_staff_and_fallback_are_changed_and_on_record(
    browser: Client, clinic: Line, omar: User, rita: User
) -> None:
    told = line_form(
        clinic, fallback="voicemail", fallback_kind="user", fallback_target=OIDS["max"].upper(), staff=[omar.pk]
    )
    before = sorted(clinic.staff.values_list("pk", flat=True))
    assert browser.post(f"/admin/routing/line/{clinic.pk}/change/", told).status_code == 302
    clinic.refresh_from_db()
    assert clinic.fallback_target == OIDS["max"] and list(clinic.staff.all()) == [omar]
    entry = Entry.objects.get()
    assert (entry.kind, entry.actor, entry.line_id) == ("line.changed", "ada", clinic.pk)
    assert entry.data["changes"] == {
        "fallback": ["reject", "voicemail"],
        "fallback_kind": ["", "user"],
        "fallback_target": ["", OIDS["max"]],
        "staff": [before, [omar.pk]],
    }


def test_a_line_saved_as_it_is_leaves_no_entry(browser: Client, clinic: Line) -> None:
    assert browser.post(f"/admin/routing/line/{clinic.pk}/change/", line_form(clinic)).status_code == 302
    assert kinds() == []


def test_organisers_are_kept_once_each_in_one_spelling(browser: Client, clinic: Line) -> None:
    written = f"{OIDS['max'].upper()}, {OIDS['omar']}\r\n{OIDS['max']}"
    told = line_form(clinic, mode="bridge", organizers=written)
    assert browser.post(f"/admin/routing/line/{clinic.pk}/change/", told).status_code == 302
    clinic.refresh_from_db()
    assert clinic.bridges and clinic.organizers.split() == [OIDS["max"], OIDS["omar"]]
    assert Entry.objects.get().data["changes"]["mode"] == ["direct", "bridge"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"fallback": "redirect"},
        {"fallback": "redirect", "fallback_kind": "user"},
        {"fallback": "redirect", "fallback_kind": "user", "fallback_target": "max"},
        {"fallback": "redirect", "fallback_kind": "phone", "fallback_target": "0425 555"},
        {"fallback": "voicemail", "fallback_kind": "phone", "fallback_target": "+14255550100"},
        {"fallback": "reject", "fallback_kind": "user", "fallback_target": OIDS["max"]},
        {"phone": "555"},
        {"instance_id": "not a guid"},
        {"phone": NUMBERS["main"]},
        {"name": ""},
        {"mode": "bridge"},
        {"mode": "bridge", "organizers": "max"},
        {"mode": "conference"},
    ],
)
def test_a_line_that_makes_no_sense_is_refused(
    browser: Client, main: Line, clinic: Line, wrong: dict[str, str]
) -> None:
    before = Line.objects.filter(pk=clinic.pk).values().get()
    answer = browser.post(f"/admin/routing/line/{clinic.pk}/change/", line_form(clinic, **wrong))
    assert answer.status_code == 200 and b"errornote" in answer.content
    assert Line.objects.filter(pk=clinic.pk).values().get() == before and kinds() == []


def test_a_new_line_belongs_to_a_tenant_of_the_settings_and_stays_there(browser: Client, rita: User) -> None:
    told = {"name": "spa", "phone": "+14255550009", "mode": "direct", "fallback": "reject", "staff": [rita.pk]}
    foreign = browser.post("/admin/routing/line/add/", told | {"tenant_id": "x"})
    assert foreign.status_code == 200 and not Line.objects.exists()
    browser.post("/admin/routing/line/add/", told | {"tenant_id": tenant_id()})
    line = Line.objects.get()
    assert kinds() == ["line.changed"] and Entry.objects.get().data["changes"]["staff"] == [None, [rita.pk]]
    browser.post(f"/admin/routing/line/{line.pk}/change/", told | {"tenant_id": "x"})
    line.refresh_from_db()
    assert line.tenant_id == tenant_id()


def test_a_deleted_line_is_on_record(browser: Client, clinic: Line) -> None:
    assert browser.post(f"/admin/routing/line/{clinic.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Line.objects.exists()
    assert Entry.objects.get().data["deleted"]["name"] == "clinic"


# --- the site -----------------------------------------------------------------------------------------------
def test_there_is_one_sign_in_for_all(db: None) -> None:
    stranger = Client(HTTP_HOST="localhost:8000")
    answer = stranger.get("/admin/calls/call/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/sign-in/?next=/admin/")
    assert stranger.post("/admin/login/", {"username": "ada", "password": "x"}).status_code == 302


def test_signing_out_of_the_admin_is_signing_out(browser: Client) -> None:
    assert browser.post("/admin/logout/")["Location"] == "/sign-in/"
    assert kinds() == ["sign_out"]
    assert browser.get("/api/v1/me/").status_code == 401


def test_rights_are_given_by_roles_alone(browser: Client) -> None:
    page = browser.get("/admin/").content.decode()
    assert "/admin/auth/group/" not in page and "/admin/directory/user/" in page


def test_lists_speak_of_roles_people_and_hours_as_people_do(browser: Client, rita: User, main: Line) -> None:
    make_person("Dana Lee", oid="cccccccc-0000-4000-8000-000000000099")
    Line.objects.filter(pk=main.pk).update(
        fallback="redirect", fallback_kind="user", fallback_target="cccccccc-0000-4000-8000-000000000099"
    )
    commands.change_user(rita, {"name": "Rita Ruiz"}, by=User.objects.get(username="ada"))
    users = browser.get("/admin/directory/user/").content.decode()
    assert ">receptionist<" in users and "[&quot;" not in users
    assert "Dana Lee" in browser.get("/admin/routing/line/").content.decode()
    entries = browser.get("/admin/audit/entry/").content.decode()
    assert re.search(r"\d\d:\d\d:\d\d<", entries) and not re.search(r"[ap]\.m\.", entries)
