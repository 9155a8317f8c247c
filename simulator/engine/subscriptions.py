"""Who is told of which changes, where and until when (REFERENCE 12, 23.9)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from simulator.engine.bodies import GRAPH
from simulator.engine.checks import bad_request
from simulator.engine.model import GraphFault, Json
from simulator.reading import LOOPBACK, web_address

if TYPE_CHECKING:
    from simulator.engine.application import Application

LONGEST_LIFE = timedelta(minutes=4_230)
LONGEST_STATE = 128
MOST = 1_000  # for each mailbox; the service's own number is larger
CHANGES = ("created", "updated", "deleted")
EVENTS = re.compile(r"/?users/([^/]+)/(?:calendar/)?events/?", re.IGNORECASE)
ROLES = ("Calendars.Read", "Calendars.ReadWrite")
EVENT_TYPES = ("missed", "subscriptionRemoved", "reauthorizationRequired")


@dataclass
class Subscription:
    """Hold one subscription to the events of a mailbox."""

    id: str
    tenant_id: str
    app_id: str
    mailbox: str
    resource: str
    changes: frozenset[str]
    notification_url: str
    lifecycle_url: str
    state: str | None
    expires_at: datetime

    def to_graph(self) -> Json:
        """Return the subscription; its clientState is told to nobody."""
        return {
            "@odata.context": f"{GRAPH}/$metadata#subscriptions/$entity",
            "id": self.id,
            "resource": self.resource,
            "applicationId": self.app_id,
            "changeType": ",".join(sorted(self.changes)),
            "clientState": None,
            "notificationUrl": self.notification_url,
            "lifecycleNotificationUrl": self.lifecycle_url or None,
            "expirationDateTime": stamp(self.expires_at),
            "creatorId": self.app_id,
            "includeResourceData": False,
        }

    def item(self, **members: object) -> Json:
        """Return what all items of its notifications hold."""
        return {
            "subscriptionId": self.id,
            "clientState": self.state,
            "subscriptionExpirationDateTime": stamp(self.expires_at),
            "tenantId": self.tenant_id,
            **members,
        }


class Subscriptions:
    """Keep the subscriptions; `send` is handed a subscription, an address and the body of a notification."""

    def __init__(self, new_id: Callable[[], str], now: Callable[[], datetime]) -> None:
        self.new_id = new_id
        self.now = now
        self.send: Callable[[Subscription, str, Json], object] = lambda subscription, url, body: None
        self._all: dict[str, Subscription] = {}

    def live(self) -> list[Subscription]:
        """List those that have not run out."""
        now = self.now()
        for over in [one.id for one in self._all.values() if one.expires_at <= now]:
            self._all.pop(over)
        return list(self._all.values())

    def of(self, app: "Application") -> list[Subscription]:
        """List those of an application in a tenant."""
        return [one for one in self.live() if (one.tenant_id, one.app_id) == (app.tenant.id, app.app_id)]

    def find(self, app: "Application", key: str) -> Subscription:
        """Return one of an application's.

        :raises GraphFault: if there is none.
        """
        found = next((one for one in self.of(app) if one.id == key.lower()), None)
        if found is None:
            raise GraphFault(404, "ResourceNotFound", "The object was not found.")
        return found

    def wanted(self, app: "Application", body: Json) -> Subscription:
        """Return the subscription that a body asks for; it is not kept before its address has proved itself.

        :raises GraphFault: if it cannot be.
        """
        mailbox = self._mailbox(app, body["resource"])
        changes = frozenset(word.strip().lower() for word in body["changeType"].split(","))
        if not changes <= set(CHANGES):
            raise bad_request(f"changeType is some of {', '.join(CHANGES)}.")
        if body.get("includeResourceData"):
            raise bad_request("Resource data is not simulated: includeResourceData must not be true.")
        if len(body.get("clientState") or "") > LONGEST_STATE:
            raise bad_request(f"clientState must not be longer than {LONGEST_STATE} characters.")
        if sum(one.mailbox == mailbox for one in self.live()) >= MOST:
            raise GraphFault(403, "SubscriptionLimitReached", "There are too many subscriptions to this resource.")
        return Subscription(
            self.new_id(),
            app.tenant.id,
            app.app_id,
            mailbox,
            body["resource"],
            changes,
            address(body["notificationUrl"], "notificationUrl", app),
            address(body["lifecycleNotificationUrl"], "lifecycleNotificationUrl", app)
            if body.get("lifecycleNotificationUrl")
            else "",
            body.get("clientState"),
            self.until(body["expirationDateTime"]),
        )

    def _mailbox(self, app: "Application", resource: str) -> str:
        found = EVENTS.fullmatch(resource)
        if found is None:
            raise bad_request(f"Subscriptions to {resource[:100]!r} are not simulated; users/{{id}}/events are.")
        if not app.roles & set(ROLES):
            raise GraphFault(403, "ExtensionError", "Operation: Create; Exception: [Status Code: Forbidden]")
        person = app.tenant.find_person(found[1])
        if person is None:
            raise GraphFault(404, "ResourceNotFound", "The user of the resource was not found.")
        return person.id

    def until(self, text: str) -> datetime:
        """Return when a subscription runs out: in the future, and not too far in it."""
        try:
            at = datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            raise bad_request("expirationDateTime is no time.") from None
        if not self.now() < at <= self.now() + LONGEST_LIFE:
            raise bad_request("Subscription expiration can only be 4230 minutes in the future.")
        return at

    def keep(self, subscription: Subscription) -> None:
        """Begin to tell."""
        self._all[subscription.id] = subscription

    def remove(self, subscription: Subscription) -> None:
        """Tell nothing any more."""
        self._all.pop(subscription.id, None)

    def is_live(self, subscription: Subscription) -> bool:
        """Tell whether it still tells."""
        return self._all.get(subscription.id) is subscription and subscription.expires_at > self.now()

    # Telling

    def changed(self, mailbox: str, event_id: str, etag: str, change: str) -> None:
        """Tell of an event; nothing of what is in it."""
        for one in self.live():
            if one.mailbox != mailbox or change not in one.changes:
                continue
            path = f"Users/{mailbox}/Events/{event_id}"
            data = {"@odata.type": "#Microsoft.Graph.Event", "@odata.id": path, "id": event_id}
            data |= {"@odata.etag": f'W/"{etag}"'} if etag else {}
            item = one.item(changeType=change, resource=path, resourceData=data)
            self.send(one, one.notification_url, {"value": [item]})

    def lifecycle(self, one: Subscription, event: str) -> None:
        """Tell what becomes of a subscription itself, if somebody wants to hear it."""
        if event == "subscriptionRemoved":
            self.remove(one)
        if one.lifecycle_url:
            item = one.item(lifecycleEvent=event, resource=one.resource)
            self.send(one, one.lifecycle_url, {"value": [item]})


def address(url: object, name: str, app: "Application") -> str:
    """Return an address that may be told: https, or http to this machine where a switch allows it."""
    scheme, host = web_address(url)
    plain = app.http_callbacks and scheme == "http" and host in LOOPBACK
    if not isinstance(url, str) or not (scheme == "https" or plain):
        raise bad_request(f"{name} must be an absolute https URL.")
    return url


def stamp(at: datetime) -> str:
    """Return an instant as subscriptions show it."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
