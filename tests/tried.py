"""How much the tests try: each counts what it does, and the end of a run tells the sums."""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

# What docs/reliability.md lists under "What was tried", each with the least that a whole run tries.
GOALS = {
    "body mutations": 10_000,
    "token mutations": 740,
    "hostile addresses": 60,
    "hostile names on pages in Chromium": 900,
    "cells of route, verb and person": 2_200,
    "foreign ids": 2_000,
    "API requests": 20_000,
    "audit tamperings": 500,
}
MARK = "tried "

Count = Callable[..., None]
_sums: Counter[str] = Counter()


@pytest.fixture
def tried(request: pytest.FixtureRequest) -> Iterator[Count]:
    """Return a function that counts attempts under a figure; the sums go along with the reports of tests."""
    own: Counter[str] = Counter()

    def count(figure: str, times: int = 1) -> None:
        assert figure in GOALS
        own[figure] += times

    yield count
    request.node.user_properties.extend((MARK + figure, times) for figure, times in own.items())


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up what a test has tried; every report of a test repeats its properties."""
    if report.when == "teardown":
        for name, times in report.user_properties:
            if name.startswith(MARK):
                _sums[name.removeprefix(MARK)] += int(str(times))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell the sums."""
    for figure in (name for name in GOALS if name in _sums):
        terminalreporter.write_line(f"tried: {_sums[figure]} {figure}")
