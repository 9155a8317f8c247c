"""The dates on which a meeting takes place: one, or those of a series."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import F, Q

from meetings.rules.times import Interval

if TYPE_CHECKING:
    from directory.models import User


class OccurrenceQuerySet(models.QuerySet["Occurrence"]):
    """Read dates within somebody's scope."""

    def visible_to(self, user: "User") -> Self:
        """Return the dates of the meetings that `user` may see."""
        meetings: Any = Occurrence._meta.get_field("meeting").related_model
        return self.filter(meeting__in=meetings.objects.visible_to(user))

    def beginning(self, after: datetime, until: datetime) -> Self:
        """Return what takes place and begins after an instant, until another."""
        held = self.held().filter(meeting__state="scheduled")
        return held.filter(starts_at__gt=after, starts_at__lte=until).order_by("starts_at", "pk")

    def held(self) -> Self:
        """Return those that take place, unless their whole meeting does not."""
        return self.filter(state=Occurrence.State.SCHEDULED)


class Occurrence(models.Model):
    """One date of a meeting. `day` is what the pattern gives it, wherever it was moved."""

    class State(models.TextChoices):
        SCHEDULED = "scheduled"
        CANCELLED = "cancelled"
        SKIPPED = "skipped"  # a public holiday

    meeting = models.ForeignKey("meetings.OnlineMeeting", on_delete=models.CASCADE, related_name="occurrences")
    day = models.DateField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.SCHEDULED)
    is_moved = models.BooleanField(default=False)
    reason = models.CharField(max_length=500, blank=True, default="")  # why not; of a holiday its name

    objects = OccurrenceQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["meeting", "day"], name="occurrence_day_once"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="occurrence_ends_after_start"),
        ]
        indexes = [models.Index(fields=["starts_at", "id"])]

    def __str__(self) -> str:
        return f"{self.day} of {self.meeting_id}"

    @property
    def interval(self) -> Interval:
        """Return from when to when it is."""
        return Interval(self.starts_at, self.ends_at)

    @property
    def is_held(self) -> bool:
        """Tell whether it takes place, unless its whole meeting does not."""
        return self.state == self.State.SCHEDULED
