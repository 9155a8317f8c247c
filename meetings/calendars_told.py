"""What Microsoft tells of somebody's calendar, as rules take it (REFERENCE 23.8); nonsense is not known."""

from datetime import datetime, time
from typing import Final

from graph.schedule_values import Schedule
from meetings import zone_names
from meetings.rules.schedules import Busy, ScheduleError, Status, WorkingHours, decode_availability
from meetings.rules.times import Interval, Weekday

STATUSES: Final = {
    "tentative": Status.TENTATIVE,
    "busy": Status.BUSY,
    "oof": Status.OOF,
    "workingElsewhere": Status.ELSEWHERE,
}
DAYS: Final = {one.name.casefold(): one for one in Weekday}


def zone(told: Schedule | None) -> str:
    """Return IANA's name of the zone in which somebody works, empty when it is not known."""
    return zone_names.iana(told.working_hours.zone) if told and told.working_hours else ""


def hours(told: Schedule | None) -> WorkingHours | None:
    """Return from when to when somebody works, by their own clocks."""
    if told is None or told.working_hours is None:
        return None
    days = frozenset(DAYS[name] for name in told.working_hours.days if name in DAYS)
    try:
        begins, ends = (time.fromisoformat(text) for text in (told.working_hours.start, told.working_hours.end))
    except ValueError:
        return None
    return WorkingHours(days, begins, ends) if days else None


def busy(told: Schedule, start: datetime) -> tuple[Busy, ...]:
    """Return what is taken: what Microsoft lists or, where not all of that can be placed, what its view says.

    :param start: when the time began that was asked about.
    """
    listed = [one for one in told.items if one.status in STATUSES]
    placed = []
    for one in listed:
        begins, ends = (zone_names.moment(at) for at in (one.start, one.end))
        if begins and ends and begins < ends:
            placed.append(Busy(Interval(begins, ends), STATUSES[one.status]))
    if listed and len(placed) == len(listed):
        return tuple(placed)
    try:
        return decode_availability(told.availability, start) or tuple(placed)
    except ScheduleError:
        return tuple(placed)
