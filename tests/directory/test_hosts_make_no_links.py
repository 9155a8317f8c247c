"""Whatever a request says of the host it is for, no page, redirect or answer leads there."""

from typing import Any

import pytest
from django.test import Client

from commsportal import checks
from tests.directory import walk
from tests.directory.test_matrix import ROUTES
from tests.directory.world import World, make_world

pytestmark = pytest.mark.control("H6")
EVIL = "evil.example"
FORGED = {
    "another host": {"HTTP_HOST": EVIL},
    "ours as a user": {"HTTP_HOST": f"localhost:8000@{EVIL}"},
    "ours and more": {"HTTP_HOST": f"localhost.{EVIL}"},
    "two": {"HTTP_HOST": f"localhost:8000, {EVIL}"},
    "a path": {"HTTP_HOST": f"localhost:8000/{EVIL}"},
    "forwarded host": {"HTTP_X_FORWARDED_HOST": EVIL},
    "forwarded": {"HTTP_FORWARDED": f"host={EVIL};proto=https"},
    "forwarded server": {"HTTP_X_FORWARDED_SERVER": EVIL, "HTTP_X_HOST": EVIL, "HTTP_X_ORIGINAL_HOST": EVIL},
    "forwarded port": {"HTTP_X_FORWARDED_PORT": f"@{EVIL}"},
}


@pytest.fixture
def world(db: None, quick_hasher: None, settings: Any) -> World:
    """Return one row of everything; Microsoft is not asked."""
    settings.SIGN_IN_TENANTS = []
    return make_world()


@pytest.mark.parametrize("name", FORGED)
def test_no_route_answers_with_a_forged_host(world: World, name: str) -> None:
    desk, stranger = walk.browser_of(world.users["ada"]), walk.browser_of(None)
    for route in sorted(ROUTES):
        path = walk.address(*ROUTES[route], world)
        answer = (stranger if route.startswith("sign-in") else desk).get(path, **FORGED[name])
        assert EVIL not in f"{answer.headers}{answer.content!r}", f"{route}: {answer.status_code}"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/console/", "/calls/?q=x", "/sign-in/?next=/calls/"])
def test_another_name_of_ours_leads_to_the_public_address(path: str) -> None:
    answer = Client(HTTP_HOST="127.0.0.1:8000").get(path)
    assert (answer.status_code, answer["Location"]) == (302, f"http://localhost:8000{path}")


def test_a_production_does_not_answer_to_any_name(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["desk.example", "*"]
    assert [found.id for found in checks.production_hosts()] == ["commsportal.E005"]
