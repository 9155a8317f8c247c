"""Events and free time in the shapes of REFERENCE 23."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape, unescape
from urllib.parse import quote

from simulator.engine.bodies import GRAPH
from simulator.engine.calendars import provider
from simulator.engine.events import Appointment, Copy, Instance, moment, occurrence_id
from simulator.engine.meeting_bodies import TOLL, TOLL_FREE
from simulator.engine.model import Json
from simulator.people import Person

TAG = re.compile(r"<[^>]*>")
PREVIEW = 255
DIGITS = {"free": "0", "tentative": "1", "busy": "2", "oof": "3", "workingElsewhere": "4"}
# What counts more where several overlap: the worst status in the slot (23.8).
WORST = ("free", "workingElsewhere", "tentative", "busy", "oof")
WORKING_HOURS = {
    "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"],
    "startTime": "08:00:00.0000000",
    "endTime": "17:00:00.0000000",
}
PLACE = {"locationType": "default", "uniqueIdType": "unknown"}
ALWAYS = ("@odata.etag", "id")


@dataclass(frozen=True)
class Style:
    """How an answer is to look: in which zone, with texts instead of markup, and which members alone."""

    zone: str = "UTC"
    plain: bool = False
    selected: tuple[str, ...] = ()


def shown(one: Instance, style: Style, answers: dict[str, Copy], find: Callable[[str], Person | None]) -> Json:
    """Return an event as its mailbox shows it."""
    shared, members = one.copy.appointment, one.members
    text = text_of(members["body"])
    body: Json = {
        "@odata.etag": f'W/"{one.copy.etag}"',
        "id": one.id,
        "createdDateTime": moment(shared.created_at),
        "lastModifiedDateTime": moment(shared.changed_at),
        "changeKey": one.copy.etag,
        "originalStartTimeZone": shared.start.zone,
        "originalEndTimeZone": shared.end.zone,
        "iCalUId": shared.uid if one.day is None else f"{shared.uid}{one.day:%Y%m%d}",
        "hasAttachments": False,
        "bodyPreview": text[:PREVIEW],
        "isCancelled": shared.is_cancelled,
        "isDraft": False,
        "isOrganizer": one.copy.is_organizer,
        "originalStart": None if one.day is None else moment(shared.usual(one.day)[0].at),
        "seriesMasterId": None if one.day is None else one.copy.id,
        "transactionId": (shared.transaction or None) if one.copy.is_organizer and one.day is None else None,
        "type": one.kind,
        "webLink": f"https://outlook.office365.com/owa/?itemid={quote(one.id, safe='')}&path=/calendar/item",
        "onlineMeetingUrl": None,
        "isOnlineMeeting": shared.meeting is not None,
        "onlineMeetingProvider": provider(shared),
        "onlineMeeting": online(shared, find),
        "responseStatus": {"response": one.copy.response, "time": moment(one.copy.responded_at)},
        **members,
        "body": {"contentType": "text", "content": text} if style.plain else markup(members["body"]),
        "location": PLACE | (members["location"] or {"displayName": ""}),
        "locations": [PLACE | place for place in members["locations"]],
        "start": one.start.to_graph(style.zone),
        "end": one.end.to_graph(style.zone),
        "recurrence": shared.recurrence if one.day is None else None,
        "attendees": invited(one, answers, find),
        "organizer": {"emailAddress": shared.organizer.to_graph()},
    }
    return chosen(body, one, style)


def chosen(body: Json, one: Instance, style: Style) -> Json:
    """Return the members that were asked for; ids of deleted occurrences are told to who names them alone."""
    if not style.selected:
        return body
    if one.kind == "seriesMaster":
        deleted = sorted(one.copy.appointment.deleted | one.copy.hidden)
        body["cancelledOccurrences"] = [occurrence_id(one.copy.id, day) for day in deleted]
    by_name = {name.lower(): name for name in body}
    wanted = {by_name[name.lower()] for name in style.selected if name.lower() in by_name}
    return {name: value for name, value in body.items() if name in wanted or name in ALWAYS}


def invited(one: Instance, answers: dict[str, Copy], find: Callable[[str], Person | None]) -> list[Json]:
    """Return who is invited and what they said; an organizer may hide the others from each."""
    shared, found = one.copy.appointment, []
    for entry in shared.attendees:
        person = find(entry["address"])
        own = answers.get(person.id) if person else None
        if one.members["hideAttendees"] and not one.copy.is_organizer and (own is None or own is not one.copy):
            continue
        said = own.response if own and own.response != "notResponded" else "none"
        status = {"response": said, "time": moment(own.responded_at if own else None)}
        who = {"name": entry["name"], "address": entry["address"]}
        found.append({"type": entry["type"], "status": status, "emailAddress": who})
    return found


def online(shared: Appointment, find: Callable[[str], Person | None]) -> Json | None:
    """Return how the online meeting of an event is reached; its numbers are those of a licensed organizer."""
    if shared.meeting is None:
        return None
    link: Json = {"joinUrl": shared.meeting.join_url}
    person = find(shared.organizer.address)
    if person is None or not person.audio_conferencing:
        return link
    return link | {
        "conferenceId": shared.meeting.conference_id,
        "tollNumber": TOLL,
        "tollFreeNumbers": [TOLL_FREE],
    }


def markup(body: Json) -> Json:
    """Return a text as Outlook answers it."""
    content = str(body.get("content") or "")
    if body.get("contentType") == "text":
        content = escape(content)
    if not content.lower().startswith("<html"):
        content = f"<html><head></head><body>{content}</body></html>"
    return {"contentType": "html", "content": content}


def text_of(body: Json) -> str:
    """Return a text without markup."""
    content = str(body.get("content") or "")
    return content if body.get("contentType") == "text" else unescape(TAG.sub("", content)).strip()


def context(mailbox: str, part: str) -> str:
    """Return what an answer is of."""
    return f"{GRAPH}/$metadata#users('{mailbox}')/{part}"


# Free time


def schedule(
    address: str, busy: list[Instance], since: datetime, until: datetime, minutes: int, zone: str, home: str
) -> Json:
    """Return a scheduleInformation of somebody with a calendar; `home` is the zone of their mailbox."""
    length = timedelta(minutes=minutes)
    view, at = "", since
    while at < until:
        view += digit([one for one in busy if one.overlaps(at, min(at + length, until))])
        at += length
    items = [item(one, zone) for one in busy if one.status != "free"]
    hours = WORKING_HOURS | {"timeZone": {"@odata.type": "#microsoft.graph.timeZoneBase", "name": home}}
    return {"scheduleId": address, "availabilityView": view, "scheduleItems": items, "workingHours": hours}


def digit(overlapping: list[Instance]) -> str:
    """Return the worst status in a slot."""
    worst = max((one.status for one in overlapping if one.status in WORST), key=WORST.index, default="free")
    return DIGITS[worst]


def item(one: Instance, zone: str) -> Json:
    """Return a scheduleItem; what is private is told by its time alone."""
    told = {"status": one.status, "start": one.start.to_graph(zone), "end": one.end.to_graph(zone)}
    if one.members["sensitivity"] not in ("normal", "personal"):
        return told | {"isPrivate": True}
    place = (one.members["location"] or {}).get("displayName") or ""
    return told | {"isPrivate": False, "subject": one.members["subject"], "location": place}


def no_schedule(address: str) -> Json:
    """Return a scheduleInformation of an address that nobody has."""
    text = f"Unable to resolve e-mail address {address} to an Active Directory object."
    return {"scheduleId": address, "error": {"message": text, "responseCode": "ErrorMailRecipientNotFound"}}
