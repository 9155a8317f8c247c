"""What a letter says of a meeting, in the language of its receiver and by the clocks of their zone."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final

from django.utils import translation
from django.utils.dateformat import format as formatted

from commsportal.clock import now
from meetings import ics
from meetings.rules import rrules, series_phrases
from meetings.rules.invitations import Content
from meetings.rules.phrases import LANGUAGES, Phrases
from meetings.rules.plan import one_line, zone_of
from meetings.rules.rrules import Series

MOST_DATES: Final = 12  # that are named one by one; the calendar has all


def facts(content: Content, language: str, zone: str = "") -> list[tuple[str, str]]:
    """Return what a letter tells, each with its label.

    :param zone: in which the receiver lives; empty when that is not known: then the meeting's counts.
    """
    phrases = LANGUAGES[language]
    with translation.override(language):
        found = [
            (phrases.subject, one_line(content.subject)),
            *_times(content, language, zone),
            (phrases.organizer, one_line(content.organizer)),
            (phrases.reason, one_line(content.reason)),
        ]
    return [(label, value) for label, value in found if value]


def _times(content: Content, language: str, zone: str) -> Iterator[tuple[str, str]]:
    phrases, series = LANGUAGES[language], ics.series_of(content)
    if series is None:
        yield phrases.when, when(content, phrases, zone)
        return
    yield phrases.when, _rule(series, language)
    yield phrases.dates, _dates(content, series, phrases)
    gone = [day for day in rrules.left_out(content.dates) if day >= now().date()]
    yield phrases.left_out, _listed([formatted(day, phrases.day) for day in gone])
    moved = [
        f"{formatted(day, phrases.day)}: {span(begins, ends, content.zone, phrases)}"
        for day, begins, ends in rrules.moved(content.dates)
        if ends > now()
    ]
    yield phrases.moved, _listed(moved)
    if zone and zone != content.zone and (following := _next(content, series)):
        yield phrases.for_you, span(*following, zone, phrases)


def _rule(series: Series, language: str) -> str:
    phrases = LANGUAGES[language]
    said = series_phrases.said(series.recurrence.pattern, series_phrases.LANGUAGES[language])
    begins, ends = (formatted(at, phrases.time) for at in (series.start, series.end))
    return f"{said}, {begins} {phrases.until} {ends} ({series.zone})"


def _dates(content: Content, series: Series, phrases: Phrases) -> str:
    days = [one.day for one in series.usual]
    held = [day for day in days if content.dates.get(day.isoformat(), ()) is not None]
    first, last = (_day(day, phrases) for day in (days[0], days[-1]))
    return phrases.dates_of.format(first=first, last=last, count=len(held))


def _day(day: date, phrases: Phrases) -> str:
    return str(formatted(day, phrases.day))


def _listed(words: list[str]) -> str:
    more = ["…"] if len(words) > MOST_DATES else []
    return "; ".join([*words[:MOST_DATES], *more])


def _next(content: Content, series: Series) -> tuple[datetime, datetime] | None:
    """Return when the next date is."""
    told = {one.day.isoformat(): (one.start, one.end) for one in series.usual}
    told |= {day.isoformat(): (begins, ends) for day, begins, ends in rrules.moved(content.dates)}
    held = [when for day, when in told.items() if content.dates.get(day, ()) is not None and when[1] > now()]
    return min(held, default=None)


def when(content: Content, phrases: Phrases, zone: str = "") -> str:
    """Return the times by the clocks of the receiver and, where these differ, by those of the meeting."""
    there = span(content.starts_at, content.ends_at, content.zone, phrases)
    if not zone or zone == content.zone:
        return there
    return f"{span(content.starts_at, content.ends_at, zone, phrases)}; {there}"


def span(begins: datetime, ends: datetime, name: str, phrases: Phrases) -> str:
    """Return from when to when something is by the clocks of a zone, with its name and offset."""
    zone = zone_of(name)
    begins, ends = begins.astimezone(zone), ends.astimezone(zone)
    until = formatted(ends, phrases.time if ends.date() == begins.date() else f"{phrases.day}, {phrases.time}")
    first = formatted(begins, f"{phrases.day}, {phrases.time}")
    return f"{first} {phrases.until} {until} ({zone}, UTC{_offset(begins)})"


def _offset(at: datetime) -> str:
    told = at.strftime("%z")
    return f"{told[:3]}:{told[3:5]}"
