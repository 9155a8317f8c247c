"""Register what this app hands to the layers below."""

from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    """See the docstring of `directory`."""

    name = "directory"
