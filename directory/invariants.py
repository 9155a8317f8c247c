"""What always holds of those who sign in; named by its id in docs/security.md."""

import re
from collections.abc import Iterator

from django.contrib.auth.hashers import identify_hasher, is_password_usable

from commsportal.invariants import Invariant, Progress
from directory.models import ApiToken, User

CHUNK = 1000
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


ALL = (
    Invariant(
        "I13",
        "passwords and API tokens are kept as digests",
        "Whoever can read the database or a backup can use it: give the account a new password (manage.py "
        "changepassword), revoke the token and make another.",
        secrets_are_digests,
    ),
)
