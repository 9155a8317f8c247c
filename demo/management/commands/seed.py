"""`manage.py seed`: fill an empty demo."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from demo.seed import seed


class Command(BaseCommand):
    """Put Contoso's lines, people and sign-ins into the demo's database."""

    help = "Fill the demo with Contoso: lines, people and sign-ins. What is there already stays as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        """Accept `--migrate`."""
        parser.add_argument("--migrate", action="store_true", help="bring the database up to date first")

    def handle(self, *args: Any, **options: Any) -> None:
        """:raises CommandError: outside a demo."""
        if settings.DEPLOYMENT != "demo":
            raise CommandError(f"DEPLOYMENT is {settings.DEPLOYMENT}: only a demo is filled with Contoso.")
        if options["migrate"]:
            call_command("migrate", interactive=False, verbosity=0)
        seed(settings.DATA_DIR / "demo-password")
        self.stdout.write("Contoso is there.")
