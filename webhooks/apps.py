"""Register what this app hands to the layers below."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """What Microsoft tells us: taken in, kept, applied."""

    name = "webhooks"

    def ready(self) -> None:
        """Have workers apply deliveries."""
        from commsportal import worker
        from webhooks.deliveries import DUTY

        worker.register(DUTY)
