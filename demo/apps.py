"""Register what this app hands to the layers below."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """See the docstring of `demo`."""

    name = "demo"

    def ready(self) -> None:
        """Register the checks."""
        from demo import checks  # noqa: F401
