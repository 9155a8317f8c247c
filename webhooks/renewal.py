"""Keep subscriptions at Microsoft: made, renewed ahead of their end, made anew when lost. Runs in the worker.

One worker at a time has a subscription. Making one cannot be repeated, so its address names our row: whoever asks
again ends first what an earlier attempt may have left.
"""

import hashlib
import logging
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, cast

from django.conf import settings
from django.db import transaction

from audit.trail import MICROSOFT, SYSTEM, Event, append
from commsportal import pauses
from commsportal.clock import now
from commsportal.pauses import Urgency
from commsportal.worker import Duty, tidy
from graph import conf, subscriptions
from graph.errors import Forbidden, GraphError, NotFound, OutcomeUnknown, Refused, ServerFault
from graph.transport import leaving_within
from webhooks.changes import MISSED, Change, NobodyListens, listener_of
from webhooks.models import Subscription

LEASE_SECONDS: Final = 20.0
LEAVE_SECONDS: Final = 15.0  # after the lease was last known to be ours no request leaves any more
FIRST_RETRY: Final = timedelta(seconds=5)
LONGEST_RETRY: Final = timedelta(hours=1)
UNTIL_PERMITTED: Final = timedelta(minutes=30)
SOONEST: Final = timedelta(seconds=30)
ERROR_LENGTH: Final = 2000
STATE_BYTES: Final = 48

logger = logging.getLogger(__name__)


def address(subscription: Subscription) -> str:
    """Return where Microsoft tells of a subscription: beside the address for calls."""
    beside = settings.CALLBACK_URL.rstrip("/").rpartition("/")[0]
    return f"{beside}/changes/?subscription={subscription.pk}"


def digest(client_state: str) -> str:
    """Return what is kept of a clientState."""
    return hashlib.sha256(client_state.encode("utf-8", "replace")).hexdigest()


def claim(limit: int) -> Sequence[Subscription]:
    """Lease up to `limit` subscriptions that are due."""
    rows = Subscription.objects.order_by("due_at").lease(limit, LEASE_SECONDS)
    return cast(Sequence[Subscription], rows)


def keep(subscription: Subscription) -> None:
    """Hold on to a subscription that is being worked on."""
    subscription.keep_lease(LEASE_SECONDS)


def next_due() -> datetime | None:
    """Return when there is something to do next."""
    return Subscription.objects.next_due()


def run(leased: Subscription) -> None:
    """See to one subscription, or say what stands in the way."""
    row = Subscription.objects.get(pk=leased.pk)
    if row.lease != leased.lease:
        return
    until = pauses.over_at(row.tenant_id, Urgency.LIST)
    if until:
        row.settle_lease(due_at=pauses.turn(until, Urgency.LIST), attempts=max(row.attempts - 1, 0))
        return
    try:
        with leaving_within(LEAVE_SECONDS):
            _see_to(row)
    except NobodyListens as error:
        logger.error("%s", error)
        row.settle_lease(due_at=now() + LONGEST_RETRY, error=str(error))
    except GraphError as error:
        logger.warning("subscription %s was not seen to: %s", row.pk, error)
        _put_off(row, error)


def _see_to(row: Subscription) -> None:
    graph = conf.client(row.tenant_id).subscriptions
    tidy()  # whoever waits for Graph needs no connection to the database
    if row.is_wanted and not listener_of(row.kind).is_wanted(row):
        Subscription.objects.filter(pk=row.pk, lease=row.lease).update(is_wanted=False)
        row.is_wanted = False
        tidy()
    if not row.is_wanted:
        _end(graph, row)
        return
    listener = listener_of(row.kind)
    ends = now() + listener.longest - timedelta(minutes=1)  # our clock may be ahead of Microsoft's
    if row.graph_id and row.expires_at and row.expires_at > now():
        try:
            _settle(row, graph.renew(row.graph_id, ends, permission=listener.permission), is_new=False)
            return
        except NotFound:
            logger.warning("subscription %s is lost: it is made anew", row.pk)
    _settle(row, _make(graph, row, ends, listener.permission), is_new=True)


