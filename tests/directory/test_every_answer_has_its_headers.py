"""What each answer tells the browser to keep to itself, route by route."""

from typing import Any

import pytest

from tests.directory import walk
from tests.directory.world import World, make_world

ROUTES = walk.routes()


@pytest.fixture
def world(db: None, quick_hasher: None, settings: Any) -> World:
    """Return one row of everything; Microsoft is not asked."""
    settings.SIGN_IN_TENANTS = []
    return make_world()


@pytest.mark.control("H4")
@pytest.mark.control("H3")
@pytest.mark.parametrize("name", sorted(ROUTES))
def test_every_route_answers_with_the_headers(world: World, name: str) -> None:
    path = walk.address(*ROUTES[name], world)
    for person in ("nobody", "eve", "ada"):
        answer = walk.browser_of(world.users.get(person)).get(path)
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Referrer-Policy"] == ("no-referrer" if name == "calendar-feed" else "same-origin")
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer["X-Frame-Options"] == "DENY"
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        if person != "nobody":
            assert "no-store" in answer["Cache-Control"] or "public" in answer["Cache-Control"], answer.status_code
