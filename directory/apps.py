"""Register what this app hands to the layers below."""

from typing import Any

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class AdministrationConfig(AdminConfig):
    """Django's admin with the portal's own site."""

    default = False
    default_site = "directory.site.Site"


class DirectoryConfig(AppConfig):
    """See the docstring of `directory`."""

    name = "directory"
    default = True

    def ready(self) -> None:
        """Start the limits of a session at every sign-in, whichever way it came; have workers mirror people
        and know who is free.

        What must hold of accounts is handed in too.
        """
        from django.contrib.auth.signals import user_logged_in

        from commsportal import worker
        from commsportal.invariants import register as must_hold
        from directory import invariants, presence, sync

        worker.register(sync.DUTY)
        worker.register(presence.DUTY)
        for invariant in invariants.ALL:
            must_hold(invariant)
        user_logged_in.connect(_start_session, dispatch_uid="directory.sessions")


def _start_session(request: Any, **kwargs: Any) -> None:
    from directory import sessions

    sessions.start(request.session)
