"""The dates of a meeting as rows: laid out with each change of the meeting, moved or cancelled one by one."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from commsportal.clock import now
from meetings import facts, holidays
from meetings.errors import BadPlan
from meetings.models import Occurrence, OnlineMeeting
from meetings.rules import series as rules
from meetings.rules.plan import FURTHEST, Plan, one_line, zone_of
from meetings.rules.recurrence import crossed_neighbour, is_day
from meetings.rules.times import Interval, day_at

State = Occurrence.State
NOTHING_LEFT: Final = "No date is left that takes place. Cancel the meeting instead."


def lay_out(meeting: OnlineMeeting, before: Plan | None = None) -> None:
    """Bring the dates of a meeting in line with what is wanted of it, and note when the last is over.

    What was moved stays so where the pattern still gives that date at the same time, and what was cancelled where
    it still gives that day; what of a series has begun stays as it was. The caller saves the meeting.

    :param before: what was wanted until now; None of a new meeting.
    :raises BadPlan: there would be no date left.
    """
    plan = facts.plan_of(meeting)
    usual = {one.day: one.interval for one in rules.dates(plan)}
    free = _free(plan, usual)
    rows = {row.day: row for row in meeting.occurrences.all()}
    is_going_on = before is not None and before.recurrence is not None and plan.recurrence is not None
    keeps = _kept(plan, before, rows, usual) if before is not None and is_going_on else set()
    made = [
        _row(meeting, day, interval, free.get(day), rows.get(day) if is_going_on else None)
        for day, interval in usual.items()
        if day not in keeps and not (is_going_on and interval.start <= now())
    ]
    _replace(meeting, [row for day, row in rows.items() if day not in keeps], made)
    note_end(meeting)


def _kept(plan: Plan, before: Plan, rows: Mapping[date, Occurrence], usual: Mapping[date, Interval]) -> set[date]:
    """Return the days of the dates that stay as they are, but for those that would be in each other's way."""
    old = {one.day: one.interval for one in rules.dates(before)}
    found = {
        day
        for day, row in rows.items()
        if row.starts_at <= now()
        or (day in usual and _has_begun(row, old))
        or (_stays(row, plan, before) and day in usual and usual[day] == old.get(day))
    }
    ahead = [rows[day] for day in sorted(found) if not _has_begun(rows[day], old)]
    moved = [row for row in ahead if row.is_moved and row.is_held]
    return found - {row.day for row in moved if _is_in_the_way(row, plan, rows, usual)}


def _has_begun(row: Occurrence, old: Mapping[date, Interval]) -> bool:
    """Tell whether a date has begun, or should have before it was moved."""
    return row.starts_at <= now() or (row.day in old and old[row.day].start <= now())


def _stays(row: Occurrence, plan: Plan, before: Plan) -> bool:
    """Tell whether a date that the pattern still has then stays as it is."""
    return row.is_moved or row.state == State.CANCELLED or before.holidays == plan.holidays


def _is_in_the_way(
    row: Occurrence, plan: Plan, rows: Mapping[date, Occurrence], usual: Mapping[date, Interval]
) -> bool:
    """Tell whether a date that was moved would be on or past its neighbour's day, or overlap another."""
    assert plan.recurrence is not None
    zone = zone_of(plan.zone)
    changed = {day: one for day, one in rows.items() if day != row.day and (one.is_moved or not one.is_held)}
    exceptions = {day: one.interval if one.is_held else None for day, one in changed.items()}
    day = day_at(row.starts_at, zone)
    if crossed_neighbour(plan.recurrence, row.day, day, zone, exceptions=exceptions):
        return True
    return any(one.overlaps(row.interval) for other, one in usual.items() if other not in (row.day, *changed))


def _free(plan: Plan, usual: Mapping[date, Interval]) -> Mapping[date, str]:
    """Return the public holidays among the dates of a series."""
    if not (plan.recurrence and plan.holidays and usual):
        return {}
    return holidays.between(plan.holidays, min(usual), max(usual))


def _row(
    meeting: OnlineMeeting, day: date, interval: Interval, holiday: str | None, old: Occurrence | None
) -> Occurrence:
    """Return a date as the pattern has it; one that was cancelled stays so."""
    made = Occurrence(meeting=meeting, day=day, starts_at=interval.start, ends_at=interval.end)
    if old is not None and old.state == State.CANCELLED:
        made.state, made.reason = old.state, old.reason
    elif holiday:
        made.state, made.reason = State.SKIPPED, one_line(holiday)[:500]
    return made


def _replace(meeting: OnlineMeeting, gone: list[Occurrence], made: list[Occurrence]) -> None:
    if gone:
        meeting.occurrences.filter(pk__in=[row.pk for row in gone]).delete()
    Occurrence.objects.bulk_create(made)


def note_end(meeting: OnlineMeeting) -> None:
    """Note when the last date that takes place is over; the caller saves the meeting.

    :raises BadPlan: none does.
    """
    last = max((row.ends_at for row in meeting.occurrences.all() if row.is_held), default=None)
    if last is None:
        raise BadPlan({"recurrence": NOTHING_LEFT})
    meeting.over_at = last


def current(meeting: OnlineMeeting, at: datetime) -> Occurrence | None:
    """Return the date that is going on at an instant or comes next; None when all are over."""
    held = [row for row in meeting.occurrences.all() if row.is_held and row.ends_at > at]
    return min(held, key=lambda row: row.starts_at, default=None)


def last_begun(meeting: OnlineMeeting, at: datetime) -> Occurrence | None:
    """Return the date that has begun last before an instant; None when none has."""
    begun = [row for row in meeting.occurrences.all() if row.is_held and row.starts_at <= at]
    return max(begun, key=lambda row: row.starts_at, default=None)


