"""Is the database itself sound, and is what it keeps bounded (I14)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection

from commsportal.clock import now
from commsportal.invariants import Invariant, Progress
from commsportal.models import Beat, IdempotencyKey

LONGEST_LOG = 256 * 1024 * 1024  # bytes; checkpoints keep it under 64 MiB
OLDEST_KEY = timedelta(hours=26)  # they are kept for 24
OLDEST_BEAT = timedelta(hours=3)  # they are kept for one, as long as any process lives

BROKEN_IN_POSTGRESQL = {
    "constraint {} was never validated": "SELECT conrelid::regclass::text || '.' || conname FROM pg_constraint "
    "WHERE NOT convalidated",
    "index {} is invalid": "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT (indisvalid AND indisready)",
    "{} pages failed their checksum": "SELECT checksum_failures FROM pg_stat_database "
    "WHERE datname = current_database() AND checksum_failures > 0",
}


def database_is_sound(progress: Progress) -> Iterator[str]:
    """I14: the engine finds no damage, and every reference leads somewhere."""
    if connection.vendor == "sqlite":
        yield from _sqlite()
        return
    for sentence, query in BROKEN_IN_POSTGRESQL.items():
        for (name,) in _rows(query):
            yield sentence.format(name)


def _sqlite() -> Iterator[str]:
    for (said,) in _rows("PRAGMA integrity_check(100)"):
        if said != "ok":
            yield f"the file is damaged: {said}"
    for table, row, parent, _ in _rows("PRAGMA foreign_key_check"):
        yield f"row {row} of {table} refers to a row of {parent} that is not there"
    log = Path(f"{settings.DATABASES['default']['NAME']}-wal")
    if log.is_file() and log.stat().st_size > LONGEST_LOG:
        yield "the write-ahead log is never cleared: somebody reads without an end"


def _rows(query: str) -> Iterator[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        while some := cursor.fetchmany(100):
            yield from some


def what_passes_is_cleared(progress: Progress) -> Iterator[str]:
    """I14: rows that are kept for a while only are gone after it."""
    if keys := IdempotencyKey.objects.filter(created_at__lt=now() - OLDEST_KEY).count():
        yield f"{keys} answers to repeated requests are older than a day"
    beating = Beat.objects.filter(at__gte=now() - OLDEST_BEAT).exists()
    if beating and (beats := Beat.objects.filter(at__lt=now() - OLDEST_BEAT).count()):
        yield f"{beats} processes gave their last sign of life hours ago and are still listed"


INVARIANTS = (
    Invariant(
        "I14",
        "the database is sound and every reference leads somewhere",
        "Stop the portal, keep a copy of the database, and restore the newest backup on which this command finds "
        "nothing. Look for the cause in the disk's and the machine's own logs first.",
        database_is_sound,
    ),
    Invariant(
        "I14",
        "what is kept for a while only is cleared after it",
        "Workers clear it: see that one runs (/readyz, the worker's log).",
        what_passes_is_cleared,
    ),
)
