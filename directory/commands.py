"""Change accounts: who may do it, what must stay true, and an entry for each change."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.db import transaction

from audit.trail import Event, append
from commsportal.errors import PortalError
from directory.microsoft import Account
from directory.models import User
from directory.roles import ADMIN, MATRIX, rights_of

CHANGEABLE: Final = ("username", "name", "email", "roles", "tenant_id", "oid", "is_active")
NO_USERNAME: Final = re.compile(r"[^\w.@+-]+")


class OwnRole(PortalError):
    """Nobody changes their own roles or disables their own account."""

    code = "own_role"
    title = "Not your own account"


class LastAdministrator(PortalError):
    """Somebody must be left who may administer."""

    code = "last_administrator"
    title = "The last administrator"


@transaction.atomic
def change_user(user: User, changes: Mapping[str, Any], *, by: User) -> dict[str, list[Any]]:
    """Change an account and return what differs as `{field: [before, after]}`.

    :raises OwnRole: when `by` would change what they may do themselves.
    :raises LastAdministrator: when nobody would be left who may administer.
    """
    everyone = {other.pk: other for other in User.objects.select_for_update().order_by("pk")}
    kept = everyone[user.pk]
    differing = diff(kept, {name: changes[name] for name in CHANGEABLE if name in changes})
    if by.pk == kept.pk and not differing.keys().isdisjoint({"roles", "is_active", "tenant_id", "oid"}):
        raise OwnRole("Another administrator must change your roles, your Microsoft account or disable you.")
    for name, (_, after) in differing.items():
        setattr(kept, name, after)
    _require_an_administrator(everyone.values(), before_lost="roles" in differing or "is_active" in differing)
    _write(kept, differing, by.username)
    return differing


@transaction.atomic
def made_user(user: User, *, by: User) -> None:
    """Put a new account on record, in the transaction that made it."""
    append([_event(user, {"created": [None, True], "roles": [[], user.roles]}, by.username)])


@transaction.atomic
def changed_password(user: User, *, by: User) -> None:
    """Put a new password on record; Django ends the sessions that were opened with the old one."""
    append([_event(user, {"password": ["…", "…"]}, by.username)])


@transaction.atomic
def from_microsoft(account: Account) -> User:
    """Return the account of `tid` and `oid`, made if need be, with the roles that Microsoft says today."""
    found = User.objects.select_for_update().filter(tenant_id=account.tenant_id, oid=account.oid).first()
    user = found or User.objects.create_user(
        free_username(account), tenant_id=account.tenant_id, oid=account.oid, name=account.name
    )
    roles = [role for role in MATRIX if role in account.roles]
    changes = {"roles": roles, "name": account.name or user.name, "email": account.email or user.email}
    differing = diff(user, changes)
    for name, (_, after) in differing.items():
        setattr(user, name, after)
    _write(user, differing, user.username)
    return user


def free_username(account: Account) -> str:
    """Return a name that no account has; an existing account of the same name stays a stranger's."""
    wanted = NO_USERNAME.sub("", account.username)[:110] or account.oid
    taken = User.objects.filter(username__iexact=wanted).exists()
    return f"{wanted}-{account.oid}" if taken else wanted


def diff(row: Any, changes: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the fields that would differ, each with the value before and after."""
    before = {name: getattr(row, name) for name in changes}
    return {name: [before[name], after] for name, after in changes.items() if before[name] != after}


def _require_an_administrator(users: Iterable[User], *, before_lost: bool) -> None:
    if before_lost and not any(user.is_active and ADMIN in rights_of(user.roles) for user in users):
        raise LastAdministrator("Give somebody else the role of administrator first.")


def _write(user: User, differing: Mapping[str, list[Any]], actor: str) -> None:
    if differing:
        user.save(update_fields=list(differing))
        append([_event(user, differing, actor)])


def _event(user: User, changes: Mapping[str, list[Any]], actor: str) -> Event:
    data = {"user_id": user.pk, "username": user.username, "changes": dict(changes)}
    return Event("user.changed", actor, user.tenant_id, data=data)
