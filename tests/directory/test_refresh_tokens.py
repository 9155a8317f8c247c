"""The refresh token of who signed in with Microsoft: sealed in that session's row, and gone when it must be."""

from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client

from audit.models import Entry
from directory import commands, refresh_tokens
from directory.models import User
from directory.session_store import SessionStore
from tests.calls.simulation import Simulation
from tests.directory.arriving import START, come_back, connected
from tests.directory.conftest import PASSWORD

__all__ = ["connected"]
pytestmark = [pytest.mark.django_db, pytest.mark.control("A3")]
FRESH = "another key of fifty characters or a little more than that"


@pytest.fixture(autouse=True)
def delegated(settings: Any) -> None:
    """Have the settings ask for people's own permissions."""
    settings.MICROSOFT_DELEGATED = "on"


@pytest.fixture
def max_here(visitor: Client, simulation: Simulation) -> User:
    """Return the manager, who has just come in by Microsoft."""
    assert come_back(visitor, simulation, "Max").status_code == 302
    return User.objects.get()


def session_of(visitor: Client) -> SessionStore:
    """Return the session as it stands in the database now."""
    return SessionStore(visitor.cookies["portal"].value)


def token_of(visitor: Client, user: User) -> str:
    return refresh_tokens.of(session_of(visitor), User.objects.get(pk=user.pk))


def rows_with_one() -> int:
    """Return how many sessions keep a token, openable or not."""
    return sum(refresh_tokens.KEPT in row.get_decoded() for row in Session.objects.all())


def test_it_is_kept_sealed_and_nothing_else_of_the_answer(visitor: Client, max_here: User) -> None:
    token = token_of(visitor, max_here)
    data = session_of(visitor).load()
    assert len(token) > 20 and token not in str(data) and "eyJ" not in str(data)
    assert set(data) == {
        "_auth_user_id",
        "_auth_user_backend",
        "_auth_user_hash",
        "signed_in_at",
        "seen_at",
        refresh_tokens.KEPT,
    }
    assert token not in str([cookie.OutputString() for cookie in visitor.cookies.values()])
    assert token not in str(list(Entry.objects.values()))


def test_unless_the_settings_ask_for_it_none_is_asked_for_or_kept(
    visitor: Client, simulation: Simulation, settings: Any
) -> None:
    settings.MICROSOFT_DELEGATED = "off"
    assert "OnlineMeetings" not in visitor.get(START)["Location"]
    assert come_back(visitor, simulation, "Max").status_code == 302
    assert rows_with_one() == 0


def test_once_the_settings_no_longer_ask_for_it_it_is_of_no_use(
    visitor: Client, max_here: User, settings: Any
) -> None:
    settings.MICROSOFT_DELEGATED = "off"
    assert token_of(visitor, max_here) == ""


@pytest.mark.parametrize("name", ["Rita", "Ada", "Una", "Eve"])
def test_who_may_not_schedule_has_none(visitor: Client, simulation: Simulation, name: str) -> None:
    assert come_back(visitor, simulation, name).status_code == 302
    assert rows_with_one() == 0


def test_who_signs_in_by_password_has_none(visitor: Client, max_here: User, quick_hasher: None) -> None:
    User.objects.filter(pk=max_here.pk).update(password=make_password(PASSWORD))
    other = Client(HTTP_HOST="localhost:8000")
    form = {"username": max_here.username, "password": PASSWORD}
    assert other.post("/sign-in/", form).status_code == 302
    assert token_of(other, max_here) == ""


def test_a_password_in_the_same_browser_ends_what_microsoft_gave(
    visitor: Client, max_here: User, simulation: Simulation, quick_hasher: None
) -> None:
    User.objects.filter(pk=max_here.pk).update(password=make_password(PASSWORD))
    come_back(visitor, simulation, "Max")
    assert rows_with_one() == 1
    form = {"username": max_here.username, "password": PASSWORD}
    assert visitor.post("/sign-in/", form).status_code == 302
    assert rows_with_one() == 0 and visitor.get("/api/v1/me/").status_code == 200


def test_an_account_that_became_another_ones_by_whatever_way_does_not_open_it(
    visitor: Client, max_here: User
) -> None:
    User.objects.filter(pk=max_here.pk).update(oid="dddddddd-0000-4000-8000-0000000000bb")
    assert token_of(visitor, max_here) == ""


def test_sign_out_leaves_nothing(visitor: Client, max_here: User) -> None:
    assert rows_with_one() == 1
    assert visitor.post("/sign-out/").status_code == 302
    assert not Session.objects.exists()


