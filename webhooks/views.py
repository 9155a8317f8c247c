"""Where Microsoft tells of changes (W13): judged item by item, stored before it is answered.

Unlike notifications of calls these carry no token of Microsoft's: who knows a subscription's id and its
`clientState`, which was told to Microsoft alone, speaks for it. Strangers get nothing stored.
"""

import hmac
import uuid
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from prometheus_client import Counter

from commsportal.among import among
from commsportal.clock import now
from commsportal.errors import Broken, PortalError, TooLong
from commsportal.failures import refusal
from commsportal.wakeups import announce
from graph.values import guid, mapping, text
from webhooks import bodies, intake
from webhooks.changes import KIND
from webhooks.models import Delivery, Subscription
from webhooks.renewal import digest

LONGEST_TOKEN: Final = 4096
NO_DIGEST: Final = "0" * 64  # compared with where there is no subscription, so that this takes no less time
MEMBERS: Final = ("subscriptionId", "changeType", "lifecycleEvent", "resource")
DATA_MEMBERS: Final = ("@odata.type", "id", "@odata.etag")
ITEMS = Counter("portal_change_notifications", "Items of change notifications", ["status"])
complaints = intake.Complaints()


class Foreign(PortalError):
    """None of it is of a subscription of ours, or it does not know what Microsoft was told."""

    status = 403
    code = "unknown_subscription"
    title = "This is about no subscription of the portal's"


class Encrypted(PortalError):
    """It brings the resource itself, which nobody here has asked for."""

    status = 400
    code = "encrypted_content"
    title = "Encrypted content is not read here"


class Known(NamedTuple):
    """An item of a subscription of ours, ready to be stored."""

    subscription: Subscription
    body: str


@csrf_exempt
@login_not_required
@require_POST
def changes(request: HttpRequest) -> HttpResponse:
    """Repeat a token, or take notifications: 202 says that what is ours of them is stored."""
    if "validationToken" in request.GET:
        return _proof(request)
    try:
        items = _items(request)
        known = _known(items)
    except PortalError as error:
        complaints.note(intake.Refused(error.status, error.code))
        return refusal(error)
    _store(known)
    return HttpResponse(status=202)


def _proof(request: HttpRequest) -> HttpResponse:
    """Repeat the token that Microsoft sends before it makes a subscription: as text, whatever is in it."""
    token = request.GET["validationToken"]
    if len(token) > LONGEST_TOKEN:
        return refusal(TooLong("No validation token is so long."))
    answer = HttpResponse(token, content_type="text/plain; charset=utf-8")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def _items(request: HttpRequest) -> list[dict[str, Any]]:
    """Read the items of a body.

    :raises PortalError: there is too much of it, or it is none.
    """
    declared = int(request.META.get("CONTENT_LENGTH") or 0)
    if declared > bodies.LONGEST_BODY or len(request.body) > bodies.LONGEST_BODY:
        raise TooLong("No notification is so long.")
    try:
        parsed = bodies.parse(request.body)
    except bodies.TooLong as error:
        raise TooLong("No notification has so many items.") from error
    except (bodies.Malformed, bodies.NothingToStore) as error:
        raise Broken("This is no notification of changes.") from error
    items = [item for one in parsed if isinstance(item := orjson.loads(one.body), dict)]
    if any(item.get("encryptedContent") is not None for item in items):
        raise Encrypted("Subscribe without includeResourceData: the portal reads what has changed by itself.")
    return items


def _known(items: Sequence[dict[str, Any]]) -> list[Known]:
    """Return the items that are of subscriptions of ours.

    :raises Foreign: there is none.
    """
    ids = {guid(text(item.get("subscriptionId"))) for item in items} - {""}
    rows = {row.graph_id: row for row in Subscription.objects.filter(among("graph_id", ids))} if ids else {}
    found = [known for item in items if (known := _judged(item, rows))]
    ITEMS.labels("taken").inc(len(found))
    ITEMS.labels("refused").inc(len(items) - len(found))
    if not found:
        raise Foreign("Nothing is stored. If the subscription is yours, end it.")
    return found


def _judged(item: dict[str, Any], rows: dict[str, Subscription]) -> Known | None:
    row = rows.get(guid(text(item.get("subscriptionId"))))
    told = digest(text(item.get("clientState")))
    is_known = hmac.compare_digest(told, row.state_digest if row else NO_DIGEST)
    tenant = guid(text(item.get("tenantId")))
    if row is None or not is_known or (tenant and tenant != row.tenant_id.lower()):
        return None
    return Known(row, orjson.dumps(_kept(item)).decode())


def _kept(item: dict[str, Any]) -> dict[str, Any]:
    """Return what is made use of, without the secret."""
    kept: dict[str, Any] = {name: text(item[name]) for name in MEMBERS if name in item}
    data = mapping(item.get("resourceData"))
    return kept | {"resourceData": {name: text(data[name]) for name in DATA_MEMBERS if name in data}}


def _store(known: Sequence[Known]) -> None:
    """Store the items under one key, those of a subscription in their order."""
    at, key = now(), f"{KIND}:{uuid.uuid4()}"
    rows = [
        Delivery(
            kind=KIND,
            tenant_id=one.subscription.tenant_id,
            message_key=key,
            index=index,
            call_key=str(one.subscription.pk),
            body=one.body,
            received_at=at,
            due_at=at,
        )
        for index, one in enumerate(known)
    ]
    with transaction.atomic():
        Delivery.objects.bulk_create(rows)
        announce()
