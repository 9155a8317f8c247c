"""What an application sets of a meeting, and what it may not (REFERENCE 9.1, 9.2, 9.4)."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from simulator.engine.checks import bad_request
from simulator.engine.conference import Attendee, Meeting
from simulator.engine.model import Json
from simulator.people import Person

Find = Callable[[str], Person | None]

# By Graph's names; all of them can be changed at any time. What else a body holds is read-only and ignored.
SWITCHES: Json = {
    "allowAttendeeToEnableCamera": True,
    "allowAttendeeToEnableMic": True,
    "allowBreakoutRooms": True,
    "allowCopyingAndSharingMeetingContent": True,
    "allowedLobbyAdmitters": "organizerAndCoOrganizersAndPresenters",
    "allowedPresenters": "everyone",
    "allowLiveShare": "enabled",
    "allowMeetingChat": "enabled",
    "allowPowerPointSharing": True,
    "allowRecording": True,
    "allowTeamworkReactions": True,
    "allowTranscription": True,
    "allowWhiteboard": True,
    "isEntryExitAnnounced": True,
    "recordAutomatically": False,
}
FUTURE = "unknownFutureValue"


def of_new(body: Json, organizer_id: str, find: Find, now: datetime) -> Json:
    """Return the members of a meeting that is to be made, by our names.

    :raises GraphFault: if it cannot be.
    """
    organizer = (body.get("participants") or {}).get("organizer")
    if organizer and user_of(organizer).get("id", "").lower() != organizer_id:
        raise bad_request("participants.organizer is whose meetings these are, and nobody else.")
    start, end = times_of_new(body, now)
    return {"start": start, "end": end, **common(body, find), "switches": switches_of(body, {})}


def of_known(meeting: Meeting, body: Json, find: Find) -> Json:
    """Return the members that a change to a meeting sets, by our names.

    :raises GraphFault: if it cannot be changed so.
    """
    if (body.get("participants") or {}).get("organizer"):
        raise bad_request("participants.organizer can never be changed.")
    if body.get("joinMeetingIdSettings"):
        raise bad_request("joinMeetingIdSettings cannot be changed: make another meeting.")
    if ("startDateTime" in body) != ("endDateTime" in body):
        raise bad_request("startDateTime and endDateTime change together.")
    changes = common(body, find) | {"switches": switches_of(body, meeting.switches)}
    if "startDateTime" in body:
        changes["start"], changes["end"] = ordered(body["startDateTime"], body["endDateTime"])
    return changes


def common(body: Json, find: Find) -> Json:
    """Return what is set alike of new meetings and of known ones."""
    if FUTURE in words(body):
        raise bad_request(f"{FUTURE} stands for values that are not known; none can be set to it.")
    lobby = body.get("lobbyBypassSettings") or {}
    found: Json = {}
    if "subject" in body:
        found["subject"] = body["subject"] or ""
    if lobby.get("scope"):
        found["lobby"] = lobby["scope"]
    if lobby.get("isDialInBypassEnabled") is not None:
        found["dial_in_bypass"] = lobby["isDialInBypassEnabled"]
    attendees = (body.get("participants") or {}).get("attendees")
    if attendees is not None:
        found["attendees"] = tuple(attendee(entry, find) for entry in attendees)
    marked = any(one.role == "presenter" for one in found.get("attendees", ()))
    if body.get("allowedPresenters") == "roleIsPresenter" and not marked:
        raise bad_request("roleIsPresenter needs all attendees in the request, with the role presenter for some.")
    return found


def words(value: object) -> Iterator[str]:
    """Return every text in a body."""
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from words(inner)


def switches_of(body: Json, known: Json) -> Json:
    """Return the switches that differ from what Microsoft makes them; null gives one back to that."""
    wanted = known | {name: body[name] for name in SWITCHES if name in body}
    return {name: value for name, value in wanted.items() if value is not None}


def attendee(entry: Json, find: Find) -> Attendee:
    """Return somebody on the list, with what the directory knows of them; strangers as they are named."""
    user, upn = user_of(entry), entry.get("upn") or ""
    key = user.get("id") or upn
    if not key:
        raise bad_request("An attendee needs identity.user.id or upn.")
    role, person = entry.get("role") or "attendee", find(key)
    if person is None:
        return Attendee((user.get("id") or "").lower(), upn, user.get("displayName") or "", role)
    return Attendee(person.id, person.upn, person.name, role)


def user_of(entry: Json) -> Json:
    """Return the user that a meetingParticipantInfo names."""
    user: Json = (entry.get("identity") or {}).get("user") or {}
    return {name: value for name, value in user.items() if value is not None}


def times_of_new(body: Json, now: datetime) -> tuple[datetime, datetime]:
    """Return beginning and end: now and an hour, unless named."""
    begin, end = body.get("startDateTime"), body.get("endDateTime")
    if end and not begin:
        raise bad_request("endDateTime needs a startDateTime.")
    return ordered(begin or now.isoformat(), end)


def ordered(begin: str | None, end: str | None) -> tuple[datetime, datetime]:
    """Return beginning and end in UTC, an hour later unless named."""
    try:
        start = datetime.fromisoformat(begin or "").astimezone(UTC)
        stop = datetime.fromisoformat(end).astimezone(UTC) if end else start + timedelta(hours=1)
    except (ValueError, OverflowError):
        raise bad_request("startDateTime or endDateTime is no time.") from None
    if stop < start:
        raise bad_request("endDateTime must not be before startDateTime.")
    return start, stop
