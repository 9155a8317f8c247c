"""Rows that belong to no app: answers kept for repeated requests, processes that are alive, pauses asked for."""

from django.db import models


class IdempotencyKey(models.Model):
    """The answer given to a request with an `Idempotency-Key`, kept for 24 hours per person and path."""

    user_id = models.BigIntegerField()
    path = models.CharField(max_length=255)
    key = models.CharField(max_length=255)
    body_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)  # null while the first request is in flight
    answer = models.TextField(default="")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user_id", "path", "key"], name="idempotency_key_once"),
        ]
        indexes = [models.Index(fields=["created_at"])]

    def __str__(self) -> str:
        return f"{self.path} {self.key}"


class Beat(models.Model):
    """The last sign of life of a process."""

    name = models.CharField(max_length=100, primary_key=True)
    kind = models.CharField(max_length=20)
    at = models.DateTimeField()
    figures = models.TextField(default="", blank=True)  # what the process has counted, see `commsportal.figures`

    def __str__(self) -> str:
        return self.name


class Pause(models.Model):
    """Until when Microsoft asked an application to leave a tenant alone, see `commsportal.pauses`."""

    app_id = models.CharField(max_length=64)
    tenant_id = models.CharField(max_length=36)
    urgency = models.PositiveSmallIntegerField()  # of what was told to wait; it and what is less urgent waits
    until = models.DateTimeField()
    strikes = models.PositiveSmallIntegerField(default=0)  # pauses in a row
    reason = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["app_id", "tenant_id", "urgency"], name="pause_once"),
        ]

    def __str__(self) -> str:
        return f"until {self.until.isoformat()} {self.reason}"
