"""Requests made up from our own OpenAPI document, and what became of them."""

import os
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.webhooks.conftest import intake, issuer, patience

__all__ = ["intake", "issuer", "patience"]
SEED = int(os.environ.get("FUZZ_SEED", "1"))
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "8"))  # of each operation, valid and invalid each

answers: Counter[int] = Counter()


@pytest.fixture
def tally() -> Iterator[Counter[int]]:
    """Return the count of answers by status, for the summary at the end."""
    yield answers


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much was asked, under which seed, and what came back."""
    if not answers:
        return
    told = ", ".join(f"{status}: {count}" for status, count in sorted(answers.items()))
    terminalreporter.write_line(f"fuzz: seed {SEED}, {answers.total()} requests; answers {told}")
