"""Register what this app hands to the layers below."""

from django.apps import AppConfig


class RoutingConfig(AppConfig):
    """See the docstring of `routing`."""

    name = "routing"
