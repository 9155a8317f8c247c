"""What the answers' headers forbid the browser, page by page."""

import pytest

from directory.models import User
from routing.models import Line
from tests.pages.conftest import SignIn

TRUSTED_TYPES = "require-trusted-types-for 'script'"


@pytest.mark.control("H3")
@pytest.mark.parametrize(
    "path", ["/sign-in/", "/console/", "/calls/", "/nowhere/", "/sign-in/microsoft/callback/"]
)
def test_no_page_makes_markup_from_text(path: str, rita: User, main: Line, sign_in: SignIn) -> None:
    visitor = sign_in(None if path.startswith("/sign-in") else rita)
    assert TRUSTED_TYPES in visitor.get(path)["Content-Security-Policy"]


@pytest.mark.control("H3")
@pytest.mark.parametrize("path", ["/admin/", "/admin/routing/line/", "/api/docs/"])
def test_foreign_scripts_that_must_are_the_exceptions(path: str, ada: User, main: Line, sign_in: SignIn) -> None:
    answer = sign_in(ada).get(path)
    assert answer.status_code == 200
    policy = answer["Content-Security-Policy"]
    assert TRUSTED_TYPES not in policy
    assert "default-src 'none'" in policy and "unsafe" not in policy
