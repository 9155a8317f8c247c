"""The foundations as a Django app, for their models and commands."""

from django.apps import AppConfig


class CommsportalConfig(AppConfig):
    """Foundations and wiring; knows no app."""

    name = "commsportal"
    verbose_name = "Foundations"

    def ready(self) -> None:
        """Register system checks, the figures of due work and what this app itself has to do."""
        from commsportal import checks, idempotency, metrics, worker  # noqa: F401

        metrics.register(metrics.DueWork())
        worker.register(idempotency.DUTY)
