"""Register what this app hands to the layers below."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """See the docstring of `audit`."""

    name = "audit"

    def ready(self) -> None:
        """Hand in what must hold of the trail."""
        from audit import invariants
        from commsportal.invariants import register

        for invariant in invariants.ALL:
            register(invariant)
