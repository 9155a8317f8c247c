"""An online meeting as a frozen value, read tolerantly, and what can be set of one (REFERENCE 9, 19.4)."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any

from graph.errors import Refused
from graph.joining import OrganizedMeeting
from graph.types import Identity
from graph.values import flag, instant, mapping, member, normalize_id, objects, text

# Members that Graph may add are kept as they are told: these lists are for their spelling alone.
LOBBY_SCOPES = (
    "organizer",
    "organization",
    "organizationAndFederated",
    "everyone",
    "invited",
    "organizationExcludingGuests",
)
PRESENTERS = ("everyone", "organization", "roleIsPresenter", "organizer")
ROLES = ("attendee", "presenter", "producer", "coorganizer")
CHAT_MODES = ("enabled", "disabled", "limited")

# Our name of each switch, and Graph's.
SWITCHES = {
    "allow_attendee_to_enable_camera": "allowAttendeeToEnableCamera",
    "allow_attendee_to_enable_mic": "allowAttendeeToEnableMic",
    "allow_recording": "allowRecording",
    "allow_transcription": "allowTranscription",
    "record_automatically": "recordAutomatically",
    "is_entry_exit_announced": "isEntryExitAnnounced",
}
# What is told as a whole, or not at all (REFERENCE 9.4).
TOGETHER = (
    frozenset({"start", "end"}),
    frozenset({"lobby_scope", "is_dial_in_bypass_enabled"}),
    frozenset({"allowed_presenters", "attendees"}),
)


@dataclass(frozen=True)
class Attendee:
    """Who is on a meeting's list, by object id, sign-in name or both; an empty role is Microsoft's default."""

    user_id: str = ""
    upn: str = ""
    role: str = ""
    name: str = field(default="", compare=False)

    @classmethod
    def from_graph(cls, value: object) -> Attendee:
        """Read a meetingParticipantInfo."""
        info = mapping(value)
        who = Identity.from_identity_set(info.get("identity"))
        return cls(
            user_id=normalize_id(who.id) if who and who.kind == "user" else "",
            upn=text(info.get("upn")),
            role=member(info.get("role"), ROLES),
            name=who.name if who else "",
        )

    def to_graph(self) -> dict[str, Any]:
        """Write a meetingParticipantInfo.

        :raises Refused: it names nobody.
        """
        if not (self.user_id or self.upn):
            raise Refused("an attendee is named by object id or sign-in name", code="InvalidAttendee")
        info: dict[str, Any] = {"upn": self.upn} if self.upn else {}
        if self.user_id:
            info["identity"] = {"user": {"id": self.user_id}}
        return info | ({"role": self.role} if self.role else {})


@dataclass(frozen=True)
class AudioConferencing:
    """How a meeting is reached by telephone; its organiser is licensed for that, or there is none."""

    conference_id: str = ""
    toll_number: str = ""
    toll_free_number: str = ""
    dial_in_url: str = ""

    @classmethod
    def from_graph(cls, value: object) -> AudioConferencing | None:
        """Read an audioConferencing; None when there is none. Pages write `ConferenceId` too (REFERENCE 20, 5)."""
        audio = mapping(value)
        found = cls(
            text(audio.get("conferenceId", audio.get("ConferenceId"))),
            text(audio.get("tollNumber")),
            text(audio.get("tollFreeNumber")),
            text(audio.get("dialinUrl")),
        )
        return found if found != cls() else None


@dataclass(frozen=True)
class Meeting:
    """An online meeting; what was not told is empty, or None."""

    id: str
    subject: str = ""
    join_url: str = ""
    thread_id: str = ""
    message_id: str = ""
    request_id: str = field(default="", compare=False)
    start: datetime | None = None
    end: datetime | None = None
    created_at: datetime | None = None
    external_id: str = ""
    join_meeting_id: str = ""
    passcode: str = field(default="", repr=False)
    is_passcode_required: bool | None = None
    video_teleconference_id: str = ""
    organizer: Attendee | None = None
    attendees: tuple[Attendee, ...] = ()
    lobby_scope: str = ""
    is_dial_in_bypass_enabled: bool | None = None
    allowed_presenters: str = ""
    allow_meeting_chat: str = ""
    allow_attendee_to_enable_camera: bool | None = None
    allow_attendee_to_enable_mic: bool | None = None
    allow_recording: bool | None = None
    allow_transcription: bool | None = None
    record_automatically: bool | None = None
    is_entry_exit_announced: bool | None = None
    audio_conferencing: AudioConferencing | None = None

    @classmethod
    def from_graph(cls, value: object, request_id: str = "") -> Meeting:
        """Read an onlineMeeting."""
        meeting = mapping(value)
        chat, people = mapping(meeting.get("chatInfo")), mapping(meeting.get("participants"))
        numbers, lobby = mapping(meeting.get("joinMeetingIdSettings")), mapping(meeting.get("lobbyBypassSettings"))
        return cls(
            id=text(meeting.get("id")),
            subject=text(meeting.get("subject")),
            join_url=text(meeting.get("joinWebUrl")),
            thread_id=text(chat.get("threadId")),
            message_id=text(chat.get("messageId")),
            request_id=request_id,
            start=instant(meeting.get("startDateTime")),
            end=instant(meeting.get("endDateTime")),
            created_at=instant(meeting.get("creationDateTime")),
            external_id=text(meeting.get("externalId")),
            join_meeting_id=text(numbers.get("joinMeetingId")),
            passcode=text(numbers.get("passcode")),
            is_passcode_required=flag(numbers.get("isPasscodeRequired")),
            video_teleconference_id=text(meeting.get("videoTeleconferenceId")),
            organizer=next(iter(_attendees(people.get("organizer"))), None),
            attendees=_attendees(people.get("attendees")),
            lobby_scope=member(lobby.get("scope"), LOBBY_SCOPES),
            is_dial_in_bypass_enabled=flag(lobby.get("isDialInBypassEnabled")),
            allowed_presenters=member(meeting.get("allowedPresenters"), PRESENTERS),
            allow_meeting_chat=member(meeting.get("allowMeetingChat"), CHAT_MODES),
            audio_conferencing=AudioConferencing.from_graph(meeting.get("audioConferencing")),
            **{ours: flag(meeting.get(theirs)) for ours, theirs in SWITCHES.items()},
        )

    def of(self, organizer_id: str, tenant_id: str = "") -> OrganizedMeeting:
        """Return where an application joins this meeting of that organiser's."""
        return OrganizedMeeting(organizer_id, self.thread_id, tenant_id, self.message_id or "0")


