"""Append to the audit trail and verify it."""

import getpass
import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.db import transaction
from django.db.models import Subquery
from django.db.models.functions import Coalesce

from audit.models import Entry, Head
from commsportal import bulk, wakeups
from commsportal.clock import now

SYSTEM = "system"
MICROSOFT = "microsoft"


@dataclass(frozen=True)
class Event:
    """One thing to put on record. `actor` is a username, `system` or `microsoft`."""

    kind: str
    actor: str = SYSTEM
    tenant_id: str = ""
    line_id: int | None = None
    call_id: uuid.UUID | None = None
    data: dict[str, Any] = field(default_factory=dict)


def shell_actor() -> str:
    """Return the actor of what is done by `manage.py`: the account at the operating system."""
    try:
        return f"shell:{getpass.getuser()}"[:150]
    except (KeyError, OSError):  # a container's user may have no name
        return "shell"


def append(events: Sequence[Event]) -> int:
    """Put `events` on record in their order, as the last thing in a transaction; return the newest `seq`.

    The lock on `Head` is held until the commit, so entries become visible in the order of `seq`, without gaps.

    :raises TransactionManagementError: outside a transaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("audit entries are written in the transaction of their cause")
    head, _ = Head.objects.select_for_update().get_or_create(pk=1)
    if not events:
        return head.seq
    rows, at = [], now()
    for event in events:
        entry = _entry(event, head, at)
        rows.append(entry)
        head.seq, head.hash = entry.seq, entry.hash
    bulk.upsert(rows)
    head.save(update_fields=["seq", "hash"])
    wakeups.announce()
    return head.seq


def _entry(event: Event, head: Head, at: Any) -> Entry:
    text = orjson.dumps(event.data, option=orjson.OPT_SORT_KEYS, default=str).decode()
    entry = Entry(
        seq=head.seq + 1,
        at=at,
        kind=event.kind,
        actor=event.actor,
        tenant_id=event.tenant_id,
        line_id=event.line_id,
        call_id=event.call_id,
        text=text,
        previous_hash=head.hash,
    )
    entry.hash = digest(entry)
    return entry


def digest(entry: Entry) -> str:
    """Return the SHA-256 over all facts of the entry and the hash before it."""
    facts = [
        entry.seq,
        entry.at.isoformat(),
        entry.kind,
        entry.actor,
        entry.tenant_id,
        entry.line_id,
        str(entry.call_id) if entry.call_id else None,
        entry.text,
        entry.previous_hash,
    ]
    return hashlib.sha256(orjson.dumps(facts)).hexdigest()


def verify(start: int = 1, progress: Callable[[int], None] = lambda seen: None) -> int | None:
    """Return the first `seq` that is missing, altered or not of the chain, None when all is as written.

    May run beside writers: what is appended meanwhile is not looked at.

    :param start: the first entry to check; the hash before it is taken on trust.
    :param progress: called with each number reached.
    """
    stray = Entry.objects.filter(seq__lt=1).order_by("seq").values_list("seq", flat=True).first()
    if stray is not None:
        return stray
    end = Head.objects.values_list("seq", "hash").first() or (0, "")
    before = Entry.objects.filter(seq=start - 1).values_list("hash", flat=True).first() or ""
    expected = start
    for entry in Entry.objects.filter(seq__gte=start, seq__lte=end[0]).order_by("seq").iterator(chunk_size=1000):
        if entry.seq != expected or entry.previous_hash != before or digest(entry) != entry.hash:
            return expected
        progress(expected)
        before, expected = entry.hash, expected + 1
    if expected <= end[0]:
        return expected
    if end[0] >= start and before != end[1]:
        return end[0]
    return _beyond_the_head()


def _beyond_the_head() -> int | None:
    """Return the first entry after the end of the chain; one statement, so that no writer comes between."""
    head = Head.objects.values("seq")[:1]
    return (
        Entry.objects.filter(seq__gt=Coalesce(Subquery(head), 0)).order_by("seq").values_list("seq", flat=True)
    ).first()