def test_whoever_was_under_way_when_it_ended_writes_nothing_back(visitor: Client, max_here: User) -> None:
    under_way = session_of(visitor)
    token = refresh_tokens.of(under_way, max_here)
    visitor.post("/sign-out/")
    with pytest.raises(UpdateError):
        refresh_tokens.keep(under_way, max_here, token)
    assert not Session.objects.exists()


def test_copied_into_another_session_it_does_not_open(visitor: Client, max_here: User) -> None:
    sealed = session_of(visitor)[refresh_tokens.KEPT]
    other = Client(HTTP_HOST="localhost:8000")
    other.force_login(max_here)
    session = session_of(other)
    session[refresh_tokens.KEPT] = sealed
    session.save()
    assert token_of(visitor, max_here) and token_of(other, max_here) == ""


def test_a_whole_row_copied_under_another_key_does_not_open_either(visitor: Client, max_here: User) -> None:
    row = Session.objects.get()
    Session.objects.create(session_key="k" * 32, session_data=row.session_data, expire_date=row.expire_date)
    copy = SessionStore("k" * 32)
    assert copy["_auth_user_id"] == str(max_here.pk) and refresh_tokens.of(copy, max_here) == ""


def test_for_another_account_it_does_not_open(visitor: Client, max_here: User, simulation: Simulation) -> None:
    other = User.objects.create_user("other", tenant_id=max_here.tenant_id, oid="another", roles=["manager"])
    session = session_of(visitor)
    assert refresh_tokens.of(session, other) == ""
    session["_auth_user_id"] = str(other.pk)
    assert refresh_tokens.of(session, other) == ""


def test_another_secret_key_opens_it_while_the_former_one_is_listed(
    visitor: Client, max_here: User, settings: Any
) -> None:
    token = token_of(visitor, max_here)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], FRESH
    before = visitor.cookies["portal"].value
    assert visitor.get("/api/v1/me/").status_code == 200
    assert visitor.cookies["portal"].value != before  # the session took to the new key
    settings.SECRET_KEY_FALLBACKS = []
    assert token_of(visitor, max_here) == token


def test_with_the_secret_key_gone_it_does_not_open(visitor: Client, max_here: User, settings: Any) -> None:
    settings.SECRET_KEY = FRESH
    assert token_of(visitor, max_here) == ""


def test_another_sign_in_brings_another_one(visitor: Client, max_here: User, simulation: Simulation) -> None:
    before = token_of(visitor, max_here)
    come_back(visitor, simulation, "Max")
    assert token_of(visitor, max_here) not in ("", before) and rows_with_one() == 1


def test_who_comes_in_after_somebody_else_has_their_own_alone(
    visitor: Client, max_here: User, simulation: Simulation
) -> None:
    come_back(visitor, simulation, "Rita")
    assert rows_with_one() == 0


CHANGES: dict[str, dict[str, Any]] = {
    "role": {"roles": ["receptionist"]},
    "disabled": {"is_active": False},
    "account": {"oid": "dddddddd-0000-4000-8000-0000000000bb"},
    "no account": {"oid": "", "tenant_id": ""},
}


@pytest.mark.control("A7")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_it_goes_with_the_right_the_account_and_the_link(
    visitor: Client, max_here: User, ada: User, change: dict[str, Any]
) -> None:
    commands.change_user(max_here, change, by=ada)
    assert rows_with_one() == 0
    assert Session.objects.filter(session_key=visitor.cookies["portal"].value).exists() is (
        change.get("is_active", True)
    )


def test_another_change_of_the_account_leaves_it(visitor: Client, max_here: User, ada: User) -> None:
    commands.change_user(max_here, {"roles": ["manager", "receptionist"], "name": "Maxim"}, by=ada)
    assert token_of(visitor, max_here)


def test_an_organisation_that_has_not_consented_is_told_so(
    visitor: Client, simulation: Simulation, settings: Any
) -> None:
    tenant = simulation.connection["tenant"]
    simulation.ask("PUT", "tenant-settings", {tenant: {"delegated_consent": False}})
    try:
        answer = come_back(visitor, simulation, "Max")
        assert answer.status_code == 403 and b"has not consented" in answer.content
        settings.MICROSOFT_DELEGATED = "off"
        assert come_back(visitor, simulation, "Max").status_code == 302
    finally:
        simulation.ask("PUT", "tenant-settings", {tenant: {"delegated_consent": True}})


def test_no_address_of_the_api_or_page_tells_it(visitor: Client, max_here: User) -> None:
    token, sealed = token_of(visitor, max_here), session_of(visitor)[refresh_tokens.KEPT]
    answers: list[HttpResponse] = [visitor.get(path) for path in ("/api/v1/me/", "/meetings/", "/console/")]
    told = "".join(answer.content.decode() for answer in answers)
    assert {answer.status_code for answer in answers} == {200}
    assert token not in told and sealed not in told
