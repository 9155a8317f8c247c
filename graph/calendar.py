"""Calendars: making, reading, changing and cancelling events, and who has time (REFERENCE 23).

Mailboxes are named by object id. Times are asked for in UTC, ids such that they last (`outlook-immutable-id.md`).
`findMeetingTimes` is in `meeting_times`: applications have no permission for it, and find slots from `schedules`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from graph.calendar_values import Event, EventSettings, ZonedTime
from graph.errors import NotFound, OutcomeUnknown, Refused
from graph.schedule_values import Schedule
from graph.transport import Answer
from graph.values import objects, text

if TYPE_CHECKING:
    from graph.client import GraphClient

WRITE = "Calendars.ReadWrite"
READ = "Calendars.Read"
MOST_PAGES = 1_000
PAGE = "200"
MOST_ADDRESSES = 20
LONGEST_WINDOW = timedelta(days=42)
SLOT_MINUTES = range(5, 1441)

_ALL = "/users/{mailbox}/events"
_ONE = f"{_ALL}/{{event}}"
_CANCEL = f"{_ONE}/cancel"
_INSTANCES = f"{_ONE}/instances"
_VIEW = "/users/{mailbox}/calendarView"
_SCHEDULE = "/users/{mailbox}/calendar/getSchedule"
_STYLE = 'IdType="ImmutableId", outlook.timezone="UTC"'


class Calendars:
    """The calendars of one tenant's people, each the default one.

    Whatever is asked here raises `Forbidden` where the role lacks or an administrator keeps the application out of
    the mailbox, and `NotFound` where there is no such person, mailbox or event.
    """

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    def create(self, mailbox_id: str, settings: EventSettings, *, transaction_id: str = "") -> Event:
        """Make an event and invite its attendees; https://learn.microsoft.com/graph/api/user-post-events

        Where it is an online meeting, its link may lack in the answer and come a little later: see
        `Event.awaits_link`.

        :param transaction_id: ours, the same at each repetition: a repeated one makes no second event.
        :raises OutcomeUnknown: repeat it with the same `transaction_id`, and never without one.
        :raises Refused: the settings contradict each other, or Graph says so.
        """
        if settings.start is None or settings.end is None:
            raise Refused("an event has a beginning and an end", code="InvalidTimes")
        body = settings.to_graph() | ({"transactionId": transaction_id} if transaction_id else {})
        repeatable = bool(transaction_id)
        answer = self._ask(
            "POST", _ALL, {"mailbox": mailbox_id}, body=body, repeatable=repeatable, permission=WRITE
        )
        return _event(answer, repeatable=repeatable)

    def get(self, mailbox_id: str, event_id: str) -> Event:
        """Read an event, the master of a series or one of its occurrences.

        https://learn.microsoft.com/graph/api/event-get
        """
        ids = {"mailbox": mailbox_id, "event": event_id}
        return _event(self._ask("GET", _ONE, ids, repeatable=True, permission=READ), repeatable=True)

    def update(self, mailbox_id: str, event_id: str, settings: EventSettings, *, etag: str = "") -> Event:
        """Change what is set; of an occurrence that makes an exception.

        https://learn.microsoft.com/graph/api/event-update

        :param etag: of the state that was read: another one is refused. Without it the last writer wins.
        :raises PreconditionFailed: somebody has changed it since; or the mailbox was busy, so read it again.
        :raises Refused: nothing is set, or an occurrence would cross its neighbour (`ErrorOccurrence...`).
        """
        body = settings.to_graph()
        if not body:
            raise Refused("there is nothing to change", code="InvalidSettings")
        ids = {"mailbox": mailbox_id, "event": event_id}
        # With an etag a repetition finds its own change, and is refused although it was made.
        repeatable = not etag
        answer = self._ask("PATCH", _ONE, ids, body=body, repeatable=repeatable, permission=WRITE, if_match=etag)
        return _event(answer, repeatable=repeatable)

    def delete(self, mailbox_id: str, event_id: str) -> str:
        """Delete an event, or find it gone; return Graph's id of the request.

        https://learn.microsoft.com/graph/api/event-delete

        The organiser's attendees are told that it is cancelled. Of an occurrence that one alone is deleted.
        """
        ids = {"mailbox": mailbox_id, "event": event_id}
        try:
            return self._ask("DELETE", _ONE, ids, repeatable=True, permission=WRITE).request_id
        except NotFound as error:
            return error.request_id

    def cancel(self, mailbox_id: str, event_id: str, comment: str = "") -> str:
        """Cancel an event and tell its attendees why, or find it gone; return Graph's id of the request.

        https://learn.microsoft.com/graph/api/event-cancel

        :raises Refused: this mailbox is an attendee's.
        """
        ids = {"mailbox": mailbox_id, "event": event_id}
        body = {"comment": comment} if comment else {}
        try:
            answer = self._ask("POST", _CANCEL, ids, body=body, repeatable=True, permission=WRITE)
        except NotFound as error:
            return error.request_id
        return answer.request_id

    def view(self, mailbox_id: str, start: datetime, end: datetime) -> list[Event]:
        """Read what takes place in a time: single events, occurrences and exceptions, never masters of series.

        https://learn.microsoft.com/graph/api/user-list-calendarview

        :raises Refused: a bound has no offset, or the end comes first.
        """
        return self._events(_VIEW, {"mailbox": mailbox_id}, start, end)

    def instances(self, mailbox_id: str, event_id: str, start: datetime, end: datetime) -> list[Event]:
        """Read what takes place of one series in a time, in the order of beginning.

        https://learn.microsoft.com/graph/api/event-list-instances

        :raises Refused: a bound has no offset, or the end comes first.
        """
        return self._events(_INSTANCES, {"mailbox": mailbox_id, "event": event_id}, start, end)

    def schedules(
        self, mailbox_id: str, addresses: Sequence[str], start: datetime, end: datetime, *, slot_minutes: int = 30
    ) -> list[Schedule]:
        """Read when people have time, one for each address and in their order.

        https://learn.microsoft.com/graph/api/calendar-getschedule

        An address that says nothing has `Schedule.error`; the others do not suffer from it. Graph takes 20
        addresses at once, so more are several requests.

        :param mailbox_id: whose view of the others it is.
        :raises Refused: 42 days or more, or slots that are not of 5 to 1440 minutes.
        """
        _ordered(start, end)
        if end - start >= LONGEST_WINDOW or slot_minutes not in SLOT_MINUTES:
            raise Refused(
                "schedules are told for less than 42 days, in slots of 5 to 1440 minutes", code="InvalidTimes"
            )
        found: dict[str, Schedule] = {}
        wanted = list(dict.fromkeys(addresses))
        for first in range(0, len(wanted), MOST_ADDRESSES):
            some = wanted[first : first + MOST_ADDRESSES]
            found |= dict(zip(some, self._schedules(mailbox_id, some, start, end, slot_minutes), strict=True))
        return [found[address] for address in addresses]

    def _schedules(
        self, mailbox_id: str, addresses: list[str], start: datetime, end: datetime, minutes: int
    ) -> list[Schedule]:
        body = {
            "schedules": addresses,
            "startTime": ZonedTime.at(start).to_graph(),
            "endTime": ZonedTime.at(end).to_graph(),
            "availabilityViewInterval": minutes,
        }
        ids = {"mailbox": mailbox_id}
        answer = self._ask("POST", _SCHEDULE, ids, body=body, repeatable=True, permission=READ)
        told = map(Schedule.from_graph, objects(answer.entity(repeatable=True).get("value")))
        by_address = {one.address.casefold(): one for one in told}
        return [by_address.get(address.casefold(), _untold(address)) for address in addresses]

    def _events(self, template: str, ids: Mapping[str, str], start: datetime, end: datetime) -> list[Event]:
        _ordered(start, end)
        query = {
            "startDateTime": _utc(start),
            "endDateTime": _utc(end),
            "$top": PAGE,
            "$orderby": "start/dateTime",
        }
        answer = self._ask("GET", template, ids, query=query, repeatable=True, permission=READ)
        events = [Event.from_graph(item, answer.request_id) for item in self._pages(answer, template)]
        return sorted(events, key=_begins)

    def _pages(self, answer: Answer, template: str) -> Iterator[dict[str, Any]]:
        for _page in range(MOST_PAGES):
            page = answer.entity(repeatable=True)
            yield from objects(page.get("value"))
            link = text(page.get("@odata.nextLink"))
            if not link:
                return
            answer = self._graph.follow(link, template, permission=READ, prefer=_STYLE)
        raise OutcomeUnknown("the list of events has no end", code="EndlessList")

    def _ask(self, method: str, template: str, ids: Mapping[str, str], **rest: Any) -> Answer:
        return self._graph.send(method, template, ids, prefer=_STYLE, **rest)


def new_transaction() -> str:
    """Return a new transaction id: keep it before it is sent, and send it with each repetition."""
    return str(uuid.uuid4())


def _event(answer: Answer, *, repeatable: bool) -> Event:
    """Read the event that was answered.

    :raises OutcomeUnknown: it cannot be told from others.
    """
    event = Event.from_graph(answer.entity(repeatable=repeatable), answer.request_id)
    if not event.id:
        raise OutcomeUnknown(
            "an event was answered without an id",
            retryable=repeatable,
            status=answer.status,
            code="Unreadable",
            request_id=answer.request_id,
        )
    return event


def _untold(address: str) -> Schedule:
    return Schedule(address, error="Graph told nothing of this address.", error_code="Untold")


def _ordered(start: datetime, end: datetime) -> None:
    if start.tzinfo is None or end.tzinfo is None or end < start:
        raise Refused("a time has two instants with offsets, the earlier first", code="InvalidTimes")


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _begins(event: Event) -> float:
    at = event.start.instant() if event.start else None
    return at.timestamp() if at else 0.0
