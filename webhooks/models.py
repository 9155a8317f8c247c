"""What Microsoft told us, raw, before anything is made of it."""

import uuid
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

import orjson
from django.db import models
from django.db.models import Q

from commsportal.due import Due, DueQuerySet

MOST_HINTS = 20


class Delivery(Due):
    """One item of the `value[]` of a notification that was signed, stored before it was acknowledged."""

    class Status(models.TextChoices):
        PENDING = "pending"
        APPLIED = "applied"
        DEAD = "dead"

    kind = models.CharField(max_length=20, default="call")  # whose handler applies it
    tenant_id = models.CharField(max_length=36)  # of the verified token
    message_key = models.CharField(max_length=80)  # message id, else digest of the body
    index = models.PositiveSmallIntegerField()
    call_key = models.CharField(max_length=64, default="", blank=True)  # normalised id of Graph's call
    is_ring = models.BooleanField(default=False)  # announces a call: applied before older history
    scenario_id = models.CharField(max_length=64, default="", blank=True)
    query = models.CharField(max_length=500, default="", blank=True)  # of our callbackUri, opaque
    body = models.TextField()
    received_at = models.DateTimeField()
    duplicates = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    error = models.TextField(default="", blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)

    objects = DueQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "message_key", "index"], name="delivery_once"),
            models.CheckConstraint(
                condition=models.Q(status="pending", due_at__isnull=False)
                | models.Q(status__in=["applied", "dead"], due_at__isnull=True),
                name="delivery_pending_iff_due",
            ),
        ]
        indexes = [
            models.Index(fields=["-is_ring", "id"], condition=models.Q(due_at__isnull=False), name="delivery_due"),
            models.Index(
                fields=["lease_until"], condition=models.Q(lease_until__isnull=False), name="delivery_leased"
            ),
            models.Index(fields=["call_key", "id"]),
            models.Index(fields=["id"], condition=models.Q(status="dead"), name="delivery_dead"),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"

    @cached_property
    def item(self) -> Any:
        """Return the item as it came; it need not be an object."""
        return orjson.loads(self.body)

    @property
    def hints(self) -> dict[str, str]:
        """Return the query of the address it was POSTed to: for routing and tracing, never proof.

        One with more fields than ours is not ours, and hints at nothing.
        """
        try:
            return dict(parse_qsl(self.query, max_num_fields=MOST_HINTS))
        except ValueError:
            return {}


class Subscription(Due):
    """A resource of Microsoft's of whose changes somebody here wants to be told.

    The worker makes it, renews it ahead of its end and makes it anew when it is lost. Its id stands in the address
    that Microsoft notifies, so that what was made without our hearing of it is found again.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20)  # whose listener is told
    tenant_id = models.CharField(max_length=36)
    resource = models.CharField(max_length=500)
    changes = models.CharField(max_length=50, default="created,updated,deleted")
    is_wanted = models.BooleanField(default=True)
    asked = models.BooleanField(default=False)  # Microsoft may have it, whether we heard of it or not
    graph_id = models.CharField(max_length=36, blank=True, default="")
    # Of its clientState, which is told to Microsoft and kept by nobody here.
    state_digest = models.CharField(max_length=64, blank=True, default="")
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    error = models.TextField(blank=True, default="")

    objects = DueQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "resource"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "tenant_id", "resource"], name="subscription_once"),
            models.UniqueConstraint(fields=["graph_id"], condition=~Q(graph_id=""), name="subscription_graph_id"),
            models.CheckConstraint(
                condition=Q(graph_id="", expires_at__isnull=True)
                | ~Q(graph_id="") & ~Q(state_digest="") & Q(expires_at__isnull=False, asked=True),
                name="subscription_held_iff_it_ends",
            ),
            models.CheckConstraint(condition=Q(due_at__isnull=False), name="subscription_is_always_due"),
        ]
        indexes = [models.Index(fields=["due_at"], name="subscription_due")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.resource}"
