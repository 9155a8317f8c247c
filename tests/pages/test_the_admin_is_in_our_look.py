"""The admin wears the portal's colours, type and icon, in light and dark."""

import re

import pytest
from django.conf import settings

from directory.models import User
from tests.pages.conftest import SignIn

STYLES = ["css/tokens.css", "css/admin.css"]


@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/webhooks/delivery/", "/admin/calls/operation/", "/admin/audit/entry/"]
)
def test_our_styles_come_after_djangos(ada: User, sign_in: SignIn, path: str) -> None:
    body = sign_in(ada).get(path).content.decode()
    styles = re.findall(r'<link rel="stylesheet" href="/static/([^"]+)"', body)
    assert [name for name in styles if name in ("admin/css/base.css", *STYLES)] == ["admin/css/base.css", *STYLES]
    assert 'href="/static/img/favicon.svg"' in body and "Django administration" not in body


def test_djangos_colours_are_ours() -> None:
    ours = (settings.BASE_DIR / "static/css/admin.css").read_text()
    tokens = (settings.BASE_DIR / "static/css/tokens.css").read_text()
    for name in ("primary", "body-bg", "body-fg", "link-fg", "header-bg", "button-bg", "border-color"):
        found = re.search(rf"--{name}:\s*var\((--[\w-]+)\)", ours)
        assert found and f"{found[1]}:" in tokens, name
