"""Who may open a web socket."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from commsportal.clock import now
from directory import sockets, tokens
from directory.models import ApiToken, User

OWN = "http://localhost:8000"
STRANGERS = [
    "http://localhost:8100",  # the simulator
    "https://localhost:8000",
    "http://localhost",
    "http://localhost:80",
    "http://127.0.0.1:8000",
    "http://localhost.evil.example:8000",
    "http://evil.example:8000",
    "http://user@localhost:8000",
    "http://localhost:8000@evil.example",
    "http://localhost:99999",
    "http://[::1",
    "localhost:8000",
    "null",
    "",
    "file://",
]


def scope(*, cookie: str = "", token: str = "", origin: str | None = None, query: str = "") -> dict[str, Any]:
    """Return a handshake as an ASGI server tells it."""
    headers = []
    if cookie:
        headers.append((b"cookie", cookie.encode()))
    if token:
        headers.append((b"authorization", f"Bearer {token}".encode()))
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    return {"type": "websocket", "headers": headers, "query_string": query.encode()}


@pytest.fixture
def cookie(rita: User) -> str:
    """Return the Cookie header of rita's browser."""
    visitor = Client()
    visitor.force_login(rita)
    return f"a=b; {settings.SESSION_COOKIE_NAME}={visitor.cookies[settings.SESSION_COOKIE_NAME].value}; c=d"


@pytest.mark.control("S1")
def test_our_own_page_opens_a_socket_by_its_cookie(rita: User, cookie: str) -> None:
    assert sockets.authenticate(scope(cookie=cookie, origin=OWN)) == rita
    assert sockets.authenticate(scope(cookie=cookie, origin="HTTP://LOCALHOST:8000")) == rita


@pytest.mark.control("S1")
@pytest.mark.parametrize("origin", [None, *STRANGERS])
def test_a_cookie_from_anywhere_else_opens_nothing(cookie: str, origin: str | None) -> None:
    assert sockets.authenticate(scope(cookie=cookie, origin=origin)) is None


@pytest.mark.control("S1")
def test_a_script_opens_a_socket_by_its_token(eve: User, cookie: str) -> None:
    token = tokens.issue(eve)
    assert sockets.authenticate(scope(token=token)) == eve
    assert sockets.authenticate(scope(token=token, origin=OWN)) == eve
    assert sockets.authenticate(scope(token=token, cookie=cookie, origin=OWN)) == eve
    assert sockets.authenticate(scope(token="wrong", cookie=cookie, origin=OWN)) is None


@pytest.mark.control("S1")
@pytest.mark.parametrize("origin", STRANGERS)
def test_a_token_in_a_strangers_page_opens_nothing(rita: User, origin: str) -> None:
    assert sockets.authenticate(scope(token=tokens.issue(rita), origin=origin)) is None


@pytest.mark.control("S2")
@pytest.mark.parametrize("name", ["token", "access_token", "Authorization", "TOKEN"])
def test_a_token_in_the_address_is_refused_even_beside_good_credentials(
    rita: User, cookie: str, name: str
) -> None:
    token = tokens.issue(rita)
    query = f"since=1&{name}={token}"
    assert sockets.authenticate(scope(query=query)) is None
    assert sockets.authenticate(scope(query=query, token=token)) is None
    assert sockets.authenticate(scope(query=query, cookie=cookie, origin=OWN)) is None


@pytest.mark.parametrize("port", ["", ":443"])
def test_the_default_port_may_be_left_out(port: str, settings: Any) -> None:
    settings.PUBLIC_URL = "https://desk.example"
    assert sockets.is_own_origin(f"https://desk.example{port}")
    assert not sockets.is_own_origin("http://desk.example")
    assert not sockets.is_own_origin("https://desk.example:8443")


@pytest.mark.control("A7")
@pytest.mark.case(52)
def test_asked_again_the_same_handshake_fails_once_the_person_lost_access(rita: User, cookie: str) -> None:
    token = tokens.issue(rita)
    both = [scope(cookie=cookie, origin=OWN), scope(token=token)]
    User.objects.update(is_active=False)
    assert [sockets.authenticate(one) for one in both] == [None, None]
    User.objects.update(is_active=True)
    assert [sockets.authenticate(one) for one in both] == [rita, rita]
    ApiToken.objects.update(revoked_at=now())
    rita.set_password("another long enough word")
    rita.save()
    assert [sockets.authenticate(one) for one in both] == [None, None]


def test_a_signed_out_browser_is_nobody(rita: User) -> None:
    visitor = Client()
    visitor.force_login(rita)
    cookie = f"{settings.SESSION_COOKIE_NAME}={visitor.cookies[settings.SESSION_COOKIE_NAME].value}"
    visitor.logout()
    assert sockets.authenticate(scope(cookie=cookie, origin=OWN)) is None


@pytest.mark.django_db
@pytest.mark.parametrize("cookie", ["", ";;;", "portal", "portal=", "portal=x", 'portal="\\', "portal=\xff" * 90])
def test_broken_cookies_are_nobody(cookie: str) -> None:
    assert sockets.authenticate(scope(cookie=cookie, origin=OWN)) is None
