"""An address with https makes cookies and headers stricter."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
ASK = """
import orjson
from commsportal import settings
from directory.login import DEVICE_COOKIE
names = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE",
         "SECURE_HSTS_SECONDS")
print(orjson.dumps({name: getattr(settings, name) for name in names} | {"DEVICE": DEVICE_COOKIE}).decode())
"""


LOOK = """
import asyncio, orjson
from commsportal.asgi import http

async def ask(method, path, *headers):
    told, asked = {}, []
    async def receive():
        if asked:
            await asyncio.Event().wait()
        asked.append(1)
        return {"type": "http.request", "body": b"", "more_body": False}
    async def send(message):
        told.update((name.decode().lower(), value.decode()) for name, value in message.get("headers", []))
    given = [(b"host", b"desk.example"), (b"x-forwarded-proto", b"http"), *headers]
    scope = {"type": "http", "http_version": "1.1", "method": method, "path": path, "raw_path": path.encode(),
             "query_string": b"", "root_path": "", "scheme": "http", "headers": given, "client": ("127.0.0.1", 1),
             "server": ("127.0.0.1", 80)}
    await http(scope, receive, send)
    return told

async def all():
    long = (b"content-length", b"99999999999")
    asked = [("GET", "/healthz"), ("GET", "/static/img/favicon.svg"), ("GET", "/nowhere"),
             ("POST", "/sign-in/", long), ("POST", "/webhooks/graph/calls")]
    return [await ask(*one) for one in asked]

print(orjson.dumps(asyncio.run(all())).decode())
"""


def told(address: str, folder: Path, ask: str = ASK) -> Any:
    """Return the settings of a portal at `address`, or what else it is asked for."""
    environ = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder), "PUBLIC_URL": address}
    setup = "import django, os; os.environ['DJANGO_SETTINGS_MODULE'] = 'commsportal.settings'; django.setup()\n"
    done = subprocess.run(
        [sys.executable, "-c", setup + ask], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    return orjson.loads(done.stdout)


@pytest.mark.control("A3")
@pytest.mark.control("H4")
def test_under_https_cookies_are_of_this_host_alone_and_the_browser_stays_with_https(tmp_path: Path) -> None:
    found = told("https://desk.example", tmp_path)
    assert [found["SESSION_COOKIE_SECURE"], found["CSRF_COOKIE_SECURE"]] == [True, True]
    names = [str(found[name]) for name in ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "DEVICE")]
    assert all(name.startswith("__Host-") for name in names) and len(set(names)) == 3
    assert found["SECURE_HSTS_SECONDS"] == 365 * 24 * 3600


def test_without_https_nothing_is_promised(tmp_path: Path) -> None:
    found = told("http://localhost:8000", tmp_path)
    assert (found["SESSION_COOKIE_SECURE"], found["SECURE_HSTS_SECONDS"]) == (False, 0)


@pytest.mark.control("H4")
@pytest.mark.control("H3")
def test_every_answer_says_so_whatever_a_header_tells_of_the_way_here(tmp_path: Path) -> None:
    answers = told("https://desk.example", tmp_path, LOOK)
    assert len(answers) == 5
    for headers in answers:
        assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains", headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers


@pytest.mark.control("A3")
def test_no_cookie_is_set_but_the_named_ones() -> None:
    assert settings.MESSAGE_STORAGE.endswith("SessionStorage")
