"""`manage.py replay ID`: have a dead delivery applied anew."""

import getpass
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webhooks.deliveries import NotDead, replay
from webhooks.models import Delivery


class Command(BaseCommand):
    """Put dead deliveries back to work; the audit trail names who did it."""

    help = "Have dead deliveries applied anew. `/admin/` lists them with their errors."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the ids and the actor."""
        parser.add_argument("id", type=int, nargs="+", help="id of a dead delivery")
        parser.add_argument("--actor", default="", help="who asks (default: the user of this machine)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay each of the ids.

        :raises CommandError: when one does not exist or is not dead.
        """
        actor = options["actor"] or f"shell:{getpass.getuser()}"
        for pk in options["id"]:
            delivery = Delivery.objects.filter(pk=pk).first()
            if delivery is None:
                raise CommandError(f"There is no delivery {pk}.")
            try:
                replay(delivery, actor)
            except NotDead as error:
                raise CommandError(error.detail) from error
            self.stdout.write(f"delivery {pk} will be applied anew")
