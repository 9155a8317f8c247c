"""Whatever fails, on whichever route, the answer is an id; what failed is in the log under it."""

import asyncio
import logging
import re
from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from django.urls import URLPattern

from commsportal import asgi
from tests.directory import walk
from tests.directory.world import World, make_world

ROUTES = walk.routes()
CANARY = "/srv/portal/secret-key SELECT digest FROM directory_apitoken GRAPH_CLIENT_SECRET"
TELLING = ("/srv/", "SELECT", "GRAPH_CLIENT_SECRET", "RuntimeError", "Traceback", ".py", "line ")
ERROR_ID = re.compile(r"[0-9a-f]{32}")


def fail(*_: Any, **__: Any) -> NoReturn:
    """Fail in a way that would tell much."""
    raise RuntimeError(CANARY)


@pytest.fixture
def world(db: None, quick_hasher: None, settings: Any) -> World:
    """Return one row of everything; Microsoft is not asked."""
    settings.SIGN_IN_TENANTS = []
    return make_world()


def break_route(pattern: URLPattern, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the view of a route fail, behind the same decorators of the framework."""
    view: Any = pattern.callback
    if hasattr(view, "cls"):
        monkeypatch.setattr(view.cls, "initial", fail)
        return
    broken: Callable[..., Any] = lambda *_, **__: fail()  # noqa: E731 - a view of its own for each route
    broken.login_required = False  # type: ignore[attr-defined]
    monkeypatch.setattr(pattern, "callback", broken)


@pytest.mark.control("H8")
@pytest.mark.parametrize("name", sorted(ROUTES))
def test_every_route_fails_with_an_id(
    world: World, name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = walk.address(*ROUTES[name], world)
    break_route(ROUTES[name][1], monkeypatch)
    answer = walk.browser_of(world.users["ada"]).get(path)
    text = answer.content.decode() + str(answer.headers)
    assert answer.status_code == 500
    assert [word for word in TELLING if word in text] == []
    if answer["Content-Type"].startswith("application/problem+json"):
        (error_id,) = ERROR_ID.findall(str(answer.json()["error_id"]))
        assert answer.json().keys() == {"type", "code", "title", "status", "detail", "error_id"}
    else:
        (error_id,) = ERROR_ID.findall(answer.content.decode())
    assert error_id == answer["X-Request-Id"]
    assert any(record.exc_info and CANARY in str(record.exc_info[1]) for record in caplog.records)


@pytest.mark.control("H8")
def test_a_socket_fails_with_a_number(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        fail()

    monkeypatch.setattr(asgi, "sockets", broken)
    served = asgi.Application()
    served.is_warm = True
    asyncio.run(served({"type": "websocket", "path": "/ws/console", "headers": []}, None, send))
    assert sent == [{"type": "websocket.close", "code": 1011}]
    assert [record.levelno for record in caplog.records if record.exc_info] == [logging.ERROR]
