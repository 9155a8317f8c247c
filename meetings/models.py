"""Online meetings as managers want them, and how far Microsoft has them."""

import uuid
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from commsportal.due import Due, DueQuerySet
from directory.roles import SCHEDULE, SEE
from meetings.models_invitations import CalendarLink, Invitation
from meetings.models_series import Occurrence, OccurrenceQuerySet
from meetings.models_templates import MeetingOptions, MeetingTemplate
from meetings.records import AttendanceFetch, AttendanceRecord, AttendanceReport
from meetings.rules.patterns import Recurrence

if TYPE_CHECKING:
    from directory.models import User

__all__ = [
    "AttendanceFetch",
    "AttendanceRecord",
    "AttendanceReport",
    "Attendee",
    "CalendarLink",
    "Invitation",
    "MeetingTemplate",
    "Occurrence",
    "OccurrenceQuerySet",
    "OnlineMeeting",
    "OnlineMeetingQuerySet",
    "Organizer",
    "OrganizerQuerySet",
]


class OrganizerQuerySet(models.QuerySet["Organizer"]):
    """Read organisers within somebody's scope."""

    def visible_to(self, user: "User") -> Self:
        """Return those whose meetings `user` may see."""
        if SEE not in user.rights:
            return self.none()
        return self if user.sees_every_line else self.filter(staff=user)

    def for_scheduling(self, user: "User") -> Self:
        """Return those in whose name `user` may hold meetings."""
        return self.filter(staff=user) if SCHEDULE in user.rights else self.none()


class Organizer(models.Model):
    """Somebody in whose name meetings are held. Their staff see the meetings; managers among them schedule."""

    tenant_id = models.CharField(max_length=36)
    oid = models.CharField("object id", max_length=36)
    name = models.CharField(max_length=256)
    staff = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="organizers")

    objects = OrganizerQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["tenant_id", "oid"], name="organizer_once")]

    def __str__(self) -> str:
        return self.name


class OnlineMeetingQuerySet(DueQuerySet):
    """Read meetings within somebody's scope, and lease those that Microsoft does not have as they are wanted."""

    def visible_to(self, user: "User") -> Self:
        """Return the meetings of the organisers whose meetings `user` may see; drafts to those who change them."""
        seen = self.filter(organizer__in=Organizer.objects.visible_to(user))
        theirs = Q(organizer__in=Organizer.objects.for_scheduling(user))
        return seen.filter(~Q(state=OnlineMeeting.State.DRAFT) | theirs)

    def drafts(self) -> Self:
        """Return what nobody but those who schedule knows of."""
        return self.filter(state=OnlineMeeting.State.DRAFT)

    def without_drafts(self) -> Self:
        """Return what was asked of Microsoft at some time."""
        return self.exclude(state=OnlineMeeting.State.DRAFT)

    def changeable_by(self, user: "User") -> Self:
        """Return the meetings in whose organisers' names `user` may act."""
        return self.filter(organizer__in=Organizer.objects.for_scheduling(user))


class OnlineMeeting(Due, MeetingOptions):
    """A meeting as it is wanted. Each change makes a new `version`; `sent` is the one that Microsoft has.

    The worker brings it there until the two are the same: every request it makes may be made again, because the
    meeting's own id names it at Microsoft too (`externalId`).
    """

    class State(models.TextChoices):
        DRAFT = "draft"
        SCHEDULED = "scheduled"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organizer = models.ForeignKey(Organizer, on_delete=models.PROTECT, related_name="meetings")
    state = models.CharField(max_length=10, choices=State.choices, default=State.SCHEDULED)
    subject = models.CharField(max_length=255)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    over_at = models.DateTimeField()  # when the last date is over
    zone = models.CharField(max_length=64)  # IANA's name of where the times are meant
    recurrence = models.JSONField(null=True, blank=True)  # Graph's patternedRecurrence; null: no series
    holidays = models.CharField(max_length=32, blank=True, default="")  # of which country it skips
    on_calendar = models.BooleanField(default=False)  # it is an event of the organiser's calendar
    template = models.ForeignKey(
        MeetingTemplate, on_delete=models.PROTECT, null=True, blank=True, related_name="meetings"
    )  # that it was made from; a template that is used is archived, not deleted

    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    cancel_reason = models.CharField(max_length=500, blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    sent = models.PositiveIntegerField(default=0)

    asked = models.BooleanField(default=False)  # Microsoft may have made it, whether we heard of it or not
    event_id = models.CharField(max_length=512, blank=True, default="")  # of the organiser's calendar
    graph_id = models.CharField(max_length=512, blank=True, default="")
    join_url = models.CharField(max_length=2048, blank=True, default="")
    thread_id = models.CharField(max_length=256, blank=True, default="")
    number = models.CharField(max_length=32, blank=True, default="")  # that people type to join
    has_passcode = models.BooleanField(null=True, blank=True)  # that number, as Microsoft has it; null: not told
    dial_in = models.JSONField(default=dict)  # `number`, `conference_id` and `url`; empty: not by telephone
    known = models.JSONField(null=True, blank=True)  # subjects and times that Microsoft has, or may have by us
    told = models.JSONField(null=True, blank=True)  # all that Microsoft was told last
    theirs = models.JSONField(null=True, blank=True)  # the same, changed in Teams meanwhile: somebody decides
    error_title = models.CharField(max_length=200, blank=True, default="")
    error_detail = models.TextField(blank=True, default="")
    error_code = models.CharField(max_length=100, blank=True, default="")

    objects = OnlineMeetingQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="meeting_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(recurrence__isnull=True) | Q(on_calendar=True), name="meeting_series_is_on_a_calendar"
            ),
            models.CheckConstraint(condition=Q(sent__lte=F("version")), name="meeting_sent_is_a_version"),
            models.CheckConstraint(
                condition=Q(theirs__isnull=True) | Q(due_at__isnull=True), name="meeting_conflict_waits"
            ),
            models.CheckConstraint(
                condition=~Q(state="draft") | Q(due_at__isnull=True, sent=0, asked=False, graph_id=""),
                name="meeting_draft_is_ours",
            ),
        ]
        indexes = [
            models.Index(fields=["starts_at", "id"]),
            models.Index(fields=["organizer", "starts_at", "id"]),
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="meeting_due"),
            models.Index(fields=["created_at", "id"], condition=Q(state="draft"), name="meeting_draft"),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def is_cancelled(self) -> bool:
        """Tell whether it does not take place."""
        return self.state == self.State.CANCELLED

    @property
    def series(self) -> Recurrence | None:
        """Return on which days it takes place again and again; None when it does once."""
        return Recurrence.from_graph(self.recurrence) if self.recurrence else None

    @property
    def is_draft(self) -> bool:
        """Tell whether nobody was asked for it yet."""
        return self.state == self.State.DRAFT


class Attendee(models.Model):
    """Who is invited: somebody of the directory, by object id, or an address alone."""

    class Role(models.TextChoices):
        ATTENDEE = "attendee"
        PRESENTER = "presenter"

    meeting = models.ForeignKey(OnlineMeeting, on_delete=models.CASCADE, related_name="attendees")
    position = models.PositiveSmallIntegerField()
    oid = models.CharField("object id", max_length=36, blank=True, default="")
    address = models.CharField(max_length=320, blank=True, default="")
    name = models.CharField(max_length=256, blank=True, default="")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.ATTENDEE)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["meeting", "position"], name="attendee_position_once"),
            models.CheckConstraint(condition=~Q(oid="") | ~Q(address=""), name="attendee_is_somebody"),
        ]

    def __str__(self) -> str:
        return self.name or self.address or self.oid
