"""Signing in with name and password, and out."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.hashers import PBKDF2PasswordHasher, identify_hasher
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client

from audit.models import Entry
from commsportal import clock
from directory import delays, login
from directory.models import SignInDelay, User

ATTACKER = "203.0.113.9"


def submit(visitor: Client, username: str, password: str, **extra: Any) -> HttpResponse:
    """Send the form; `extra` may carry `next` and `source`."""
    source = extra.pop("source", "192.0.2.1")
    return visitor.post("/sign-in/", {"username": username, "password": password} | extra, REMOTE_ADDR=source)


def is_in(visitor: Client) -> bool:
    """Tell whether the browser's session is somebody's."""
    return SESSION_KEY in visitor.session


@pytest.fixture
def shift(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Return what moves the clock on, for every module that reads it."""
    state = {"by": timedelta(0)}
    real = clock.now

    def later() -> Any:
        return real() + state["by"]

    for module in ("directory.delays", "directory.sessions", "directory.tokens", "directory.microsoft"):
        monkeypatch.setattr(f"{module}.now", later)

    def move(by: timedelta) -> None:
        state["by"] += by

    return move


def test_the_right_password_opens_a_session_and_goes_on(visitor: Client, password: str, rita: User) -> None:
    answer = submit(visitor, "rita", password, next="/console/")
    assert answer.status_code == 302 and answer["Location"] == "/console/"
    assert visitor.session[SESSION_KEY] == str(rita.pk)
    entry = Entry.objects.get()
    assert (entry.kind, entry.actor) == ("sign_in.ok", "rita")
    assert entry.data == {"user_id": rita.pk, "method": "password", "source": "192.0.2.1"}


@pytest.mark.django_db
def test_passwords_are_kept_by_djangos_own_hasher() -> None:
    word = "a staple of the correct horse"
    user = User.objects.create_user("somebody", word)
    assert identify_hasher(user.password).algorithm == PBKDF2PasswordHasher.algorithm
    assert word not in user.password and user.check_password(word) and not user.check_password(word + " ")


@pytest.mark.parametrize(
    "values", [{}, {"username": "rita"}, {"username": "rita\0", "password": "x"}, {"username": "r" * 5000}]
)
def test_an_incomplete_form_is_refused_like_any_other(
    visitor: Client, password: str, values: dict[str, str]
) -> None:
    answer = visitor.post("/sign-in/", values)
    assert answer.status_code == 200 and not is_in(visitor)
    assert b"do not work together" in answer.content


def test_a_form_without_csrf_token_is_refused(password: str) -> None:
    strict = Client(HTTP_HOST="localhost:8000", enforce_csrf_checks=True)
    assert submit(strict, "rita", password).status_code == 403
    assert not is_in(strict)


@pytest.mark.control("A4")
def test_unknown_wrong_disabled_and_delayed_get_the_same_answer(password: str, rita: User) -> None:
    User.objects.create_user("gone", "something else", is_active=False)

    def answer(username: str, word: str) -> bytes:
        response = submit(Client(HTTP_HOST="localhost:8000"), username, word, source=ATTACKER)
        assert response.status_code == 200
        return _plain(response.content).replace(username.encode(), b"NAME")

    wrong = answer("rita", "wrong")
    assert answer("nobody", "wrong") == wrong
    assert answer("gone", "something else") == wrong
    for _ in range(6):
        answer("rita", "wrong")
    assert answer("rita", password) == wrong  # delayed


def _plain(page: bytes) -> bytes:
    return re.sub(rb'name="csrfmiddlewaretoken" value="\w+"', b"", page)


