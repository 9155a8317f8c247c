"""A key for each purpose, derived from the secret key; a former secret key still counts while it is listed."""

import ast
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.core import signing
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.views.debug import SafeExceptionReporterFilter

from calls.live import access
from directory import login, sockets
from directory.models import User
from tests.directory.test_sockets import OWN, scope

pytestmark = [pytest.mark.django_db, pytest.mark.control("P2")]
ROOT = Path(__file__).resolve().parents[2]
LOOKS_FOR_IT = "commsportal/leaks.py"  # where it must not be
DERIVES = "commsportal/sealing.py"  # a key for each purpose
APPS = ("commsportal", "graph", "audit", "webhooks", "directory", "routing", "calls", "meetings", "demo")


def change(settings: Any, *, keep: bool) -> None:
    """Give the portal another secret key."""
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY] if keep else []
    settings.SECRET_KEY = "another key of fifty characters or a little more than that"


@pytest.fixture
def desk(rita: User) -> Client:
    """Return rita's browser, signed in under the former key."""
    visitor = Client(HTTP_HOST="localhost:8000")
    visitor.force_login(rita)
    return visitor


def cookie(desk: Client) -> str:
    name = configured.SESSION_COOKIE_NAME
    return f"{name}={desk.cookies[name].value}"


@pytest.mark.parametrize("keep", [True, False])
def test_a_session_outlives_its_key_while_the_key_is_listed(desk: Client, settings: Any, keep: bool) -> None:
    change(settings, keep=keep)
    assert desk.get("/api/v1/me/").status_code == (200 if keep else 401)
    settings.SECRET_KEY_FALLBACKS = []
    assert desk.get("/api/v1/me/").status_code == (200 if keep else 401)  # it took to the new key


@pytest.mark.parametrize("keep", [True, False])
def test_so_does_a_socket_and_the_browsers_session_stays_its_own(
    desk: Client, rita: User, settings: Any, keep: bool
) -> None:
    handshake = scope(cookie=cookie(desk), origin=OWN)
    admission = access.admit(handshake, 0)
    assert admission is not None
    change(settings, keep=keep)
    assert sockets.authenticate(handshake) == (rita if keep else None)
    assert (access.admit(handshake, 0) is not None) is keep
    standing = access.standing([rita.pk], [admission.credential])
    assert (admission.credential in standing.valid) is keep
    assert desk.get("/api/v1/me/").status_code == (200 if keep else 401)


@pytest.mark.parametrize("keep", [True, False])
def test_so_does_a_known_browser(rita: User, settings: Any, keep: bool) -> None:
    answer = HttpResponse()
    login.remember_device(RequestFactory().get("/"), answer, rita)
    request = RequestFactory().get("/")
    request.COOKIES[login.DEVICE_COOKIE] = answer.cookies[login.DEVICE_COOKIE].value
    change(settings, keep=keep)
    assert bool(login.known_device(request, rita.username)) is keep


def test_what_is_signed_for_another_purpose_is_nothing_here(rita: User) -> None:
    request = RequestFactory().get("/")
    for salt, known in ((login.DEVICE_SALT, True), ("django.core.signing", False), ("messages", False)):
        request.COOKIES[login.DEVICE_COOKIE] = signing.dumps([rita.username, "mark"], salt=salt)
        assert bool(login.known_device(request, rita.username)) is known


def test_nothing_of_ours_uses_the_secret_key_itself() -> None:
    files = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
    users = {
        path.relative_to(ROOT).as_posix()
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.Name, ast.Attribute))
        and "SECRET_KEY" in (getattr(node, "id", ""), getattr(node, "attr", ""))
    }
    assert users <= {"commsportal/settings.py", LOOKS_FOR_IT, DERIVES}


def test_pages_of_errors_hide_what_is_secret(settings: Any) -> None:
    settings.METRICS_TOKEN, settings.GRAPH_CLIENT_SECRET = "canary-m", "canary-g"
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = ["canary-f"], "canary-k"
    settings.LOGGING = settings.LOGGING | {"secrets": ["canary-l"]}
    assert "canary" not in repr(SafeExceptionReporterFilter().get_safe_settings())
