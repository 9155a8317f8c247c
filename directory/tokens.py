"""Personal API tokens: shown once, kept as a digest, never worth more than their owner's rights."""

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from django.db import DatabaseError, transaction
from django.db.models import Q

from audit.trail import Event, append
from commsportal.clock import now
from commsportal.locks import without_waiting
from directory.models import ApiToken, User

DEFAULT_DAYS: Final = 90
SECRET_BYTES: Final = 32  # 256 random bits
USE_WRITTEN_EVERY: Final = timedelta(minutes=1)


def issue(user: User, name: str = "script", days: int = DEFAULT_DAYS, *, actor: str = "") -> str:
    """Make a token for `user` that works for `days`, put it on record and return it: it is not kept."""
    prefix = secrets.token_hex(4)
    token = f"cp_{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
    expires_at = now() + timedelta(days=days)
    with transaction.atomic():
        row = ApiToken.objects.create(
            user=user, name=name, prefix=prefix, digest=digest(token), expires_at=expires_at
        )
        append([_event("token.made", row, actor or user.username)])
    return token


def authenticate(token: str) -> User | None:
    """Return the active owner of a token that is neither expired nor revoked, and note that it was used."""
    at = now()
    usable = Q(expires_at__isnull=True) | Q(expires_at__gt=at)
    row = (
        ApiToken.objects.filter(usable, digest=digest(token), revoked_at__isnull=True, user__is_active=True)
        .select_related("user")
        .first()
    )
    if row is None:
        return None
    if row.last_used_at is None or row.last_used_at <= at - USE_WRITTEN_EVERY:
        _note_use(row)
    return row.user


def revoke(row: ApiToken, *, actor: str) -> bool:
    """End a token at once; tell whether it was still alive."""
    with transaction.atomic():
        ended = ApiToken.objects.filter(pk=row.pk, revoked_at__isnull=True).update(revoked_at=now()) == 1
        if ended:
            append([_event("token.revoked", row, actor)])
    return ended


def digest(token: str) -> str:
    """Return what is kept of a token; without a salt, for 256 random bits need none."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _note_use(row: ApiToken) -> None:
    try:
        with without_waiting():
            ApiToken.objects.filter(pk=row.pk).update(last_used_at=now())
    except DatabaseError:
        pass  # a locked database must neither turn a read away nor hold it up


def _event(kind: str, row: ApiToken, actor: str) -> Event:
    data = {"user_id": row.user_id, "username": row.user.username, "prefix": row.prefix, "name": row.name}
    return Event(kind=kind, actor=actor, data=data)
