"""Apply what was stored: in order per call, in large batches, each failure on its own.

Deliveries seen for the first time are leased and applied in batches, in one transaction. One that comes back
(it failed, or its worker died over it) is applied alone, one to a lease, so that it can harm no other.
"""

import logging
import time
import uuid
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

from django.db import connection, transaction
from django.db.models import F, Q

from audit import trail
from commsportal import tracing
from commsportal.among import among
from commsportal.clock import now
from commsportal.errors import PortalError, is_no_database
from commsportal.worker import Duty
from webhooks.handlers import CHANGE, Unacceptable, handler_of
from webhooks.models import Delivery

BATCH = 200
# While one batch waits for PostgreSQL another is worked on; SQLite has one writer at a time.
THREADS = 1 if connection.vendor == "sqlite" else 2
LEASE_SECONDS = 5.0
MOST_ATTEMPTS = 8
LONGEST_BACK_OFF = 60
ERROR_LENGTH = 2000
LOCK = zlib.crc32(b"commsportal.deliveries")

PENDING, APPLIED, DEAD = Delivery.Status.PENDING, Delivery.Status.APPLIED, Delivery.Status.DEAD

logger = logging.getLogger(__name__)


class LeaseLost(Exception):
    """Another worker has the deliveries by now; nothing of this attempt may stay."""


class NotDead(PortalError):
    """Only a dead delivery can be applied anew."""

    code = "not_dead"


def claim(limit: int) -> list[list[Delivery]]:
    """Lease one batch: new deliveries, rings first, and at most one that comes back."""
    at = now()
    if not limit or not Delivery.objects.due(at).exists():
        return []
    with transaction.atomic():
        _choose_alone()
        rows = _choose(at)
        if not rows:
            return []
        token, until = uuid.uuid4(), at + timedelta(seconds=LEASE_SECONDS)
        chosen = Delivery.objects.filter(_these(rows))
        chosen.update(lease=token, lease_until=until, attempts=F("attempts") + 1)
    for row in rows:
        row.lease, row.lease_until, row.attempts = token, until, row.attempts + 1
    return [rows]


def _these(rows: Sequence[Delivery]) -> Q:
    return among("pk", [row.pk for row in rows])


