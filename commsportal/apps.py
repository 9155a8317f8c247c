"""The foundations as a Django app, for their models and commands."""

from django.apps import AppConfig


class CommsportalConfig(AppConfig):
    """Foundations and wiring; knows no app."""

    name = "commsportal"
    verbose_name = "Foundations"

    def ready(self) -> None:
        """Register system checks, the figures of due work, this app's own duty and what must hold of rows."""
        from commsportal import checks, figures, idempotency, invariants, leaks, metrics, soundness, worker  # noqa: F401

        metrics.register(metrics.DueWork())
        metrics.register(figures.EveryProcess())
        worker.register(idempotency.DUTY)
        for invariant in (leaks.INVARIANT, *soundness.INVARIANTS):
            invariants.register(invariant)
