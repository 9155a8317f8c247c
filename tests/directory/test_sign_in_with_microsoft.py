"""Sign-in with Microsoft against a strict provider over TLS."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth import SESSION_KEY
from django.http import HttpResponse
from django.test import Client

from audit.models import Entry
from commsportal import clock
from directory import commands, microsoft
from directory.models import User
from graph import conf
from tests.directory.provider import CLIENT, FOREIGN_TENANT, OID, TENANT, Provider
from tests.graph.fake_service import Authority

START, CALLBACK = "/sign-in/microsoft/", "/sign-in/microsoft/callback/"
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return a certificate authority of the tests' own."""
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def provider(authority: Authority, settings: Any) -> Iterator[Provider]:
    """Return the provider that the portal's settings name."""
    there = Provider(authority)
    settings.GRAPH_LOGIN_URL = there.url
    settings.GRAPH_CA_FILE = str(Path(authority.file))
    settings.GRAPH_TENANT_IDS = settings.SIGN_IN_TENANTS = [TENANT]
    settings.GRAPH_CLIENT_ID = CLIENT
    settings.GRAPH_CLIENT_SECRET = "the secret"
    verifier = conf.sign_in_verifier(TENANT)
    yield there
    verifier.keys.stop()
    there.stop()


def back(visitor: Client, provider: Provider, start: str = START) -> dict[str, str]:
    """Go to the authorize page and agree; return the query to come back with."""
    return provider.authorize(visitor.get(start)["Location"])


def sign_in(visitor: Client, provider: Provider, start: str = START) -> HttpResponse:
    """Go the whole way."""
    return visitor.get(CALLBACK, back(visitor, provider, start))


def is_refused(visitor: Client, answer: HttpResponse) -> bool:
    """Tell whether the answer is the error page and nobody is signed in."""
    assert SESSION_KEY not in visitor.session
    assert b"You are not signed in" in answer.content
    return answer.status_code in (403, 503)


def test_a_person_signs_in_and_goes_where_they_wanted(visitor: Client, provider: Provider) -> None:
    answer = sign_in(visitor, provider, START + "?next=/calls/%3Fq%3Da")
    assert answer.status_code == 302 and answer["Location"] == "/calls/?q=a"
    user = User.objects.get()
    assert visitor.session[SESSION_KEY] == str(user.pk)
    assert (user.tenant_id, user.oid, user.roles) == (TENANT, OID, ["receptionist"])
    assert (user.username, user.name) == ("dagny@contoso.example", "Dagny Sørensen")
    assert not user.has_usable_password()
    assert [entry.kind for entry in Entry.objects.all()] == ["user.changed", "sign_in.ok"]
    assert visitor.get("/api/v1/me/").json()["graph_user"] == OID


@pytest.mark.control("A1")
def test_the_request_to_microsoft_is_bound_to_this_flow(
    visitor: Client, provider: Provider, settings: Any
) -> None:
    location = visitor.get(START)["Location"]
    asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    assert asked["redirect_uri"] == settings.PUBLIC_URL + CALLBACK
    assert asked["response_mode"] == "query" and asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert {"state", "nonce", "code_challenge"} <= asked.keys()
    assert "openid" in asked["scope"].split()


