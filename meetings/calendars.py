"""Meetings as a calendar shows them: a week as a list or with its hours, or a month."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from commsportal.clock import now
from meetings import words
from meetings.models import Occurrence, OnlineMeeting
from meetings.rules import calendars as rules
from meetings.rules.plan import FIRST, LAST, LONGEST
from meetings.rules.times import instant
from meetings.words import Status

MOST: Final = 1000  # meetings of a week that one page shows
MOST_OF_DAY: Final = 3  # that a month shows; the others are counted
VIEWS: Final = ("agenda", "week", "month")


@dataclass(frozen=True)
class Row:
    """A date in wall-clock times of whoever reads: naive, since templates turn instants into another zone."""

    meeting: OnlineMeeting
    occurrence: Occurrence
    begins: datetime
    ends: datetime
    status: Status


@dataclass(frozen=True)
class Day:
    """One day, with what begins on it; `count` is how many that are, which may be more than are shown."""

    day: date
    is_today: bool
    rows: Sequence[Row]
    count: int
    is_other_month: bool = False

    @property
    def more(self) -> int:
        """Return how many are not shown."""
        return self.count - len(self.rows)


@dataclass(frozen=True)
class Event:
    """A part of a meeting in the column of a day: hours of the wall clock, and which column of how many."""

    row: Row
    begins: float
    length: float
    column: int
    of: int

    @property
    def is_short(self) -> bool:
        """Tell whether there is room for one line of words alone."""
        return self.length < 0.75


@dataclass(frozen=True)
class Column:
    """One day of a week with its hours; `now` is the hour of the wall clock on the day that is today."""

    day: date
    is_today: bool
    events: Sequence[Event]
    now: float | None = None


@dataclass(frozen=True)
class Shown:
    """What a page of the calendar shows."""

    view: str
    day: date  # that was asked for: another view shows what is around it
    begin: date
    end: date  # the last day of it
    earlier: date
    later: date
    is_now: bool  # today is in it
    days: Sequence[Day] = ()
    columns: Sequence[Column] = ()
    hours: range = field(default=range(0))
    weeks: Sequence[Sequence[Day]] = ()
    count: int = 0
    more: bool = False  # there are more than a page shows


def day_of(asked: str, today: date) -> date:
    """Return the day that a page is asked for; today where it is none."""
    try:
        day = date.fromisoformat(asked) if asked else today
    except ValueError:
        day = today
    return min(max(day, FIRST), LAST)


def show(view: str, dates: QuerySet[Occurrence], day: date, zone: ZoneInfo) -> Shown:
    """Return what a page shows of `dates` around `day`, in one of `VIEWS`."""
    return _month(dates, day, zone) if view == "month" else _week(view, dates, day, zone)


def _week(view: str, dates: QuerySet[Occurrence], day: date, zone: ZoneInfo) -> Shown:
    monday, today = rules.monday_of(day), _today(zone)
    sunday = monday + rules.DAY * 6
    found = rows_of(_between(dates, monday, sunday, zone, carried=view == "week")[: MOST + 1], zone)
    rows = found[:MOST]
    columns = _columns(rows, monday, zone) if view == "week" else ()
    spans = [[*map(_span, column.events), *_hour_of(column)] for column in columns]
    return Shown(
        view=view,
        day=day,
        begin=monday,
        end=sunday,
        earlier=monday - rules.WEEK,
        later=monday + rules.WEEK,
        is_now=monday <= today <= sunday,
        days=_agenda(rows, today) if view == "agenda" else (),
        columns=columns,
        hours=rules.hours_of(spans),
        count=len(rows),
        more=len(found) > MOST,
    )


def _month(dates: QuerySet[Occurrence], day: date, zone: ZoneInfo) -> Shown:
    """Show the first few of each day: however full a month is, no more than those are read whole."""
    weeks, today = rules.weeks_of(day), _today(zone)
    by_day: dict[date, list[Any]] = defaultdict(list)
    begins = _between(dates, weeks[0][0], weeks[-1][-1], zone).values_list("pk", "starts_at")
    for pk, starts_at in begins.iterator():
        by_day[starts_at.astimezone(zone).date()].append(pk)
    wanted = [pk for of_day in by_day.values() for pk in of_day[:MOST_OF_DAY]]
    rows = Occurrence.objects.filter(pk__in=wanted).select_related("meeting__organizer")
    read = {one.pk: one for one in rows}

    def shown(one: date) -> Day:
        first = [read[pk] for pk in by_day[one][:MOST_OF_DAY] if pk in read]
        return Day(one, one == today, rows_of(first, zone), len(by_day[one]), one.month != day.month)

    return Shown(
        view="month",
        day=day,
        begin=day.replace(day=1),
        end=rules.month_after(day) - rules.DAY,
        earlier=rules.month_before(day),
        later=rules.month_after(day),
        is_now=(day.year, day.month) == (today.year, today.month),
        weeks=[[shown(one) for one in week] for week in weeks],
        count=sum(len(found) for one, found in by_day.items() if one.month == day.month),
    )


def _today(zone: ZoneInfo) -> date:
    return now().astimezone(zone).date()


def _between(
    dates: QuerySet[Occurrence], first: date, last: date, zone: ZoneInfo, *, carried: bool = False
) -> QuerySet[Occurrence]:
    """Return what begins on those days, in order.

    :param carried: with what began on the day before and goes past midnight.
    """
    begin, end = (instant(datetime.combine(day, time()), zone) for day in (first, last + rules.DAY))
    found = dates.filter(starts_at__gte=begin - LONGEST if carried else begin, starts_at__lt=end)
    found = found.filter(ends_at__gt=begin) if carried else found
    return found.order_by("starts_at", "pk")


def rows_of(dates: Sequence[Occurrence] | QuerySet[Occurrence], zone: ZoneInfo) -> list[Row]:
    """Return dates as a page shows them."""
    at = now()
    return [
        Row(one.meeting, one, wall(one.starts_at, zone), wall(one.ends_at, zone), words.status_of_date(one, at))
        for one in dates
    ]


def wall(at: datetime, zone: ZoneInfo) -> datetime:
    """Return what clocks in `zone` show, naive."""
    return at.astimezone(zone).replace(tzinfo=None)


def _agenda(rows: Sequence[Row], today: date) -> list[Day]:
    days = ((day, list(group)) for day, group in groupby(rows, key=lambda row: row.begins.date()))
    return [Day(day, day == today, group, len(group)) for day, group in days]


def _columns(rows: Sequence[Row], monday: date, zone: ZoneInfo) -> list[Column]:
    shown, at = [(row.begins, row.ends) for row in rows], wall(now(), zone)
    columns = []
    for number in range(7):
        day = monday + rules.DAY * number
        placed = rules.placed(rules.spans(shown, day))
        events = [_event(rows[one.span.about], one) for one in placed]
        hour = at.hour + at.minute / 60 if at.date() == day else None
        columns.append(Column(day, at.date() == day, events, hour))
    return columns


def _event(row: Row, one: rules.Placed) -> Event:
    return Event(row, one.span.begins, one.span.ends - one.span.begins, one.column, one.of)


def _hour_of(column: Column) -> list[rules.Span]:
    """Return the present time as something that is shown."""
    return [] if column.now is None else [rules.Span(column.now, column.now, 0)]


def _span(event: Event) -> rules.Span:
    return rules.Span(event.begins, event.begins + event.length, 0)
