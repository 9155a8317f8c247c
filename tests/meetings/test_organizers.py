"""Organisers are called as the directory has them."""

import pytest

from audit.models import Entry
from directory import sync
from directory.models import User
from graph.types import User as GraphUser
from meetings.models import Organizer
from tests.meetings.conftest import make_organizer

pytestmark = pytest.mark.django_db


def test_an_organiser_whose_name_changes_is_called_by_the_new_one(max_: User) -> None:
    dana, ivo = make_organizer("Dana Lee", max_), make_organizer("Ivo Cruz", max_)
    users = [GraphUser(id=dana.oid.upper(), display_name="Dana Lee-Ruiz"), GraphUser(id="someone")]
    sync.merge(dana.tenant_id, users)
    sync.merge(dana.tenant_id, users)
    names = dict(Organizer.objects.values_list("oid", "name"))
    assert names == {dana.oid: "Dana Lee-Ruiz", ivo.oid: "Ivo Cruz"}  # who has left keeps theirs
    entry = Entry.objects.get(kind="organizer.renamed")
    assert entry.actor == "system" and entry.data["name"] == ["Dana Lee", "Dana Lee-Ruiz"]
