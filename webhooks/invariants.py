"""What always holds of deliveries; each is named by its id in docs/security.md."""

import re
from collections.abc import Iterator

from django.db.models import Q

from commsportal import invariants
from commsportal.invariants import Invariant, Progress
from webhooks.models import Delivery

CHUNK = 1000
TONE = re.compile(r'"tone(?:Info)?":\s*(?:"|\{[^}]*"tone")')

PENDING, APPLIED, DEAD = Delivery.Status.PENDING, Delivery.Status.APPLIED, Delivery.Status.DEAD


def each_is_applied_dead_or_due(progress: Progress) -> Iterator[str]:
    """I1: applied, dead with a reason, or due and seen to; nobody holds a lease on what is done."""
    odd = Q(status=APPLIED, applied_at__isnull=True) | Q(status=DEAD, error="")
    odd |= ~Q(status=PENDING) & Q(lease_until__isnull=False)
    for number, status in Delivery.objects.filter(odd).values_list("pk", "status").iterator(chunk_size=CHUNK):
        yield f"delivery {number} is {status} without what belongs to that"
    for number, since in invariants.left_lying(Delivery.objects.all()):
        yield f"delivery {number} is due since {since} and nobody applies it"


def no_tone_is_kept(progress: Progress) -> Iterator[str]:
    """I13: no delivery tells which key somebody pressed."""
    suspects = Delivery.objects.filter(body__contains='"tone').values_list("pk", "body")
    for number, body in suspects.iterator(chunk_size=CHUNK):
        if TONE.search(body):
            yield f"delivery {number} keeps a tone"


ALL = (
    Invariant(
        "I1",
        "what Microsoft told us is applied, dead with its reason, or due and seen to",
        "See that a worker runs (/readyz, the worker's log). If one does, the delivery's own error says more "
        "(admin, deliveries). A dead one can be applied anew: manage.py replay ID.",
        each_is_applied_dead_or_due,
    ),
    Invariant(
        "I13",
        "no delivery keeps the tones that somebody pressed",
        "Report it: the intake takes tones out before anything is stored. Until then restrict who may read the "
        "database and its backups.",
        no_tone_is_kept,
    ),
)
