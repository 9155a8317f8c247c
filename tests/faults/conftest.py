"""What the tests of faults share with those of calls and of the intake."""

from tests.calls.conftest import ringing, service
from tests.webhooks.conftest import issuer, patience, signer

__all__ = ["issuer", "patience", "ringing", "service", "signer"]
