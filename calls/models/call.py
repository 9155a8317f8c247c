"""One leg of one call, as Microsoft tells it and as we decided it."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from routing.models import Line

if TYPE_CHECKING:
    from directory.models import User


class CallQuerySet(models.QuerySet["Call"]):
    """Read calls within somebody's scope."""

    def visible_to(self, user: "User") -> Self:
        """Return the calls that `user` may see: of the lines they staff, or all."""
        if "see" not in user.rights:
            return self.none()
        if user.sees_every_line:
            return self
        return self.filter(line_id__in=Line.objects.visible_to(user).values("pk"))

    def live(self) -> Self:
        """Return the calls that are not over."""
        return self.exclude(state="terminated")

    def in_meeting(self, tenant_id: str, chat_id: str) -> Self:
        """Return the calls of ours that are part of the meeting whose chat is `chat_id`."""
        return self.filter(tenant_id=tenant_id, chat_id=chat_id).exclude(chat_id="")

    def terminated(self) -> Self:
        """Return the calls that are over."""
        return self.filter(state="terminated")


class Call(models.Model):
    """A call. `state` is Graph's word; what we made of it is `outcome`."""

    class Direction(models.TextChoices):
        INCOMING = "incoming"
        OUTGOING = "outgoing"

    class EndedBy(models.TextChoices):
        """Where we know the end from."""

        UNKNOWN = ""
        NOTIFICATION = "notification"
        READ = "read"  # GET or keepAlive said 404
        INFERRED = "inferred"  # the end time is the last time we saw it alive

    class Outcome(models.TextChoices):
        """What became of the call, in our words."""

        NONE = ""
        TAKEN = "taken"  # redirected to the receptionist who took it
        REDIRECTED = "redirected"
        ANSWERED = "answered"  # by the bot
        TRANSFERRED = "transferred"
        REJECTED = "rejected"
        HUNG_UP = "hung_up"
        FALLBACK = "fallback"  # nobody decided; the line's fallback did
        ABANDONED = "abandoned"  # the caller gave up before a decision took effect
        MISSED = "missed"  # nobody decided and the fallback came too late or failed
        FAILED = "failed"  # an outgoing call that was never established

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant_id = models.CharField(max_length=36)
    graph_id = models.CharField(max_length=64, blank=True, default="")
    chain_id = models.CharField(max_length=64, blank=True, default="")
    chat_id = models.CharField(max_length=256, blank=True, default="")  # of the meeting that the call is part of
    scenario_id = models.UUIDField(default=uuid.uuid4, editable=False)
    direction = models.CharField(max_length=8, choices=Direction.choices)
    state = models.CharField(max_length=20)
    media_audio = models.CharField(max_length=10, blank=True, default="")
    line = models.ForeignKey(Line, null=True, blank=True, on_delete=models.PROTECT, related_name="calls")

    reached_kind = models.CharField(max_length=24, blank=True, default="")  # what the caller called
    reached_id = models.CharField(max_length=320, blank=True, default="")
    caller_kind = models.CharField(max_length=24, blank=True, default="")
    caller_id = models.CharField(max_length=320, blank=True, default="")
    caller_name = models.CharField(max_length=256, blank=True, default="")
    caller_phone = models.CharField(max_length=64, blank=True, default="")

    received_at = models.DateTimeField()
    deadline = models.DateTimeField(null=True, blank=True)  # when the fallback decides
    established_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField()  # the last sign from Microsoft that it is alive
    ended_by = models.CharField(max_length=12, choices=EndedBy.choices, blank=True, default=EndedBy.UNKNOWN)
    result_code = models.IntegerField(null=True, blank=True)
    result_subcode = models.IntegerField(null=True, blank=True)
    result_message = models.TextField(blank=True, default="")
    outcome = models.CharField(max_length=12, choices=Outcome.choices, blank=True, default=Outcome.NONE)
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    handled_to = models.CharField(max_length=256, blank=True, default="")  # where the call went, for people
    bridge = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="bridged"
    )  # our own call into the meeting that this caller is moved into, or was
    adopted = models.BooleanField(default=False)  # first heard of through something else than `created`
    unconfirmed = models.BooleanField(default=False)  # a read by GET has not yet shown that it exists
    silent = models.BooleanField(default=False)  # rings on record only: too long since anything was heard of it

    claim_owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="claims"
    )
    claim_until = models.DateTimeField(null=True, blank=True)
    claim_fence = models.PositiveIntegerField(default=0)

    park_slot = models.PositiveSmallIntegerField(null=True, blank=True)  # in which the caller waits for anybody
    parked_at = models.DateTimeField(null=True, blank=True)
    parked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    park_recalled = models.BooleanField(
        default=False
    )  # the caller has waited too long: somebody is called to them

    version = models.PositiveIntegerField(default=0)  # of its card: rises with what is put on record
    writes = models.PositiveIntegerField(default=0)  # rises with every change, of its operations too

    objects = CallQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "graph_id"], condition=~Q(graph_id=""), name="call_graph_id_once"
            ),
            models.CheckConstraint(
                condition=Q(state="terminated", ended_at__isnull=False)
                | ~Q(state="terminated") & Q(ended_at__isnull=True),
                name="call_terminated_iff_ended",
            ),
            models.CheckConstraint(
                condition=Q(claim_owner__isnull=True, claim_until__isnull=True)
                | Q(claim_owner__isnull=False, claim_until__isnull=False),
                name="call_claim_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state="terminated") | Q(claim_owner__isnull=True), name="call_over_has_no_claim"
            ),
            models.UniqueConstraint(
                fields=["tenant_id", "park_slot"], condition=Q(park_slot__isnull=False), name="call_park_slot_once"
            ),
            models.CheckConstraint(
                condition=Q(park_slot__isnull=True, parked_at__isnull=True, park_recalled=False)
                | Q(park_slot__isnull=False, parked_at__isnull=False),
                name="call_parked_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state="terminated") | Q(park_slot__isnull=True), name="call_over_is_not_parked"
            ),
        ]
        indexes = [
            models.Index(fields=["received_at", "id"]),
            models.Index(fields=["line", "received_at", "id"]),
            models.Index(fields=["graph_id"]),
            models.Index(fields=["state"], condition=~Q(state="terminated"), name="call_live"),
            models.Index(fields=["ended_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.caller_name or self.caller_phone or 'unknown'} {self.state}"

    @property
    def is_live(self) -> bool:
        """Tell whether the call is not over."""
        return self.state != "terminated"

    def is_claimed_at(self, at: datetime) -> bool:
        """Tell whether somebody's claim holds at that instant."""
        return self.claim_until is not None and self.claim_until > at