@dataclass(frozen=True)
class MeetingSettings:
    """What to set of a meeting: None leaves it as it is, or of a new one as Microsoft makes it.

    The two times are told together, and `attendees` replace everybody who was on the list. Of a meeting that there
    is, neither the organiser can be changed nor whether a passcode is needed.
    """

    subject: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    attendees: tuple[Attendee, ...] | None = None
    lobby_scope: str | None = None
    is_dial_in_bypass_enabled: bool | None = None
    allowed_presenters: str | None = None
    allow_meeting_chat: str | None = None
    allow_attendee_to_enable_camera: bool | None = None
    allow_attendee_to_enable_mic: bool | None = None
    allow_recording: bool | None = None
    allow_transcription: bool | None = None
    record_automatically: bool | None = None
    is_entry_exit_announced: bool | None = None
    is_passcode_required: bool | None = None

    def to_graph(self) -> dict[str, Any]:
        """Write the members of an onlineMeeting that are set.

        :raises Refused: one time without the other, or without an offset; an end before the start; presenters by
            role without a list that marks some.
        """
        lobby = {"scope": self.lobby_scope, "isDialInBypassEnabled": self.is_dial_in_bypass_enabled}
        numbers = {"isPasscodeRequired": self.is_passcode_required}
        members = {
            "subject": self.subject,
            **self._times(),
            "participants": None if self.attendees is None else listed(self.attendees),
            "lobbyBypassSettings": _told(lobby) or None,
            "joinMeetingIdSettings": _told(numbers) or None,
            "allowedPresenters": self._presenters(),
            "allowMeetingChat": self.allow_meeting_chat,
            **{theirs: getattr(self, ours) for ours, theirs in SWITCHES.items()},
        }
        return _told(members)

    def beyond(self, meeting: Meeting) -> MeetingSettings:
        """Return what of this a meeting does not have yet; what goes together stays together."""
        names = {one.name for one in fields(self)} & {one.name for one in fields(meeting)}
        same = {name for name in names if getattr(self, name) == getattr(meeting, name)}
        if self.attendees is not None and set(self.attendees) == set(meeting.attendees):
            same.add("attendees")
        for together in TOGETHER:
            if not together <= same:
                same -= together
        return replace(self, **dict.fromkeys(same | {"is_passcode_required"}))

    def _times(self) -> dict[str, str]:
        if (self.start is None) != (self.end is None):
            raise Refused("the two times of a meeting change together", code="InvalidTimes")
        return times(self.start, self.end)

    def _presenters(self) -> str | None:
        marked = any(attendee.role == "presenter" for attendee in self.attendees or ())
        if self.allowed_presenters == "roleIsPresenter" and not marked:
            raise Refused(
                "presenters by role need the whole list of attendees, some marked", code="InvalidPresenters"
            )
        return self.allowed_presenters


def times(start: datetime | None, end: datetime | None) -> dict[str, str]:
    """Write when a meeting is, in UTC.

    :raises Refused: an end before the start or without one; a time without an offset.
    """
    if end is not None and (start is None or _utc(end) < _utc(start)):
        raise Refused("a meeting does not end before it starts", code="InvalidTimes")
    told = {"startDateTime": start, "endDateTime": end}
    return {name: _utc(at).isoformat().replace("+00:00", "Z") for name, at in told.items() if at}


def listed(attendees: tuple[Attendee, ...]) -> dict[str, Any]:
    """Write the meetingParticipants of a list, whole."""
    return {"attendees": [attendee.to_graph() for attendee in attendees]}


def _attendees(value: object) -> tuple[Attendee, ...]:
    """Read whoever is named in a list, or in the place of one."""
    return tuple(one for one in map(Attendee.from_graph, objects(value)) if one.user_id or one.upn or one.name)


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise Refused("the times of a meeting have an offset", code="InvalidTimes")
    return at.astimezone(UTC)


def _told(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
