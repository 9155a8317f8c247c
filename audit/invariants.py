"""What always holds of the audit trail; named by its id in docs/security.md."""

from collections.abc import Iterator

from audit import trail
from commsportal.invariants import Invariant, Progress


def trail_is_whole(progress: Progress) -> Iterator[str]:
    """I5: numbers without a gap, each hash over the one before, and the head at the end."""
    bad = trail.verify(progress=progress)
    if bad is not None:
        yield f"the trail is broken at entry {bad}"


ALL = (
    Invariant(
        "I5",
        "the audit trail has no gap, its chain of hashes holds, and its head is its last entry",
        "Somebody with access to the database changed history, or it was restored in part. Keep a copy of the "
        "database as it is, compare it from that entry on with a backup, and find out who had access.",
        trail_is_whole,
    ),
)
