"""Everybody of a department, or the staff of a line, is invited at once."""

from typing import Any

import pytest

from directory.models import User
from meetings import groups
from routing.models import Line
from tests.people import OIDS, api, make_person

pytestmark = pytest.mark.django_db
PATH = "/api/v1/meetings/guests/"


def asked(user: User, status: int = 200, **query: Any) -> Any:
    answer = api(user).get(PATH, query)
    assert answer.status_code == status, answer.content
    return answer.json()


def test_a_department_is_named_whole_by_name_without_those_who_left(max_: User) -> None:
    make_person("Zoe", department="Sales", mail="zoe@contoso.example")
    make_person("Ann", department="Sales", upn="ann@contoso.example")
    make_person("Gone", department="Sales", mail="gone@contoso.example", enabled=False)
    make_person("Other", department="Clinic", mail="other@contoso.example")
    make_person("Mute", department="Sales")
    told = asked(max_, department="Sales")
    assert [(one["name"], one["address"]) for one in told["results"]] == [
        ("Ann", "ann@contoso.example"),
        ("Zoe", "zoe@contoso.example"),
    ]
    assert (told["without_address"], told["left_off"]) == (1, 0)
    assert asked(max_, department="Nothing")["results"] == []


def test_people_of_another_tenant_are_not_told(max_: User) -> None:
    make_person(
        "Stranger", department="Sales", mail="s@x.example", tenant_id="99999999-0000-4000-8000-000000000000"
    )
    assert asked(max_, department="Sales")["results"] == []


def test_the_staff_of_a_line_have_their_own_addresses_or_those_of_the_directory(main: Line, max_: User) -> None:
    User.objects.filter(username="omar").update(email="omar@desk.example")
    make_person("Rita Hansen", oid=OIDS["rita"], mail="rita@contoso.example")
    told = asked(max_, line=main.pk)
    assert [(one["name"], one["address"]) for one in told["results"]] == [
        ("Omar", "omar@desk.example"),
        ("Rita Hansen", "rita@contoso.example"),
    ]
    assert told["without_address"] == 1  # max himself


def test_a_line_that_one_does_not_staff_is_not_there(main: Line, max_: User) -> None:
    main.staff.remove(max_)
    asked(max_, 404, line=main.pk)


def test_nobody_is_told_of_more_than_a_meeting_has(max_: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "MOST_ATTENDEES", 2)
    for n in range(3):
        make_person(f"P{n}", department="Sales", mail=f"p{n}@contoso.example")
    told = asked(max_, department="Sales")
    assert (len(told["results"]), told["left_off"]) == (2, 1)


def test_one_group_is_named_at_a_time_by_whoever_schedules(max_: User, rita: User) -> None:
    for query in ({}, {"department": "Sales", "line": 1}):
        assert "either" in str(asked(max_, 400, **query))
    asked(rita, 403, department="Sales")