@pytest.mark.control("A4")
def test_an_unknown_account_costs_as_much_work_as_a_wrong_password(
    visitor: Client, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.contrib.auth.hashers import MD5PasswordHasher

    hashed: list[str] = []
    real = MD5PasswordHasher.encode

    def counting(self: MD5PasswordHasher, word: str, salt: str) -> str:
        hashed.append(word)
        return real(self, word, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counting)
    work = []
    for username in ("rita", "nobody"):
        hashed.clear()
        submit(visitor, username, "wrong")
        work.append(len(hashed))
    assert work[0] == work[1] > 0


@pytest.mark.control("A4")
def test_a_thousand_guesses_from_one_source_do_not_keep_the_owner_out_elsewhere(
    visitor: Client, password: str
) -> None:
    attempts = delays.counters("rita", ATTACKER, "")
    let_through = sum(delays.begin(attempts) for _ in range(1000))
    assert let_through < 10
    assert not is_in(submitted(visitor, password, ATTACKER))
    assert is_in(submitted(visitor, password, "198.51.100.7"))


def submitted(visitor: Client, word: str, source: str) -> Client:
    """Try rita's account from a source, and return the browser."""
    submit(visitor, "rita", word, source=source)
    return visitor


@pytest.mark.django_db
@pytest.mark.control("A4")
def test_many_names_from_one_source_are_delayed_too() -> None:
    pass_first = [delays.begin(delays.counters(f"name{n}", ATTACKER, "")) for n in range(200)]
    assert pass_first.count(True) < 60 and not pass_first[-1]


@pytest.mark.control("A4")
def test_a_delay_is_never_for_good(visitor: Client, password: str, shift: Callable[[timedelta], None]) -> None:
    counters = delays.counters("rita", "192.0.2.1", "")
    SignInDelay.objects.create(key=counters[0].key, failures=10_000, last_at=clock.now())
    assert not is_in(submitted(visitor, password, "192.0.2.1"))
    shift(timedelta(minutes=15))
    assert is_in(submitted(visitor, password, "192.0.2.1"))


def test_delays_grow_with_every_failure_up_to_a_quarter_of_an_hour() -> None:
    counter = delays.counters("rita", "192.0.2.1", "")[0]
    lengths = [counter.delay(n) for n in range(200)]
    assert lengths[:5] == [timedelta(0)] * 5
    assert lengths == sorted(lengths)
    assert lengths[5] == timedelta(seconds=1) and lengths[-1] == timedelta(minutes=15)


@pytest.mark.control("A4")
def test_a_browser_that_the_account_knows_still_gets_in_beside_an_attacker(visitor: Client, password: str) -> None:
    submit(visitor, "rita", password, source=ATTACKER)
    visitor.post("/sign-out/")
    for _ in range(100):
        delays.begin(delays.counters("rita", ATTACKER, ""))
    stranger = Client(HTTP_HOST="localhost:8000")
    assert not is_in(submitted(stranger, password, ATTACKER))
    assert is_in(submitted(visitor, password, ATTACKER))


def test_a_browser_known_to_one_account_is_a_stranger_to_another(visitor: Client, password: str) -> None:
    submit(visitor, "rita", password)
    request = _request_with(visitor)
    assert login.known_device(request, "rita")
    assert not login.known_device(request, "omar")


def test_a_made_up_device_cookie_is_no_known_device(visitor: Client, password: str) -> None:
    visitor.cookies[login.DEVICE_COOKIE] = '["rita","x"]'
    assert not login.known_device(_request_with(visitor), "rita")


def _request_with(visitor: Client) -> Any:
    from django.test import RequestFactory

    request = RequestFactory().get("/")
    request.COOKIES = {name: morsel.value for name, morsel in visitor.cookies.items()}
    return request


def test_neighbours_in_an_ipv6_network_share_a_count() -> None:
    first, second = (delays.counters("rita", f"2001:db8:1:2::{n}", "") for n in (1, 2))
    other = delays.counters("rita", "2001:db8:1:3::1", "")
    assert first == second != other


@pytest.mark.control("A4")
def test_a_right_password_clears_the_accounts_failures(visitor: Client, password: str) -> None:
    for _ in range(3):
        submit(visitor, "rita", "wrong")
    submit(visitor, "rita", password)
    account, source = delays.counters("rita", "192.0.2.1", "")
    assert not SignInDelay.objects.filter(pk=account.key).exists()
    assert SignInDelay.objects.get(pk=source.key).failures == 3


def test_a_refusal_is_on_record_and_holds_no_typed_name_unless_it_is_an_account(
    visitor: Client, password: str
) -> None:
    submit(visitor, "rita", "wrong")
    submit(visitor, "my secret passphrase", "wrong")
    entries = list(Entry.objects.values_list("kind", "actor"))
    assert entries == [("sign_in.refused", "rita"), ("sign_in.refused", "unknown")]
    assert not any("passphrase" in entry.text for entry in Entry.objects.all())


@pytest.mark.control("A3")
def test_a_planted_session_key_dies_at_sign_in(visitor: Client, password: str, settings: Any) -> None:
    planted = Session.objects.model.get_session_store_class()()
    planted["x"] = 1
    planted.save()
    visitor.cookies[settings.SESSION_COOKIE_NAME] = planted.session_key
    submit(visitor, "rita", password)
    assert is_in(visitor) and visitor.session.session_key != planted.session_key
    assert not Session.objects.filter(pk=planted.session_key).exists()


@pytest.mark.control("A3")
def test_the_session_cookie_is_for_this_site_alone_and_not_for_scripts(
    visitor: Client, password: str, settings: Any
) -> None:
    cookie = submit(visitor, "rita", password).cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and not cookie["domain"] and cookie["path"] == "/"


@pytest.mark.control("A3")
def test_sign_out_ends_the_session_and_only_by_post(visitor: Client, password: str) -> None:
    submit(visitor, "rita", password)
    key = visitor.session.session_key
    assert visitor.get("/sign-out/").status_code == 405 and is_in(visitor)
    assert visitor.post("/sign-out/")["Location"] == "/sign-in/"
    assert not is_in(visitor) and not Session.objects.filter(pk=key).exists()
    assert Entry.objects.last().kind == "sign_out"


@pytest.mark.control("A3")
@pytest.mark.parametrize(
    ("step", "steps", "alive"),
    [
        (timedelta(hours=1), 11, True),
        (timedelta(hours=1), 12, False),  # absolute
        (timedelta(hours=7, minutes=59), 1, True),
        (timedelta(hours=8), 1, False),  # idle
    ],
)
def test_a_session_ends_by_age_and_by_idleness(
    visitor: Client,
    password: str,
    shift: Callable[[timedelta], None],
    step: timedelta,
    steps: int,
    alive: bool,
) -> None:
    submit(visitor, "rita", password)
    for _ in range(steps):
        shift(step)
        status = visitor.get("/api/v1/me/").status_code
    assert (status == 200) is alive


@pytest.mark.control("A3")
def test_a_new_password_ends_the_sessions_of_the_old_one(visitor: Client, password: str, rita: User) -> None:
    submit(visitor, "rita", password)
    rita.set_password("another long enough word")
    rita.save()
    assert visitor.get("/api/v1/me/").status_code == 401


def test_the_page_leads_who_is_signed_in_on(visitor: Client, password: str) -> None:
    submit(visitor, "rita", password)
    assert visitor.get("/sign-in/?next=/calls/")["Location"] == "/calls/"


def test_a_page_that_needs_a_person_leads_to_the_form_and_back(visitor: Client, password: str) -> None:
    answer = visitor.get("/console/?x=1")
    assert answer["Location"] == "/sign-in/?next=/console/%3Fx%3D1"
    assert b'value="/console/?x=1"' in visitor.get(answer["Location"]).content


FOREIGN = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "http://evil.example",
    "https://evil.example/",
    "HTTPS://evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "http://localhost:8000@evil.example/",
    "http://localhost:8000.evil.example/",
    "http://localhost:8100/",
    "//localhost:8100/",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "ftp://evil.example",
    "//[::1]",
    "//[evil",
    "http://[::1]/",
    "//%65vil.example",
    "evil.example",
    "?next=//evil.example",
    "/\x00/evil.example",
    "\x08//evil.example",
    "http:\\\\evil.example",
    "/%09//evil.example\r\nSet-Cookie: a=b",
]


@pytest.mark.control("H5")
@pytest.mark.parametrize("address", FOREIGN)
def test_sign_in_leads_nowhere_else(visitor: Client, password: str, address: str) -> None:
    answer = submit(visitor, "rita", password, next=address)
    assert answer.status_code == 302 and is_in(visitor)
    assert answer["Location"] == "/"
