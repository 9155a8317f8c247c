"""The portal's rows against the simulator's, of a demo: what was lost, what differs, what was done twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.e2e.databases import Database
from tests.e2e.running import Demo
from tests.invariants import Sides, read_log


@dataclass(frozen=True)
class Books(Sides):
    """Both sides of one demo."""

    running: Demo
    database: Database

    def told(self, path: str) -> Any:
        """Return what the simulator answers."""
        return self.running.simulator("GET", path)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self.database.rows(statement)

    def doctor(self) -> list[str]:
        """Return what `manage.py doctor` finds."""
        return self.running.findings()

    def log(self) -> Iterator[tuple[str, str]]:
        """Yield what web and worker have logged."""
        for name in ("web", "worker"):
            yield from read_log(self.running.log(name).splitlines())

    def secrets(self) -> dict[str, str]:
        """Return what the demo keeps to itself."""
        return self.running.secrets()

    def figures(self) -> str:
        """Return what `/metrics` tells."""
        return self.running.figures()

    def operations(self) -> set[str]:
        """Return the ids of all that the portal ever asked for."""
        return {str(UUID(str(key))) for (key,) in self.rows("select id from calls_operation")}
