"""Calendars over HTTP: events, their occurrences, views of a time (REFERENCE 23)."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

from django.http import HttpResponse

from simulator import graph_schedules
from simulator.engine import event_bodies
from simulator.engine.event_bodies import Style
from simulator.engine.event_settings import TEAMS, invalid
from simulator.engine.events import Copy, Instance
from simulator.engine.model import GraphFault, Json
from simulator.engine.zones import zone_of
from simulator.exchanges import Exchange, empty, method_not_allowed, no_segment, read_body, send
from simulator.folding import folded
from simulator.people import Person
from simulator.reading import options_of, whole_number
from simulator.world import utc_now

WRITE, READ = "Calendars.ReadWrite", "Calendars.Read"
USUAL, MOST = 10, 1_000
LONGEST = timedelta(days=1_825)
NOT_SIMULATED = {"$filter", "$expand", "$search"}
ZONE = re.compile(r'outlook\.timezone\s*=\s*"?([^",;]+)"?', re.IGNORECASE)
IMMUTABLE = re.compile(r'IdType\s*=\s*"?ImmutableId"?', re.IGNORECASE)
PLAIN = re.compile(r'outlook\.body-content-type\s*=\s*"?text"?', re.IGNORECASE)
ANSWERS = {"accept": "accepted", "tentativelyaccept": "tentativelyAccepted", "decline": "declined"}
REQUESTS = {"accept": "accept", "tentativelyaccept": "tentativelyAccept", "decline": "decline"}
Segments = list[str]


def dispatch(exchange: Exchange, user: str, segments: Segments) -> HttpResponse:
    """Answer a request about somebody's calendar; `calendar` before the rest of the path names the default one."""
    words = [segment.lower() for segment in segments]
    if words[0] == "calendar" and len(words) > 1:
        segments, words = segments[1:], words[1:]
    exchange.action = "/".join([words[0], *words[2:3]])
    if words == ["findmeetingtimes"]:
        raise GraphFault(403, "ErrorAccessDenied", "Access is denied. findMeetingTimes is for signed-in users.")
    reads = exchange.request.method == "GET" or words == ["getschedule"]
    if not exchange.caller.roles & ({WRITE, READ} if reads else {WRITE}):
        raise GraphFault(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
    person = exchange.caller.tenant.find_person(user)
    if person is None:
        raise GraphFault(404, "ErrorInvalidUser", f"The requested user '{user}' is invalid.")
    return answered(exchange, person, segments, words)


def answered(exchange: Exchange, person: Person, segments: Segments, words: Segments) -> HttpResponse:
    """Answer a request about the calendar of one person."""
    if options_of(exchange.request).keys() & NOT_SIMULATED:
        raise GraphFault(501, "NotImplemented", f"{', '.join(sorted(NOT_SIMULATED))} are not simulated on events.")
    if words == ["getschedule"]:
        return graph_schedules.many(exchange, style_of(exchange).zone)
    if words == ["calendar"]:
        return calendar(exchange, person)
    if words == ["calendarview"]:
        return view(exchange, person, within(exchange, person), "calendarView")
    if words[0] == "calendarview" and words[1:] == ["delta"]:
        raise GraphFault(501, "NotImplemented", "Delta queries are not simulated.")
    if words == ["events"]:
        return events(exchange, person)
    if words[0] == "events" and len(words) == 2:
        return one(exchange, person, segments[1])
    if words[0] == "events" and len(words) == 3:
        return part(exchange, person, segments[1], words[2])
    raise no_segment()


# Reading


def style_of(exchange: Exchange) -> Style:
    """Return how an answer is to look: what the request prefers and selects."""
    prefer = exchange.request.headers.get("Prefer", "")
    named, chosen = ZONE.search(prefer), options_of(exchange.request).get("$select", "")
    zone = named[1].strip() if named else "UTC"
    zone_of(zone)
    names = tuple(name.strip() for name in chosen.split(",") if name.strip())
    return Style(zone, bool(PLAIN.search(prefer)), () if "*" in names else names)


def applied(exchange: Exchange) -> dict[str, str]:
    """Return the header that confirms what was preferred."""
    prefer = exchange.request.headers.get("Prefer", "")
    found = [match[0] for rule in (ZONE, IMMUTABLE, PLAIN) if (match := rule.search(prefer))]
    return {"Preference-Applied": ", ".join(found)} if found else {}


def body_of(exchange: Exchange, instance: Instance, style: Style) -> Json:
    """Return an event in the style that was asked for."""
    answers = exchange.world.engine.calendars.answers(instance.copy.appointment)
    return event_bodies.shown(instance, style, answers, exchange.caller.tenant.find_address)


def answer(exchange: Exchange, status: int, person: Person, instance: Instance) -> HttpResponse:
    """Answer with an event."""
    context = {"@odata.context": event_bodies.context(person.id, "events/$entity")}
    body = context | body_of(exchange, instance, style_of(exchange))
    return send(status, "event", body, applied(exchange))


def calendar(exchange: Exchange, person: Person) -> HttpResponse:
    """Answer with the one calendar that everybody has."""
    if exchange.request.method != "GET":
        raise method_not_allowed()
    body = {
        "@odata.context": event_bodies.context(person.id, "calendar/$entity"),
        "id": f"AAMk{person.id.replace('-', '')}=",
        "name": "Calendar",
        "isDefaultCalendar": True,
        "canEdit": True,
        "allowedOnlineMeetingProviders": [TEAMS],
        "defaultOnlineMeetingProvider": TEAMS,
        "owner": {"name": person.name, "address": person.mail},
    }
    return send(200, "calendar", body)


def bounds(exchange: Exchange) -> tuple[datetime, datetime]:
    """Return the window that is asked about: the offset in a bound counts, without one it is UTC."""
    options = options_of(exchange.request)
    found = []
    for name in ("startDateTime", "endDateTime"):
        text = options.get(f"${name.lower()}", "").replace(" ", "+")
        try:
            at = datetime.fromisoformat(text)
            found.append((at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC))
        except (ValueError, OverflowError):
            raise GraphFault(400, "ErrorInvalidParameter", f"{name} must be a time.") from None
    if found[1] < found[0] or found[1] - found[0] > LONGEST:
        raise GraphFault(400, "ErrorInvalidParameter", "The window ends after it begins, within 1825 days.")
    if not 1602 <= found[0].year <= found[1].year <= 4499:
        raise GraphFault(400, "ErrorInvalidParameter", "The window lies outside the calendar.")
    return found[0], found[1]


def within(exchange: Exchange, person: Person) -> list[Instance]:
    """Return what takes place in the window."""
    return exchange.world.engine.calendars.within(person.id, *bounds(exchange))


def view(exchange: Exchange, person: Person, found: Iterable[Instance], part: str) -> HttpResponse:
    """Answer one page of events, and with a link to the next if there is one."""
    if exchange.request.method != "GET":
        raise method_not_allowed()
    options, style = options_of(exchange.request), style_of(exchange)
    rows = ordered(list(found), options.get("$orderby", ""))
    size, start = (whole_number(options.get(name, str(usual))) for name, usual in (("$top", USUAL), ("$skip", 0)))
    if size is None or start is None or not 1 <= size <= MOST:
        raise GraphFault(400, "ErrorInvalidParameter", f"$top is from 1 to {MOST}, and $skip a number.")
    body: Json = {"@odata.context": event_bodies.context(person.id, part)}
    if start + size < len(rows):
        following = urlencode({**exchange.request.GET.dict(), "$skip": str(start + size)}, safe="$,")
        path = quote(exchange.request.path, safe="/:@")
        body["@odata.nextLink"] = f"{exchange.world.config.tls_url}{path}?{following}"
    body["value"] = [body_of(exchange, row, style) for row in rows[start : start + size]]
    return send(200, "event.collection", body, applied(exchange))


def ordered(rows: list[Instance], by: str) -> list[Instance]:
    """Return events in the order that was asked for; by their beginning is the only one."""
    words = by.lower().split()
    if words[:1] not in ([], ["start/datetime"]) or words[1:] not in ([], ["asc"], ["desc"]):
        raise GraphFault(400, "ErrorInvalidParameter", "$orderby works with start/dateTime.")
    return sorted(rows, key=lambda row: (row.start.at, row.id), reverse=words[1:] == ["desc"]) if words else rows


# Changing


def events(exchange: Exchange, person: Person) -> HttpResponse:
    """Answer `GET` and `POST .../events`: single events and masters of series; make one more."""
    table = exchange.world.engine.calendars
    if exchange.request.method == "GET":
        return view(exchange, person, [copy.instance() for copy in table.of(person.id)], "events")
    if exchange.request.method != "POST":
        raise method_not_allowed()
    body = folded_body(exchange, "event", "event.create.request")
    copy = table.create(exchange.caller.tenant, person, body, utc_now())
    exchange.effect = True
    return answer(exchange, 201, person, copy.instance())


def folded_body(exchange: Exchange, shape: str, name: str) -> Json:
    """Return the body of a request, its enumerations in any case."""
    return read_body(exchange, name, fold=lambda body: folded(shape, body))


def one(exchange: Exchange, person: Person, key: str) -> HttpResponse:
    """Answer `GET`, `PATCH` and `DELETE .../events/{id}`."""
    table, method = exchange.world.engine.calendars, exchange.request.method
    copy, day = table.find(person.id, key)
    if method == "GET":
        return answer(exchange, 200, person, copy.instance(day))
    if method not in ("PATCH", "DELETE"):
        raise method_not_allowed()
    check_state(exchange, copy)
    if method == "PATCH":
        body = folded_body(exchange, "event", "event")
        table.update(exchange.caller.tenant, copy, day, body, utc_now())
    else:
        table.delete(copy, day, utc_now())
    exchange.effect = True
    return empty(204) if method == "DELETE" else answer(exchange, 200, person, copy.instance(day))


def check_state(exchange: Exchange, copy: Copy) -> None:
    """Refuse to change another state than the one that the request is about."""
    wanted = exchange.request.headers.get("If-Match", "*").strip()
    known = (f'W/"{copy.etag}"', f'"{copy.etag}"')
    if wanted != "*" and not set(known) & {tag.strip() for tag in wanted.split(",")}:
        text = "The send or update operation could not be performed because the change key passed is stale."
        raise GraphFault(412, "ErrorIrresolvableConflict", text)


def part(exchange: Exchange, person: Person, key: str, word: str) -> HttpResponse:
    """Answer what is below an event: its instances, cancelling it, answering the invitation."""
    table = exchange.world.engine.calendars
    copy, day = table.find(person.id, key)
    if word == "instances":
        if copy.appointment.recurrence is None or day is not None:
            raise invalid("Only the master of a series has instances.")
        found = sorted(copy.within(*bounds(exchange)), key=lambda one: one.kind != "exception")
        return view(exchange, person, found, f"events('{quote(key, safe='')}')/instances")
    if exchange.request.method != "POST":
        raise method_not_allowed() if word in ("cancel", *ANSWERS) else no_segment()
    if word == "cancel":
        read_body(exchange, "event.cancel.request")
        table.cancel(copy, day, utc_now())
    elif word in ANSWERS:
        read_body(exchange, f"event.{REQUESTS[word]}.request")
        table.respond(copy, ANSWERS[word], utc_now())
    else:
        raise no_segment()
    exchange.effect = True
    return empty(202)
