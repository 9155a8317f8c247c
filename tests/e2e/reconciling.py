"""The portal's rows against the simulator's, of a demo: what was lost, what differs, what was done twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tests.e2e.databases import Database
from tests.e2e.running import Demo
from tests.invariants import Sides


def instant(at: datetime | str) -> datetime:
    """Return an instant as a database gives it; SQLite's are texts without an offset."""
    return at if isinstance(at, datetime) else datetime.fromisoformat(at).replace(tzinfo=UTC)


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
        """Yield what all processes have written."""
        yield from self.running.written()

    @property
    def remembers(self) -> bool:  # type: ignore[override]
        """Tell whether the simulator is still the one that it was at first, and the only one who sent anything."""
        is_first = self.running.starts == 1 and "simulator ended" not in self.running.said()
        return is_first and not self.running.heard_strangers

    def secrets(self) -> dict[str, str]:
        """Return what the demo keeps to itself."""
        return self.running.secrets()

    def figures(self) -> str:
        """Return what `/metrics` tells."""
        return self.running.figures()

    def delays(self) -> list[float]:
        """Return the seconds from each ring there to the entry that shows it here."""
        rung = {key: datetime.fromisoformat(call["history"][0]["at"]) for key, call in self.theirs().items()}
        rows = self.rows(
            "select c.graph_id, e.at from audit_entry e join calls_call c on c.id = e.call_id "
            "where e.kind = 'call.incoming'"
        )
        return [(instant(at) - rung[key]).total_seconds() for key, at in rows if key in rung]

    def operations(self) -> set[str]:
        """Return the ids of all that the portal ever asked for."""
        return {str(UUID(str(key))) for (key,) in self.rows("select id from calls_operation")}
