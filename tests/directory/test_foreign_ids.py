"""Somebody tries the ids of another line wherever the portal takes one: nothing is told, nothing is done."""

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from calls.models import Call
from tests.directory import walk
from tests.directory.test_matrix import digest
from tests.directory.world import World, make_world, target
from tests.people import make_line

FOREIGN = ("xyzzy-caller", "+14255550177", "xyzzy-error", "clinic", "a guest")
ELSEWHERE = ("schema", "docs", "metrics", "readyz", "healthz", "sign-")  # for strangers; they know of no line
ROUTES = {name: route for name, route in walk.routes().items() if not name.startswith(("admin:", *ELSEWHERE))}
TAKES_IDS = sorted(name for name, (path, _) in ROUTES.items() if "<" in path)
BODIES: tuple[dict[str, Any], ...] = (
    {},
    {"target": target()},
    {"targets": [target()]},
    {"fence": 0},
    {"reason": "busy"},
)


@pytest.fixture
def world(db: None, quick_hasher: None, settings: Any) -> World:
    """Return a world whose every row about clinic carries a mark; omar staffs another line."""
    settings.SIGN_IN_TENANTS = []
    made = make_world()
    Call.objects.update(caller_name=FOREIGN[0], caller_phone=FOREIGN[1])
    type(made.operation).objects.update(error_detail=FOREIGN[2], error_title=FOREIGN[2])
    make_line("main", [made.users["omar"]], fallback="reject")
    return made


@pytest.fixture
def omar(world: World) -> Client:
    return walk.browser_of(world.users["omar"])


def ids(world: World) -> list[object]:
    """Return all keys of rows that omar may not see."""
    keys = [row.pk for name, row in world.rows.items() if name not in ("directory_person", "directory_user")]
    call = Call.objects.get()
    return [*keys, call.graph_id, call.scenario_id]


def paths(name: str, key: object) -> Iterator[str]:
    """Yield the path of a route with `key` for each of its ids, if it fits there."""
    path, kinds = ROUTES[name][0], re.findall(r"<(\w+):\w+>", ROUTES[name][0])
    fits = all(kind != "uuid" or isinstance(key, uuid.UUID) or _is_uuid(str(key)) for kind in kinds)
    if fits:
        yield "/" + re.sub(r"<[^>]+>", str(key), path)


def _is_uuid(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text) is not None


def told(answer: Any, key: object) -> str:
    """Return what an answer says, without the id that was asked for and those of requests."""
    text = answer.content.decode().replace(str(key), "ID")
    return re.sub(r'"(request_id|id)": ?"[^"]*"|csrf\S+ value="[^"]*"', "", text)


@pytest.mark.control("Z2")
@pytest.mark.parametrize("name", TAKES_IDS)
def test_a_foreign_id_is_answered_like_one_that_is_not_there(world: World, omar: Client, name: str) -> None:
    before, absent, tried = digest(), uuid.uuid4(), 0
    (nowhere,) = paths(name, absent)
    for key in ids(world):
        for path in paths(name, key):
            for body in (None, *BODIES):
                asked = {"data": body, "content_type": "application/json"} if body is not None else {}
                verb = "get" if body is None else "post"
                there, missing = getattr(omar, verb)(path, **asked), getattr(omar, verb)(nowhere, **asked)
                assert there.status_code == missing.status_code, f"{verb} {path} {body}"
                assert there.status_code in (404, 405, 400), f"{verb} {path} {body}"
                assert told(there, key) == told(missing, absent), f"{verb} {path} {body}"
                assert not [mark for mark in FOREIGN if mark in told(there, key)]
                tried += 1
    assert tried > 0 and digest() == before


@pytest.mark.control("Z2")
@pytest.mark.parametrize("name", sorted(set(ROUTES) - set(TAKES_IDS)))
def test_foreign_ids_in_queries_bring_nothing_to_light(world: World, omar: Client, name: str) -> None:
    rita = walk.browser_of(world.users["rita"])
    cursors = [rita.get("/api/v1/calls/", {"limit": 1}).json()["next"], "x"]
    values = [*map(str, ids(world)), *FOREIGN, *filter(None, cursors)]
    before = digest()
    for parameter in ("line", "graph_id", "q", "cursor", "id"):
        for value in values:
            answer = omar.get("/" + ROUTES[name][0], {parameter: value})
            shown = answer.content.decode().replace(value, "")
            assert not [mark for mark in FOREIGN if mark in shown], f"{name}?{parameter}={value}"
            assert str(world.call.pk) not in shown and str(world.operation.pk) not in shown
    assert digest() == before


@pytest.mark.control("Z2")
def test_the_marks_are_there_for_those_who_may_see_them(world: World) -> None:
    rita = walk.browser_of(world.users["rita"])
    shown = rita.get(f"/calls/{world.call.pk}/").content.decode() + rita.get("/api/v1/lines/").content.decode()
    assert [mark for mark in FOREIGN if mark not in shown] == []
