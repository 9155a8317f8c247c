"""Sign in with a name and a password, and what every way of signing in shares."""

import secrets
from typing import Final

from django.conf import settings
from django.contrib import auth
from django.core import signing
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme

from audit.trail import Event, append
from directory import delays
from directory.models import User

BACKEND: Final = "django.contrib.auth.backends.ModelBackend"
UNKNOWN: Final = "unknown"  # the actor of a refused attempt that names no account of ours
DEVICE_COOKIE: Final = "__Host-portal-device" if settings.HTTPS else "portal-device"
DEVICE_SECONDS: Final = 180 * 24 * 3600
DEVICE_SALT: Final = "directory.device"
LONGEST_NAME: Final = 150


def with_password(request: HttpRequest, username: str, password: str) -> User | None:
    """Sign the person in; None when the name, the password or the moment is wrong, and nobody learns which."""
    account = username.strip()[: LONGEST_NAME + 1]
    attempt = delays.counters(account.casefold(), source_of(request), known_device(request, account))
    if not delays.begin(attempt):
        return None
    user = auth.authenticate(request, username=account, password=password)
    if not isinstance(user, User):
        refuse(request, "password", User.objects.filter(username=account).first())
        return None
    delays.succeed(attempt)
    accept(request, user, "password")
    return user


def accept(request: HttpRequest, user: User, method: str) -> None:
    """Open a session under a new key and put it on record."""
    with transaction.atomic():
        auth.login(request, user, backend=BACKEND)
        data = {"user_id": user.pk, "method": method, "source": source_of(request)}
        append([Event("sign_in.ok", user.username, user.tenant_id, data=data)])


def refuse(request: HttpRequest, method: str, user: User | None, reason: str = "") -> None:
    """Put a refusal on record; a name that is no account is left out, for people type passwords there."""
    data = {"user_id": user.pk if user else None, "method": method, "source": source_of(request)}
    if reason:
        data["reason"] = reason
    with transaction.atomic():
        append([Event("sign_in.refused", user.username if user else UNKNOWN, data=data)])


def leave(request: HttpRequest) -> None:
    """End the session and put it on record."""
    user = request.user
    with transaction.atomic():
        auth.logout(request)
        if isinstance(user, User):
            append([Event("sign_out", user.username, user.tenant_id, data={"user_id": user.pk})])


def source_of(request: HttpRequest) -> str:
    """Return the address that the request came from; the server has put a trusted proxy's word there."""
    return str(request.META.get("REMOTE_ADDR", ""))


def known_device(request: HttpRequest, username: str) -> str:
    """Return the mark of a browser that has signed in to this account before, else nothing."""
    try:
        mark = signing.loads(request.COOKIES.get(DEVICE_COOKIE, ""), salt=DEVICE_SALT, max_age=DEVICE_SECONDS)
    except signing.BadSignature:
        return ""
    fits = isinstance(mark, list) and len(mark) == 2 and mark[0] == username.casefold()
    return str(mark[1]) if fits else ""


def remember_device(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Let this browser be known to the account from now on."""
    mark = known_device(request, user.username) or secrets.token_urlsafe(16)
    response.set_cookie(
        DEVICE_COOKIE,
        signing.dumps([user.username.casefold(), mark], salt=DEVICE_SALT),
        max_age=DEVICE_SECONDS,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def safe_next(address: str | None) -> str:
    """Return `address` if it is a path of ours, else nothing."""
    if not address or not address.startswith("/") or not address.isprintable():
        return ""
    return address if url_has_allowed_host_and_scheme(address, allowed_hosts=None) else ""
