"""Subscriptions to changes: Microsoft tells us that something is different, and nothing of what (REFERENCE 12).

Resource data, which comes encrypted, is not asked for: what a notification names is read when it is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from graph.errors import NotFound, OutcomeUnknown, Refused
from graph.transport import Answer
from graph.values import instant, normalize_id, objects, text

if TYPE_CHECKING:
    from graph.client import GraphClient

LONGEST_STATE = 128
LONGEST_LIFE = timedelta(minutes=4_230)  # of events and call records
CHANGES = ("created", "updated", "deleted")
MOST_PAGES = 100

_ALL = "/subscriptions"
_ONE = f"{_ALL}/{{subscription}}"
# As for events: ids in notifications are such that they last.
_STYLE = 'IdType="ImmutableId"'


@dataclass(frozen=True)
class Subscription:
    """What Microsoft tells us of, where and until when. Its `clientState` is never read back."""

    id: str
    resource: str = ""
    change_types: tuple[str, ...] = ()
    notification_url: str = ""
    expires_at: datetime | None = None

    @classmethod
    def from_graph(cls, value: dict[str, Any]) -> Subscription:
        """Read a subscription."""
        return cls(
            id=normalize_id(text(value.get("id"))),
            resource=text(value.get("resource")),
            change_types=tuple(word.strip() for word in text(value.get("changeType")).split(",") if word.strip()),
            notification_url=text(value.get("notificationUrl")),
            expires_at=instant(value.get("expirationDateTime")),
        )


class Subscriptions:
    """The subscriptions of this application in one tenant."""

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    def create(
        self,
        resource: str,
        change_types: Sequence[str],
        *,
        notification_url: str,
        client_state: str,
        expires_at: datetime,
        permission: str = "",
    ) -> Subscription:
        """Subscribe; Microsoft asks `notification_url` for a token first, and news of its life go there too.

        https://learn.microsoft.com/graph/api/subscription-post-subscriptions

        :param permission: the role that the resource needs, named by the error when it is missing.
        :raises OutcomeUnknown: look at `all` before asking again: a second one tells everything twice.
        :raises Refused: the address did not answer as it should, the life is too long, or the like.
        """
        if not 0 < len(client_state) <= LONGEST_STATE:
            raise Refused(f"clientState has 1 to {LONGEST_STATE} characters", code="InvalidState")
        if not change_types or not set(change_types) <= set(CHANGES):
            raise Refused(f"changes are some of {', '.join(CHANGES)}", code="InvalidChange")
        body = {
            "changeType": ",".join(change_types),
            "notificationUrl": notification_url,
            "lifecycleNotificationUrl": notification_url,
            "resource": resource,
            "expirationDateTime": _utc(expires_at),
            "clientState": client_state,
        }
        answer = self._graph.send("POST", _ALL, body=body, permission=permission, prefer=_STYLE)
        return _read(answer, repeatable=False)

    def renew(self, subscription_id: str, expires_at: datetime, *, permission: str = "") -> Subscription:
        """Have it live longer; that authorizes it anew, too.

        https://learn.microsoft.com/graph/api/subscription-update

        :raises NotFound: it is over: make another one.
        """
        answer = self._graph.send(
            "PATCH",
            _ONE,
            {"subscription": subscription_id},
            body={"expirationDateTime": _utc(expires_at)},
            repeatable=True,
            permission=permission,
        )
        return _read(answer, repeatable=True)

    def delete(self, subscription_id: str) -> str:
        """End it, or find it over; return Graph's id of the request.

        https://learn.microsoft.com/graph/api/subscription-delete
        """
        try:
            return self._graph.send("DELETE", _ONE, {"subscription": subscription_id}, repeatable=True).request_id
        except NotFound as error:
            return error.request_id

    def all(self) -> list[Subscription]:
        """Read what this application has subscribed to.

        https://learn.microsoft.com/graph/api/subscription-list
        """
        answer, found = self._graph.send("GET", _ALL, repeatable=True), []
        for _page in range(MOST_PAGES):
            page = answer.entity(repeatable=True)
            found += [Subscription.from_graph(item) for item in objects(page.get("value"))]
            link = text(page.get("@odata.nextLink"))
            if not link:
                return found
            answer = self._graph.follow(link, _ALL)
        raise OutcomeUnknown("the list of subscriptions has no end", code="EndlessList")


def _read(answer: Answer, *, repeatable: bool) -> Subscription:
    """Read the subscription that was answered.

    :raises OutcomeUnknown: it cannot be told from others, or has no end.
    """
    found = Subscription.from_graph(answer.entity(repeatable=repeatable))
    if not found.id or found.expires_at is None:
        raise OutcomeUnknown(
            "a subscription was answered without id or end",
            retryable=repeatable,
            status=answer.status,
            code="Unreadable",
            request_id=answer.request_id,
        )
    return found


def _utc(at: datetime) -> str:
    if at.tzinfo is None:
        raise Refused("an instant has an offset", code="InvalidTimes")
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
