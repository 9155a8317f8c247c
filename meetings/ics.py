"""Write calendars (RFC 5545): invitations, cancellations, downloads and feeds. The one place that does."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from icalendar import Calendar, Component, Event, Timezone, vCalAddress, vText, vUri

from meetings.rules import rrules
from meetings.rules import series as series_rules
from meetings.rules.clock_changes import yearly_rule
from meetings.rules.invitations import Content
from meetings.rules.patterns import Recurrence
from meetings.rules.phrases import Phrases
from meetings.rules.plan import is_address, one_line, zone_of
from meetings.rules.rrules import Series

PRODUCT: Final = "-//commsportal//meetings//EN"
PLACE: Final = "Microsoft Teams"
AROUND: Final = timedelta(days=5 * 366)  # of clock changes that a calendar knows before and after its events

Method = Literal["REQUEST", "CANCEL", "PUBLISH"]


@dataclass(frozen=True, slots=True)
class Occasion:
    """A meeting in a calendar; `people` are name and address of those who are shown as invited."""

    uid: str
    sequence: int
    stamped_at: datetime
    content: Content
    people: Sequence[tuple[str, str]] = ()
    is_cancelled: bool = False


def calendar(
    occasions: Iterable[Occasion], method: Method, phrases: Phrases, *, sender: str = "", name: str = ""
) -> bytes:
    """Return a calendar.

    :param sender: who sends it in the organisers' names; stands for those who have no address.
    :param name: that programs show for a feed.
    """
    shown = tuple(occasions)
    made = Calendar()
    made.add("prodid", PRODUCT)
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("method", method)
    if name:
        made.add("x-wr-calname", one_line(name))
    for zone in _zones(shown):
        made.add_component(zone)
    for one in shown:
        for event in _events(one, method, phrases, sender):
            made.add_component(event)
    return bytes(made.to_ical())


def _events(one: Occasion, method: Method, phrases: Phrases, sender: str) -> Iterator[Event]:
    """Yield a meeting: once, or of a series its rule and then each date that is at another time, or not as long.

    Every letter holds the whole series, so whichever comes last tells all.
    """
    content = one.content
    event = _event(one, method, phrases, sender)
    series = series_of(content)
    if series is None:
        event.add("dtstart", wall_clock(content.starts_at, content.zone))
        event.add("dtend", wall_clock(content.ends_at, content.zone))
        yield event
        return
    zone = zone_of(content.zone)
    event.add("dtstart", _in_zone(series.start, zone))
    event.add("dtend", _in_zone(series.end, zone))
    event.add("rrule", series.rule())
    for day in rrules.left_out(content.dates):
        event.add("exdate", _in_zone(datetime.combine(day, series.start.time()), zone))
    yield event
    for day, begins, ends in () if one.is_cancelled else _otherwise(content, series):
        event = _event(one, method, phrases, sender)
        event.add("recurrence-id", _in_zone(datetime.combine(day, series.start.time()), zone))
        event.add("dtstart", wall_clock(begins, content.zone))
        event.add("dtend", wall_clock(ends, content.zone))
        yield event


def _otherwise(content: Content, series: Series) -> Iterator[tuple[date, datetime, datetime]]:
    """Yield the days of the dates that the rule alone would have wrong, and when these are."""
    uneven = (one for one in series.uneven() if one.day.isoformat() not in content.dates)
    yield from sorted([*rrules.moved(content.dates), *((one.day, one.start, one.end) for one in uneven)])


def series_of(content: Content) -> Series | None:
    """Return the series that a meeting is; None when it is once."""
    if content.recurrence is None:
        return None
    start, end = (series_rules.wall_of(at, content.zone) for at in (content.starts_at, content.ends_at))
    return Series(Recurrence.from_graph(content.recurrence), start, end, content.zone)


def _in_zone(shown: datetime, zone: ZoneInfo) -> datetime:
    """Return a time of a series: by the clocks of its zone, in UTC where that is the zone."""
    return shown.replace(tzinfo=UTC if str(zone) == "UTC" else zone)


def _event(one: Occasion, method: Method, phrases: Phrases, sender: str) -> Event:
    content, event = one.content, Event()
    event.add("uid", one.uid)
    event.add("dtstamp", one.stamped_at.astimezone(UTC))
    event.add("sequence", one.sequence)
    event.add("summary", one_line(content.subject))
    event.add("location", PLACE)
    event.add("status", "CANCELLED" if one.is_cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if one.is_cancelled else "OPAQUE")
    event.add("class", "PRIVATE" if method == "PUBLISH" else "PUBLIC")
    _add_way_in(event, one, phrases)
    organizer = _organizer(content, sender)
    if organizer is not None:
        event.add("organizer", organizer, encode=False)
    for name, address in one.people:
        if organizer is not None and is_address(address):
            event.add("attendee", _attendee(name, address, asks=method == "REQUEST"), encode=False)
    return event


def _add_way_in(event: Event, one: Occasion, phrases: Phrases) -> None:
    if one.is_cancelled:
        return
    told = "\n".join(f"{label}: {value}" for label, value in ways_in(one.content, phrases))
    if told:
        event.add("description", told)
    if link := link_of(one.content):
        event.add("url", vUri(link))
        event.add("x-microsoft-skypeteamsmeetingurl", vText(link))


def ways_in(content: Content, phrases: Phrases) -> list[tuple[str, str]]:
    """Return how people come into a meeting, each with its label."""
    found = [(phrases.join, link_of(content))]
    if content.phone:
        conference = content.conference_id and phrases.conference.format(content.conference_id)
        found.append((phrases.phone, ", ".join(filter(None, (one_line(content.phone), one_line(conference))))))
    return [(label, value) for label, value in found if value]


def link_of(content: Content) -> str:
    """Return the link to join by, empty unless it is one that a browser opens safely."""
    link = one_line(content.join_url).replace(" ", "")
    return link if link.startswith("https://") else ""


def _organizer(content: Content, sender: str) -> vCalAddress | None:
    address = content.organizer_address if is_address(content.organizer_address) else sender
    if not address:
        return None
    made = vCalAddress(f"mailto:{address}")
    made.params["CN"] = parameter(content.organizer or address)
    if sender and sender != address:
        made.params["SENT-BY"] = f"mailto:{sender}"
    return made


def _attendee(name: str, address: str, *, asks: bool) -> vCalAddress:
    made = vCalAddress(f"mailto:{address}")
    made.params["CN"] = parameter(name or address)
    made.params["CUTYPE"] = "INDIVIDUAL"
    made.params["ROLE"] = "REQ-PARTICIPANT"
    made.params["PARTSTAT"] = "NEEDS-ACTION"
    made.params["RSVP"] = "TRUE" if asks else "FALSE"
    return made


MISREAD: Final = str.maketrans({'"': "'", "^": "'", "\\": "/"})


def parameter(text: str) -> str:
    """Return `text` as every program reads it in a parameter.

    Few know how RFC 6868 writes quotes and carets, and many take a backslash for the escape that it is in values.
    """
    return one_line(text).translate(MISREAD)


def wall_clock(at: datetime, name: str) -> datetime:
    """Return an instant as clocks in a zone show it; in UTC where they show it for the second time.

    A calendar takes a time that is shown twice for the first of the two (RFC 5545, 3.3.5).
    """
    zone = zone_of(name)
    shown = at.astimezone(zone)
    is_plain = shown.replace(fold=0).astimezone(UTC) == at.astimezone(UTC)
    return shown if is_plain and str(zone) != "UTC" else at.astimezone(UTC)


def _zones(occasions: Sequence[Occasion]) -> Iterator[Any]:
    """Yield what clocks do in the zones that occur, from well before the first event to well after the last."""
    spans: dict[str, list[date]] = {}
    for one in occasions:
        for at in _instants(one.content):
            shown = wall_clock(at, one.content.zone)
            if shown.tzinfo is not UTC:
                spans.setdefault(str(shown.tzinfo), []).append(shown.date())
    for name, days in sorted(spans.items()):
        yield zone_component(name, min(days) - AROUND, max(days) + AROUND)


def _instants(content: Content) -> Iterator[datetime]:
    yield from (content.starts_at, content.ends_at)
    if content.recurrence is not None:
        yield content.over
        for _, begins, ends in rrules.moved(content.dates):
            yield from (begins, ends)


def zone_component(name: str, first: date, last: date) -> Timezone:
    """Return what the clocks of a zone do between two days: by a rule, else each change by itself.

    Lists of changes (RDATE), which the library writes, are not read by every program.
    """
    found = Timezone.from_tzinfo(zone_of(name), name, first, last)
    made = Timezone()
    made.add("tzid", name)
    for observance in found.subcomponents:
        values: dict[str, Any] = dict(observance)
        lists = values.get("RDATE", [])
        listed = (one.dt for part in (lists if isinstance(lists, list) else [lists]) for one in part.dts)
        changes = sorted([values["DTSTART"].dt, *listed])
        rule = yearly_rule(changes, last.year - 1)
        for change in changes[:1] if rule else changes:
            made.add_component(_observance(observance, change, rule))
    return made


def _observance(like: Component, change: datetime, rule: dict[str, str | int] | None) -> Component:
    made = type(like)()
    made.add("dtstart", change)
    for name in ("tzname", "tzoffsetfrom", "tzoffsetto"):
        made[name] = like[name]
    if rule:
        made.add("rrule", rule)
    return made
