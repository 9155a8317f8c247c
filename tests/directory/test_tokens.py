"""Personal API tokens."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from audit.models import Entry
from commsportal.clock import now
from directory import tokens
from directory.models import ApiToken, User


def test_a_token_opens_its_owners_account(rita: User) -> None:
    assert tokens.authenticate(tokens.issue(rita)) == rita


@pytest.mark.control("A6")
def test_the_database_keeps_nothing_that_opens_an_account(rita: User) -> None:
    token = tokens.issue(rita)
    row = ApiToken.objects.values().get()
    kept = " ".join(map(str, row.values()))
    assert token not in kept and token.split("_", 2)[2] not in kept
    assert not any(tokens.authenticate(str(value)) for value in row.values())


@pytest.mark.control("A6")
def test_a_token_holds_256_random_bits_beside_its_prefix(rita: User) -> None:
    secret = tokens.issue(rita).split("_", 2)[2]
    assert len(secret) == 43  # 32 bytes in base64url
    assert len({tokens.issue(rita) for _ in range(20)}) == 20


@pytest.mark.control("A6")
@pytest.mark.parametrize("change", ["revoked", "expired", "disabled"])
def test_a_token_dies_at_once(rita: User, change: str) -> None:
    token = tokens.issue(rita)
    if change == "revoked":
        tokens.revoke(ApiToken.objects.get(), actor="ada")
    elif change == "expired":
        ApiToken.objects.update(expires_at=now())
    else:
        User.objects.update(is_active=False)
    assert tokens.authenticate(token) is None


@pytest.mark.parametrize("guess", ["", " ", "cp_", "cp_00000000_x", "\ud800", "é", "a" * 10_000])
def test_a_guess_opens_nothing(rita: User, guess: str) -> None:
    tokens.issue(rita)
    assert tokens.authenticate(guess) is None


@pytest.mark.control("A6")
def test_use_is_noted_at_most_once_a_minute(rita: User) -> None:
    token = tokens.issue(rita)
    tokens.authenticate(token)
    first = ApiToken.objects.get().last_used_at
    tokens.authenticate(token)
    assert ApiToken.objects.get().last_used_at == first
    ApiToken.objects.update(last_used_at=now() - timedelta(seconds=61))
    tokens.authenticate(token)
    assert ApiToken.objects.get().last_used_at >= first


@pytest.mark.control("X3")
def test_making_and_revoking_are_on_record(rita: User) -> None:
    tokens.issue(rita, "wallboard")
    row = ApiToken.objects.get()
    assert tokens.revoke(row, actor="ada")
    assert not tokens.revoke(row, actor="ada")
    assert list(Entry.objects.values_list("kind", "actor")) == [("token.made", "rita"), ("token.revoked", "ada")]
    assert Entry.objects.first().data == {
        "user_id": rita.pk,
        "username": "rita",
        "prefix": row.prefix,
        "name": "wallboard",
    }


@pytest.mark.control("X3")
def test_the_command_prints_the_token_as_its_last_word(eve: User) -> None:
    out = StringIO()
    call_command("token", "eve", "--days", "3", "--name", "nightly", stdout=out)
    assert tokens.authenticate(out.getvalue().split()[-1]) == eve
    row = ApiToken.objects.get()
    assert row.name == "nightly" and row.expires_at - row.created_at < timedelta(days=3, seconds=1)
    assert Entry.objects.get().actor.startswith("shell")


@pytest.mark.parametrize("arguments", [["nobody"], ["gone"], ["rita", "--days", "0"]])
def test_the_command_refuses(rita: User, omar: User, arguments: list[str]) -> None:
    User.objects.filter(username="omar").update(is_active=False, username="gone")
    with pytest.raises(CommandError):
        call_command("token", *arguments)
    assert not ApiToken.objects.exists()
