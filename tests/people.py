"""The people and lines of the unit tests. Each has known rights; a line fixture brings its staff with it."""

from typing import Any

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from directory import tokens
from directory.models import Person, User
from routing.models import Line

ROLES = {
    "rita": ["receptionist"],
    "omar": ["receptionist"],
    "max": ["manager"],
    "ada": ["administrator"],
    "una": ["auditor"],
    "eve": [],
}
OIDS = {name: f"aaaaaaaa-0000-4000-8000-00000000000{n}" for n, name in enumerate(ROLES, start=1)}
INSTANCES = {
    "main": "bbbbbbbb-0000-4000-8000-000000000001",
    "sales": "bbbbbbbb-0000-4000-8000-000000000002",
    "clinic": "bbbbbbbb-0000-4000-8000-000000000003",
}
NUMBERS = {"main": "+14255550001", "sales": "+14255550002", "clinic": "+14255550003"}


def tenant_id() -> str:
    """Return the tenant that people, lines and calls of the tests belong to."""
    return settings.GRAPH_TENANT_IDS[0]


def make_user(name: str, **changes: Any) -> User:
    """Make one of the people of `ROLES`, linked to a Graph user, without a password."""
    fields = {"name": name.title(), "roles": ROLES[name], "tenant_id": tenant_id(), "oid": OIDS[name]}
    return User.objects.create_user(name, **fields | changes)


def make_person(name: str, **changes: Any) -> Person:
    """Make an entry of the organisation's directory."""
    from commsportal.clock import now
    from directory import search

    number = Person.objects.count() + 1
    fields = {"tenant_id": tenant_id(), "oid": f"cccccccc-0000-4000-8000-{number:012d}", "synced_at": now()}
    person = Person(**{"name": name} | fields | changes)
    person.search_text = search.text_of(person)
    person.save()
    return person


def make_line(name: str, staff: list[User], **fallback: str) -> Line:
    """Make a line of the tests' tenant."""
    line = Line.objects.create(
        tenant_id=tenant_id(), name=name, phone=NUMBERS[name], instance_id=INSTANCES[name], **fallback
    )
    line.staff.set(staff)
    return line


def api(user: User | None = None) -> APIClient:
    """Return a client of the API that carries a token of `user`, or no credentials."""
    client = APIClient()
    if user is not None:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.issue(user, 'tests')}")
    return client


@pytest.fixture
def rita(db: None) -> User:
    """Return a receptionist of main, sales and clinic."""
    return make_user("rita")


@pytest.fixture
def omar(db: None) -> User:
    """Return a receptionist of main and sales."""
    return make_user("omar")


@pytest.fixture
def max_(db: None) -> User:
    """Return the manager of all three lines."""
    return make_user("max")


@pytest.fixture
def ada(db: None) -> User:
    """Return the administrator, who sees every line and decides nothing."""
    return make_user("ada")


@pytest.fixture
def una(db: None) -> User:
    """Return the auditor, who sees every line and changes nothing."""
    return make_user("una")


@pytest.fixture
def eve(db: None) -> User:
    """Return somebody who may sign in and has no role."""
    return make_user("eve")


@pytest.fixture
def main(rita: User, omar: User, max_: User) -> Line:
    """Return the line whose fallback is a person's voicemail."""
    target = {"fallback_kind": "user", "fallback_target": OIDS["max"]}
    return make_line("main", [rita, omar, max_], fallback="voicemail", **target)


@pytest.fixture
def sales(rita: User, omar: User, max_: User) -> Line:
    """Return the line whose fallback is another number."""
    target = {"fallback_kind": "phone", "fallback_target": "+14255550199"}
    return make_line("sales", [rita, omar, max_], fallback="redirect", **target)


@pytest.fixture
def clinic(rita: User, max_: User) -> Line:
    """Return the line whose fallback is to reject as busy; omar is not its staff."""
    return make_line("clinic", [rita, max_], fallback="reject")
