"""Passwords and tokens that could be read are noticed, and presence that nobody sees to."""

from datetime import timedelta

import pytest

from commsportal.clock import now
from directory import presence, tokens
from directory.models import ApiToken, Person, Presence, PresenceState, User
from tests.found import found
from tests.people import make_person

pytestmark = pytest.mark.django_db


@pytest.mark.control("I13")
def test_a_password_or_a_token_in_the_clear_is_noticed() -> None:
    rita = User.objects.create_user("rita", "a password of hers")
    omar = User.objects.create_user("omar")
    token = tokens.issue(rita)
    assert found("I13") == []
    User.objects.filter(pk=omar.pk).update(password="in the clear")
    assert found("I13") == [f"I13: the password of account {omar.pk} is no hash"]
    User.objects.filter(pk=omar.pk).delete()
    ApiToken.objects.update(digest=token)
    row = ApiToken.objects.get()
    assert sorted(found("I13")) == [
        f"I13: API token {row.pk} is no digest",
        f"I13: an API token stands in directory.apitoken.digest of row {row.pk}",
    ]


@pytest.mark.control("I14")
def test_presence_that_nobody_reads_or_forgets_is_noticed() -> None:
    person = make_person("Dana Lee")
    presence.look(Person.objects.all())
    assert found("I14") == []
    PresenceState.objects.update(due_at=None)
    assert found("I14") == [f"I14: the presence of person {person.pk} is read and forgotten by nobody"]
    PresenceState.objects.update(due_at=now())
    Presence.objects.update(wanted_until=now() - timedelta(hours=1))
    assert found("I14") == [f"I14: the presence of person {person.pk} is kept although nobody wants it"]
