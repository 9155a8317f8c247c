"""`manage.py token USER`: make a personal API token and print it once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.trail import shell_actor
from directory import tokens
from directory.models import User


class Command(BaseCommand):
    """Make a token; it is the last word of the output."""

    help = "Make a personal API token for USER. It is printed once, as the last word, and kept as a digest only."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the user, the days until the token expires and a name to recognise it by."""
        parser.add_argument("user", metavar="USER", help="username of the owner")
        parser.add_argument("--days", type=int, default=tokens.DEFAULT_DAYS, help="days until it expires")
        parser.add_argument("--name", default="made by manage.py", help="what it is for")

    def handle(self, *args: Any, **options: Any) -> None:
        """:raises CommandError: for an unknown or disabled account and for a life of less than a day."""
        if not 1 <= options["days"] <= 3650:
            raise CommandError("--days must be from 1 to 3650.")
        user = User.objects.filter(username=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active account named {options['user']!r}.")
        token = tokens.issue(user, options["name"][:100], options["days"], actor=shell_actor())
        self.stdout.write(f"Token of {user.username} for {options['days']} days, shown only now: {token}")
