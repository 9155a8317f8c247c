"""`manage.py serve`: the portal for production, web and one worker, behind a proxy that speaks https."""

import os
import socket
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import ERROR
from django.core.management.base import BaseCommand, CommandError

from commsportal import clock, servers
from commsportal.children import Child, Children, StopRequest

LOOK_SECONDS = 0.1


class Command(BaseCommand):
    """Start web and worker, start again whichever dies, and stop both on SIGTERM."""

    help = "Serve the portal. Settings come from the environment; docs/settings.md lists them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add where to listen and whether to work."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default 127.0.0.1)")
        parser.add_argument("--port", type=int, default=settings.PORT, help="default: PORT")
        parser.add_argument("--no-worker", action="store_true", help="start workers elsewhere: manage.py worker")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until told to stop.

        :raises SystemCheckError: in production, when a setting is unsafe.
        :raises CommandError: when the address is taken.
        """
        if settings.DEPLOYMENT == "production":
            self.check(include_deployment_checks=True, fail_level=ERROR)
        listener = self._listen(options)
        if not options["no_worker"]:  # else a worker may be under way elsewhere
            clock.begin_anew(Path(settings.DATA_DIR))
        children = Children(self._children(listener, options), say=self._say)
        stop = StopRequest()
        self._say(f"serving {settings.PUBLIC_URL} at {options['host']}:{options['port']}")
        try:
            while not stop:
                children.tend()
                time.sleep(LOOK_SECONDS)
        finally:
            listener.close()
            children.stop()

    def _listen(self, options: dict[str, Any]) -> socket.socket:
        try:
            return servers.listen(options["host"], options["port"])
        except OSError as error:
            raise CommandError(f"cannot listen at {options['host']}:{options['port']}: {error.strerror}") from None

    def _children(self, listener: socket.socket, options: dict[str, Any]) -> list[Child]:
        environment = os.environ | {"DATA_DIR": str(settings.DATA_DIR)}
        web = servers.uvicorn_on(listener, settings.TRUSTED_PROXIES)
        found = [Child("web", web, environment, inherited=[listener.fileno()])]
        if not options["no_worker"]:
            found.append(Child("worker", ["manage.py", "worker"], environment))
        return found

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
