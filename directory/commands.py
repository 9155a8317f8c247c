"""Change accounts: who may do it, what must stay true, and an entry for each change."""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from audit.trail import Event, append
from commsportal.errors import PortalError
from directory import refresh_tokens
from directory.microsoft import Account
from directory.models import Edition, Person, User
from directory.roles import ADMIN, MATRIX, rights_of

CHANGEABLE: Final = ("username", "name", "email", "roles", "tenant_id", "oid", "is_active")
ACCESS: Final = frozenset({"roles", "is_active", "tenant_id", "oid"})  # what decides who may do what
NO_USERNAME: Final = re.compile(r"[^\w.@+-]+")

logger = logging.getLogger(__name__)


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
    kept, differing = _checked(User.objects.select_for_update(), user.pk, changes, by)
    _write(kept, differing, by.username)
    return differing


def check_change(pk: int, changes: Mapping[str, Any], *, by: User) -> None:
    """Raise what `change_user` would raise now, and change nothing."""
    _checked(User.objects.all(), pk, changes, by)


@transaction.atomic
def made_user(user: User, *, by: User) -> None:
    """Put a new account on record, in the transaction that made it."""
    append([_event(user, {"created": [None, True], "roles": [[], user.roles]}, by.username)])


@transaction.atomic
def changed_password(user: User, *, by: User) -> None:
    """Put a new password on record; Django ends the sessions that were opened with the old one."""
    append([_event(user, {"password": ["…", "…"]}, by.username)])


@transaction.atomic
def change_skills(person: Person, skills: Sequence[str], *, by: User) -> None:
    """Write what the portal knows of a person's skills, and an entry if that is something else."""
    Edition.renew([person.tenant_id])
    kept = Person.objects.select_for_update().get(pk=person.pk)
    before, kept.skills = kept.skills, list(skills)
    if before != kept.skills:
        kept.save(update_fields=["skills"])
        data = {"person": kept.oid, "changes": {"skills": [before, kept.skills]}}
        append([Event("person.changed", by.username, kept.tenant_id, data=data)])


def from_microsoft(account: Account) -> User:
    """Return the account of `tid` and `oid`, made if need be, with the roles that Microsoft says today.

    Nobody is left without an administrator: the last one keeps that role, on record and with a warning in the log.
    """
    try:
        return _from_microsoft(account)
    except IntegrityError:  # the same person came in by another browser at this moment
        return _from_microsoft(account)


@transaction.atomic
def _from_microsoft(account: Account) -> User:
    roles = [role for role in MATRIX if role in account.roles]
    locked = _locked(account, roles)
    theirs = (user for user in locked if (user.tenant_id, user.oid) == (account.tenant_id, account.oid))
    user = next(theirs, None) or User.objects.create_user(
        free_username(account), tenant_id=account.tenant_id, oid=account.oid, name=account.name
    )
    if _is_last_administrator(user, locked) and ADMIN not in rights_of(roles):
        roles = _kept_administrator(user, roles)
    changes = {"roles": roles, "name": account.name or user.name, "email": account.email or user.email}
    differing = diff(user, changes)
    for name, (_, after) in differing.items():
        setattr(user, name, after)
    _write(user, differing, user.username)
    return user


def _locked(account: Account, roles: Sequence[str]) -> list[User]:
    """Lock the account, if there is one, and all others only where it would cease to administer."""
    theirs = User.objects.filter(tenant_id=account.tenant_id, oid=account.oid)
    ceases = ADMIN not in rights_of(roles) and any(ADMIN in user.rights for user in theirs)
    return list((User.objects.all() if ceases else theirs).select_for_update().order_by("pk"))


def _is_last_administrator(user: User, everyone: Iterable[User]) -> bool:
    return [other.pk for other in everyone if ADMIN in other.rights] == [user.pk]


def _kept_administrator(user: User, roles: Sequence[str]) -> list[str]:
    """Return `roles` with those of the account that administer, and say aloud what Microsoft would have had."""
    kept = [role for role in MATRIX if role in roles or (role in user.roles and ADMIN in MATRIX[role])]
    logger.warning("Microsoft gives the last administrator (account %d) no such role; it stays", user.pk)
    data = {"user_id": user.pk, "username": user.username, "microsoft": list(roles), "kept": kept}
    append([Event("user.last_administrator", user.username, user.tenant_id, data=data)])
    return kept


def free_username(account: Account) -> str:
    """Return a name that no account has; an existing account of the same name stays a stranger's."""
    wanted = NO_USERNAME.sub("", account.username)[:110] or account.oid
    taken = User.objects.filter(username__iexact=wanted).exists()
    return f"{wanted}-{account.oid}" if taken else wanted


def diff(row: Any, changes: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the fields that would differ, each with the value before and after."""
    before = {name: getattr(row, name) for name in changes}
    return {name: [before[name], after] for name, after in changes.items() if before[name] != after}


def _checked(
    users: QuerySet[User], pk: int, changes: Mapping[str, Any], by: User
) -> tuple[User, dict[str, list[Any]]]:
    """Return the account with the changes set, unsaved; all accounts are read, and locked if `users` locks."""
    everyone = {other.pk: other for other in users.order_by("pk")}
    kept = everyone[pk]
    differing = diff(kept, {name: changes[name] for name in CHANGEABLE if name in changes})
    if by.pk == kept.pk and not differing.keys().isdisjoint(ACCESS):
        raise OwnRole("Another administrator must change your roles, your Microsoft account or disable you.")
    for name, (_, after) in differing.items():
        setattr(kept, name, after)
    if not differing.keys().isdisjoint(ACCESS) and not any(ADMIN in user.rights for user in everyone.values()):
        raise LastAdministrator("Give somebody else the role of administrator first.")
    return kept, differing


def _write(user: User, differing: Mapping[str, list[Any]], actor: str) -> None:
    if differing:
        user.save(update_fields=list(differing))
        if not ACCESS.isdisjoint(differing):
            refresh_tokens.forget_all_of(user, is_another="oid" in differing or "tenant_id" in differing)
        append([_event(user, differing, actor)])


def _event(user: User, changes: Mapping[str, list[Any]], actor: str) -> Event:
    data = {"user_id": user.pk, "username": user.username, "changes": dict(changes)}
    return Event("user.changed", actor, user.tenant_id, data=data)