def _choose_alone() -> None:
    """Let one worker choose at a time: what it may choose depends on what the others hold."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _choose(at: datetime) -> list[Delivery]:
    """Choose what is due, but nothing of a call of which somebody holds anything.

    On PostgreSQL the rows are locked by that. A row that cannot be was leased by a worker that is about to commit
    although its lease has run out: its call is left alone. On SQLite whoever chooses is alone with the database.
    """
    held = Delivery.objects.filter(lease_until__gt=at).exclude(call_key="").values("call_key")
    free = Delivery.objects.due(at).exclude(call_key__in=held)
    is_shared = connection.vendor == "postgresql"
    if is_shared:
        free = free.select_for_update(skip_locked=True, of=("self",))
    candidates = list(free.order_by("-is_ring", "pk")[: BATCH + 1])
    chosen = in_order(candidates)
    if is_shared or len(candidates) > BATCH:
        chosen = _without_overtakers(chosen, at)
    return chosen


def in_order(candidates: Sequence[Delivery]) -> list[Delivery]:
    """Choose the new ones and the first that comes back, without overtaking inside a call."""
    waiting: set[str] = set()
    chosen, returning = [], 0
    for row in sorted(candidates, key=attrgetter("pk")):
        if row.call_key in waiting:
            continue
        returning += row.attempts > 0
        if row.attempts == 0 or returning == 1:
            chosen.append(row)
        if row.attempts > 0 and row.call_key:
            waiting.add(row.call_key)
    return chosen


def _without_overtakers(rows: Sequence[Delivery], at: datetime) -> list[Delivery]:
    """Leave out calls with an older due delivery that is not chosen: behind the end of the batch, or locked."""
    newest = {row.call_key: row.pk for row in rows if row.call_key}  # rows come in order
    if not newest:
        return list(rows)
    left = Delivery.objects.due(at).filter(among("call_key", newest), pk__lt=max(newest.values()))
    left = left.exclude(among("pk", [row.pk for row in rows]))
    behind = {call_key for call_key, pk in left.values_list("call_key", "pk") if pk < newest[call_key]}
    return [row for row in rows if row.call_key not in behind]


def apply(rows: Sequence[Delivery]) -> None:
    """Apply leased deliveries: the new ones together, the others, or all if that fails, each alone."""
    new = [row for row in rows if row.attempts == 1 and isinstance(row.item, dict)]
    alone = list(rows)
    if len(new) > 1 and _apply_together(new):
        applied = {row.pk for row in new}
        alone = [row for row in rows if row.pk not in applied]
    renew_at = time.monotonic() + LEASE_SECONDS / 3
    for row in alone:
        if time.monotonic() > renew_at:
            _renew(rows)
            renew_at = time.monotonic() + LEASE_SECONDS / 3
        _apply_alone(row)


def _apply_together(rows: Sequence[Delivery]) -> bool:
    try:
        _apply(rows)
    except LeaseLost:
        logger.warning("the lease on %d deliveries ran out", len(rows))
    except Exception as error:
        logger.info("a batch of %d failed (%s); each is applied alone", len(rows), error)
        return False
    return True


def _apply_alone(row: Delivery) -> None:
    with tracing.about(delivery_id=row.pk, graph_call_id=row.call_key or None):
        _try_alone(row)


def _try_alone(row: Delivery) -> None:
    try:
        _check(row)
        _apply([row])
    except LeaseLost:
        logger.warning("the lease on delivery %s ran out", row.pk)
    except Exception as error:
        logger.warning("delivery %s failed (attempt %d)", row.pk, row.attempts, exc_info=error)
        _fail(row, error)


def _check(row: Delivery) -> None:
    if row.attempts > MOST_ATTEMPTS:
        raise Unacceptable("its workers ended before it did, again and again")
    if not isinstance(row.item, dict):
        raise Unacceptable("the item is not an object")


def _apply(rows: Sequence[Delivery]) -> None:
    """Mark the rows applied and hand them over, in one transaction; the handler's audit entries come last."""
    with transaction.atomic():
        held = Delivery.objects.filter(_these(rows), lease=rows[0].lease)
        done = held.update(status=APPLIED, due_at=None, applied_at=now(), error="", lease=None, lease_until=None)
        if done != len(rows):
            raise LeaseLost
        # Changes first: their listeners lock rows of their own, and others lock those before the trail.
        for kind, group in groupby(sorted(rows, key=lambda row: row.kind != CHANGE), key=attrgetter("kind")):
            handler_of(kind)(list(group))


def _fail(row: Delivery, error: Exception) -> None:
    text = f"{type(error).__name__}: {error}".replace("\x00", "")[:ERROR_LENGTH]
    if is_no_database(error):
        row.attempts = min(row.attempts, MOST_ATTEMPTS - 1)  # full, locked, gone: not the delivery's fault
    if isinstance(error, Unacceptable) or row.attempts >= MOST_ATTEMPTS:
        _bury(row, text)
    else:
        pause = min(2 ** (row.attempts - 1), LONGEST_BACK_OFF)
        row.settle_lease(due_at=now() + timedelta(seconds=pause), attempts=row.attempts, error=text)


def _bury(row: Delivery, error: str) -> None:
    with transaction.atomic():
        if row.settle_lease(status=DEAD, due_at=None, error=error):
            logger.error("delivery %s is dead: %s", row.pk, error)
            data = {"delivery": row.pk, "call_key": row.call_key, "error": error[:200]}
            trail.append([trail.Event("delivery.dead", tenant_id=row.tenant_id, data=data)])


def _renew(rows: Sequence[Delivery]) -> None:
    until = now() + timedelta(seconds=LEASE_SECONDS)
    Delivery.objects.filter(_these(rows), lease=rows[0].lease).update(lease_until=until)


def replay(delivery: Delivery, actor: str) -> None:
    """Have a dead delivery applied anew, on `actor`'s word.

    :raises NotDead: when it is waiting or applied.
    """
    with transaction.atomic():
        dead = Delivery.objects.filter(pk=delivery.pk, status=DEAD)
        if not dead.update(status=PENDING, due_at=now(), attempts=0, error=""):
            raise NotDead(f"Delivery {delivery.pk} is not dead; there is nothing to replay.")
        data = {"delivery": delivery.pk, "call_key": delivery.call_key}
        trail.append([trail.Event("delivery.replayed", actor, delivery.tenant_id, data=data)])
    delivery.refresh_from_db()


DUTY = Duty("deliveries", THREADS, claim, apply, Delivery.objects.next_due, longest=30.0)
