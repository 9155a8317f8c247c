"""Passwords and tokens that could be read are noticed."""

import pytest

from directory import tokens
from directory.models import ApiToken, User
from tests.found import found

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
