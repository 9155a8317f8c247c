"""What we ask of Microsoft: a row before a request."""

import secrets
import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q

from calls.models.call import Call
from commsportal.due import Due, DueQuerySet


def new_token() -> str:
    """Return an opaque token for the query of a callbackUri."""
    return secrets.token_urlsafe(24)


class Operation(Due):
    """One thing asked of Microsoft. What settles it is a table by kind in `calls.rules.operations`.

    `due_at` says when the worker looks at it next: to send it, or to ask what became of it.
    """

    class Kind(models.TextChoices):
        ANSWER = "answer"
        REJECT = "reject"
        REDIRECT = "redirect"
        TRANSFER = "transfer"
        HANG_UP = "hang-up"
        CREATE = "create"
        INVITE = "invite"
        MUTE = "mute"
        REMOVE = "remove"
        HOLD = "hold"
        RESUME = "resume"
        JOIN = "join"  # the bot enters a meeting: made for a caller or people called together, or named
        TONES = "tones"
        MUTE_BOT = "mute-bot"
        UNMUTE_BOT = "unmute-bot"
        GALLERY = "gallery"
        CANCEL_MEDIA = "cancel-media"
        SHARE_SCREEN = "share-screen"
        ROUTE_AUDIO = "route-audio"
        UNROUTE = "unroute"
        BRIDGE = "bridge"  # all that moves a caller into one; Microsoft is asked by other rows

    CALLER = "caller"  # the `part` of an invitation that leads a caller into their meeting

    class Status(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        FAILED = "failed"
        UNKNOWN = "unknown"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="operations")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.PENDING)
    parameters = models.JSONField(default=dict)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: the system itself
    by_fallback = models.BooleanField(default=False)
    priority = models.PositiveSmallIntegerField(default=5)  # lower is sent first
    fence = models.PositiveIntegerField(default=0)  # of the claim it was decided under
    token = models.CharField(max_length=48, unique=True, default=new_token, editable=False)
    created_at = models.DateTimeField()
    sends = models.PositiveSmallIntegerField(default=0)  # how often the request may have left
    sending_at = models.DateTimeField(null=True, blank=True)  # committed before the request leaves
    accepted_at = models.DateTimeField(null=True, blank=True)  # Microsoft answered 2xx
    settled_at = models.DateTimeField(null=True, blank=True)
    graph_id = models.CharField(max_length=64, blank=True, default="")  # of Graph's own operation, if it made one
    request_id = models.CharField(max_length=64, blank=True, default="")
    error_title = models.CharField(max_length=200, blank=True, default="")
    error_detail = models.TextField(blank=True, default="")
    error_code = models.CharField(max_length=60, blank=True, default="")
    error_subcode = models.IntegerField(null=True, blank=True)

    objects = DueQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["call"],
                condition=Q(status="pending", kind__in=["answer", "reject", "redirect"]),
                name="operation_one_open_decision",
            ),
            models.CheckConstraint(
                condition=Q(status="pending", settled_at__isnull=True)
                | ~Q(status="pending") & Q(settled_at__isnull=False),
                name="operation_pending_iff_unsettled",
            ),
            models.CheckConstraint(
                condition=~Q(status="pending") | Q(due_at__isnull=False), name="operation_pending_is_due"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="operation_due"),
            models.Index(fields=["call", "created_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.status}"

    def wait(self, until: datetime) -> None:
        """Have the next worker that is free look at it again at `until`; to be written by a ledger."""
        self.due_at, self.lease, self.lease_until = until, None, None
