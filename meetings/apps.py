"""Register what this app hands to the layers below."""

from django.apps import AppConfig


class MeetingsConfig(AppConfig):
    """See the docstring of `meetings`."""

    name = "meetings"

    def ready(self) -> None:
        """Hand in the duties of the worker and what must hold of meetings; hear of people's new names."""
        from commsportal.invariants import register as must_hold
        from commsportal.worker import register
        from directory import sync
        from meetings import attendance, calendar_changes, invariants, organizers, outbox, sending
        from webhooks import changes

        register(sending.DUTY)
        register(attendance.DUTY)
        register(outbox.DUTY)
        changes.register(calendar_changes.KIND, calendar_changes.LISTENER)
        sync.merged.connect(organizers.rename, dispatch_uid="meetings.organizers")
        for invariant in invariants.ALL:
            must_hold(invariant)
