"""Somebody tries the ids of another line wherever the portal takes one: nothing is told, nothing is done."""

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from calls.models import Call
from commsportal.clock import now
from directory.models import User
from routing.models import Line
from tests.directory import walk
from tests.directory.test_matrix import digest
from tests.directory.world import World, make_world, target
from tests.people import make_line, tenant_id
from tests.tried import Count

FOREIGN = ("xyzzy-caller", "+14255550177", "xyzzy-error", "clinic", "a guest", "xyzzy-meeting")
ELSEWHERE = ("schema", "docs", "metrics", "readyz", "healthz", "sign-")  # for strangers; they know of no line
ROUTES = {name: route for name, route in walk.routes().items() if not name.startswith(("admin:", *ELSEWHERE))}
TAKES_IDS = sorted(name for name, (path, _) in ROUTES.items() if "<" in path)
ACTIONS = sorted(name for name in TAKES_IDS if name.startswith("api-call-") and name != "api-call-timeline")
OF_CLINIC = ("calls_call", "calls_operation", "calls_timer", "calls_participant", "routing_line")
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
    type(made.rows["meetings_onlinemeeting"]).objects.update(subject=FOREIGN[5])
    make_line("main", [made.users["omar"]], fallback="reject")
    return made


@pytest.fixture
def omar(world: World) -> Client:
    return walk.browser_of(world.users["omar"])


@pytest.fixture
def mona(world: World) -> Client:
    """Return the browser of a manager who does not staff clinic either."""
    manager = User.objects.create_user("mona", tenant_id=tenant_id(), roles=["manager"])
    Line.objects.get(name="main").staff.add(manager)
    return walk.browser_of(manager)


def their_own_call() -> Call:
    """Return a ringing call of the line that the strangers do staff."""
    main = Line.objects.get(name="main")
    at = now()
    return Call.objects.create(
        tenant_id=main.tenant_id,
        graph_id=str(uuid.uuid4()),
        direction="incoming",
        state="incoming",
        line=main,
        received_at=at,
        last_seen_at=at,
        deadline=at + timedelta(seconds=12),
    )


def naming(key: object) -> list[dict[str, Any]]:
    """Return bodies that name `key` wherever one of them takes something, and where none does."""
    targets = [{"kind": kind, "id": str(key)} for kind in ("user", "phone", "voicemail")]
    known = [body for target in targets for body in ({"target": target}, {"targets": [target]})]
    return [*known, {"line": str(key)}, {"call_id": str(key)}, {"fence": key if isinstance(key, int) else 0}]


def rows_of_clinic(world: World) -> list[Any]:
    """Return what must not change: the foreign call and what hangs on it, and the line with its staff."""
    rows = [type(world.rows[name]).objects.filter(pk=world.rows[name].pk).values_list() for name in OF_CLINIC]
    return [*map(list, rows), sorted(world.clinic.staff.values_list("pk", flat=True))]


def ask(client: Client, path: str, body: dict[str, Any] | None) -> Any:
    """Get a path, or post `body` to it."""
    return client.get(path) if body is None else client.post(path, body, content_type="application/json")


def shown(answer: Any, value: str, world: World) -> list[str]:
    """Return what an answer tells of the foreign rows, but for what was asked for."""
    text = answer.content.decode().replace(value, "")
    return [mark for mark in (*FOREIGN, str(world.call.pk), str(world.operation.pk)) if mark in text]


def ids(world: World) -> list[object]:
    """Return all keys of rows that omar may not see."""
    keys = [row.pk for name, row in world.rows.items() if name not in ("directory_person", "directory_user")]
    return [*keys, world.call.graph_id, world.call.scenario_id]


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
def test_a_foreign_id_is_answered_like_one_that_is_not_there(
    world: World, omar: Client, mona: Client, tried: Count, name: str
) -> None:
    before, absent = digest(), uuid.uuid4()
    (nowhere,) = paths(name, absent)
    for client in (omar, mona):
        missing = [ask(client, nowhere, body) for body in (None, *BODIES)]
        for key in ids(world):
            for path in paths(name, key):
                for body, lacking in zip((None, *BODIES), missing, strict=True):
                    there = ask(client, path, body)
                    assert there.status_code == lacking.status_code, f"{path} {body}"
                    assert there.status_code in (400, 403, 404, 405), f"{path} {body}"
                    assert told(there, key) == told(lacking, absent), f"{path} {body}"
                    assert not [mark for mark in FOREIGN if mark in told(there, key)]
                    tried("foreign ids")
    assert digest() == before


@pytest.mark.control("Z2")
@pytest.mark.parametrize("name", sorted(set(ROUTES) - set(TAKES_IDS)))
def test_foreign_ids_in_queries_bring_nothing_to_light(
    world: World, omar: Client, tried: Count, name: str
) -> None:
    rita = walk.browser_of(world.users["rita"])
    cursors = [rita.get("/api/v1/calls/", {"limit": 1}).json()["next"], "x"]
    values = [*map(str, ids(world)), *FOREIGN, *filter(None, cursors)]
    before = digest()
    for parameter in ("line", "graph_id", "q", "cursor", "id", "live"):
        for value in values:
            answer = omar.get("/" + ROUTES[name][0], {parameter: value})
            assert shown(answer, value, world) == [], f"{name}?{parameter}={value}"
            tried("foreign ids")
    assert digest() == before


@pytest.mark.control("Z2")
@pytest.mark.parametrize("name", ACTIONS)
def test_foreign_ids_in_bodies_touch_and_tell_nothing(world: World, mona: Client, tried: Count, name: str) -> None:
    own = their_own_call()
    path = "/" + re.sub(r"<[^>]+>", str(own.pk), ROUTES[name][0])
    before = rows_of_clinic(world)
    for key in ids(world):
        for body in naming(key):
            with transaction.atomic():
                answer = ask(mona, path, body)
                assert rows_of_clinic(world) == before, f"{path} {body}"
                transaction.set_rollback(True)
            assert answer.status_code < 500 and shown(answer, str(key), world) == [], f"{path} {body}"
            tried("foreign ids")


@pytest.mark.control("Z2")
def test_the_marks_are_there_for_those_who_may_see_them(world: World) -> None:
    rita = walk.browser_of(world.users["rita"])
    seen = (f"/calls/{world.call.pk}/", "/api/v1/lines/", "/api/v1/meetings/")
    shown = "".join(rita.get(path).content.decode() for path in seen)
    assert [mark for mark in FOREIGN if mark not in shown] == []
