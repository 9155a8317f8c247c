"""Lists, timelines, people and pages: whoever asks, they show what may be read, and nothing else."""

import re
import uuid
from dataclasses import dataclass
from itertools import count

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.trail import Event, append
from calls.models import Call, Operation
from commsportal.clock import now
from directory.models import User
from routing.models import Line
from tests.people import make_person, tenant_id

TENANTS = ("", "33333333-3333-4333-8333-333333333333")
SEES_ALL = {"administrator", "auditor"}
LINK = re.compile(r"/calls/([0-9a-f-]{36})/")
numbers = count(1)


@dataclass(frozen=True)
class Case:
    """Lines by tenant, calls by line (or none), people of the directory by tenant, and who asks."""

    lines: list[int]
    calls: list[int | None]
    people: list[int]
    role: str | None
    staffs: set[int]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    lines = draw(st.lists(st.sampled_from([0, 1]), min_size=1, max_size=4))
    place = st.integers(0, len(lines) - 1)
    return Case(
        lines,
        draw(st.lists(st.none() | place, max_size=6)),
        draw(st.lists(st.sampled_from([0, 1]), max_size=4)),
        draw(st.sampled_from(["receptionist", "manager", "administrator", "auditor", None])),
        draw(st.sets(place)),
    )


@pytest.mark.control("Z3")
@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=cases())
def test_each_way_to_the_rows_shows_the_same(case: Case) -> None:
    with transaction.atomic():
        _check(case)
        transaction.set_rollback(True)


def _check(case: Case) -> None:
    tenants = [tenant or tenant_id() for tenant in TENANTS]
    roles = [case.role] if case.role else []
    asks = User.objects.create_user(f"somebody{next(numbers)}", name="S", roles=roles, tenant_id=tenants[0])
    lines = [Line.objects.create(tenant_id=tenants[n], name=f"line {next(numbers)}") for n in case.lines]
    for place in case.staffs:
        lines[place].staff.add(asks)
    calls = [_call(tenants[0], None) if at is None else _call(lines[at].tenant_id, lines[at]) for at in case.calls]
    people = [make_person(f"Person {next(numbers)}", tenant_id=tenants[n]) for n in case.people]

    sees_all, sees = case.role in SEES_ALL, case.role is not None
    own = [lines[place] for place in case.staffs]
    readable = {str(call.pk) for call in calls if sees and (sees_all or call.line in own)}
    known = {person.name for person in people if sees_all or person.tenant_id in _tenants(asks, own)}
    client = Client(HTTP_HOST="localhost:8000")
    client.force_login(asks)

    assert _listed(client, "calls", "id", sees) == readable
    assert _listed(client, "people", "name", sees) == (known if sees else set())
    expected = {line.name for line in lines if sees and (sees_all or line in own)}
    assert _listed(client, "lines", "name", sees) == expected
    page = client.get("/calls/")
    assert set(LINK.findall(page.content.decode())) == readable and (page.status_code == 200) is sees
    for call in calls:
        row = call.operations.get()
        for path in (
            f"/api/v1/calls/{call.pk}/",
            f"/api/v1/calls/{call.pk}/timeline/",
            f"/api/v1/operations/{row.pk}/",
            f"/calls/{call.pk}/",
        ):
            status = 403 if not sees else 200 if str(call.pk) in readable else 404
            assert client.get(path).status_code == status, path


def _tenants(user: User, lines: list[Line]) -> set[str]:
    return {user.tenant_id, *(line.tenant_id for line in lines)}


def _listed(client: Client, what: str, field: str, sees: bool) -> set[str]:
    answer = client.get(f"/api/v1/{what}/")
    assert answer.status_code == (200 if sees else 403)
    return {row[field] for row in answer.json()["results"]} if sees else set()


def _call(tenant: str, line: Line | None) -> Call:
    at = now()
    call = Call.objects.create(
        tenant_id=tenant,
        graph_id=str(uuid.uuid4()),
        direction="incoming",
        state="incoming",
        line=line,
        received_at=at,
        last_seen_at=at,
    )
    Operation.objects.create(call=call, kind="hang-up", status="failed", created_at=at, settled_at=at)
    append([Event("call.incoming", tenant_id=tenant, line_id=call.line_id, call_id=call.pk)])
    return call
