"""Online meetings and their attendance in the shapes of REFERENCE 9 and 19.4."""

from datetime import UTC, datetime
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from simulator.engine.attendance import Interval, Record, Report
from simulator.engine.bodies import GRAPH
from simulator.engine.conference import Attendee, Meeting
from simulator.engine.meeting_settings import FUTURE, SWITCHES
from simulator.engine.model import Json, Kind, Party
from simulator.engine.rosters import chat_of
from simulator.people import Person

TOLL, TOLL_FREE = "+14255550190", "+18005550190"
# Members that came after `unknownFutureValue` (REFERENCE 1, evolvable enums).
EVOLVED = ("invited", "organizationExcludingGuests", "producer", "coorganizer")
LABELS = {
    "en": ("Join the meeting", "Meeting ID", "Passcode", "By telephone"),
    "de": ("An der Besprechung teilnehmen", "Besprechungs-ID", "Kennung", "Per Telefon"),
    "fr": ("Rejoindre la réunion", "ID de réunion", "Code secret", "Par téléphone"),
}
IDENTITIES: dict[Kind, str] = {
    "user": "communicationsUserIdentity",
    "phone": "communicationsPhoneIdentity",
    "guest": "communicationsGuestIdentity",
}


def shown(meeting: Meeting, organizer: Person | None, *, language: str = "en", evolved: bool = False) -> Json:
    """Return an onlineMeeting; enumerations tell their later members to who asked for them alone."""
    word = (lambda value: value) if evolved else known
    return {
        "@odata.context": f"{GRAPH}/$metadata#users('{meeting.organizer.id}')/onlineMeetings/$entity",
        "@odata.type": "#microsoft.graph.onlineMeeting",
        "id": meeting.id,
        "creationDateTime": moment(meeting.created_at),
        "startDateTime": moment(meeting.start),
        "endDateTime": moment(meeting.end),
        "subject": meeting.subject or None,
        "externalId": meeting.external_id or None,
        "joinWebUrl": meeting.join_url,
        "isBroadcast": False,
        "videoTeleconferenceId": meeting.video_id,
        "chatInfo": chat_of(meeting.thread_id),
        "joinMeetingIdSettings": {
            "isPasscodeRequired": meeting.passcode is not None,
            "joinMeetingId": meeting.join_meeting_id,
            "passcode": meeting.passcode,
        },
        "lobbyBypassSettings": {
            "scope": word(meeting.lobby),
            "isDialInBypassEnabled": meeting.dial_in_bypass,
        },
        "participants": {
            "organizer": {
                "identity": meeting.organizer.identity_set(),
                "role": "presenter",
                "upn": organizer.upn if organizer else None,
            },
            "attendees": [listed(one) | {"role": word(one.role)} for one in meeting.attendees],
        },
        "audioConferencing": audio(meeting) if organizer and organizer.audio_conferencing else None,
        "joinInformation": invitation(meeting, organizer, language),
        **SWITCHES,
        **meeting.switches,
    }


def known(value: str) -> str:
    """Return a member of an enumeration as older clients read it."""
    return FUTURE if value in EVOLVED else value


def moment(at: datetime) -> str:
    """Return a time in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def listed(attendee: Attendee) -> Json:
    """Return somebody on the list; of who is named by sign-in name alone there is no identity."""
    user = {"id": attendee.id, "displayName": attendee.name or None}
    identity = {"user": user} if attendee.id else None
    return {"identity": identity, "upn": attendee.upn or None}


def dial_in_url(meeting: Meeting) -> str:
    """Return where all numbers of the organisation are."""
    place = uuid5(NAMESPACE_URL, meeting.tenant_id)
    return f"https://dialin.teams.microsoft.com/{place}?id={meeting.conference_id}"


def audio(meeting: Meeting) -> Json:
    """Return the numbers for telephones."""
    return {
        "conferenceId": meeting.conference_id,
        "tollNumber": TOLL,
        "tollNumbers": [TOLL],
        "tollFreeNumber": TOLL_FREE,
        "tollFreeNumbers": [TOLL_FREE],
        "dialinUrl": dial_in_url(meeting),
    }


def invitation(meeting: Meeting, organizer: Person | None, language: str) -> Json:
    """Return what stands in invitations: markup, percent-encoded, in the language asked for."""
    join, number, passcode, telephone = LABELS.get(language, LABELS["en"])
    lines = [f'<a href="{meeting.join_url}">{join}</a>', f"{number}: {meeting.join_meeting_id}"]
    if meeting.passcode:
        lines.append(f"{passcode}: {meeting.passcode}")
    if organizer and organizer.audio_conferencing:
        lines.append(f'<a href="{dial_in_url(meeting)}">{telephone}: {TOLL}, {meeting.conference_id}#</a>')
    markup = f'<div lang="{language}">{"<br>".join(lines)}</div>'
    return {"content": f"data:text/html,{quote(markup)}", "contentType": "html"}


def report(found: Report, email: dict[str, str] | None = None) -> Json:
    """Return a meetingAttendanceReport; its records are empty unless they are asked for."""
    return {
        "id": found.id,
        "totalParticipantCount": len(found.records),
        "meetingStartDateTime": moment(found.start),
        "meetingEndDateTime": moment(found.end),
        "attendanceRecords": [] if email is None else [record(one, email) for one in found.records],
    }


def record(found: Record, email: dict[str, str]) -> Json:
    """Return an attendanceRecord; addresses are known of people of the directory."""
    return {
        "id": found.id,
        "emailAddress": email.get(found.party.id),
        "totalAttendanceInSeconds": found.seconds,
        "role": found.role,
        "identity": identity(found.party),
        "attendanceIntervals": [interval(one) for one in found.intervals],
    }


def identity(party: Party) -> Json:
    """Return a bare identity of the kind that tells what it is."""
    body: Json = {
        "@odata.type": f"#microsoft.graph.{IDENTITIES.get(party.kind, 'identity')}",
        "id": party.id,
        "displayName": party.label(),
    }
    return body | ({"tenantId": party.tenant_id} if party.tenant_id else {})


def interval(found: Interval) -> Json:
    """Return an attendanceInterval."""
    return {
        "joinDateTime": moment(found.joined_at),
        "leaveDateTime": moment(found.left_at),
        "durationInSeconds": found.seconds,
    }
