"""What people are told of meetings: letters to those invited, and secret links to calendars."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q

from commsportal.clock import now
from commsportal.due import Due, DueQuerySet

if TYPE_CHECKING:
    from directory.models import User


class Invitation(Due):
    """A letter to one address about one version of a meeting; waiting, it is due until it is sent or given up."""

    class Kind(models.TextChoices):
        REQUEST = "request"
        CANCEL = "cancel"

    class State(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        FAILED = "failed"
        DROPPED = "dropped"  # a newer one says it better

    meeting = models.ForeignKey("meetings.OnlineMeeting", on_delete=models.CASCADE, related_name="invitations")
    address = models.CharField(max_length=320)
    name = models.CharField(max_length=256, blank=True, default="")
    language = models.CharField(max_length=35, blank=True, default="")
    zone = models.CharField(max_length=64, blank=True, default="")  # in which they live, if that is known
    kind = models.CharField(max_length=7, choices=Kind.choices)
    sequence = models.PositiveIntegerField()  # that calendars compare; it rises
    content = models.JSONField()  # what it tells: `meetings.rules.invitations.Content`
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    asked = models.BooleanField(default=False)  # the mail server may have it, whether it said so or not
    planned_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True, default="")

    objects = DueQuerySet.as_manager()

    class Meta:
        ordering = ["sequence", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["meeting", "address", "sequence", "kind"], name="invitation_once"),
            models.CheckConstraint(
                condition=Q(state="waiting", due_at__isnull=False) | ~Q(state="waiting") & Q(due_at__isnull=True),
                name="invitation_waiting_is_due",
            ),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False) | ~Q(state="sent") & Q(sent_at__isnull=True),
                name="invitation_sent_has_its_time",
            ),
            models.CheckConstraint(condition=~Q(state="failed", error=""), name="invitation_failed_says_why"),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="invitation_due")]

    def __str__(self) -> str:
        return f"{self.kind} {self.sequence} to {self.address}"


class CalendarLinkQuerySet(models.QuerySet["CalendarLink"]):
    """Read links."""

    def alive(self) -> "CalendarLinkQuerySet":
        """Return those that were not revoked and whose owners may sign in."""
        return self.filter(revoked_at__isnull=True, user__is_active=True)


class CalendarLink(models.Model):
    """A secret address at which somebody's calendar program reads their meetings: shown once, kept as a digest."""

    user: "models.ForeignKey[User]" = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_links"
    )
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=now)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = CalendarLinkQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(revoked_at__isnull=True), name="calendar_link_once"
            ),
        ]

    def __str__(self) -> str:
        return f"calendar of {self.user}"
