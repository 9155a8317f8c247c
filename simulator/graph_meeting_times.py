"""Times at which people can meet: `findMeetingTimes`, for who has signed in (REFERENCE 23.8)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.http import HttpResponse

from simulator.engine import event_bodies
from simulator.engine.bodies import GRAPH
from simulator.engine.event_settings import invalid
from simulator.engine.model import Json
from simulator.engine.zones import Wall
from simulator.exchanges import Exchange, method_not_allowed, read_body, send
from simulator.people import Person
from simulator.world import utc_now

DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")
STEP = timedelta(minutes=30)
UNASKED = timedelta(days=7)  # without time slots; how far the service looks then is uncertain
LONGEST = timedelta(days=42)
USUAL_LENGTH, USUAL_PERCENTAGE, USUAL_MOST = "PT30M", 50.0, 20
CHANCES = {"free": 100, "workingElsewhere": 100, "tentative": 49, "unknown": 49, "busy": 0, "oof": 0}
REASON = "Suggested because it is one of the nearest times when {} attendees are available."


@dataclass(frozen=True)
class Option:
    """One time, with what everybody's calendar says of it."""

    start: datetime
    own: str
    others: tuple[tuple[str, str], ...]

    @property
    def confidence(self) -> float:
        """Return the average chance that an attendee comes."""
        return sum(CHANCES[told] for _, told in self.others) / len(self.others) if self.others else 100.0


def find(exchange: Exchange, person: Person, zone: str) -> HttpResponse:
    """Answer with the best times, or why there are none."""
    if exchange.request.method != "POST":
        raise method_not_allowed()
    asked = read_body(exchange, "user.findMeetingTimes.request")
    length = duration_of(asked.get("meetingDuration") or USUAL_LENGTH)
    every = list(options(exchange, person, asked, length))
    free = [one for one in every if asked.get("isOrganizerOptional") or CHANCES[one.own]]
    least = asked.get("minimumAttendeePercentage")
    least = USUAL_PERCENTAGE if least is None else least
    good = sorted((one for one in free if one.confidence >= least), key=lambda one: (-one.confidence, one.start))
    chosen = good[: asked.get("maxCandidates") or USUAL_MOST]
    says = bool(asked.get("returnSuggestionReasons"))
    body = {
        "@odata.context": f"{GRAPH}/$metadata#microsoft.graph.meetingTimeSuggestionsResult",
        "emptySuggestionsReason": "" if chosen else why_none(every, free),
        "meetingTimeSuggestions": [shown(n, one, length, zone, says) for n, one in enumerate(chosen, 1)],
    }
    return send(200, "meetingTimeSuggestionsResult", body)


def duration_of(text: str) -> timedelta:
    """Read how long a meeting is to be."""
    found = DURATION.fullmatch(text)
    days, hours, minutes = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    length = timedelta(days=days, hours=hours, minutes=minutes)
    if not timedelta() < length <= timedelta(days=1):
        raise invalid("meetingDuration is a duration of up to a day, such as PT1H.")
    return length


def options(exchange: Exchange, person: Person, asked: Json, length: timedelta) -> Iterator[Option]:
    """Yield every time that the constraint allows, on the half-hour from the beginning of each slot."""
    limits = asked.get("timeConstraint") or {}
    everywhen = limits.get("activityDomain") in ("personal", "unrestricted")
    named = [(one.get("emailAddress") or {}).get("address") or "" for one in asked.get("attendees") or []]
    for since, until in slots(limits):
        at = since
        while at + length <= until:
            if everywhen or is_work(at, at + length):
                others = tuple((address, told(exchange, address, at, length)) for address in named)
                yield Option(at, told(exchange, person.mail, at, length), others)
            at += STEP


def slots(limits: Json) -> list[tuple[datetime, datetime]]:
    """Return the times to look at."""
    wanted = limits.get("timeSlots")
    if not wanted:
        now = utc_now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        return [(now, now + UNASKED)]
    found = [(Wall.read(one.get("start") or {}).at, Wall.read(one.get("end") or {}).at) for one in wanted]
    if any(not timedelta() < until - since < LONGEST for since, until in found):
        raise invalid("A time slot ends after it starts, within 42 days.")
    return found


def is_work(since: datetime, until: datetime) -> bool:
    """Tell whether a time lies in everybody's working hours."""
    begins, ends = since.astimezone(UTC), until.astimezone(UTC)
    hours = event_bodies.WORKING_HOURS
    first, last = str(hours["startTime"])[:5], str(hours["endTime"])[:5]
    return (
        begins.date() == ends.date()
        and begins.strftime("%A").lower() in hours["daysOfWeek"]
        and f"{begins:%H:%M}" >= first
        and f"{ends:%H:%M}" <= last
    )


def told(exchange: Exchange, address: str, at: datetime, length: timedelta) -> str:
    """Return what a calendar says of a time; nothing is known of strangers."""
    person = exchange.caller.tenant.find_address(address)
    if person is None:
        return "unknown"
    taken = exchange.world.engine.calendars.within(person.id, at, at + length)
    known = [one.status for one in taken if one.status in event_bodies.WORST]
    return max(known, key=event_bodies.WORST.index, default="free")


def why_none(every: list[Option], free: list[Option]) -> str:
    """Return why there are no suggestions."""
    if not every:
        return "unknown"
    if not free:
        return "organizerUnavailable"
    strangers = any(told == "unknown" for one in free for _, told in one.others)
    return "attendeesUnavailableOrUnknown" if strangers else "attendeesUnavailable"


def shown(order: int, one: Option, length: timedelta, zone: str, says: bool) -> Json:
    """Return a meetingTimeSuggestion."""
    start, end = (Wall(at.astimezone(UTC).replace(tzinfo=None), "UTC") for at in (one.start, one.start + length))
    reason = REASON.format("all" if one.confidence == CHANCES["free"] else "some") if says else None
    people = [{"attendee": {"emailAddress": {"address": a}}, "availability": told} for a, told in one.others]
    return {
        "confidence": one.confidence,
        "order": order,
        "organizerAvailability": one.own,
        "suggestionReason": reason,
        "attendeeAvailability": people,
        "locations": [],
        "meetingTimeSlot": {"start": start.to_graph(zone), "end": end.to_graph(zone)},
    }
