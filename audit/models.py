"""The audit trail: one row for each thing that happened, append-only and chained by hashes."""

import uuid
from typing import Any

import orjson
from django.db import models


class Head(models.Model):
    """The end of the chain; the row whose lock puts entries in order."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="audit_one_head")]

    def __str__(self) -> str:
        return str(self.seq)


class Entry(models.Model):
    """One thing that happened. `seq` has no gaps; `hash` covers the entry and the hash before it."""

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    kind = models.CharField(max_length=60)
    actor = models.CharField(max_length=150)
    tenant_id = models.CharField(max_length=36, default="", blank=True)
    line_id = models.BigIntegerField(null=True, blank=True)
    call_id = models.UUIDField(null=True, blank=True)
    text = models.TextField(default="{}")  # canonical JSON, kept as text so that the hash stays checkable
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["seq"]
        verbose_name_plural = "entries"
        indexes = [
            models.Index(fields=["call_id", "seq"]),
            models.Index(fields=["kind", "seq"]),
            models.Index(fields=["at"]),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"

    @property
    def data(self) -> dict[str, Any]:
        """Return the details of what happened."""
        loaded: dict[str, Any] = orjson.loads(self.text)
        return loaded

    @property
    def call(self) -> uuid.UUID | None:
        """Return our id of the call concerned."""
        return self.call_id
