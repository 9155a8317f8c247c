"""A running simulator for the tests of a module."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.calls.simulation import Simulation


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Simulation]":
    """Return the simulator, running."""
    from tests.calls.simulation import Simulation

    running = Simulation(tmp_path_factory.mktemp("simulation"))
    yield running
    running.stop()
