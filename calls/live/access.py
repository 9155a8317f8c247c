"""Who may listen, and to which lines: read at the handshake, again in one go for all who are connected.

Everything here reads the database and runs in the threads of the hub.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.sessions.models import Session

from calls.live.scope import EVERYTHING, Scope
from commsportal.clock import now
from directory import roles, sessions, sockets, tokens
from directory.models import ApiToken, User
from routing.models import Line


@dataclass(frozen=True, slots=True)
class Credential:
    """What a socket's handshake rests upon; when it ends, so does the socket."""

    session_key: str = ""
    token_digest: str = ""


@dataclass(frozen=True, slots=True)
class Admission:
    """Who opens a socket and what they see."""

    user_id: int
    username: str
    scope: Scope
    credential: Credential
    as_of: int  # the trail had come so far when this was read


@dataclass(frozen=True, slots=True)
class Standing:
    """How things are for those who are connected: whoever is not in `scopes` sees nothing any more."""

    scopes: dict[int, Scope]
    valid: frozenset[Credential]


def admit(scope: Mapping[str, Any], as_of: int) -> Admission | None:
    """Return whom a handshake lets in, None when it is to be refused."""
    user = sockets.authenticate(scope)
    if user is None or roles.SEE not in user.rights:
        return None
    lines = _lines_of([user.pk]).get(user.pk, frozenset())
    return Admission(user.pk, user.username, _scope(user, lines), credential(scope), as_of)


def standing(user_ids: Collection[int], credentials: Collection[Credential]) -> Standing:
    """Read rights, lines, sessions and tokens of all who are connected, in one query each."""
    lines = _lines_of(user_ids)
    users = {user.pk: user for user in User.objects.filter(pk__in=user_ids, is_active=True)}
    scopes = {
        pk: _scope(user, lines.get(pk, frozenset())) for pk, user in users.items() if roles.SEE in user.rights
    }
    return Standing(scopes, frozenset(_valid(credentials, users)))


def credential(scope: Mapping[str, Any]) -> Credential:
    """Return what the handshake presented, by the same rule as `directory.sockets`: a token before a cookie."""
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    scheme, _, token = headers.get(b"authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return Credential(token_digest=tokens.digest(token.strip()))
    try:
        morsel = SimpleCookie(headers.get(b"cookie", "")).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        morsel = None
    return Credential(session_key=morsel.value if morsel else "")


def _scope(user: User, lines: frozenset[int]) -> Scope:
    return EVERYTHING if user.sees_every_line else Scope(lines)


def _lines_of(user_ids: Collection[int]) -> dict[int, frozenset[int]]:
    pairs = Line.staff.through.objects.filter(user_id__in=user_ids).values_list("user_id", "line_id")
    found: dict[int, set[int]] = {}
    for user_id, line_id in pairs:
        found.setdefault(user_id, set()).add(line_id)
    return {user_id: frozenset(lines) for user_id, lines in found.items()}


def _valid(credentials: Iterable[Credential], users: Mapping[int, User]) -> Iterable[Credential]:
    at = now()
    keys = {c.session_key for c in credentials if c.session_key}
    digests = {c.token_digest for c in credentials if c.token_digest}
    rows = Session.objects.filter(session_key__in=keys, expire_date__gt=at)
    yield from (Credential(session_key=row.pk) for row in rows if _is_signed_in(row, users))
    usable = ApiToken.objects.filter(digest__in=digests, revoked_at__isnull=True).exclude(expires_at__lte=at)
    yield from (Credential(token_digest=digest) for digest in usable.values_list("digest", flat=True))


def _is_signed_in(row: Session, users: Mapping[int, User]) -> bool:
    """Judge a session as `django.contrib.auth.get_user` does: it ends with a new password, too."""
    session = row.get_decoded()
    user = users.get(int(session.get(auth.SESSION_KEY, 0)))
    return user is not None and sessions.is_current(session) and sessions.belongs_to(session, user)
