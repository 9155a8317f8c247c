"""How a calendar lays out days and what happens on them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

DAY = timedelta(days=1)
WEEK = timedelta(days=7)


def monday_of(day: date) -> date:
    """Return the first day of the week that `day` is in."""
    return day - timedelta(days=day.weekday())


def weeks_of(day: date) -> list[list[date]]:
    """Return the weeks, from Monday on, that have a day in common with the month that `day` is in."""
    first = day.replace(day=1)
    begin, after = monday_of(first), month_after(first)
    count = -(-(after - begin) // WEEK)
    return [[begin + WEEK * week + DAY * number for number in range(7)] for week in range(count)]


def month_after(day: date) -> date:
    """Return the first day of the month after the one that `day` is in."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def month_before(day: date) -> date:
    """Return the first day of the month before the one that `day` is in."""
    return (day.replace(day=1) - DAY).replace(day=1)


@dataclass(frozen=True, slots=True)
class Span:
    """A part of one day: from when to when, in hours of its wall clock, and what it is a part of."""

    begins: float
    ends: float
    about: int  # its place among what was laid out


@dataclass(frozen=True, slots=True)
class Placed:
    """A span in one of `of` columns beside each other, counted from 0."""

    span: Span
    column: int
    of: int


def spans(shown: Sequence[tuple[datetime, datetime]], day: date) -> list[Span]:
    """Return what of `shown`, naive wall-clock times, lies on `day`; what ends as it begins has no length.

    Where clocks are set back an end may stand before its beginning: then it has none either.
    """
    midnight = datetime.combine(day, time())
    found = []
    for about, (begins, ends) in enumerate(shown):
        if begins < midnight + DAY and (ends > midnight or midnight <= begins):
            first = _hours(max(begins, midnight) - midnight)
            found.append(Span(first, max(_hours(min(ends, midnight + DAY) - midnight), first), about))
    return found


def _hours(since: timedelta) -> float:
    return since / timedelta(hours=1)


def placed(day: Sequence[Span], shortest: float = 0.5) -> list[Placed]:
    """Lay the spans of one day out so that none covers another: beside each other where they overlap.

    :param shortest: hours that a span takes at least, so that its words can be read.
    """
    ordered = sorted(day, key=lambda one: (one.begins, -one.ends, one.about))
    found: list[Placed] = []
    for cluster in _clusters(ordered, shortest):
        ends: list[float] = []
        columns = []
        for span in cluster:
            free = next((number for number, end in enumerate(ends) if end <= span.begins), len(ends))
            ends[free : free + 1] = [_end(span, shortest)]
            columns.append(free)
        found += [Placed(span, column, len(ends)) for span, column in zip(cluster, columns, strict=True)]
    return found


def _clusters(ordered: Sequence[Span], shortest: float) -> list[list[Span]]:
    """Split spans where everything before is over."""
    clusters: list[list[Span]] = []
    until = 0.0
    for span in ordered:
        if not clusters or span.begins >= until:
            clusters.append([])
        clusters[-1].append(span)
        until = max(until, _end(span, shortest))
    return clusters


def _end(span: Span, shortest: float) -> float:
    return max(span.ends, span.begins + shortest)


def hours_of(days: Sequence[Sequence[Span]], usual: tuple[int, int] = (8, 18)) -> range:
    """Return the hours that a week shows: the usual ones, and as many more as something happens in."""
    first = min((int(one.begins) for day in days for one in day), default=usual[0])
    last = max((-int(-one.ends // 1) for day in days for one in day), default=usual[1])
    return range(min(first, usual[0]), max(last, usual[1]))
