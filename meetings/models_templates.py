"""How meetings are usually held: options that every meeting has, and templates that fill them in."""

from typing import TYPE_CHECKING, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from directory.roles import SCHEDULE, SEE

if TYPE_CHECKING:
    from directory.models import User

MOST_MINUTES = 24 * 60


class MeetingOptions(models.Model):
    """What can be chosen of a meeting beside who comes when."""

    class Lobby(models.TextChoices):
        """Who comes in without waiting; Graph's words."""

        ORGANIZATION = "organization", "People of the organisation skip it"
        FEDERATED = "organizationAndFederated", "People of trusted organisations skip it too"
        INVITED = "invited", "People who are invited skip it"
        ORGANIZER = "organizer", "Everybody but the organiser waits"
        EVERYONE = "everyone", "Nobody waits"

    class Presenters(models.TextChoices):
        """Who may present; Graph's words."""

        EVERYONE = "everyone", "Everybody"
        ORGANIZATION = "organization", "People of the organisation"
        CHOSEN = "roleIsPresenter", "Those marked as presenters"
        ORGANIZER = "organizer", "The organiser alone"

    class Chat(models.TextChoices):
        ENABLED = "enabled", "Always"
        LIMITED = "limited", "During the meeting"
        DISABLED = "disabled", "Never"

    lobby = models.CharField(max_length=30, choices=Lobby.choices, default=Lobby.ORGANIZATION)
    dial_in_bypass = models.BooleanField(default=False)  # who dials in skips the lobby
    presenters = models.CharField(max_length=16, choices=Presenters.choices, default=Presenters.ORGANIZATION)
    chat = models.CharField(max_length=8, choices=Chat.choices, default=Chat.ENABLED)
    camera = models.BooleanField(default=True)  # attendees may turn theirs on
    microphone = models.BooleanField(default=True)
    record = models.BooleanField(default=False)  # Teams records by itself
    announce = models.BooleanField(default=False)  # who comes and goes by telephone
    passcode = models.BooleanField(default=True)  # joining by the meeting's number needs one

    class Meta:
        abstract = True


class MeetingTemplateQuerySet(models.QuerySet["MeetingTemplate"]):
    """Read the templates of the tenants whose meetings somebody sees or schedules."""

    def visible_to(self, user: "User") -> Self:
        """Return those of which `user` may see meetings, archived ones too."""
        if SEE not in user.rights:
            return self.none()
        return self if user.sees_every_line else self._of(user)

    def for_scheduling(self, user: "User") -> Self:
        """Return those from which `user` may make meetings."""
        return self._of(user).filter(is_archived=False) if SCHEDULE in user.rights else self.none()

    def _of(self, user: "User") -> Self:
        return self.filter(tenant_id__in=user.organizers.values("tenant_id"))


class MeetingTemplate(MeetingOptions):
    """A kind of meeting: its length, subject and options, to begin with. What was made from it keeps its own."""

    tenant_id = models.CharField(max_length=36)
    name = models.CharField(max_length=100)
    minutes = models.PositiveSmallIntegerField(
        "length in minutes", default=30, validators=[MinValueValidator(1), MaxValueValidator(MOST_MINUTES)]
    )
    subject = models.CharField(max_length=255, blank=True, default="")
    is_archived = models.BooleanField("archived", default=False)  # nobody makes meetings from it any more

    objects = MeetingTemplateQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "name"], name="meeting_template_once"),
            models.CheckConstraint(
                condition=Q(minutes__gte=1, minutes__lte=MOST_MINUTES), name="meeting_template_has_a_length"
            ),
        ]

    def __str__(self) -> str:
        return self.name