@pytest.mark.control("H6")
def test_a_forged_host_changes_no_address_of_the_flow(provider: Provider, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    forged = Client(HTTP_HOST="localhost:8000", HTTP_X_FORWARDED_HOST="evil.example")
    assert "evil" not in forged.get(START)["Location"]


FORGERIES = {
    "another key": {"signed_by": 2},
    "wrong issuer": {"spoil": {"iss": "https://evil.example/v2.0"}},
    "issuer of another tenant": {"spoil": {"iss": f"https://localhost/{FOREIGN_TENANT}/v2.0"}},
    "wrong audience": {"spoil": {"aud": "another application"}},
    "no audience": {"spoil": {"aud": ...}},
    "expired": {"spoil": {"exp": int(time.time()) - 400, "nbf": int(time.time()) - 4000}},
    "no expiry": {"spoil": {"exp": ...}},
    "not yet valid": {"spoil": {"nbf": int(time.time()) + 4000}},
    "foreign tenant": {"spoil": {"tid": FOREIGN_TENANT}},
    "no tenant": {"spoil": {"tid": ...}},
    "tenant is a list": {"spoil": {"tid": [TENANT]}},
    "no object id": {"spoil": {"oid": ...}},
    "empty object id": {"spoil": {"oid": ""}},
    "wrong nonce": {"spoil": {"nonce": "another"}},
    "no nonce": {"spoil": {"nonce": ...}},
    "no algorithm": {"header": {"alg": "none", "typ": "JWT", "kid": "sign-in"}},
    "secret algorithm": {"header": {"alg": "HS256", "typ": "JWT", "kid": "sign-in"}},
    "unknown key": {"header": {"alg": "RS256", "typ": "JWT", "kid": "other"}},
}
REASONS = {
    "foreign tenant": "foreign_tenant",
    "tenant is a list": "foreign_tenant",
    "no object id": "no_oid",
    "empty object id": "no_oid",
    "wrong nonce": "bad_answer",
    "no nonce": "bad_answer",
}


@pytest.mark.control("A1")
@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_id_token_signs_nobody_in(visitor: Client, provider: Provider, forgery: str) -> None:
    for name, value in FORGERIES[forgery].items():
        setattr(provider, name, value)
    assert is_refused(visitor, sign_in(visitor, provider))
    assert not User.objects.exists()
    entry = Entry.objects.get()
    assert (entry.kind, entry.data["reason"]) == ("sign_in.refused", REASONS.get(forgery, "bad_token"))


@pytest.mark.control("A1")
@pytest.mark.parametrize(
    "misuse", ["no state", "empty state", "foreign state", "no code", "foreign code", "nothing"]
)
def test_an_answer_to_another_question_signs_nobody_in(visitor: Client, provider: Provider, misuse: str) -> None:
    answer = back(visitor, provider)
    if misuse == "foreign code":  # bound by PKCE to the flow of another browser
        answer["code"] = back(Client(HTTP_HOST="localhost:8000"), provider)["code"]
    elif misuse == "nothing":
        answer = {}
    else:
        kind, name = misuse.split()
        answer[name] = {"no": "", "empty": "", "foreign": "x" * 16}[kind]
        if kind == "no":
            del answer[name]
    assert is_refused(visitor, visitor.get(CALLBACK, answer))


@pytest.mark.control("A1")
def test_an_answer_is_good_once(visitor: Client, provider: Provider) -> None:
    answer = back(visitor, provider)
    assert visitor.get(CALLBACK, answer).status_code == 302
    visitor.post("/sign-out/")
    assert is_refused(visitor, visitor.get(CALLBACK, answer))


@pytest.mark.control("A1")
def test_a_failed_answer_spends_the_flow_too(visitor: Client, provider: Provider) -> None:
    answer = back(visitor, provider)
    assert is_refused(visitor, visitor.get(CALLBACK, answer | {"state": "wrong"}))
    assert is_refused(visitor, visitor.get(CALLBACK, answer))


@pytest.mark.control("A1")
def test_an_answer_in_another_browser_signs_nobody_in(visitor: Client, provider: Provider) -> None:
    answer = back(visitor, provider)
    other = Client(HTTP_HOST="localhost:8000")
    assert is_refused(other, other.get(CALLBACK, answer))


@pytest.mark.control("A1")
@pytest.mark.parametrize(("minutes", "good"), [(9, True), (11, False)])
def test_a_flow_lives_ten_minutes(
    visitor: Client, provider: Provider, monkeypatch: pytest.MonkeyPatch, minutes: int, good: bool
) -> None:
    answer = back(visitor, provider)
    later = clock.now() + timedelta(minutes=minutes)
    monkeypatch.setattr(microsoft, "now", lambda: later)
    assert (visitor.get(CALLBACK, answer).status_code == 302) is good


@pytest.mark.parametrize(
    ("error", "words"),
    [("access_denied", b"not assigned"), ("interaction_required", b"Start again"), ("server_error", b"refused")],
)
def test_a_refusal_by_microsoft_says_what_to_do(
    visitor: Client, provider: Provider, error: str, words: bytes
) -> None:
    state = back(visitor, provider)["state"]
    description = "AADSTS50105: <b>not assigned</b>"
    answer = visitor.get(CALLBACK, {"error": error, "error_description": description, "state": state})
    assert is_refused(visitor, answer) and words in answer.content
    assert b"<b>not" not in answer.content


def test_an_unreachable_provider_is_said_to_be_so(visitor: Client, provider: Provider, settings: Any) -> None:
    answer = back(visitor, provider)
    settings.GRAPH_LOGIN_URL = "https://localhost:1"
    assert visitor.get(START).status_code == 503
    answer = visitor.get(CALLBACK, answer)
    assert is_refused(visitor, answer) and answer.status_code == 503


def test_without_tenants_there_is_no_such_way_in(visitor: Client, settings: Any) -> None:
    settings.SIGN_IN_TENANTS = []
    assert visitor.get(START).status_code == 404
    assert b"/sign-in/microsoft/" not in visitor.get("/sign-in/").content


@pytest.mark.control("A2")
def test_an_address_or_name_links_nobody(visitor: Client, provider: Provider) -> None:
    same = {"email": "dagny@contoso.example", "roles": ["administrator"]}
    local = User.objects.create_user("dagny@contoso.example", "a long enough word", **same)
    linked = User.objects.create_user("other", tenant_id=TENANT, oid=OID.replace("aa", "bb"), **same)
    sign_in(visitor, provider)
    made = User.objects.exclude(pk__in=[local.pk, linked.pk]).get()
    assert visitor.session[SESSION_KEY] == str(made.pk)
    assert made.username == f"dagny@contoso.example-{OID}" and made.roles == ["receptionist"]


@pytest.mark.control("A2")
def test_the_same_object_id_in_another_tenant_is_another_account(visitor: Client, provider: Provider) -> None:
    User.objects.create_user("stranger", tenant_id=FOREIGN_TENANT, oid=OID, roles=["administrator"])
    sign_in(visitor, provider)
    assert visitor.get("/api/v1/me/").json()["roles"] == ["receptionist"]


def test_a_linked_account_is_the_same_whichever_way_in(visitor: Client, provider: Provider) -> None:
    linked = User.objects.create_user(
        "dagny", "a long enough word", tenant_id=TENANT, oid=OID, roles=["receptionist"]
    )
    provider.spoil = {"tid": TENANT, "oid": OID.upper()}
    sign_in(visitor, provider)
    assert visitor.session[SESSION_KEY] == str(linked.pk)
    linked.refresh_from_db()
    assert linked.username == "dagny" and linked.check_password("a long enough word")


@pytest.mark.control("A2")
@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (["manager"], ["manager"]),
        (["auditor", "receptionist"], ["receptionist", "auditor"]),
        (["Administrator", "root", 7, None], []),
        ([], []),
        (..., []),
        ("administrator", []),
        ({"administrator": True}, []),
    ],
)
def test_roles_are_what_microsoft_says_today(
    visitor: Client, provider: Provider, told: Any, kept: list[str]
) -> None:
    sign_in(visitor, provider)
    visitor.post("/sign-out/")
    provider.spoil = {"roles": told}
    sign_in(visitor, provider)
    assert User.objects.get().roles == kept
    assert visitor.get("/api/v1/people/").status_code == (200 if kept else 403)


