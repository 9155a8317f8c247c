"""What is set of an event, and what cannot be (REFERENCE 23.2, 23.4, 23.5)."""

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.engine import series
from simulator.engine.events import Appointment, midnight
from simulator.engine.model import GraphFault, Json
from simulator.engine.zones import Wall, zone_of

MOST_ATTENDEES = 500
TEAMS = "teamsForBusiness"
# By Graph's names, as Outlook makes them. What else a body holds is read-only and ignored.
USUAL: Json = {
    "allowNewTimeProposals": True,
    "body": {"contentType": "html", "content": ""},
    "categories": [],
    "hideAttendees": False,
    "importance": "normal",
    "isAllDay": False,
    "isReminderOn": True,
    "location": {},
    "locations": [],
    "reminderMinutesBeforeStart": 15,
    "responseRequested": True,
    "sensitivity": "normal",
    "showAs": "busy",
    "subject": "",
}
# What somebody who is invited may set of their own copy.
PERSONAL = ("categories", "importance", "isReminderOn", "reminderMinutesBeforeStart", "sensitivity", "showAs")


@dataclass(frozen=True)
class Wanted:
    """What a body asks for; what it does not name is None."""

    start: Wall
    end: Wall
    members: Json
    attendees: tuple[Json, ...] | None
    recurrence: Json | None
    recurs: bool = False  # `recurrence` was named, null too
    is_online: bool = False
    moves: bool = False


def invalid(text: str) -> GraphFault:
    """Make the 400 of what an event cannot be."""
    return GraphFault(400, "ErrorInvalidRequest", text)


def read(body: Json, known: Appointment | None = None, at: tuple[Wall, Wall] | None = None) -> Wanted:
    """Return what a body sets of a new event, of a known one, or of its occurrence that is at a time.

    :raises GraphFault: if it cannot be.
    """
    times = at or ((known.start, known.end) if known else None)
    start, end = (
        Wall.read(body[name]) if body.get(name) else times[index] if times else None
        for index, name in enumerate(("start", "end"))
    )
    if start is None or end is None:
        raise invalid("An event needs start and end.")
    members = members_of(body)
    check_times(start, end, is_all_day=bool((USUAL | (known.members if known else {}) | members)["isAllDay"]))
    return Wanted(
        start,
        end,
        members,
        attendees_of(body),
        recurrence_of(body, start, known),
        "recurrence" in body,
        is_online(body),
        "start" in body or "end" in body,
    )


def members_of(body: Json) -> Json:
    """Return the plain members that a body sets; null gives one back to what Outlook makes it."""
    found = {name: USUAL[name] if body[name] is None else body[name] for name in USUAL if name in body}
    if "location" in found and "locations" not in found:
        found["locations"] = [found["location"]] if found["location"] else []
    elif found.get("locations") and "location" not in found:
        names = "; ".join(place.get("displayName") or "" for place in found["locations"])
        found["location"] = {"displayName": names}
    return found


def check_times(start: Wall, end: Wall, *, is_all_day: bool) -> None:
    """Refuse an end before the start, and whole days that do not begin at midnight."""
    zone_of(start.zone)
    if end.at < start.at:
        raise invalid("The end of an event is not before its start.")
    if is_all_day and not (midnight(start) and midnight(end) and start.zone == end.zone and start.at < end.at):
        raise invalid("An event of whole days begins and ends at midnight, in one time zone.")


def attendees_of(body: Json) -> tuple[Json, ...] | None:
    """Return who is invited, each once."""
    if "attendees" not in body:
        return None
    entries = body["attendees"] or []
    if len(entries) > MOST_ATTENDEES:
        raise invalid(f"attendees holds at most {MOST_ATTENDEES}.")
    found: dict[str, Json] = {}
    for entry in entries:
        who: Mapping[str, str] = entry.get("emailAddress") or {}
        address = (who.get("address") or "").strip()
        if not address:
            raise invalid("An attendee needs emailAddress.address.")
        kind, name = entry.get("type") or "required", who.get("name") or address
        found.setdefault(address.lower(), {"address": address, "name": name, "type": kind})
    return tuple(found.values())


def recurrence_of(body: Json, start: Wall, known: Appointment | None) -> Json | None:
    """Return the series that an event is or becomes."""
    if body.get("recurrence"):
        zone = (body["recurrence"].get("range") or {}).get("recurrenceTimeZone") or start.zone
        return series.checked(body["recurrence"], Wall.of(start.at, zone).shown.date(), zone)
    if "recurrence" in body or known is None or known.recurrence is None:
        return None
    day = Wall.of(start.at, known.zone).shown.date()
    limits = known.recurrence["range"] | {"startDate": day.isoformat()}
    return series.checked(known.recurrence | {"range": limits}, day, known.zone)


def is_online(body: Json) -> bool:
    """Tell whether a body asks for an online meeting; to switch one off is ignored."""
    provider = body.get("onlineMeetingProvider")
    if body.get("isOnlineMeeting") and provider not in (None, "unknown", TEAMS):
        raise invalid(f"onlineMeetingProvider is {TEAMS} in this organisation.")
    return bool(body.get("isOnlineMeeting"))