def _make(
    graph: subscriptions.Subscriptions, row: Subscription, ends: datetime, permission: str
) -> subscriptions.Subscription:
    if row.asked:
        _clear(graph, row)
    state = secrets.token_urlsafe(STATE_BYTES)
    _hold(row, asked=True, graph_id="", expires_at=None, state_digest=digest(state))
    try:
        return graph.create(
            row.resource,
            row.changes.split(","),
            notification_url=address(row),
            client_state=state,
            expires_at=ends,
            permission=permission,
        )
    except GraphError as error:
        if not isinstance(error, (OutcomeUnknown, ServerFault)):
            _hold(row, asked=False)
        raise


def _clear(graph: subscriptions.Subscriptions, row: Subscription) -> None:
    """End whatever Microsoft has for this row."""
    for one in graph.all():
        if one.notification_url == address(row):
            graph.delete(one.id)


def _end(graph: subscriptions.Subscriptions, row: Subscription) -> None:
    if row.asked:
        _clear(graph, row)
    with transaction.atomic():
        gone, _ = Subscription.objects.filter(pk=row.pk, lease=row.lease, is_wanted=False).delete()
        if gone:
            _record(row, SYSTEM, "subscription.ended")
        else:
            row.settle_lease(graph_id="", expires_at=None, due_at=now())


def _hold(row: Subscription, **changes: Any) -> None:
    """Commit what is about to be asked, while the subscription is still ours.

    :raises Refused: another worker has it.
    """
    if not Subscription.objects.filter(pk=row.pk, lease=row.lease).update(**changes):
        raise Refused("another worker has this subscription", code="TakenOver")
    tidy()


def _settle(row: Subscription, made: subscriptions.Subscription, *, is_new: bool) -> None:
    """Write what Microsoft has now; a new one tells its listener that anything may have happened before."""
    assert made.expires_at is not None
    half = max((made.expires_at - now()) / 2, SOONEST)
    with transaction.atomic():
        is_ours = row.settle_lease(
            graph_id=made.id, expires_at=made.expires_at, due_at=now() + half, error="", attempts=0
        )
        if not is_ours:
            logger.warning("subscription %s was taken over while it was seen to", row.pk)
            return
        # What was asked for meanwhile, such as to end it, is not put off until then.
        Subscription.objects.filter(pk=row.pk, is_wanted=False).update(due_at=now())
        if is_new:
            listener_of(row.kind).told(row, [Change(MISSED)])
            _record(row, MICROSOFT, "subscription.made")


def _put_off(row: Subscription, error: GraphError) -> None:
    said, is_news = _words(error), row.error != _words(error)
    with transaction.atomic():
        if row.settle_lease(due_at=now() + _wait(error, row.attempts), error=said) and is_news:
            _record(row, SYSTEM, "subscription.failed", error=said[:200])


def _words(error: GraphError) -> str:
    """Return an error without the id of its request, which differs each time."""
    lacks = f" The application lacks {error.permission}." if error.permission else ""
    return f"{error.code or type(error).__name__}: {error.message}{lacks}".replace("\x00", "")[:ERROR_LENGTH]


def _wait(error: GraphError, attempts: int) -> timedelta:
    if isinstance(error, Forbidden):
        return UNTIL_PERMITTED
    wait: timedelta = min(FIRST_RETRY * 2 ** min(max(attempts - 1, 0), 10), LONGEST_RETRY)
    return max(wait, timedelta(seconds=error.retry_after or 0))


def _record(row: Subscription, actor: str, kind: str, **data: Any) -> None:
    about = {"subscription": str(row.pk), "kind": row.kind, "resource": row.resource}
    append([Event(kind, actor, row.tenant_id, data=about | data)])


DUTY: Final = Duty(
    "subscriptions", 1, claim, run, next_due, keep=keep, about=lambda row: {"subscription_id": row.pk}
)