def test_a_disabled_account_stays_out(visitor: Client, provider: Provider) -> None:
    User.objects.create_user("dagny", tenant_id=TENANT, oid=OID, is_active=False)
    answer = sign_in(visitor, provider)
    assert is_refused(visitor, answer) and b"disabled" in answer.content
    assert Entry.objects.last().data["reason"] == "disabled"


@pytest.mark.control("A3")
def test_the_session_has_a_new_key(visitor: Client, provider: Provider) -> None:
    answer = back(visitor, provider)
    before = visitor.session.session_key
    visitor.get(CALLBACK, answer)
    assert visitor.session.session_key != before


@pytest.mark.control("H5")
@pytest.mark.parametrize("address", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:x"])
def test_the_way_on_stays_here(visitor: Client, provider: Provider, address: str) -> None:
    answer = provider.authorize(visitor.get(START, {"next": address})["Location"])
    assert visitor.get(CALLBACK, answer | {"next": address})["Location"] == "/"


def test_a_signed_in_stranger_is_replaced_not_merged(visitor: Client, provider: Provider, rita: User) -> None:
    visitor.force_login(rita)
    visitor.session["note"] = "rita's"
    sign_in(visitor, provider)
    assert visitor.session[SESSION_KEY] != str(rita.pk)
    assert "note" not in visitor.session


@pytest.fixture
def dagny(db: None) -> User:
    """Return an account that Microsoft vouches for and that administers."""
    return User.objects.create_user("dagny", tenant_id=TENANT, oid=OID, roles=["administrator", "auditor"])


@pytest.mark.control("Z6")
def test_microsoft_cannot_take_the_last_administrator_away(
    visitor: Client, provider: Provider, dagny: User, caplog: pytest.LogCaptureFixture
) -> None:
    User.objects.create_user("gone", roles=["administrator"], is_active=False)
    assert sign_in(visitor, provider).status_code == 302
    dagny.refresh_from_db()
    assert dagny.roles == ["receptionist", "administrator"]
    noted = Entry.objects.get(kind="user.last_administrator")
    assert noted.data["microsoft"] == ["receptionist"] and noted.data["kept"] == dagny.roles
    assert [record.levelname for record in caplog.records if "last administrator" in record.getMessage()] == [
        "WARNING"
    ]


def test_who_signs_in_keeps_nobody_else_waiting(
    visitor: Client, provider: Provider, ada: User, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(60) as asked:
        assert sign_in(visitor, provider).status_code == 302
    accounts = [one["sql"] for one in asked.captured_queries if 'FROM "directory_user"' in one["sql"]]
    assert accounts and all(" WHERE " in statement for statement in accounts)


@pytest.mark.control("Z6")
def test_one_of_two_administrators_is_what_microsoft_says(
    visitor: Client, provider: Provider, dagny: User, ada: User
) -> None:
    sign_in(visitor, provider)
    dagny.refresh_from_db()
    assert dagny.roles == ["receptionist"]
    assert not Entry.objects.filter(kind="user.last_administrator").exists()


@pytest.mark.control("Z6")
def test_two_administrators_withdrawn_one_after_the_other_leave_one(ada: User, dagny: User) -> None:
    told = {"tenant_id": TENANT, "name": "", "username": "", "email": "", "roles": ()}
    User.objects.filter(pk=ada.pk).update(tenant_id=TENANT, oid=FOREIGN_TENANT)
    for oid in (OID, FOREIGN_TENANT):
        commands.from_microsoft(microsoft.Account(oid=oid, **told))
    assert [user.username for user in User.objects.all() if "admin" in user.rights] == ["ada"]
