"""The tests' own data folder, made before any setting is read, and what all tests share."""

import os
import tempfile
from collections.abc import Iterator

import pytest

os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="commsportal-tests-")
os.environ["GRAPH_TENANT_ID"] = "11111111-1111-4111-8111-111111111111"
os.environ["GRAPH_CLIENT_ID"] = "22222222-2222-4222-8222-222222222222"
for name in ("PORT", "SIM_PORT", "SIM_TLS_PORT", "PUBLIC_URL", "DEPLOYMENT", "SIMULATOR_URL", "SCENARIO"):
    os.environ.pop(name, None)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """Let the test runner empty the tables: tests of the audit triggers install them for themselves."""
    from django.db import connection

    from audit import triggers

    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        triggers.remove(connection)
    yield
