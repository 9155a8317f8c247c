"""Rows that belong to no app: answers kept for repeated requests, and the processes that are alive."""

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
