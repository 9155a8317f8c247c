"""An intake with an issuer of its own."""

from collections.abc import Iterator

import pytest

from tests.webhooks.issuer import Issuer
from tests.webhooks.serving import signer
from webhooks import storage, writer
from webhooks.intake import Intake
from webhooks.writer import Writer

__all__ = ["signer"]


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a slow machine take its time: what is late here is not what these tests are about."""
    monkeypatch.setattr(writer, "ANSWER_SECONDS", 60.0)
    monkeypatch.setattr(storage, "BUSY_SECONDS", 60.0)


@pytest.fixture
def intake(issuer: Issuer, transactional_db: None, patience: None) -> Iterator[Intake]:
    """An intake that writes to the tests' database by its own connection."""
    intake = Intake(issuer.verifier(), Writer())
    yield intake
    intake.stop()
