"""Due rows: unfinished work is a row with `due_at`; whoever works on it holds a lease.

A lease is enforced in the update that ends the work (`held`), not checked before it, so a worker that was paused
for longer than its lease touches no row.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Coalesce, Greatest

from commsportal.clock import now


class DueQuerySet(models.QuerySet[Any]):
    """Find, lease and finish due rows."""

    def due(self, at: datetime) -> Self:
        """Return rows whose time has come and that nobody holds."""
        free = Q(lease_until__isnull=True) | Q(lease_until__lte=at)
        return self.filter(free, due_at__lte=at)

    def lease(self, limit: int, seconds: float) -> list["Due"]:
        """Lease up to `limit` due rows for `seconds`, in the queryset's order, and return them."""
        at = now()
        if not self.due(at).exists():
            return []  # asking takes no lock; a claim does
        with transaction.atomic():
            rows = list(self.due(at).select_for_update(skip_locked=True, of=("self",))[:limit])
            if not rows:
                return []
            token, until = uuid.uuid4(), at + timedelta(seconds=seconds)
            self.model._default_manager.filter(pk__in=[row.pk for row in rows]).update(
                lease=token, lease_until=until, attempts=models.F("attempts") + 1
            )
        for row in rows:
            row.lease, row.lease_until, row.attempts = token, until, row.attempts + 1
        return rows

    def next_due(self) -> datetime | None:
        """Return when the earliest row falls due or a lease on a due row runs out."""
        waiting = self.filter(due_at__isnull=False)
        earliest = Greatest("due_at", Coalesce("lease_until", "due_at"))
        at: datetime | None = waiting.aggregate(at=models.Min(earliest))["at"]
        return at


class Due(models.Model):
    """A row that is unfinished work until `due_at` is null."""

    due_at = models.DateTimeField(null=True, blank=True)
    lease = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        abstract = True

    def keep_lease(self, seconds: float) -> bool:
        """Extend the lease to `seconds` from now, if it is still ours; tell whether it was."""
        held = type(self)._default_manager.filter(pk=self.pk, lease=self.lease)
        return self.lease is not None and held.update(lease_until=now() + timedelta(seconds=seconds)) == 1

    def settle_lease(self, **changes: object) -> bool:
        """Write `changes` and give the lease back, if it is still ours; tell whether it was."""
        held = type(self)._default_manager.filter(pk=self.pk, lease=self.lease)
        done = held.update(lease=None, lease_until=None, **changes) == 1
        if done:
            self.lease = self.lease_until = None
            for name, value in changes.items():
                setattr(self, name, value)
        return done
