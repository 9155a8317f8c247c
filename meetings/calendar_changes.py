"""Hear of it when somebody changes a meeting in Outlook: organisers' calendars are subscribed to (REFERENCE 12).

A notification says only that something is different. The meeting falls due, the worker looks, and what somebody
else has changed is shown for somebody here to decide.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.db.models import Q

from commsportal.clock import now
from commsportal.wakeups import announce
from graph.calendar import READ
from meetings.models import OnlineMeeting, OnlineMeetingQuerySet, Organizer
from webhooks import changes
from webhooks.changes import MISSED, Change, Listener
from webhooks.models import Subscription

KIND: Final = "calendar"
CHANGES: Final = ("updated", "deleted")
SETTLING: Final = timedelta(seconds=5)  # one change of somebody's makes several notifications
PREFIX, SUFFIX = "/users/", "/events"


def watch(organizer: Organizer) -> None:
    """Want to hear of changes of somebody's calendar while a meeting of theirs is to be in it, and no longer.

    Never called with a meeting locked: whoever hears of changes has the subscription locked and then meetings.
    """
    if _held(organizer.tenant_id, organizer.oid).exists():
        changes.subscribe(KIND, organizer.tenant_id, _resource(organizer), CHANGES)
    else:
        changes.unsubscribe(KIND, organizer.tenant_id, _resource(organizer))


def _resource(organizer: Organizer) -> str:
    return f"{PREFIX}{organizer.oid}{SUFFIX}"


def _held(tenant_id: str, oid: str) -> OnlineMeetingQuerySet:
    """Return the meetings that are to be in somebody's calendar and are not over."""
    rows = OnlineMeeting.objects.filter(organizer__tenant_id=tenant_id, organizer__oid=oid, on_calendar=True)
    return rows.filter(state=OnlineMeeting.State.SCHEDULED, over_at__gt=now())


def hear(subscription: Subscription, told: Sequence[Change]) -> None:
    """Have the meetings looked at that are different; all of the calendar where something was missed."""
    oid = subscription.resource.removeprefix(PREFIX).removesuffix(SUFFIX)
    held = _held(subscription.tenant_id, oid)
    if not held.exists():
        changes.unsubscribe(subscription.kind, subscription.tenant_id, subscription.resource)
        return
    rows = held.filter(theirs__isnull=True, error_title="")
    if not any(one.kind == MISSED for one in told):
        rows = rows.filter(event_id__in={one.id for one in told})
    at = now() + SETTLING
    # What is being worked on falls due anew as well: it may have been looked at before this change.
    asleep = rows.filter(Q(due_at__isnull=True) | Q(due_at__gt=at) | Q(lease_until__gt=now())).order_by("pk")
    keys = list(asleep.select_for_update(of=("self",)).values_list("pk", flat=True))
    if OnlineMeeting.objects.filter(pk__in=keys).update(due_at=at):
        announce()


def is_wanted(subscription: Subscription) -> bool:
    """Tell whether a meeting is still to be in the calendar."""
    oid = subscription.resource.removeprefix(PREFIX).removesuffix(SUFFIX)
    return _held(subscription.tenant_id, oid).exists()


LISTENER: Final = Listener(hear, READ, is_wanted=is_wanted)
