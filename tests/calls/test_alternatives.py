"""Who else might take a call whose transfer failed: the same department, those who are free first."""

from datetime import timedelta
from typing import Any

import pytest

from calls import commands
from calls.models import Call
from calls.rules.targets import Wanted
from commsportal import worker
from commsportal.clock import now
from directory.models import Person, Presence, User
from tests.calls.service import Service, state, tell
from tests.people import api, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def chen() -> Person:
    """Return whom the call is transferred to, in vain."""
    return make_person("Chen", department="Support")


def fails(call: Call, user: User, person: Person) -> None:
    """Transfer a call to somebody who does not take it."""
    commands.transfer(call.pk, user, wanted=Wanted("user", person.oid))
    worker.run_pending()
    tell(call.graph_id, "updated", state("transferring"))
    tell(call.graph_id, "updated", state("established", code=500, subcode=7000))
    worker.run_pending()


def shows(person: Person, availability: str, **fields: Any) -> None:
    Presence.objects.create(
        person=person,
        availability=availability,
        activity=availability,
        at=now(),
        wanted_until=now() + timedelta(minutes=1),
        **fields,
    )


def names(user: User, call: Call) -> list[str]:
    answer = api(user).get(f"/api/v1/calls/{call.pk}/alternatives/")
    assert answer.status_code == 200, answer.content
    return [one["name"] for one in answer.json()["results"]]


def test_colleagues_of_the_same_department_are_named_those_who_are_free_first(
    live: Call, rita: User, chen: Person, service: Service
) -> None:
    make_person("Nobody knows", department="Support")
    make_person("Elsewhere", department="Sales")
    make_person("Gone", department="Support", enabled=False)
    for name, word, more in (
        ("Busy", "Busy", {}),
        ("Away", "Away", {}),
        ("Zoe", "Available", {}),
        ("Out", "Available", {"is_out_of_office": True}),
    ):
        shows(make_person(name, department="Support"), word, **more)
    fails(live, rita, chen)
    assert names(rita, live) == ["Zoe", "Nobody knows", "Away", "Busy", "Out"]


def test_who_was_tried_before_is_not_named_again(live: Call, rita: User, chen: Person, service: Service) -> None:
    roy, una = make_person("Roy", department="Support"), make_person("Una", department="Support")
    fails(live, rita, chen)
    assert names(rita, live) == ["Roy", "Una"]
    fails(live, rita, roy)
    assert names(rita, live) == ["Una"]
    assert Presence.objects.filter(person=una).exists()  # is read from now on


def test_there_are_none_without_a_transfer_a_department_or_somebody_of_the_directory(
    live: Call, rita: User, service: Service
) -> None:
    make_person("Roy", department="")
    assert names(rita, live) == []
    fails(live, rita, make_person("Alone", department=""))
    assert names(rita, live) == []


def test_nobody_of_another_organisation_is_named(live: Call, ada: User, chen: Person, service: Service) -> None:
    other = "dddddddd-0000-4000-8000-000000000001"
    make_person("Stranger", department="Support", tenant_id=other)
    fails(live, User.objects.get(username="rita"), chen)
    assert names(ada, live) == []


def test_a_few_of_a_large_department_are_named(live: Call, rita: User, chen: Person, service: Service) -> None:
    for number in range(60):
        make_person(f"Colleague {number:02}", department="Support")
    fails(live, rita, chen)
    assert names(rita, live) == [f"Colleague {number:02}" for number in range(8)]
