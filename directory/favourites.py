"""Whom somebody wants at hand, and whom they sent calls to of late: of each person of the portal their own."""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from commsportal import bulk
from commsportal.clock import now
from commsportal.errors import PortalError
from directory.models import Favourite, Person, Recent, User

MOST_FAVOURITES: Final = 100
MOST_RECENT: Final = 10  # that are shown
KEPT: Final = timedelta(days=90)


class TooMany(PortalError):
    """More favourites than a list is good for."""

    code = "too_many_favourites"
    title = "Too many favourites"


@transaction.atomic
def add(user: User, person: Person) -> None:
    """Make `person` a favourite of `user`; one that is already stays as it is.

    :raises TooMany: there are as many as there may be.
    """
    mine = Favourite.objects.filter(user=User.objects.select_for_update(no_key=True).get(pk=user.pk))
    if mine.filter(person=person).exists():
        return
    if mine.count() >= MOST_FAVOURITES:
        raise TooMany(f"There are {MOST_FAVOURITES} already. Take somebody out of the favourites first.")
    Favourite.objects.create(user=user, person=person)


def remove(user: User, oid: str) -> None:
    """Make somebody no favourite of `user`, whether or not they were one."""
    Favourite.objects.filter(user=user, person__oid=oid).delete()


def favourites(user: User) -> frozenset[int]:
    """Return the keys of the people whom `user` wants at hand."""
    return frozenset(Favourite.objects.filter(user=user).values_list("person_id", flat=True))


def recents(user: User) -> list[int]:
    """Return the keys of the people to whom `user` sent calls last, newest first."""
    return list(
        Recent.objects.filter(user=user).order_by("-at", "pk").values_list("person_id", flat=True)[:MOST_RECENT]
    )


def note(user: User, tenant_id: str, oids: Collection[str]) -> None:
    """Remember that `user` has a call sent to these people, in the transaction in which that is asked for."""
    wanted: QuerySet[Person] = Person.objects.filter(tenant_id=tenant_id, oid__in=oids).exclude(oid=user.oid)
    keys = wanted.order_by("pk").values_list("pk", flat=True)
    bulk.upsert([Recent(user=user, person_id=pk, at=now()) for pk in keys], ("user", "person"), ("at",))


def forget() -> None:
    """Remove what is too old to be of use."""
    Recent.objects.filter(at__lt=now() - KEPT).delete()
