"""How long a sign-in lasts: an absolute limit and one for idleness, both kept in the session itself."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib import auth
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare

from commsportal.clock import now
from directory import refresh_tokens
from directory.models import User

ABSOLUTE: Final = timedelta(hours=12)
IDLE: Final = timedelta(hours=8)  # a receptionist may watch a quiet console for most of a shift
SEEN_WRITTEN_EVERY: Final = timedelta(minutes=5)
STARTED, SEEN = "signed_in_at", "seen_at"


def start(session: SessionBase) -> None:
    """Note the sign-in, from which both limits count; what an earlier one had from Microsoft is over."""
    session.pop(refresh_tokens.KEPT, None)
    session[STARTED] = session[SEEN] = now().isoformat()


def is_current(session: SessionBase | Mapping[str, Any]) -> bool:
    """Tell whether a signed-in session is within both limits."""
    started, seen = _instant(session.get(STARTED)), _instant(session.get(SEEN))
    if started is None or seen is None:
        return False
    at = now()
    return at < started + ABSOLUTE and at < seen + IDLE


def belongs_to(session: SessionBase | Mapping[str, Any], user: User) -> bool:
    """Tell whether a sign-in of `user` began the session, under the present password and a key that still counts.

    Unlike `django.contrib.auth.get_user` this leaves a session of a former secret key as it is: over a socket no
    browser would learn of its new name.
    """
    told = str(session.get(auth.HASH_SESSION_KEY, ""))
    good = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return str(user.pk) == session.get(auth.SESSION_KEY) and any(constant_time_compare(told, one) for one in good)


def touch(session: SessionBase) -> None:
    """Note that the person is there, at most every few minutes."""
    seen = _instant(session.get(SEEN))
    if seen is not None and now() >= seen + SEEN_WRITTEN_EVERY:
        session[SEEN] = now().isoformat()


def _instant(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None


class SessionLimitsMiddleware:
    """Sign out who is past a limit; stands behind Django's AuthenticationMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Empty a session that ran out, note the presence of one that did not."""
        if auth.SESSION_KEY in request.session:
            if is_current(request.session):
                touch(request.session)
            else:
                auth.logout(request)
        return self.get_response(request)
