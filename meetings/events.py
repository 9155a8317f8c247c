"""Meetings as events of their organiser's calendar, brought there and read back (REFERENCE 23).

The event has no attendees: the portal invites them itself, in their language, and tells whom it reached. Teams
makes one online meeting for all dates of a series; its settings are found by the join link.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from graph.calendar_values import Event, EventSettings, ZonedTime
from graph.client import GraphClient
from graph.errors import NotFound, PreconditionFailed, Refused, ServerFault
from graph.meeting_values import Meeting, MeetingSettings
from graph.recurrence_values import PatternedRecurrence
from meetings import facts
from meetings.events_seen import Seen, Snapshot, as_asked, look, usual_of, whole_of
from meetings.models import OnlineMeeting
from meetings.rules import series as rules
from meetings.rules.patterns import Range, Recurrence
from meetings.rules.plan import Plan, zone_of
from meetings.rules.times import Interval
from meetings.rules.watching import USUAL, behind, is_foreign, is_whole

AWAITS_LINK: Final = "AwaitsLink"
NO_MEETING: Final = "NoOnlineMeeting"
IS_SERIES: Final = "IsSeries"
WHEN: Final = ("starts_at", "ends_at", "recurrence", "clock")

Hold = Callable[..., None]


class ChangedThere(Exception):
    """Somebody has changed the event in Outlook or Teams; `seen` is how it is now."""

    def __init__(self, seen: Snapshot) -> None:
        """Keep what was seen."""
        self.seen = seen
        super().__init__("changed in Teams")


def bring(graph: GraphClient, meeting: OnlineMeeting, hold: Hold) -> tuple[Meeting | None, list[Snapshot] | None]:
    """Have the event be as it is wanted; return its online meeting, and how what is watched of it may be now.

    All of it may be done again, from the beginning and in part. Where nothing is wanted anew it only looks, and
    returns nothing.

    :param hold: commits what is about to be asked, while the meeting is still ours.
    :raises ChangedThere: somebody else has changed it.
    :raises ServerFault: Teams is still making the link.
    """
    event = _event(graph, meeting, hold)
    if event.online_meeting is None and meeting.join_url:
        raise Refused("the event has no online meeting any more", code=NO_MEETING, request_id=event.request_id)
    if event.awaits_link or event.online_meeting is None:
        raise ServerFault("the event has no link yet", code=AWAITS_LINK, request_id=event.request_id)
    seen, wanted = look(graph, meeting, event), facts.watched(meeting)
    if meeting.known is not None and is_foreign(seen.whole, [*meeting.known, wanted], seen.ahead):
        raise ChangedThere(seen.whole)
    if meeting.sent == meeting.version and meeting.known is not None:
        return None, None
    event, seen = _bring_whole(graph, meeting, event, seen, wanted, hold)
    _bring_dates(graph, meeting, seen, behind(seen.whole, wanted, seen.ahead))
    link = event.online_meeting.join_url if event.online_meeting else meeting.join_url
    there = seen.whole | {"dates": wanted["dates"]}
    return _bring_options(graph, meeting, link), [wanted] if there == wanted else [wanted, there]


def _bring_whole(
    graph: GraphClient, meeting: OnlineMeeting, event: Event, seen: Seen, wanted: Snapshot, hold: Hold
) -> tuple[Event, Seen]:
    """Have all but single dates be as it is wanted; what is about to be asked for is on record first."""
    late = behind(seen.whole, wanted, seen.ahead)
    if not is_whole(seen.whole, wanted) or late:
        known, bare = meeting.known or [seen.whole], wanted | {"dates": {}}
        hold(known=[*known, *(one for one in (wanted, bare) if one not in known)])
    needs_reset = _needs_reset(seen.whole, late)
    if is_whole(seen.whole, wanted) and not needs_reset:
        return event, seen
    if event.recurrence is not None and wanted["recurrence"] is None:
        raise Refused("somebody has made a series of it", code=IS_SERIES, request_id=event.request_id)
    settings = _changes(facts.plan_of(meeting), seen.whole, wanted, event.recurrence if needs_reset else None)
    event = graph.calendars.update(meeting.organizer.oid, event.id, settings, etag=event.etag)
    return event, look(graph, meeting, event)


def _event(graph: GraphClient, meeting: OnlineMeeting, hold: Hold) -> Event:
    """Read the event, or make it; that it may have been made is on record first, and its id before all else.

    :raises NotFound: it was cancelled there.
    """
    organizer = meeting.organizer.oid
    if meeting.event_id:
        event = graph.calendars.get(organizer, meeting.event_id)
        if event.is_cancelled:
            raise NotFound("the event is cancelled", status=404, code="Cancelled", request_id=event.request_id)
        return event
    is_first = not meeting.asked
    event = make(graph, meeting, hold)
    asked = as_asked(_settings_of((meeting.told or {})["event"]))
    answered = [whole_of(event, meeting.zone)] if is_first else []  # later somebody may have changed it
    hold(event_id=event.id, known=[asked, *(one for one in answered if one != asked)])
    return event


def make(graph: GraphClient, meeting: OnlineMeeting, hold: Hold) -> Event:
    """Make the event, or find it made before: the same request finds it, so that is kept and repeated as it was.

    What is wanted otherwise since is told afterwards.
    """
    if not (meeting.asked and meeting.told):
        hold(asked=True, told={"event": settings_for(facts.plan_of(meeting)).to_graph()})
    settings = _settings_of((meeting.told or {})["event"])
    return graph.calendars.create(meeting.organizer.oid, settings, transaction_id=str(meeting.pk))


def remove(graph: GraphClient, meeting: OnlineMeeting, hold: Hold) -> None:
    """Delete the event and its online meeting, also what was made without our hearing of it."""
    organizer = meeting.organizer.oid
    event_id = meeting.event_id or (make(graph, meeting, hold).id if meeting.asked else "")
    if event_id:
        graph.calendars.delete(organizer, event_id)
    if meeting.graph_id:
        graph.meetings.delete(organizer, meeting.graph_id)


def settings_for(plan: Plan, other_than: PatternedRecurrence | None = None) -> EventSettings:
    """Return what is told of an event.

    :param other_than: a recurrence that it has. The same days are then written another way: that has Outlook lay
        the dates out anew, those among them that were deleted.
    """
    start, end = (_zoned(at, plan.zone) for at in (plan.starts_at, plan.ends_at))
    return EventSettings(
        subject=plan.subject,
        start=start,
        end=end,
        recurrence=_recurrence(plan, other_than),
        is_online_meeting=True,
        response_requested=False,
    )


def _changes(
    plan: Plan, seen: Snapshot, wanted: Snapshot, other_than: PatternedRecurrence | None
) -> EventSettings:
    """Return what an event is told that is not as wanted: without need nothing by which Outlook forgets dates."""
    whole = settings_for(plan, other_than)
    if other_than is None and all(seen[name] == wanted[name] for name in WHEN):
        return EventSettings(subject=whole.subject)
    return whole


def _settings_of(body: dict[str, Any]) -> EventSettings:
    """Return settings that were kept."""
    return EventSettings(
        subject=body["subject"],
        start=ZonedTime.from_graph(body["start"]),
        end=ZonedTime.from_graph(body["end"]),
        recurrence=PatternedRecurrence.from_graph(body.get("recurrence")),
        is_online_meeting=True,
        response_requested=False,
    )


def _recurrence(plan: Plan, other_than: PatternedRecurrence | None) -> PatternedRecurrence | None:
    if plan.recurrence is None:
        return None
    body = rules.canonical(plan.recurrence)
    if other_than is not None and other_than.range.type == "endDate":
        count = len(rules.dates(plan))
        body = Recurrence(plan.recurrence.pattern, Range(plan.recurrence.range.start, count=count)).to_graph()
    return PatternedRecurrence.from_graph(body)


def _needs_reset(seen: Snapshot, late: dict[str, Any]) -> bool:
    """Tell whether a date is wanted that was deleted: nothing brings it back but laying out all of them."""
    return any(wanted is not None and seen["dates"].get(day, USUAL) is None for day, wanted in late.items())


def _bring_dates(graph: GraphClient, meeting: OnlineMeeting, seen: Seen, late: dict[str, Any]) -> None:
    """Delete and move those dates that are not as they are wanted.

    Outlook lets none pass its neighbours, on its way either: so whichever can be moved is, until none is left.

    :raises Refused: some cannot be where they are wanted.
    """
    found = [(day, seen.dates[day], late[day]) for day in late if day in seen.dates]
    for _, one, wanted in found:
        if wanted is None:
            graph.calendars.delete(meeting.organizer.oid, one.id)
    usual = usual_of(facts.plan_of(meeting)) if found else {}
    moves = [(one.id, _when(wanted, usual[day])) for day, one, wanted in found if wanted is not None]
    while moves:
        left = [move for move in reversed(moves) if not _moved(graph, meeting, *move)]
        if len(left) == len(moves):
            _move(graph, meeting, *left[0])
        moves = left


def _when(wanted: Any, usual: Interval) -> Interval:
    return usual if wanted == USUAL else Interval(*map(datetime.fromisoformat, wanted))


def _moved(graph: GraphClient, meeting: OnlineMeeting, event_id: str, when: Interval) -> bool:
    """Move a date, unless another one is in the way for now."""
    try:
        _move(graph, meeting, event_id, when)
    except PreconditionFailed:
        raise
    except Refused:
        return False
    return True


def _move(graph: GraphClient, meeting: OnlineMeeting, event_id: str, when: Interval) -> None:
    start, end = (_zoned(at, meeting.zone) for at in (when.start, when.end))
    graph.calendars.update(meeting.organizer.oid, event_id, EventSettings(start=start, end=end))


def _zoned(at: datetime, zone: str) -> ZonedTime:
    """Return an instant in the zone of a series; in UTC where its clocks show it for the second time."""
    shown = rules.wall_of(at, zone)
    is_plain = shown.replace(tzinfo=zone_of(zone)).astimezone(UTC) == at.astimezone(UTC)
    return ZonedTime(shown, zone) if is_plain else ZonedTime.at(at)


def _bring_options(graph: GraphClient, meeting: OnlineMeeting, link: str) -> Meeting:
    """Have the event's online meeting be as it is wanted; subject and times are the event's to tell."""
    organizer = meeting.organizer.oid
    if meeting.graph_id and meeting.join_url == link:
        found = graph.meetings.get(organizer, meeting.graph_id)
    else:
        found = graph.meetings.find(organizer, join_url=link)
    missing = facts.missing_options(meeting, found)
    return found if missing == MeetingSettings() else graph.meetings.update(organizer, found.id, missing)
