"""The console's page: who gets it, and what it may do in a browser."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from directory.models import User
from routing.models import Line
from tests.pages.conftest import SignIn


def test_a_receptionist_gets_a_page_that_knows_who_she_is(
    rita: User, main: Line, clinic: Line, sign_in: SignIn
) -> None:
    page = sign_in(rita).get("/console/")
    body = page.content.decode()
    assert page.status_code == 200
    assert 'data-user="rita"' in body
    rights = re.search(r'data-rights="([^"]*)"', body)
    assert rights
    assert set(rights[1].split()) == rita.rights
    assert {name for name in ("main", "clinic") if f">{name}</button>" in body} == {"main", "clinic"}


def test_only_lines_in_scope_are_offered(
    omar: User, main: Line, sales: Line, clinic: Line, sign_in: SignIn
) -> None:
    body = sign_in(omar).get("/console/").content.decode()
    assert ">main</button>" in body
    assert ">clinic</button>" not in body


def test_no_script_style_or_handler_is_inline(rita: User, main: Line, sign_in: SignIn) -> None:
    body = sign_in(rita).get("/console/").content.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)", body)
    assert not re.search(r"<style|\sstyle=|\son\w+=", body)


def test_the_policy_lets_nothing_foreign_in(rita: User, main: Line, sign_in: SignIn) -> None:
    policy = sign_in(rita).get("/console/")["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy + ";"
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy


def test_every_file_that_the_page_names_is_there(rita: User, main: Line, sign_in: SignIn) -> None:
    body = sign_in(rita).get("/console/").content.decode()
    named = set(re.findall(r'(?:src|href)="/static/([^"#]+)', body))
    assert len(named) > 8
    assert [name for name in named if not (settings.BASE_DIR / "static" / name).is_file()] == []


def test_every_icon_is_in_the_sprite() -> None:
    root = Path(settings.BASE_DIR)
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (root / "static/img/icons.svg").read_text()))
    templates = "".join(path.read_text() for path in (root / "templates").rglob("*.html"))
    modules = "".join(path.read_text() for path in (root / "static/js/console").glob("*.js"))
    used = set(re.findall(r'_icon.html" with name="([\w-]+)"', templates)) | set(
        re.findall(r'icon: "([\w-]+)"', modules)
    )
    assert len(used) > 20
    assert used - drawn == set()


def test_the_start_page_is_the_console(rita: User, sign_in: SignIn) -> None:
    answer = sign_in(rita).get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/console/")


@pytest.mark.parametrize("path", ["/", "/console/", "/calls/"])
def test_nobody_is_sent_to_sign_in(db: None, sign_in: SignIn, path: str) -> None:
    answer = sign_in(None).get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/?next=")


@pytest.mark.parametrize("path", ["/", "/console/", "/calls/", "/calls/00000000-0000-4000-8000-000000000000/"])
def test_eve_is_told_what_to_do(eve: User, sign_in: SignIn, path: str) -> None:
    answer = sign_in(eve).get(path)
    assert answer.status_code == 403
    assert b"You have no access yet" in answer.content
    assert b"administrator" in answer.content
    assert b'href="/calls/"' not in answer.content


def test_who_may_only_look_is_told_so(una: User, main: Line, sign_in: SignIn) -> None:
    body = sign_in(una).get("/console/").content.decode()
    assert "a receptionist decides" in body
    assert re.search(r'data-part="sound"[^>]*hidden', body)


@pytest.mark.parametrize("path", ["/", "/console/", "/calls/"])
def test_pages_change_nothing_by_post(rita: User, sign_in: SignIn, path: str) -> None:
    assert sign_in(rita).post(path).status_code == 405
