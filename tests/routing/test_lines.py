"""Which line a caller reached, and who sees lines."""

from typing import Any

import pytest

from directory.models import User
from graph.types import Call, Identity
from routing.lines import line_for
from routing.models import Line
from tests.people import INSTANCES, NUMBERS, api, tenant_id


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("applicationInstance", INSTANCES["sales"]),
        ("applicationInstance", INSTANCES["sales"].upper()),
        ("application", INSTANCES["sales"]),
        ("phone", NUMBERS["sales"]),
    ],
)
def test_a_line_is_found_by_identity_or_number(main: Line, sales: Line, kind: str, wanted: str) -> None:
    assert line_for(tenant_id(), [Identity(kind, wanted)]) == sales


@pytest.mark.parametrize(
    "target", [Identity("user", INSTANCES["main"]), Identity("phone", ""), Identity("applicationInstance", "")]
)
def test_nothing_else_is_a_line(main: Line, target: Identity) -> None:
    Line.objects.create(tenant_id=tenant_id(), name="bare")
    assert line_for(tenant_id(), [target]) is None


@pytest.mark.control("Z7")
def test_another_tenants_line_with_the_same_number_is_not_meant(main: Line) -> None:
    other = Line.objects.create(tenant_id="other", name="main", phone=main.phone, instance_id=main.instance_id)
    target = [Identity("phone", main.phone)]
    assert line_for("other", target) == other
    assert line_for(tenant_id(), target, [other]) is None


def test_the_first_target_that_is_a_line_counts(main: Line, sales: Line) -> None:
    targets = [
        Identity("user", "somebody"),
        Identity("phone", NUMBERS["sales"]),
        Identity("phone", NUMBERS["main"]),
    ]
    assert line_for(tenant_id(), targets) == sales


def both(number: str, instance: str) -> dict[str, Any]:
    """Return a call to one target that has a number and a bot identity."""
    members = {"phone": {"id": NUMBERS[number]}, "applicationInstance": {"id": INSTANCES[instance]}}
    return {"targets": [{"identity": members}]}


@pytest.mark.parametrize("unknown", ["phone", "instance_id"])
def test_every_identity_of_a_target_is_looked_at(main: Line, sales: Line, unknown: str) -> None:
    Line.objects.filter(pk=sales.pk).update(**{unknown: ""})
    assert line_for(tenant_id(), Call.from_graph(both("sales", "sales")).reached) == sales


def test_the_bot_identity_goes_before_the_number(main: Line, sales: Line) -> None:
    assert line_for(tenant_id(), Call.from_graph(both("main", "sales")).reached) == sales


def test_people_see_the_lines_they_staff_by_name(
    main: Line, sales: Line, clinic: Line, omar: User, una: User, eve: User
) -> None:
    shown = api(omar).get("/api/v1/lines/").json()
    assert [line["name"] for line in shown["results"]] == ["main", "sales"] and shown["next"] is None
    assert [line["name"] for line in api(una).get("/api/v1/lines/").json()["results"]] == [
        "clinic",
        "main",
        "sales",
    ]
    assert api(eve).get("/api/v1/lines/").status_code == 403
    assert api().get("/api/v1/lines/").status_code == 401


def test_lines_come_in_pages(main: Line, sales: Line, clinic: Line, rita: User) -> None:
    first = api(rita).get("/api/v1/lines/", {"limit": 2}).json()
    rest = api(rita).get("/api/v1/lines/", {"limit": 2, "cursor": first["next"]}).json()
    assert [line["name"] for line in first["results"] + rest["results"]] == ["clinic", "main", "sales"]
    assert rest["next"] is None
