"""Walk all routes of the portal and ask each as each person."""

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from directory.models import User
from tests.directory.world import World, target

PEOPLE = ("nobody", "eve", "rita", "omar", "max", "ada", "una")
BODIES: dict[str, dict[str, Any]] = {
    "api-call-transfer": {"target": target()},
    "api-call-invite": {"targets": [target()]},
    "api-call-consult": {"target": target()},
    "api-call-mute": {"participant": "0b070000-0000-4000-8000-000000000001"},
    "api-call-tones": {"keys": "1"},
    "api-call-connect": {"call": "0b070000-0000-4000-8000-000000000001"},
    "api-call-share-screen": {"role": "viewer"},
    "api-call-route-audio": {
        "participant": "0b070000-0000-4000-8000-000000000001",
        "receivers": ["0b070000-0000-4000-8000-000000000002"],
    },
    "api-call-unroute": {"participant": "0b070000-0000-4000-8000-000000000001"},
    "api-call-remove": {"participant": "0b070000-0000-4000-8000-000000000001"},
}


def routes() -> dict[str, tuple[str, URLPattern]]:
    """Return every route under its name, or its path where it has none."""
    found = {}
    for prefix, pattern in _walk(get_resolver(), ""):
        name = pattern.name or prefix
        found[f"admin:{name}" if prefix.startswith("admin/") else name] = (prefix, pattern)
    return found


def _walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, path)
        else:
            yield path, pattern


def address(prefix: str, pattern: URLPattern, world: World) -> str:
    """Return a path of the route that names existing rows."""
    name = pattern.name or prefix.removeprefix("admin/").replace("/", "_")
    values = world.parameters(name)
    if not isinstance(pattern.pattern, RoutePattern):
        return "/admin/audit/" if pattern.name == "app_list" else "/admin/nothing/"
    path = prefix
    for parameter in pattern.pattern.converters:
        for converter in ("", "path:", "int:", "uuid:", "str:"):
            path = path.replace(f"<{converter}{parameter}>", str(values[parameter]))
    return "/" + path


def browser_of(user: User | None, **options: Any) -> Client:
    """Return a browser in which the person is signed in."""
    client = Client(HTTP_HOST="localhost:8000", raise_request_exception=False, **options)
    if user is not None:
        client.force_login(user)
    return client


def ask(client: Client, path: str, name: str, verb: str, **headers: str) -> int:
    """Ask, take back what that did, and return the status."""
    is_api = path.startswith("/api/")
    body: dict[str, Any] = {}
    if is_api and verb != "GET":
        body = {"content_type": "application/json", "data": BODIES.get(name, {})}
    cookies = client.cookies.copy()
    answer: HttpResponse
    with transaction.atomic():
        answer = getattr(client, verb.lower())(path, **body, **headers)
        transaction.set_rollback(True)
    client.cookies = cookies
    return answer.status_code
