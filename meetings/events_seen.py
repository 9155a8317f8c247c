"""What Outlook has of a meeting's event, as far as it is compared with what is wanted (REFERENCE 23.3, 23.4)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from commsportal.clock import now
from graph.calendar_values import Event, EventSettings
from graph.client import GraphClient
from graph.recurrence_values import PatternedRecurrence
from meetings import facts, zone_names
from meetings.models import OnlineMeeting
from meetings.rules import series as rules
from meetings.rules.patterns import Range, Recurrence, RecurrenceError
from meetings.rules.plan import Plan, zone_of
from meetings.rules.recurrence import days
from meetings.rules.series import MOST_DATES
from meetings.rules.times import Interval, day_at

DAY: Final = timedelta(days=1)
YEAR: Final = timedelta(days=366)  # so much later the last date may have been moved: no neighbour is in the way

Snapshot = dict[str, Any]
Dates = Mapping[str, Sequence[str] | None]  # by the day of the pattern: when it is instead, None for never


@dataclass(frozen=True)
class Seen:
    """What is watched of an event, the days of those dates that are not over, and Outlook's dates, both by day."""

    whole: Snapshot
    ahead: frozenset[str] = frozenset()
    dates: Mapping[str, Event] = field(default_factory=dict)


def look(graph: GraphClient, meeting: OnlineMeeting, event: Event) -> Seen:
    """Return what is watched of an event as Outlook has it."""
    begins, ends = (zone_names.moment(at) for at in (event.start, event.end))
    recurrence, whole = _read(event.recurrence), whole_of(event, meeting.zone)
    if recurrence is None or begins is None or ends is None or ends <= begins:
        return Seen(whole)
    plan = Plan(event.subject, begins, ends, whole["zone"], recurrence=recurrence)
    usual, others = usual_of(plan), [facts.exceptions(meeting), *_known(meeting)]
    window = _window(usual, others)
    if window is None:
        return Seen(whole)
    instances = graph.calendars.instances(meeting.organizer.oid, event.id, window.start, window.end)
    there = _by_day(instances, plan.zone)
    dates, ahead = _exceptions(usual, there, others)
    return Seen(whole | {"dates": dates}, frozenset(ahead), there)


def whole_of(event: Event, zone: str) -> Snapshot:
    """Return what is watched of an event but for its single dates.

    :param zone: that of the meeting, where nobody knows the event's.
    """
    begins, ends = (zone_names.moment(at) for at in (event.start, event.end))
    named = zone_names.iana(event.original_zone) or zone
    return _whole(event.subject, begins, ends, _read(event.recurrence) or event.recurrence, named)


def as_asked(settings: EventSettings) -> Snapshot:
    """Return what is watched of an event that is as it was asked for."""
    begins, ends = (at.instant() if at else None for at in (settings.start, settings.end))
    zone = settings.start.zone if settings.start else "UTC"
    return _whole(settings.subject or "", begins, ends, _read(settings.recurrence), zone)


def _whole(
    subject: str,
    begins: datetime | None,
    ends: datetime | None,
    recurrence: Recurrence | PatternedRecurrence | None,
    zone: str,
) -> Snapshot:
    told, clock = None, ""
    if isinstance(recurrence, Recurrence):
        told = rules.canonical(recurrence)
        if begins is not None and ends is not None and _is_short(recurrence):
            clock = rules.clock_of(Plan(subject, begins, ends, zone, recurrence=recurrence))
    return {
        "subject": subject,
        "starts_at": facts.plain(begins),
        "ends_at": facts.plain(ends),
        "recurrence": recurrence.to_graph() if isinstance(recurrence, PatternedRecurrence) else told,
        "clock": clock,
        "zone": zone,
        "dates": {},
    }


def _is_short(recurrence: Recurrence) -> bool:
    """Tell whether a series has no more dates than one here may have."""
    return len(list(islice(days(recurrence), MOST_DATES + 1))) <= MOST_DATES


def _read(told: PatternedRecurrence | None) -> Recurrence | None:
    """Return a recurrence as ours, without its zone, which is the event's; None of one that cannot be meant."""
    if told is None:
        return None
    try:
        found = Recurrence.from_graph(told.to_graph())
        return Recurrence(found.pattern, Range(found.range.start, found.range.end, found.range.count))
    except RecurrenceError:
        return None


def usual_of(plan: Plan) -> dict[str, Interval]:
    """Return when the pattern has each date, by its day.

    Nothing of a pattern that does not fit its first date, or has more dates than a series here.
    """
    assert plan.recurrence is not None
    if not _is_short(plan.recurrence):
        return {}
    try:
        return {one.day.isoformat(): one.interval for one in rules.dates(plan)}
    except RecurrenceError:
        return {}


def _known(meeting: OnlineMeeting) -> Iterator[Dates]:
    for one in meeting.known or ():
        yield one.get("dates") or {}


def _window(usual: Mapping[str, Interval], others: Sequence[Dates]) -> Interval | None:
    """Return a time in which all dates lie that are not over, wherever they were moved; None when all are over.

    Outlook moves no date onto or past its neighbours' days: none that is ahead lies before the last that is over.
    """
    ahead = {day for day, one in usual.items() if _ends(one, [told.get(day) for told in others]) > now()}
    if not ahead:
        return None
    over = [one.start for day, one in usual.items() if day not in ahead]
    moved = [datetime.fromisoformat(when[0]) for told in others for day in ahead if (when := told.get(day))]
    begin = min([now(), *(usual[day].start for day in ahead), *moved, *([max(over)] if over else [])])
    end = max([now(), *(usual[day].end for day in ahead), *moved])
    return Interval(begin - DAY, end + YEAR)


def _ends(usual: Interval, others: Sequence[Sequence[str] | None]) -> datetime:
    """Return when a date is over: by the pattern, or where it was moved to."""
    return max([usual.end, *(datetime.fromisoformat(when[1]) for when in others if when)])


def _exceptions(
    usual: Mapping[str, Interval], there: Mapping[str, Event], others: Sequence[Dates]
) -> tuple[dict[str, list[str] | None], set[str]]:
    """Return which dates are not as the pattern has them, and the days whose dates are not over."""
    found: dict[str, list[str] | None] = {}
    ahead: set[str] = set()
    for day, one in usual.items():
        event = there.get(day)
        when = _interval(event) if event is not None and not event.is_cancelled else None
        if max(_ends(one, [told.get(day) for told in others]), when.end if when else one.end) <= now():
            continue
        ahead.add(day)
        if when != one:
            found[day] = [facts.plain(when.start), facts.plain(when.end)] if when else None
    return found, ahead


def _by_day(instances: Sequence[Event], zone: str) -> dict[str, Event]:
    """Return the dates of a series by the day that its pattern gives each: that of its original beginning."""
    found = {}
    for one in instances:
        at = one.original_start or zone_names.moment(one.start)
        if at is not None:
            found[day_at(at, zone_of(zone)).isoformat()] = one
    return found


def _interval(event: Event) -> Interval | None:
    begins, ends = (zone_names.moment(at) for at in (event.start, event.end))
    return Interval(begins, ends) if begins and ends and begins <= ends else None
