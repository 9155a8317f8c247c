"""What is sealed opens for its purpose, in its place, by a key that still counts, and otherwise not."""

import base64
from typing import Any

import pytest

from commsportal.sealing import seal, unseal

pytestmark = pytest.mark.control("P2")
PURPOSE, PLACE = "tests.sealing", "here"
FRESH = "another key of fifty characters or a little more than that"


def test_it_opens_where_it_was_sealed() -> None:
    sealed = seal("a token", PURPOSE, PLACE)
    assert unseal(sealed, PURPOSE, PLACE) == "a token"
    assert "token" not in sealed and base64.urlsafe_b64decode(sealed).find(b"token") < 0


def test_no_two_are_alike() -> None:
    assert seal("a token", PURPOSE, PLACE) != seal("a token", PURPOSE, PLACE)


def test_another_purpose_or_place_does_not_open_it() -> None:
    sealed = seal("a token", PURPOSE, PLACE)
    assert unseal(sealed, "tests.another", PLACE) is None
    assert unseal(sealed, PURPOSE, "there") is None


def test_whatever_was_altered_does_not_open() -> None:
    whole = base64.urlsafe_b64decode(seal("a token", PURPOSE, PLACE))
    for n in range(len(whole)):
        altered = whole[:n] + bytes([whole[n] ^ 1]) + whole[n + 1 :]
        assert unseal(base64.urlsafe_b64encode(altered).decode(), PURPOSE, PLACE) is None
        assert unseal(base64.urlsafe_b64encode(whole[:n]).decode(), PURPOSE, PLACE) is None
    for nothing in ("", "a", "not base64!", "äöü", "AAAA"):
        assert unseal(nothing, PURPOSE, PLACE) is None


def test_a_former_key_opens_while_it_is_listed(settings: Any) -> None:
    sealed = seal("a token", PURPOSE, PLACE)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], FRESH
    assert unseal(sealed, PURPOSE, PLACE) == "a token"
    fresh = seal("another", PURPOSE, PLACE)
    settings.SECRET_KEY_FALLBACKS = []
    assert unseal(sealed, PURPOSE, PLACE) is None
    assert unseal(fresh, PURPOSE, PLACE) == "another"
