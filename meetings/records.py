"""Who was in a meeting, as Microsoft has told it: kept, since its reports are cut off, overwritten and deleted."""

from django.db import models
from django.db.models import Q

from commsportal.due import Due, DueQuerySet


class AttendanceFetch(Due):
    """How far the attendance of a meeting has been read, and when it is looked at next."""

    meeting = models.OneToOneField(
        "meetings.OnlineMeeting", on_delete=models.CASCADE, related_name="attendance_fetch"
    )
    asked_at = models.DateTimeField(null=True, blank=True)  # somebody wants all of it read anew
    fetched_at = models.DateTimeField(null=True, blank=True)  # when all that there was had been read last
    error_title = models.CharField(max_length=200, blank=True, default="")
    error_detail = models.TextField(blank=True, default="")
    error_code = models.CharField(max_length=100, blank=True, default="")

    objects = DueQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "attendance fetches"
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="attendance_fetch_due"),
        ]

    def __str__(self) -> str:
        return f"attendance of {self.meeting_id}"


class AttendanceReport(models.Model):
    """One session of a meeting: from the first who came until everybody had left."""

    meeting = models.ForeignKey(
        "meetings.OnlineMeeting", on_delete=models.CASCADE, related_name="attendance_reports"
    )
    graph_id = models.CharField(max_length=512)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    participant_count = models.PositiveIntegerField(null=True, blank=True)  # as Microsoft counts them
    fetched_at = models.DateTimeField()

    class Meta:
        ordering = ["starts_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["meeting", "graph_id"], name="attendance_report_once"),
            models.CheckConstraint(condition=~Q(graph_id=""), name="attendance_report_has_its_id"),
        ]

    def __str__(self) -> str:
        return self.graph_id


class AttendanceRecord(models.Model):
    """One person's part in a session; `intervals` are pairs of instants in ISO 8601, apart and in order."""

    report = models.ForeignKey(AttendanceReport, on_delete=models.CASCADE, related_name="records")
    graph_id = models.CharField(max_length=256)
    oid = models.CharField("object id", max_length=256, blank=True, default="")  # or a number, of a telephone
    email = models.CharField(max_length=320, blank=True, default="")
    name = models.CharField(max_length=256, blank=True, default="")
    role = models.CharField(max_length=64, blank=True, default="")  # a word of Microsoft's, such as Presenter
    intervals = models.JSONField(default=list)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["report", "graph_id"], name="attendance_record_once"),
        ]

    def __str__(self) -> str:
        return self.name or self.email or self.oid or "somebody"
