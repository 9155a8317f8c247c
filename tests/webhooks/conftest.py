"""An intake with an issuer of its own."""

from collections.abc import Iterator

import pytest

from tests.webhooks.issuer import Issuer
from webhooks.intake import Intake
from webhooks.writer import Writer


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def intake(issuer: Issuer, transactional_db: None) -> Iterator[Intake]:
    """An intake that writes to the tests' database by its own connection."""
    intake = Intake(issuer.verifier(), Writer())
    yield intake
    intake.stop()
