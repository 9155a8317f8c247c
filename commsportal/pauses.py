"""Pauses that Microsoft asked for (429): one small row for all workers, looked at before each request.

What is told to wait holds back what is as urgent, and what is less. What is more urgent goes on: limits differ by
kind of request (REFERENCE 17: a full hundred of calls is no reason not to answer one), and what is refused all the
same notes a pause of its own.
"""

from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from commsportal.clock import now
from commsportal.models import Pause

LONGEST: Final = 300.0  # seconds that one header may silence the portal; then somebody asks again
UNTOLD: Final = (0.5, 60.0)  # without Retry-After: from, doubled each time, to
UNTOLD_DECISION: Final = 1.0  # the most of it while callers ring
IN_A_ROW: Final = timedelta(seconds=30)  # a pause so soon after the last is a longer one
STEP: Final = timedelta(seconds=1)  # between what waited, by urgency


class Urgency(IntEnum):
    """Who goes first after a pause."""

    DECISION = 0  # a caller rings
    REQUEST = 1  # of somebody about a call that lasts
    CHECK = 2  # keepAlive, reads
    CREATE = 3
    LIST = 4  # of the directory, of those in a call


def over_at(tenant_id: str, urgency: Urgency) -> datetime | None:
    """Return when the pause ends that holds back a request of that urgency, None when none does."""
    rows = Pause.objects.filter(**_of(tenant_id), urgency__lte=urgency, until__gt=now())
    until: datetime | None = rows.aggregate(until=Max("until"))["until"]
    return until


def turn(until: datetime, urgency: Urgency) -> datetime:
    """Return when what a pause holds back goes on: the urgent at its end, the others one after the other."""
    return until + STEP * int(urgency)


def note(tenant_id: str, urgency: Urgency, seconds: float | None, reason: str) -> None:
    """Have all workers wait.

    :param seconds: as Microsoft asks; without, the pause doubles each time.
    """
    at = now()
    with transaction.atomic():
        rows = Pause.objects.select_for_update()
        row, _ = rows.get_or_create(**_of(tenant_id), urgency=urgency, defaults={"until": at})
        if at >= row.until:  # else one of several that were under way together
            row.strikes = min(row.strikes + 1, 20) if at < row.until + IN_A_ROW else 1
        length = min(_untold(row.strikes, urgency) if seconds is None else seconds, LONGEST)
        row.until, row.reason = max(row.until, at + timedelta(seconds=length)), reason[:200]
        row.save()


def _untold(strikes: int, urgency: Urgency) -> float:
    shortest, longest = UNTOLD
    doubled: float = shortest * 2 ** (strikes - 1)
    return min(doubled, UNTOLD_DECISION if urgency == Urgency.DECISION else longest)


def _of(tenant_id: str) -> dict[str, str]:
    return {"app_id": settings.GRAPH_CLIENT_ID, "tenant_id": tenant_id}
