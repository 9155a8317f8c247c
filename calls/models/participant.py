"""Who is in a call, as far as Microsoft tells."""

from django.db import models

from calls.models.call import Call


class Participant(models.Model):
    """One endpoint of one party; the same person may be there twice, on two devices."""

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="participants")
    graph_id = models.CharField(max_length=64, blank=True, default="")
    kind = models.CharField(max_length=24, blank=True, default="")
    identity_id = models.CharField(max_length=320, blank=True, default="")
    name = models.CharField(max_length=256, blank=True, default="")
    is_muted = models.BooleanField(default=False)
    is_in_lobby = models.BooleanField(default=False)
    sequence = models.BigIntegerField(null=True, blank=True)  # of the delta that told this
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["joined_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["call", "graph_id"], condition=~models.Q(graph_id=""), name="participant_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.identity_id
