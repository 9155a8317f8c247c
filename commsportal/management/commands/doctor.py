"""`manage.py doctor`: check that what must hold of the portal's rows holds."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from commsportal import invariants
from commsportal.invariants import Invariant, Report

UNHEALTHY = 1
MISTAKEN = 2
PROGRESS_SECONDS = 2.0


class Command(BaseCommand):
    """Exit 0 when every invariant holds, 1 when one does not, saying of each finding what to do."""

    help = (
        "Check that what must hold of the portal's rows holds, whatever happened to its processes. Changes "
        "nothing and may run beside a portal at work. Exit status 0: all is well; 1: something was found, and "
        "what to do about it is said; 2: an unknown id."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the invariants to check."""
        parser.add_argument("ids", nargs="*", metavar="ID", help="check these alone, as I5 (all)")

    def handle(self, *args: Any, **options: Any) -> None:
        """:raises CommandError: when something was found, or an id is unknown."""
        chosen = _chosen(options["ids"])
        found = 0
        for invariant in chosen:
            report = invariants.examine(invariant, self._progress(invariant))
            found += len(report.findings)
            self._tell(report)
        if found:
            raise CommandError(f"{found} findings. What to do is said below each.", returncode=UNHEALTHY)

    def _progress(self, invariant: Invariant) -> invariants.Progress:
        """Return what says on standard error, now and then, how far a long check is."""
        told_at = time.monotonic()

        def tell(seen: int) -> None:
            nonlocal told_at
            if time.monotonic() - told_at >= PROGRESS_SECONDS:
                told_at = time.monotonic()
                self.stderr.write(f"{invariant.id}: {seen:,} rows so far", ending="\n")

        return tell

    def _tell(self, report: Report) -> None:
        invariant = report.invariant
        verdict = "does NOT hold" if report.findings else "holds"
        self.stdout.write(f"{invariant.id} {verdict}: {invariant.sentence}")
        for finding in report.findings:
            self.stdout.write(f"  {invariant.id}: {finding}")
        if report.more:
            self.stdout.write("  ... and more of the same")
        if report.findings:
            self.stdout.write(f"  What to do: {invariant.remedy}")


def _chosen(ids: list[str]) -> list[Invariant]:
    known = invariants.registered()
    unknown = set(ids) - {one.id for one in known}
    if unknown:
        names = ", ".join(dict.fromkeys(one.id for one in known))
        raise CommandError(f"Unknown: {', '.join(sorted(unknown))}. There are {names}.", returncode=MISTAKEN)
    return [one for one in known if not ids or one.id in ids]
