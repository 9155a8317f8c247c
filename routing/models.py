"""Lines: the numbers and bots that callers reach."""

from typing import TYPE_CHECKING, Self
from uuid import UUID

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models

if TYPE_CHECKING:
    from directory.models import User


class LineQuerySet(models.QuerySet["Line"]):
    """Read lines within somebody's scope."""

    def visible_to(self, user: "User") -> Self:
        """Return the lines whose calls `user` may see."""
        if "see" not in user.rights:
            return self.none()
        return self if user.sees_every_line else self.filter(staff=user)


class Line(models.Model):
    """What callers reach: a number or a bot identity, who staffs it, and what happens when nobody decides."""

    class Mode(models.TextChoices):
        """How somebody takes a call."""

        DIRECT = "direct", "redirect to whoever takes it; the bot leaves"
        BRIDGE = "bridge", "hold a meeting for each call; the bot stays in control"

    class Fallback(models.TextChoices):
        REDIRECT = "redirect", "send to a person, number or bot"
        VOICEMAIL = "voicemail", "send to a person's voicemail"
        REJECT = "reject", "reject as busy"

    class TargetKind(models.TextChoices):
        NONE = "", "—"
        USER = "user", "person"
        PHONE = "phone", "phone number"
        APPLICATION = "application", "bot"

    tenant_id = models.CharField(max_length=36)
    name = models.CharField(max_length=100)
    phone = models.CharField(
        max_length=16,
        blank=True,
        default="",
        validators=[RegexValidator(r"^\+[1-9]\d{1,14}$", "Write the number as +, country code, number (E.164).")],
    )
    instance_id = models.CharField("bot identity", max_length=36, blank=True, default="")
    fallback = models.CharField(max_length=10, choices=Fallback.choices, default=Fallback.REJECT)
    fallback_kind = models.CharField(max_length=12, choices=TargetKind.choices, blank=True, default="")
    fallback_target = models.CharField(max_length=64, blank=True, default="")
    mode = models.CharField(max_length=6, choices=Mode.choices, default=Mode.DIRECT)
    organizers = models.TextField(
        blank=True,
        default="",
        help_text="Object ids of the people in whose names meetings are held, one on each line: for each call of "
        "a bridging line, and whenever people are called together. Microsoft lets each organise 2,000 a month.",
    )
    staff = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="lines")

    objects = LineQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "name"], name="line_name_once"),
            models.UniqueConstraint(
                fields=["tenant_id", "phone"], condition=~models.Q(phone=""), name="line_phone_once"
            ),
            models.UniqueConstraint(
                fields=["tenant_id", "instance_id"],
                condition=~models.Q(instance_id=""),
                name="line_instance_once",
            ),
            models.CheckConstraint(
                condition=models.Q(fallback="reject", fallback_kind="", fallback_target="")
                | models.Q(fallback="voicemail", fallback_kind="user") & ~models.Q(fallback_target="")
                | models.Q(fallback="redirect", fallback_kind__in=["user", "phone", "application"])
                & ~models.Q(fallback_target=""),
                name="line_fallback_has_its_target",
            ),
            models.CheckConstraint(
                condition=models.Q(mode="direct") | ~models.Q(organizers=""), name="line_bridge_has_an_organizer"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def bridges(self) -> bool:
        """Tell whether taking a call of this line means to bridge it."""
        return self.mode == self.Mode.BRIDGE

    def organizers_for(self, call_id: UUID) -> list[str]:
        """Return in whose name the meeting of a call may be held: each first in turn, and then the others."""
        ids = self.organizers.split()
        first = call_id.int % len(ids) if ids else 0
        return ids[first:] + ids[:first]
