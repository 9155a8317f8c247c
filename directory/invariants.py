"""What always holds of those who sign in; named by its id in docs/security.md."""

import re
from collections.abc import Iterator
from datetime import timedelta

from django.contrib.auth.hashers import identify_hasher, is_password_usable

from commsportal.clock import now
from commsportal.invariants import Invariant, Progress
from directory.models import ApiToken, Presence, PresenceState, User

CHUNK = 1000
UNWANTED_FOR = timedelta(minutes=15)  # longer than any pause between two looks
DIGEST = re.compile(r"[0-9a-f]{64}")


def secrets_are_digests(progress: Progress) -> Iterator[str]:
    """I13: passwords and API tokens are there as what cannot be turned back into them."""
    for key, password in User.objects.values_list("pk", "password").iterator(chunk_size=CHUNK):
        if is_password_usable(password) and not _is_hashed(password):
            yield f"the password of account {key} is no hash"
    for key, digest in ApiToken.objects.values_list("pk", "digest").iterator(chunk_size=CHUNK):
        if not DIGEST.fullmatch(digest):
            yield f"API token {key} is no digest"


def _is_hashed(password: str) -> bool:
    try:
        identify_hasher(password)
    except ValueError:
        return False
    return True


def unwanted_presence_is_forgotten(progress: Progress) -> Iterator[str]:
    """I14: who is free is known only of those whom somebody looks at, and somebody is to see to each row of it."""
    due = PresenceState.objects.filter(due_at__isnull=False).values("tenant_id")
    for key in Presence.objects.exclude(person__tenant_id__in=due).values_list("pk", flat=True)[:CHUNK]:
        yield f"the presence of person {key} is read and forgotten by nobody"
    old = Presence.objects.filter(wanted_until__lt=now() - UNWANTED_FOR, person__tenant_id__in=due)
    for key in old.values_list("pk", flat=True)[:CHUNK]:
        yield f"the presence of person {key} is kept although nobody wants it"


ALL = (
    Invariant(
        "I13",
        "passwords and API tokens are kept as digests",
        "Whoever can read the database or a backup can use it: give the account a new password (manage.py "
        "changepassword), revoke the token and make another.",
        secrets_are_digests,
    ),
    Invariant(
        "I14",
        "presence is kept of those alone whom somebody looks at",
        "A worker reads it and forgets it: start one (manage.py worker), or look in its log for what stops it.",
        unwanted_presence_is_forgotten,
    ),
)
