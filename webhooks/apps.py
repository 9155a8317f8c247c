"""Register what this app hands to the layers below."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """What Microsoft tells us: taken in, kept, applied."""

    name = "webhooks"

    def ready(self) -> None:
        """Have workers apply deliveries, and the web tell whether a call could be taken."""
        from commsportal import health, metrics, worker
        from webhooks import deliveries, readiness

        worker.register(deliveries.DUTY)
        health.register("graph", readiness.missing)
        metrics.register(readiness.DeliveryFigures())
