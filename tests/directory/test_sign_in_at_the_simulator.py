"""Sign-in with Microsoft against the simulator as it runs in the demo: its page, its codes, its TLS, its keys."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from django.contrib.auth import SESSION_KEY
from django.test import Client

from audit.models import Entry
from directory.models import User
from tests.calls.simulation import Simulation
from tests.directory.arriving import CALLBACK, START, answer_of, come_back, connected, person

__all__ = ["connected"]
pytestmark = pytest.mark.django_db


@pytest.mark.control("A1")
def test_a_person_of_contoso_comes_in_with_the_roles_of_the_directory(
    visitor: Client, simulation: Simulation
) -> None:
    answer = come_back(visitor, simulation, "Rita", START + "?next=/calls/")
    assert (answer.status_code, answer["Location"]) == (302, "/calls/")
    user = User.objects.get()
    rita = person(simulation, "Rita")
    assert (user.oid, user.tenant_id) == (rita["id"], simulation.connection["tenant"])
    assert (user.name, user.username, user.roles) == (rita["name"], rita["upn"], ["receptionist"])
    assert visitor.session[SESSION_KEY] == str(user.pk)


@pytest.mark.control("A2")
def test_the_seeded_account_is_found_by_its_object_id_and_not_by_its_name(
    visitor: Client, simulation: Simulation
) -> None:
    max_, tenant = person(simulation, "Max"), simulation.connection["tenant"]
    seeded = User.objects.create_user("max", tenant_id=tenant, oid=max_["id"], roles=["receptionist"])
    namesake = User.objects.create_user(max_["upn"], roles=["administrator"])
    assert come_back(visitor, simulation, "Max").status_code == 302
    seeded.refresh_from_db()
    assert visitor.session[SESSION_KEY] == str(seeded.pk)
    assert seeded.roles == ["manager"]  # what the directory says today
    assert User.objects.filter(pk=namesake.pk, roles=["administrator"]).exists()


@pytest.mark.control("A2")
def test_somebody_without_a_role_is_let_in_and_sees_nothing(visitor: Client, simulation: Simulation) -> None:
    assert come_back(visitor, simulation, "Eve").status_code == 302
    assert visitor.get("/api/v1/me/").json()["rights"] == []
    assert visitor.get("/api/v1/calls/").status_code == 403


@pytest.mark.control("A1")
def test_a_code_is_worth_one_sign_in(visitor: Client, simulation: Simulation) -> None:
    answer = answer_of(visitor, simulation, person(simulation, "Omar")["id"])
    assert visitor.get(CALLBACK, answer).status_code == 302
    assert visitor.get(CALLBACK, answer).status_code == 403  # the flow is spent
    stranger = Client(HTTP_HOST="localhost:8000")
    other = dict(parse_qsl(urlsplit(stranger.get(START)["Location"]).query))
    assert stranger.get(CALLBACK, answer | {"state": other["state"]}).status_code == 403  # and so is the code
    assert SESSION_KEY not in stranger.session


def test_whoever_cancels_is_told_so_and_it_is_on_record(visitor: Client, simulation: Simulation) -> None:
    answer = visitor.get(CALLBACK, answer_of(visitor, simulation, "nobody"))
    assert answer.status_code == 403 and b"You are not signed in" in answer.content
    assert not User.objects.exists()
    assert Entry.objects.get().kind == "sign_in.refused"
