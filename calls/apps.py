"""Register what this app hands to the layers below."""

from django.apps import AppConfig


class CallsConfig(AppConfig):
    """See the docstring of `calls`."""

    name = "calls"
