"""Changes that Microsoft tells of: who listens to which, and what they are told (REFERENCE 12).

Apps above register a listener in `ready()` and subscribe to what they want to hear of. A notification says that
something is different and nothing of what: listeners look for themselves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import transaction

from commsportal.clock import now
from commsportal.wakeups import announce
from graph.subscriptions import CHANGES, LONGEST_LIFE
from graph.values import guid, mapping, text, word
from webhooks.handlers import CHANGE
from webhooks.models import Delivery, Subscription

KIND: Final = CHANGE
MISSED: Final = "missed"  # what has changed was not told: everything is to be looked at
LIFECYCLE: Final = ("reauthorizationRequired", "subscriptionRemoved", MISSED)


@dataclass(frozen=True)
class Change:
    """One thing that is different; of one that was missed neither resource nor id is known."""

    kind: str
    resource: str = ""
    id: str = ""
    etag: str = ""


@dataclass(frozen=True)
class Listener:
    """Who is told, inside the applier's transaction, and which role the resource needs.

    `is_wanted` is asked before a subscription is renewed: it ends where nobody wants to hear any more.
    """

    told: Callable[[Subscription, Sequence[Change]], None]
    permission: str
    longest: timedelta = LONGEST_LIFE
    is_wanted: Callable[[Subscription], bool] = lambda subscription: True


class NobodyListens(LookupError):
    """No app has registered a listener for this kind."""


_listeners: dict[str, Listener] = {}


def register(kind: str, listener: Listener) -> None:
    """Have `listener` told of the changes that subscriptions of a kind are about.

    :raises ValueError: when the kind has another listener.
    """
    if _listeners.setdefault(kind, listener) is not listener:
        raise ValueError(f"Subscriptions of kind {kind} have a listener already.")


def listener_of(kind: str) -> Listener:
    """:raises NobodyListens: when nobody does."""
    try:
        return _listeners[kind]
    except KeyError:
        raise NobodyListens(f"nobody listens to subscriptions of kind {kind}") from None


def subscribe(kind: str, tenant_id: str, resource: str, changes: Sequence[str] = CHANGES) -> Subscription:
    """Want to be told of a resource's changes; the worker sees to it. Once it does, `missed` is told first.

    :raises NobodyListens: when nobody would be told.
    """
    listener_of(kind)
    wanted = {"is_wanted": True, "changes": ",".join(changes)}
    named = {"kind": kind, "tenant_id": tenant_id, "resource": resource}
    with transaction.atomic():
        rows = Subscription.objects.select_for_update()
        row: Subscription
        row, is_new = rows.get_or_create(**named, defaults=wanted | {"created_at": now(), "due_at": now()})
        if not is_new and any(getattr(row, name) != value for name, value in wanted.items()):
            _restart(row, **wanted)
        announce()
    return row


def _restart(row: Subscription, **changes: Any) -> None:
    """Have a subscription made anew; whoever works on it meanwhile has lost it."""
    fresh = {"graph_id": "", "expires_at": None, "due_at": now(), "lease": None, "lease_until": None}
    for name, value in (fresh | changes).items():
        setattr(row, name, value)
    row.save()
    announce()


def unsubscribe(kind: str, tenant_id: str, resource: str) -> None:
    """Want to be told no more."""
    with transaction.atomic():
        rows = Subscription.objects.filter(kind=kind, tenant_id=tenant_id, resource=resource)
        rows.update(is_wanted=False, due_at=now())
        announce()


def handle(rows: Sequence[Delivery]) -> None:
    """Apply notifications: tell listeners of changes, and take note of what becomes of the subscriptions."""
    keys = sorted({row.call_key for row in rows})
    found = Subscription.objects.select_for_update().filter(pk__in=keys, is_wanted=True)
    by_key = {str(subscription.pk): subscription for subscription in found.order_by("pk")}
    for key in keys:
        items = [mapping(row.item) for row in rows if row.call_key == key]
        if key in by_key:
            _tell(by_key[key], items)


def _tell(subscription: Subscription, items: Sequence[dict[str, Any]]) -> None:
    for item in items:
        _note(subscription, item)
    changes = [change for item in items if (change := read(item))]
    if changes:
        listener_of(subscription.kind).told(subscription, list(dict.fromkeys(changes)))


def _note(subscription: Subscription, item: dict[str, Any]) -> None:
    """Take note of what becomes of a subscription, unless it is another one by now."""
    event = word(item.get("lifecycleEvent"), LIFECYCLE)
    if guid(text(item.get("subscriptionId"))) != subscription.graph_id:
        return
    if event == "subscriptionRemoved":
        _restart(subscription)
    elif event == "reauthorizationRequired":
        subscription.due_at = now()
        subscription.save(update_fields=["due_at"])
        announce()


def read(item: dict[str, Any]) -> Change | None:
    """Read what an item tells a listener; None when it tells of the subscription alone."""
    if event := text(item.get("lifecycleEvent")):
        return Change(MISSED) if word(event, LIFECYCLE) == MISSED else None
    kind, data = word(item.get("changeType"), CHANGES), mapping(item.get("resourceData"))
    if not kind:
        return None
    return Change(kind, text(item.get("resource")), text(data.get("id")), text(data.get("@odata.etag")))
