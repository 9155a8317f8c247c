"""`manage.py verify_audit`: check the chain of the audit trail."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit import trail
from audit.models import Head

BROKEN = 1


class Command(BaseCommand):
    """Exit 0 when every entry is as it was written, 1 when one is missing, altered, inserted or moved."""

    help = "Verify the audit trail: exit status 0 if it is whole, 1 if it is not, naming the first bad entry."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the entry to start from."""
        parser.add_argument("--from", dest="start", type=int, default=1, help="first entry to check (1)")

    def handle(self, *args: Any, **options: Any) -> None:
        """:raises CommandError: when the chain is broken, or the start is no entry's number."""
        start = options["start"]
        if start < 1:
            raise CommandError("--from is the number of an entry, 1 or more.", returncode=2)
        bad = trail.verify(start)
        if bad is not None:
            raise CommandError(f"The audit trail is broken at entry {bad}.", returncode=BROKEN)
        head = Head.objects.first()
        count, end = (head.seq, head.hash) if head else (0, "")
        self.stdout.write(f"The audit trail is whole up to entry {count}. Its last hash is {end or 'none yet'}.")
