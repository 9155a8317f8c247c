"""Register what this app hands to the layers below."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """See the docstring of `audit`."""

    name = "audit"
