"""When those who are to meet have time, by what Microsoft tells of their calendars (REFERENCE 23.8).

Asked while somebody fills in the form, and kept nowhere but for people's zones.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from commsportal import pauses
from commsportal.clock import now
from commsportal.crowds import Places
from commsportal.pauses import Urgency
from directory.models import Person
from graph import conf
from graph.errors import GraphError, Throttled
from graph.schedule_values import Schedule
from graph.transport import leaving_within
from meetings import calendars_told, facts, failures
from meetings.errors import NotTold
from meetings.models import Organizer
from meetings.rules import offers as rules
from meetings.rules.plan import Guest, Plan, is_address, zone_of
from meetings.rules.schedules import VIEW_INTERVAL, Attendee, Busy, hours_about, outside_hours
from meetings.rules.slots import Conflict, Suggestion, conflicts
from meetings.rules.times import Interval, day_at

MOST: Final = 50  # people who are asked about, the organiser among them
UTC_ZONE: Final = ZoneInfo("UTC")
# Of the places of a web process: where Microsoft is slow, callers are decided on all the same.
PLACES: Final = Places(at_once=2, waiting=2, seconds=1.0)
PATIENCE: Final = 5.0  # seconds after which no further request leaves: somebody waits


@dataclass(frozen=True, slots=True)
class Shown:
    """One person: what is taken of the day, when they work, and what the meeting's time is for them."""

    guest: Guest
    is_organizer: bool
    is_known: bool
    zone: ZoneInfo | None  # None: not known
    busy: tuple[Busy, ...]
    hours: tuple[Interval, ...] | None  # None: not known
    local: tuple[datetime, datetime] | None
    is_outside: bool
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True, slots=True)
class FreeBusy:
    """A day of those who are to meet, and other times that would do."""

    meeting: Interval
    day: Interval
    zone: ZoneInfo
    people: tuple[Shown, ...]
    left_off: int  # so many more were named than are asked about
    offers: tuple[Suggestion, ...]


def look(organizer: Organizer, plan: Plan) -> FreeBusy:
    """Ask Microsoft when the organiser and the guests of a plan have time.

    :raises NotTold: Microsoft does not tell.
    """
    zone = zone_of(plan.zone)
    meeting = Interval(plan.starts_at, plan.ends_at)
    guests = _named(organizer, plan)
    wanted = day_at(meeting.start, zone)
    span, day = (_with(one, meeting) for one in (rules.window(wanted, zone), rules.day(wanted, zone)))
    some = guests[:MOST]
    told = _ask(organizer, [one.address for one in some if is_address(one.address)], span)
    zones = _zones(organizer, some, told)
    people = [_attendee(one, told.get(one.address), zones.get(one.key), span.start) for one in some]
    shown = tuple(
        _shown(one, who, zones.get(one.key), meeting, day, is_organizer=place == 0)
        for place, (one, who) in enumerate(zip(some, people, strict=True))
    )
    found = tuple(rules.offers(people, meeting, zone, now()))
    return FreeBusy(meeting, day, zone, shown, len(guests) - len(some), found)


def _named(organizer: Organizer, plan: Plan) -> list[Guest]:
    """Return the organiser and whoever is invited, as the directory has them, each once."""
    first = Guest(oid=organizer.oid)
    known = facts.found(replace(plan, attendees=(first, *plan.attendees)), organizer.tenant_id).attendees
    named: dict[str, Guest] = {}
    for one in known:
        named.setdefault(one.key, one)
    mine, *others = named.values()
    return [mine if mine.name else replace(mine, name=organizer.name), *others]


def _with(span: Interval, meeting: Interval) -> Interval:
    return Interval(min(span.start, meeting.start), max(span.end, meeting.end))


def _ask(organizer: Organizer, addresses: Sequence[str], span: Interval) -> dict[str, Schedule]:
    """Return what Microsoft tells of each address.

    :raises NotTold: it does not.
    """
    if not addresses:
        return {}
    if until := pauses.over_at(organizer.tenant_id, Urgency.LIST):
        raise NotTold(failures.held_back((until - now()).total_seconds()))
    try:
        with PLACES.one() as granted, leaving_within(PATIENCE):
            if not granted:
                raise NotTold(failures.CROWDED)
            calendars = conf.client(organizer.tenant_id).calendars
            told = calendars.schedules(organizer.oid, addresses, span.start, span.end, slot_minutes=VIEW_INTERVAL)
    except GraphError as error:
        if isinstance(error, Throttled):
            pauses.note(organizer.tenant_id, Urgency.LIST, error.retry_after, str(error))
        raise NotTold(failures.of_calendars(error, organizer)) from error
    return dict(zip(addresses, told, strict=True))


def _zones(organizer: Organizer, guests: Iterable[Guest], told: Mapping[str, Schedule]) -> dict[str, ZoneInfo]:
    """Return who is in which zone, by key, and have the directory remember what is new of it.

    Of whose calendar nothing is told, that counts which was told last.
    """
    people = Person.objects.filter(tenant_id=organizer.tenant_id, oid__in=[one.oid for one in guests if one.oid])
    kept: dict[str, str] = dict(people.values_list("oid", "zone"))
    found = {}
    for one in guests:
        answer = told.get(one.address)
        name = calendars_told.zone(answer) if answer and not answer.error else kept.get(one.oid, "")
        if name:
            found[one.key] = name
    learned = {oid: found[oid] for oid, before in kept.items() if found.get(oid, before) != before}
    for name in sorted(set(learned.values())):
        people.filter(oid__in=[oid for oid, new in learned.items() if new == name]).update(zone=name)
    return {key: zone_of(name) for key, name in found.items()}


def _attendee(guest: Guest, told: Schedule | None, zone: ZoneInfo | None, start: datetime) -> Attendee:
    """Return one person for the rules.

    :param start: when the time began that Microsoft was asked about.
    """
    if told is None or told.error:
        return Attendee(guest.key, zone or UTC_ZONE, is_known=False)
    hours = calendars_told.hours(told) if zone else None
    return Attendee(guest.key, zone or UTC_ZONE, calendars_told.busy(told, start), hours)


def _shown(
    guest: Guest, who: Attendee, zone: ZoneInfo | None, meeting: Interval, day: Interval, *, is_organizer: bool
) -> Shown:
    taken = (replace(one, interval=part) for one in who.busy if (part := _part(one.interval, day)))
    shifts = hours_about(who.zone, who.hours, day) if who.hours else None
    return Shown(
        guest,
        is_organizer,
        who.is_known,
        zone,
        tuple(sorted(taken, key=lambda one: (one.interval.start, one.interval.end, one.status))),
        shifts and tuple(part for one in shifts if (part := _part(one, day))),
        (meeting.start.astimezone(zone), meeting.end.astimezone(zone)) if zone else None,
        outside_hours(who, meeting),
        conflicts([who], meeting),
    )


def _part(one: Interval, day: Interval) -> Interval | None:
    """Return what of `one` lies in the day, None when that is no time at all."""
    common = one.common(day)
    return common if common and common.length else None