def of_day(meeting: OnlineMeeting, asked: str) -> Occurrence | None:
    """Return the date that the pattern gives to a day, as ISO 8601 writes it; None when there is none."""
    try:
        return meeting.occurrences.filter(day=date.fromisoformat(asked)).first()
    except ValueError:
        return None


def shown(meeting: OnlineMeeting, asked: str = "") -> Occurrence:
    """Return the date that a page is about: that of the day asked for, else the current one, else the last."""
    at = now()
    found = of_day(meeting, asked) or current(meeting, at) or last_begun(meeting, at)
    return found or meeting.occurrences.order_by("-starts_at")[0]


def usual(meeting: OnlineMeeting, day: date) -> Interval | None:
    """Return when the pattern has the date of a day; None when it has none."""
    return next((one.interval for one in rules.dates(facts.plan_of(meeting)) if one.day == day), None)


def move(meeting: OnlineMeeting, row: Occurrence, begins: datetime, ends: datetime) -> None:
    """Have one date be at another time; the caller saves the meeting.

    :raises BadPlan: it cannot be then.
    """
    problem = _unfit(meeting, row, begins, ends)
    if problem:
        raise BadPlan({"starts_at": problem})
    row.starts_at, row.ends_at, row.state, row.reason = begins, ends, State.SCHEDULED, ""
    row.is_moved = row.interval != usual(meeting, row.day)
    row.save()
    note_end(meeting)


def _unfit(meeting: OnlineMeeting, row: Occurrence, begins: datetime, ends: datetime) -> str:
    if ends <= begins or ends - begins > timedelta(hours=24):
        return "A date ends after it begins, within 24 hours."
    if min(ends, row.ends_at) <= now():
        return "That is over already."
    if begins > now() + FURTHEST:
        return "That is more than five years away."
    zone, recurrence = zone_of(meeting.zone), meeting.series
    if recurrence is None:
        return "This meeting is no series: change the meeting itself."
    if not is_day(recurrence, row.day):
        return "The series has no such date any more. Change the series, or cancel this date."
    others = {one.day: one for one in meeting.occurrences.all() if one.day != row.day}
    changed = {day: one for day, one in others.items() if one.is_moved or not one.is_held}
    moved = {day: one.interval if one.is_held else None for day, one in changed.items()}
    crossed = crossed_neighbour(recurrence, row.day, day_at(begins, zone), zone, exceptions=moved)
    if crossed:
        return f"It would be on or past the day of the date of {crossed:%d %b %Y}. Outlook allows no such move."
    span = Interval(begins, ends)
    return "It would overlap another date." if any(_clashes(one, span) for one in others.values()) else ""


def _clashes(other: Occurrence, span: Interval) -> bool:
    return other.is_held and other.interval.overlaps(span)


def cancel(meeting: OnlineMeeting, row: Occurrence, reason: str) -> None:
    """Have one date not take place; the caller saves the meeting.

    :raises BadPlan: it is the only one.
    """
    if row.ends_at <= now():
        raise BadPlan({"day": "That date is over already."})
    row.state, row.reason = State.CANCELLED, reason
    row.save()
    note_end(meeting)


def restore(meeting: OnlineMeeting, row: Occurrence) -> None:
    """Have one date take place as the pattern has it; the caller saves the meeting.

    :raises BadPlan: it cannot be then any more.
    """
    found = usual(meeting, row.day)
    if found is None:
        raise BadPlan({"day": "The series has no such date any more."})
    move(meeting, row, found.start, found.end)


def take_over(meeting: OnlineMeeting, theirs: dict[str, Any]) -> None:
    """Make a meeting and its dates what Microsoft has of them; the caller saves the meeting.

    :raises BadPlan: it has none that a meeting can have.
    """
    before = facts.plan_of(meeting)
    facts.take_over(meeting, theirs)
    plan = facts.plan_of(meeting)
    if plan.recurrence is not None and (problem := rules.unfit(plan, now())):
        raise BadPlan({"recurrence": f"{problem} Overwrite what Teams has, or cancel the meeting."})
    lay_out(meeting, before)
    if plan.recurrence is not None:
        _take_over_dates(meeting, plan, theirs.get("dates", {}))
        note_end(meeting)


def _take_over_dates(meeting: OnlineMeeting, plan: Plan, told: Mapping[str, list[str] | None]) -> None:
    found = {one.day: one.interval for one in rules.dates(plan)}
    rows = [row for row in meeting.occurrences.all() if row.ends_at > now() and row.day in found]
    for row in rows:
        when = told.get(row.day.isoformat(), ())
        if when is None:
            row.state = row.state if row.state == State.SKIPPED else State.CANCELLED
            continue
        interval = Interval(*map(datetime.fromisoformat, when)) if when else found[row.day]
        if not interval.length:
            raise BadPlan({"recurrence": f"The date of {row.day:%d %b %Y} has no length in Teams. Overwrite it."})
        row.starts_at, row.ends_at, row.is_moved = interval.start, interval.end, interval != found[row.day]
        row.state, row.reason = State.SCHEDULED, ""
    Occurrence.objects.bulk_update(rows, ["starts_at", "ends_at", "is_moved", "state", "reason"])


def record_of(row: Occurrence) -> dict[str, Any]:
    """Return a date for the record."""
    return {
        "starts_at": facts.plain(row.starts_at),
        "ends_at": facts.plain(row.ends_at),
        "state": str(row.state),
        "reason": row.reason,
    }
