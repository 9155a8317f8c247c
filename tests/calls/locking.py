"""Calls are locked before anything about them is written: who keeps to it never waits in a circle."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from django.db import connection

from calls.ledger import Ledger
from calls.models import CallQuerySet

CHANGE = re.compile(r'\s*(INSERT INTO|UPDATE|DELETE FROM) "(calls_\w+)"')


class _Order:
    """What the innermost code has written since its transaction began, inside the transaction of a test."""

    def __init__(self) -> None:
        self.depth = 0
        self.written = ""
        self.wrong: list[str] = []

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SAVEPOINT"):
            self.depth += 1
        elif sql.startswith("RELEASE SAVEPOINT"):
            self.depth -= 1
        if self.depth == 0:
            self.written = ""
        elif found := CHANGE.match(sql):
            self.written = found[2]
        return execute(sql, params, many, context)

    def lock(self, calls: CallQuerySet) -> Ledger:
        """Lock, and note what was written before."""
        if self.written:
            self.wrong.append(f"{self.written} is written before calls are locked")
        return self.real(calls)

    real = staticmethod(Ledger.lock)


@contextmanager
def watched_order() -> Iterator[list[str]]:
    """Yield where calls were locked after something of them was written, within one transaction of a test."""
    order = _Order()
    with connection.execute_wrapper(order), patch.object(Ledger, "lock", order.lock):
        yield order.wrong
