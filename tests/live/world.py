"""Calls, lines and people for the live feed's tests, each name once."""

import itertools
import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.db.models import F

from audit.trail import Event, append
from calls.models import Call
from commsportal.clock import now
from directory import sessions
from directory.models import User
from routing.models import Line
from tests.people import tenant_id

LEASE = timedelta(seconds=4)
numbers = itertools.count(1)


def person(role: str | None = "receptionist") -> User:
    """Make somebody with one role, or none."""
    name = f"person{next(numbers)}"
    return User.objects.create_user(name, name=name.title(), roles=[role] if role else [])


def line(*staff: User) -> Line:
    """Make a line."""
    made = Line.objects.create(tenant_id=tenant_id(), name=f"line {next(numbers)}")
    made.staff.set(staff)
    return made


def ring(on: Line | None, **fields: Any) -> Call:
    """Let a call come in, with its entry."""
    at = now()
    known = {"tenant_id": tenant_id(), "graph_id": str(uuid.uuid4()), "direction": "incoming", "state": "incoming"}
    with transaction.atomic():
        call = Call.objects.create(**known | {"line": on, "received_at": at, "last_seen_at": at} | fields)
        tell(call, "call.incoming")
    return call


def change(call: Call, kind: str = "call.state", **fields: Any) -> Call:
    """Change a call, with an entry."""
    with transaction.atomic():
        Call.objects.filter(pk=call.pk).update(version=call.version + 1, **fields)
        call.refresh_from_db()
        tell(call, kind)
    return call


def change_all(calls: list[Call], **fields: Any) -> None:
    """Change several calls at once, with an entry for each."""
    with transaction.atomic():
        Call.objects.filter(pk__in=[call.pk for call in calls]).update(version=F("version") + 1, **fields)
        append([Event("call.state", tenant_id=c.tenant_id, line_id=c.line_id, call_id=c.pk) for c in calls])


def claim(call: Call, user: User) -> Call:
    """Let `user` claim a call for one lease."""
    return change(call, "claim.taken", claim_owner=user, claim_until=now() + LEASE, claim_fence=1)


def finish(call: Call, ago: timedelta = timedelta()) -> Call:
    """End a call."""
    over = {"state": "terminated", "ended_at": now() - ago, "outcome": "taken"}
    return change(call, "call.ended", **over, claim_owner=None, claim_until=None)


def tell(call: Call, kind: str) -> None:
    """Put an entry about a call on record."""
    append([Event(kind, tenant_id=call.tenant_id, line_id=call.line_id, call_id=call.pk)])


def tell_about(user: User | None = None, kind: str = "user.changed") -> None:
    """Put an entry about somebody or something else than a call on record."""
    with transaction.atomic():
        append([Event(kind, data={"user_id": user.pk} if user else {})])


def sign_in(user: User) -> str:
    """Begin a session as the sign-in page does; return its key."""
    session = SessionStore()
    session[auth.SESSION_KEY] = str(user.pk)
    session[auth.BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[auth.HASH_SESSION_KEY] = user.get_session_auth_hash()
    sessions.start(session)
    session.save()
    return session.session_key or ""


def browser(session_key: str, origin: str | None = None) -> dict[str, str]:
    """Return the headers that a browser sends with a handshake from our own pages, or from `origin`."""
    cookie = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session_key}"}
    return cookie | {"Origin": settings.PUBLIC_URL if origin is None else origin}
