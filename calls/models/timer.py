"""Something to do about a call at a time."""

from django.db import models

from calls.models.call import Call
from commsportal.due import Due, DueQuerySet


class Timer(Due):
    """Fires at `due_at`, into nothing if the call has moved on from `set_in_state`."""

    class Kind(models.TextChoices):
        FALLBACK = "fallback"  # nobody decided in time
        KEEP_ALIVE = "keep-alive"  # every 15 minutes; doubles as reconciler
        WATCHDOG = "watchdog"  # stuck in a passing state
        CONFIRM = "confirm"  # read a call that we only know from one notification
        CLAIM = "claim"  # a claim runs out
        ROSTER = "roster"  # read who is in a call of several
        ALONE = "alone"  # nobody is in the call but the bot
        BRIDGE = "bridge"  # there is news of the meeting that a caller is moved into
        PARK = "park"  # a parked caller has waited too long

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="timers")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    set_in_state = models.CharField(max_length=20, blank=True, default="")  # empty: any state but terminated
    error = models.TextField(blank=True, default="")
    gone = models.BooleanField(default=False)  # Graph has said once that it knows no such call

    objects = DueQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["call", "kind"], name="timer_once_per_kind")]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="timer_due"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.call_id}"
