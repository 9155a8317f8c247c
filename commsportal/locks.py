"""Writes that matter less than the answer that would wait for them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

TIMEOUTS = {
    "sqlite": ("PRAGMA busy_timeout", "PRAGMA busy_timeout={}", 0),
    "postgresql": ("SELECT current_setting('lock_timeout')", "SET lock_timeout = '{}'", "1ms"),
}


@contextmanager
def without_waiting() -> Iterator[None]:
    """Run a transaction that fails where it would have to wait for somebody's lock.

    :raises OperationalError: somebody holds the lock.
    """
    ask, change, none = TIMEOUTS[connection.vendor]
    with connection.cursor() as cursor:
        usual = _one(cursor, ask)
        cursor.execute(change.format(none))
        try:
            with transaction.atomic():
                yield
        finally:
            cursor.execute(change.format(usual))


def _one(cursor: CursorWrapper, question: str) -> object:
    cursor.execute(question)
    row = cursor.fetchone()
    return row and row[0]
