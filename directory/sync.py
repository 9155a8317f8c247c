"""Mirror the organisation's people from Graph's users, so that search never waits for Microsoft.

A list is merged only when it was read to its end. Rows that are as they should be are left alone: in most rounds
nothing is written.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, cast

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.dispatch import Signal

from commsportal import pauses
from commsportal.clock import now
from commsportal.pauses import Urgency
from commsportal.worker import Duty
from directory import delays, favourites, search
from directory.models import Edition, Person, SyncState
from graph import conf
from graph.errors import GraphError, Throttled
from graph.types import User as GraphUser
from graph.users import LARGEST_PAGE

EVERY: Final = timedelta(minutes=15)
FIRST_RETRY: Final = timedelta(seconds=15)
LEASE_SECONDS: Final = 30.0  # kept while the list is read, over soon once its reader is dead
LONGEST_READING: Final = 3600.0  # seconds; a page takes one or two and holds 999 people
LONGEST_ROUND: Final = 2 * LONGEST_READING  # with the merging; who takes longer hangs
BATCH: Final = 200
COLUMNS: Final = (
    *("name", "upn", "mail", "business_phone", "mobile_phone", "department", "job_title", "language", "enabled"),
)
MIRRORED: Final = (*COLUMNS, "search_text", "synced_at")

logger = logging.getLogger(__name__)

merged = Signal()
"""Sent with `tenant_id` when the rows of a tenant's people say what its directory says."""


def claim(limit: int) -> list[SyncState]:
    """Lease the tenants whose turn it is."""
    rows = SyncState.objects.filter(tenant_id__in=tenants()).order_by("due_at")
    return cast(list[SyncState], rows.lease(limit, LEASE_SECONDS))


def run(state: SyncState) -> None:
    """Read and merge one tenant's people; a failure is kept for people to see and tried again later."""
    until = pauses.over_at(state.tenant_id, Urgency.LIST)
    if until:
        state.settle_lease(due_at=pauses.turn(until, Urgency.LIST), attempts=state.attempts - 1)
        return
    try:
        people = list(_in_time(state.tenant_id, conf.client(state.tenant_id).users.iterate()))
        count = merge(state.tenant_id, people)
    except GraphError as error:
        _put_off(state, error)
        return
    changes: dict[str, Any] = {"finished_at": now(), "people": count, "failures": 0, "error": ""}
    state.settle_lease(due_at=now() + EVERY, **changes)
    tidy()


def _put_off(state: SyncState, error: GraphError) -> None:
    logger.warning("people of tenant %s were not read: %s", state.tenant_id, error)
    failures = state.failures + 1
    wait = min(FIRST_RETRY * 2 ** min(failures - 1, 10), EVERY)
    if isinstance(error, Throttled):
        pauses.note(state.tenant_id, Urgency.LIST, error.retry_after, str(error))
        wait = max(wait, timedelta(seconds=error.retry_after or 0))
    state.settle_lease(due_at=now() + wait, failures=failures, error=str(error)[:2000])


def keep(state: SyncState) -> None:
    """Hold on to a tenant whose list takes long to read."""
    state.keep_lease(LEASE_SECONDS)


def _in_time(tenant_id: str, users: Iterator[GraphUser]) -> Iterator[GraphUser]:
    """Read on until it takes longer than any list does: one without end must not take the worker with it."""
    until = time.monotonic() + LONGEST_READING
    for number, user in enumerate(users, start=1):
        if time.monotonic() > until:
            raise GraphError("the list of users takes too long to read", code="SlowDirectory")
        yield user
        if number % LARGEST_PAGE == 0:
            _check_pause(tenant_id)


def _check_pause(tenant_id: str) -> None:
    """Stop before the next page while others were told to wait.

    :raises Throttled: they were.
    """
    until = pauses.over_at(tenant_id, Urgency.LIST)
    if until:
        seconds = (until - now()).total_seconds()
        raise Throttled("others were told to wait", code="HeldBack", retryable=True, retry_after=seconds)


def next_due() -> datetime | None:
    """Return when the next tenant is due; a tenant that was never read is due at once."""
    rows = {row.tenant_id: row for row in SyncState.objects.filter(tenant_id__in=tenants())}
    missing = [tenant for tenant in tenants() if tenant not in rows]
    for tenant in missing:
        SyncState.objects.get_or_create(tenant_id=tenant, defaults={"due_at": now()})
    if missing:
        return now()
    return min((max(row.due_at, row.lease_until or row.due_at) for row in rows.values()), default=None)


def tenants() -> list[str]:
    """Return the tenants whose people are mirrored."""
    return [tenant.lower() for tenant in settings.GRAPH_TENANT_IDS]


def merge(tenant_id: str, users: Sequence[GraphUser]) -> int:
    """Make the tenant's rows say what `users` says, disable who is gone, and return how many people there are.

    An empty list is taken for a fault of the other side: a tenant without a single user cannot be asked.
    """
    if not users:
        raise GraphError("the list of users is empty", code="EmptyDirectory")
    at = now()
    wanted = {user.id.lower(): values_of(user) for user in users if 0 < len(user.id) <= 36}
    kept = {row["oid"]: row for row in Person.objects.filter(tenant_id=tenant_id).values("oid", *COLUMNS)}
    differing = (oid for oid, values in wanted.items() if _without_oid(kept.get(oid)) != values)
    for chunk in _chunks(differing):
        _write([_person(tenant_id, oid, wanted[oid], at) for oid in chunk])
    gone = (oid for oid, row in kept.items() if row["enabled"] and oid not in wanted)
    for chunk in _chunks(gone):
        with transaction.atomic():
            Edition.renew([tenant_id])
            Person.objects.filter(tenant_id=tenant_id, oid__in=chunk).update(enabled=False, synced_at=at)
    merged.send(merge, tenant_id=tenant_id)
    return len(wanted)


def values_of(user: GraphUser) -> dict[str, Any]:
    """Return the columns of a person, cut to what fits; strangers to the directory may have written them."""
    return {
        "name": _text(user.display_name or user.user_principal_name or user.id, 256),
        "upn": _text(user.user_principal_name, 320),
        "mail": _text(user.mail, 320),
        "business_phone": _text(next(iter(user.business_phones), ""), 64),
        "mobile_phone": _text(user.mobile_phone, 64),
        "department": _text(user.department, 128),
        "job_title": _text(user.job_title, 256),
        "language": _text(user.preferred_language, 35),
        "enabled": user.account_enabled is not False,
    }


def tidy() -> None:
    """Remove what nobody needs any more: ended sessions, old counts of failures, people called long ago."""
    favourites.forget()
    delays.forget()
    SessionStore.clear_expired()


def _text(value: str, length: int) -> str:
    return value.replace("\0", "")[:length]


def _without_oid(row: dict[str, Any] | None) -> dict[str, Any] | None:
    return row and {name: row[name] for name in COLUMNS}


def _person(tenant_id: str, oid: str, values: dict[str, Any], at: datetime) -> Person:
    person = Person(tenant_id=tenant_id, oid=oid, synced_at=at, **values)
    person.search_text = search.text_of(person)
    return person


def _write(people: Sequence[Person]) -> None:
    with transaction.atomic():
        Edition.renew(person.tenant_id for person in people)
        Person.objects.bulk_create(
            people, update_conflicts=True, unique_fields=["tenant_id", "oid"], update_fields=MIRRORED
        )


def _chunks(items: Iterable[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == BATCH:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


DUTY: Final = Duty("people", 1, claim, run, next_due, longest=LONGEST_ROUND, keep=keep)
