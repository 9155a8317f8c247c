"""Register what this app hands to the layers below."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """See the docstring of `webhooks`."""

    name = "webhooks"
