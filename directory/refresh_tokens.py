"""The refresh token of somebody who has signed in with Microsoft: sealed, in that session's row, nowhere else.

It opens under that session's key for that account alone (`commsportal.sealing`), and only while the settings say
so. It ends with the session, and sooner when the account may no longer schedule, is disabled or becomes another.
"""

from typing import TYPE_CHECKING, Any, Final

import orjson
from django.conf import settings
from django.contrib import auth
from django.contrib.sessions.backends.base import SessionBase

from commsportal import sealing
from commsportal.clock import now
from directory.roles import SCHEDULE
from graph.meetings import OWN

if TYPE_CHECKING:
    from directory.models import User

KEPT: Final = "microsoft_refresh"
PURPOSE: Final = "directory.refresh_tokens"
SCOPE: Final = OWN


def are_kept() -> bool:
    """Tell whether people are asked for their own permissions when they sign in with Microsoft."""
    return bool(settings.MICROSOFT_DELEGATED == "on")


def granted(result: dict[str, Any]) -> str:
    """Return the refresh token of a token answer that grants what is asked for, else nothing."""
    scopes = {name.rpartition("/")[2].lower() for name in str(result.get("scope", "")).split()}
    token = result.get("refresh_token")
    return token if are_kept() and SCOPE.lower() in scopes and isinstance(token, str) else ""


def keep(session: SessionBase, user: "User", token: str) -> None:
    """Keep a token in the session that `user` is signed in by, at once; without one keep none.

    :raises UpdateError: the session has ended meanwhile.
    """
    session.pop(KEPT, None)
    if token and _may_have_one(user):
        if session.session_key is None:
            session.save()  # gets it one
        session[KEPT] = _sealed(token, [user.tenant_id, user.oid], _place(session, str(user.pk)))
    session.save()


def of(session: SessionBase, user: "User") -> str:
    """Return the token of `user` that this session keeps, else nothing."""
    if not are_kept() or not _may_have_one(user) or session.get(auth.SESSION_KEY) != str(user.pk):
        return ""
    token, account = _opened(session.get(KEPT), _place(session, str(user.pk)))
    return token if account == [user.tenant_id, user.oid] else ""


def forget(session: SessionBase) -> None:
    """Forget the token of a session, at once.

    :raises UpdateError: the session has ended meanwhile.
    """
    if session.pop(KEPT, None) is not None:
        session.save()


def rebind(session: SessionBase, former_key: str | None) -> None:
    """Seal a session's token anew after the session has got another key."""
    sealed, user_id = session.get(KEPT), str(session.get(auth.SESSION_KEY))
    if sealed is None:
        return
    token, account = _opened(sealed, f"{former_key} {user_id}")
    if token:
        session[KEPT] = _sealed(token, account, _place(session, user_id))
    else:
        del session[KEPT]


def forget_all_of(user: "User", *, is_another: bool = False) -> None:
    """Forget the tokens of all of somebody's sessions, unless they may still have one.

    Who is disabled loses the sessions themselves, so that no request under way writes one back.

    :param is_another: it is another account of Microsoft's now.
    """
    from django.contrib.sessions.models import Session

    if _may_have_one(user) and not is_another:
        return
    current = Session.objects.filter(expire_date__gt=now())
    theirs = [row.pk for row in current.iterator() if _keeps_one_of(row.get_decoded(), user)]
    for row in current.filter(pk__in=theirs).select_for_update():
        if not user.is_active:
            row.delete()
            continue
        data = row.get_decoded()
        data.pop(KEPT, None)
        row.session_data = Session.objects.encode(data)
        row.save(update_fields=["session_data"])


def _keeps_one_of(data: dict[str, Any], user: "User") -> bool:
    return data.get(auth.SESSION_KEY) == str(user.pk) and KEPT in data


def _may_have_one(user: "User") -> bool:
    return bool(user.is_active and user.tenant_id and user.oid and SCHEDULE in user.rights)


def _place(session: SessionBase, user_id: str) -> str:
    return f"{session.session_key} {user_id}"


def _sealed(token: str, account: list[str], place: str) -> str:
    return sealing.seal(orjson.dumps([token, account]).decode(), PURPOSE, place)


def _opened(sealed: object, place: str) -> tuple[str, list[str]]:
    text = sealing.unseal(sealed, PURPOSE, place) if isinstance(sealed, str) else None
    if text is None:
        return "", []
    token, account = orjson.loads(text)
    return str(token), list(account)
