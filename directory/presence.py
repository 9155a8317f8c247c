"""Know who is free: the presence of those whom somebody looks at, read from Graph every few seconds.

A console says whom it shows; that is wanted for a minute and said again while it is shown. The worker reads what
is wanted, nobody else's, and forgets what nobody wants any more. No web request waits for Microsoft.
"""

import html
import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, cast

from django.db import transaction
from django.db.models import QuerySet
from django.utils.html import strip_tags

from commsportal import bulk, pauses, wakeups
from commsportal.among import among
from commsportal.clock import now
from commsportal.pauses import Urgency
from commsportal.worker import Duty
from directory.models import Person, Presence, PresenceState
from directory.sync import tenants
from graph import conf
from graph.client import GraphClient
from graph.errors import Forbidden, GraphError, Throttled
from graph.presence import ASKED_AT_ONCE
from graph.presence import Presence as GraphPresence

EVERY: Final = timedelta(seconds=10)
SOON: Final = timedelta(seconds=1)  # where somebody is shown of whom nothing is known yet
WANTED: Final = timedelta(seconds=60)
RENEWED_BELOW: Final = timedelta(seconds=30)  # of WANTED: most polls find more, and write nothing
BELIEVED: Final = timedelta(minutes=2)  # what was read before that is no answer any more
FIRST_RETRY: Final = timedelta(seconds=10)
LAST_RETRY: Final = timedelta(minutes=5)
WITHOUT_ROLE: Final = timedelta(minutes=10)  # an administrator has to act first
LEASE_SECONDS: Final = 30.0
UNKNOWN: Final = "PresenceUnknown"  # Microsoft's word, and ours for those whom it leaves out
TOLD: Final = ("availability", "activity", "is_out_of_office", "message", "at")

logger = logging.getLogger(__name__)


def look(people: QuerySet[Person]) -> list[Person]:
    """Return `people` with what is known of their presence, and have it read from now on for a minute."""
    found = list(people.select_related("presence").order_by("pk"))
    until = now() + RENEWED_BELOW
    want([person for person in found if (kept := _kept(person)) is None or kept.wanted_until < until])
    return found


def known(person: Person) -> Presence | None:
    """Return the presence of a person who was looked at; None: nothing is known that is still believed."""
    kept = _kept(person)
    return kept if kept and kept.at and kept.at > now() - BELIEVED else None


def _kept(person: Person) -> Presence | None:
    return getattr(person, "presence", None)


def want(people: Sequence[Person]) -> None:
    """Have the worker read the presence of `people` for a minute, except in tenants that are not mirrored."""
    for tenant in sorted({person.tenant_id for person in people} & set(tenants())):
        _want(tenant, [person for person in people if person.tenant_id == tenant])


@transaction.atomic
def _want(tenant_id: str, people: Sequence[Person]) -> None:
    PresenceState.objects.get_or_create(tenant_id=tenant_id)
    state = PresenceState.objects.select_for_update().get(tenant_id=tenant_id)
    at = now()
    bulk.upsert(
        [Presence(person_id=person.pk, wanted_until=at + WANTED) for person in people],
        ("person",),
        ("wanted_until",),
    )
    if state.due_at is None or (state.failures == 0 and any(_kept(person) is None for person in people)):
        PresenceState.objects.filter(pk=state.pk).update(due_at=at)
        wakeups.announce()


def trouble(tenant_ids: Sequence[str]) -> str:
    """Return in words why presence is not known in one of the tenants, empty when nothing is wrong."""
    states = PresenceState.objects.filter(tenant_id__in=tenant_ids, failures__gt=0).order_by("-missing_role", "pk")
    state = states.first()
    if state is None:
        return ""
    if state.missing_role:
        return (
            f"The portal may not read presence: its application lacks the role {state.missing_role}. "
            "Once an administrator of Microsoft 365 has granted it, presence shows within ten minutes."
        )
    return "Microsoft does not say who is free at the moment. The portal asks again by itself."


def claim(limit: int) -> list[PresenceState]:
    """Lease the tenants whose turn it is."""
    rows = PresenceState.objects.filter(tenant_id__in=tenants()).order_by("due_at")
    return cast(list[PresenceState], rows.lease(limit, LEASE_SECONDS))


