"""The foundations as a Django app, for their models and commands."""

from django.apps import AppConfig


class CommsportalConfig(AppConfig):
    """Foundations and wiring; knows no app."""

    name = "commsportal"
    verbose_name = "Foundations"
