"""What a password may be: long enough, nobody's first guess, and otherwise whatever its owner likes."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from directory.models import User
from directory.passwords import words

pytestmark = pytest.mark.control("A5")
RITA = User(username="rita.lindqvist", name="Rita Lindqvist", email="rita@example.com")


@pytest.mark.parametrize(
    "password",
    [
        "short-1!",
        "19840312",
        "Lindqvist-Rita",
        "1qaz2wsx3edc",  # one of the 20,000 that breaches have most often
        "Commsportal2026!",
        "Front-Desk-Portal-1",
        "administrator99",
        "LOCALHOST-2026",
        "pass word receptionist",
    ],
)
def test_a_first_guess_is_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, RITA)


@pytest.mark.parametrize(
    "password",
    [
        "837164920573",
        "quiet harbour lamps",
        "ÄÖÜ ẞ 漢字 مرحبا 😀😀😀",
        "my teams never sleep at noon",
        "x y" * 60,
        " leading and trailing ",
    ],
)
def test_any_other_composition_is_good(password: str) -> None:
    validate_password(password, RITA)


def test_the_words_are_those_of_product_roles_and_address() -> None:
    assert {"commsportal", "receptionist", "localhost"} <= words()
