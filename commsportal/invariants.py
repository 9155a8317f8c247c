"""What must hold of the portal's rows, whatever happened to its processes.

Each app registers its own in `ready()`; `manage.py doctor` and the tests run them all. A check reads, changes
nothing, takes no lock and holds a bounded number of rows, so it may run beside a portal at work.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

from django.db.models import Q

from commsportal.clock import now
from commsportal.due import DueQuerySet

MOST_FINDINGS = 100  # of one invariant; the rest have the same cause
LEFT_LYING = timedelta(seconds=60)  # work that is due for so long is done by nobody

Progress = Callable[[int], None]
"""Called with the number of rows looked at so far."""

Check = Callable[[Progress], Iterable[str]]


@dataclass(frozen=True)
class Invariant:
    """A sentence that holds, named by its id in docs/security.md; `remedy` is for who finds that it does not.

    `check` yields what contradicts it, each time the same words for the same thing.
    """

    id: str
    sentence: str
    remedy: str
    check: Check


@dataclass(frozen=True)
class Report:
    """What was found of one invariant; `more`: there is more of the same than is listed."""

    invariant: Invariant
    findings: list[str]
    more: bool = False


_registered: dict[tuple[str, str], Invariant] = {}


def register(invariant: Invariant) -> None:
    """Have `invariant` checked; several apps may each check their part of one id.

    :raises ValueError: when another one is registered with the same sentence.
    """
    if _registered.setdefault((invariant.id, invariant.sentence), invariant) is not invariant:
        raise ValueError(f"There is an invariant {invariant.id} of these words already.")


def registered() -> list[Invariant]:
    """Return all invariants by their numbers."""
    return sorted(_registered.values(), key=lambda one: (int(one.id[1:]), one.sentence))


def examine(invariant: Invariant, progress: Progress = lambda seen: None) -> Report:
    """Return what contradicts `invariant` at two looks: what is gone at the second was under way at the first."""
    first = list(islice(invariant.check(progress), MOST_FINDINGS + 1))
    if not first:
        return Report(invariant, [])
    again = islice(invariant.check(progress), 10 * MOST_FINDINGS)
    findings = [one for one in again if one in first]
    return Report(invariant, findings[:MOST_FINDINGS], more=len(findings) > MOST_FINDINGS)


def violations() -> list[str]:
    """Return everything that does not hold, each with the id of its invariant in front."""
    reports = [examine(invariant) for invariant in registered()]
    return [f"{report.invariant.id}: {finding}" for report in reports for finding in report.findings]


def left_lying(rows: DueQuerySet) -> Iterator[tuple[Any, str]]:
    """Yield (key, since when) of work that has been due for a while and that nobody does."""
    before = now() - LEFT_LYING
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=before)
    for key, due_at in rows.filter(free, due_at__lt=before).values_list("pk", "due_at").iterator(chunk_size=1000):
        yield key, due_at.isoformat()
