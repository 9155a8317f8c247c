"""How long a statement of a web process may hold the database, so that no question of many stops the portal."""

import sqlite3
import time
from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

# Of SQLite's machine between two looks at the clock: some 20 us of arithmetic, 50 ms of long patterns in long
# texts. What the looks cost could not be measured, even beside a thread that never rests.
STEPS: Final = 1000


def limit() -> None:
    """Let no statement of this process take longer than WEB_STATEMENT_SECONDS; then it is an `OperationalError`.

    It counts for connections that Django opens from now on. On SQLite the wait for another writer is limited, too.
    """
    options = connections.settings["default"].setdefault("OPTIONS", {})
    if connection.vendor == "postgresql":
        given, wanted = options.get("options", ""), f"-c statement_timeout={settings.WEB_STATEMENT_SECONDS * 1000}"
        if wanted not in given:
            options["options"] = f"{given} {wanted}".strip()
    else:
        options["timeout"] = settings.WEB_STATEMENT_SECONDS
        connection_created.connect(_limit_on_sqlite, dispatch_uid="statements")


def _limit_on_sqlite(connection: BaseDatabaseWrapper, **_: Any) -> None:
    watch = Watch(settings.WEB_STATEMENT_SECONDS)
    own: sqlite3.Connection = connection.connection
    own.set_progress_handler(watch.is_over, STEPS)
    others = [wrapper for wrapper in connection.execute_wrappers if not isinstance(wrapper, Watch)]
    connection.execute_wrappers[:] = [*others, watch]


class Watch:
    """When the present statement of a connection must have ended; what reads its rows is part of it."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self.clock = clock
        self.until = clock() + seconds

    def __call__(self, execute: Callable[..., Any], *statement: Any) -> Any:
        """Begin anew with each statement; one of Django's `execute_wrappers`."""
        self.until = self.clock() + self.seconds
        return execute(*statement)

    def is_over(self) -> bool:
        """Tell SQLite to give the statement up."""
        return self.clock() > self.until