def next_due() -> datetime | None:
    """Return when the next tenant is due, None while nobody wants to know."""
    return PresenceState.objects.filter(tenant_id__in=tenants()).next_due()


def keep(state: PresenceState) -> None:
    """Hold on to a tenant of which many are wanted."""
    state.keep_lease(LEASE_SECONDS)


def run(state: PresenceState) -> None:
    """Read what is wanted in one tenant; a failure is kept for people to see and tried again later."""
    until = pauses.over_at(state.tenant_id, Urgency.LIST)
    if until:
        state.settle_lease(due_at=pauses.turn(until, Urgency.LIST), attempts=state.attempts - 1)
        return
    wanted = dict(_of(state).filter(wanted_until__gt=now()).values_list("person__oid", "person_id"))
    at = now()
    try:
        told = {one.user_id: one for one in _read(state, conf.client(state.tenant_id), list(wanted))}
    except GraphError as error:
        _put_off(state, error)
        return
    rows = [_row(pk, told.get(oid), at) for oid, pk in sorted(wanted.items())]
    changes = {"finished_at": now(), "people": len(rows), "failures": 0, "error": "", "missing_role": ""}
    _settle(state, rows, EVERY, changes)


def _read(state: PresenceState, client: GraphClient, oids: Sequence[str]) -> Iterator[GraphPresence]:
    """:raises GraphError: of any request; or others were told to wait in the meantime."""
    for start in range(0, len(oids), ASKED_AT_ONCE):
        until = pauses.over_at(state.tenant_id, Urgency.LIST)
        if until:
            seconds = (until - now()).total_seconds()
            raise Throttled("others were told to wait", code="HeldBack", retryable=True, retry_after=seconds)
        yield from client.presences.of(oids[start : start + ASKED_AT_ONCE])


def _put_off(state: PresenceState, error: GraphError) -> None:
    logger.warning("presence in tenant %s was not read: %s", state.tenant_id, error)
    failures = state.failures + 1
    wait = min(FIRST_RETRY * 2 ** min(failures - 1, 10), LAST_RETRY)
    missing = error.permission if isinstance(error, Forbidden) else ""
    if isinstance(error, Throttled):
        pauses.note(state.tenant_id, Urgency.LIST, error.retry_after, str(error))
        wait = max(wait, timedelta(seconds=error.retry_after or 0))
    changes = {"failures": failures, "error": str(error)[:2000], "missing_role": missing[:100]}
    _settle(state, [], WITHOUT_ROLE if missing else wait, changes)


@transaction.atomic
def _settle(state: PresenceState, rows: Sequence[Presence], wait: timedelta, changes: dict[str, Any]) -> None:
    """Write what was read, forget whom nobody wants, and say when to look again; nothing if the lease was lost."""
    at = now()
    if not state.settle_lease(due_at=at + wait, **changes):
        return
    bulk.upsert(rows, ("person",), TOLD)
    unwanted = _of(state).filter(wanted_until__lte=at).values_list("pk", flat=True)
    Presence.objects.filter(among("pk", list(unwanted))).delete()
    if not _of(state).exists():
        PresenceState.objects.filter(pk=state.pk).update(due_at=None)
    elif changes["failures"] == 0 and _of(state).filter(at=None).exists():
        PresenceState.objects.filter(pk=state.pk).update(due_at=at + SOON)


def _of(state: PresenceState) -> QuerySet[Presence]:
    return Presence.objects.filter(person__tenant_id=state.tenant_id)


def _row(person_id: int, told: GraphPresence | None, at: datetime) -> Presence:
    told = told or GraphPresence("", UNKNOWN, UNKNOWN)
    return Presence(
        person_id=person_id,
        availability=_text(told.availability, 64) or UNKNOWN,
        activity=_text(told.activity, 64),
        is_out_of_office=told.is_out_of_office,
        message=_text(html.unescape(strip_tags(told.message)), 1000) if told.is_out_of_office else "",
        at=at,
        wanted_until=at,  # written for a row that was there all the time: it keeps its own
    )


def _text(value: str, length: int) -> str:
    return " ".join(value.replace("\0", "").split())[:length]


DUTY: Final = Duty("presence", 1, claim, run, next_due, keep=keep)
