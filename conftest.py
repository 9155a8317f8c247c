"""What all tests share; their settings are in `tests/settings.py`."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("commsportal", deadline=None)  # timed assertions are no tests
settings.load_profile("commsportal")

pytest_plugins = ["tests.at_rest", "tests.clock", "tests.people", "tests.simulated", "tests.tried"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what a run of all tests leaves out."""
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        terminalreporter.write_line("SKIPPED the browser tests: they need Chromium, and `make e2e` runs them")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """Let the test runner empty the tables: tests of the audit triggers install them for themselves."""
    from django.db import connection

    from audit import triggers

    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        triggers.remove(connection)
    yield
