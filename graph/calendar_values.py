"""Events of a calendar as frozen values, read tolerantly, and what can be set of one (REFERENCE 23)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from graph.errors import Refused
from graph.recurrence_values import PatternedRecurrence
from graph.values import flag, instant, mapping, member, objects, text

# Members that Graph may add are kept as they are told: these lists are for their spelling alone.
TYPES = ("singleInstance", "occurrence", "exception", "seriesMaster")
ATTENDEE_TYPES = ("required", "optional", "resource")
RESPONSES = ("none", "organizer", "tentativelyAccepted", "accepted", "declined", "notResponded")
FREE_BUSY = ("free", "tentative", "busy", "oof", "workingElsewhere", "unknown")
CONTENT_TYPES = ("text", "html")
TEAMS = "teamsForBusiness"


@dataclass(frozen=True)
class ZonedTime:
    """What clocks show, and in which zone: by a Windows or an IANA name (`resources/datetimetimezone.md`)."""

    wall: datetime
    zone: str = "UTC"

    @classmethod
    def from_graph(cls, value: object) -> ZonedTime | None:
        """Read a dateTimeTimeZone; one that holds no time is none."""
        told = mapping(value)
        try:
            wall = datetime.fromisoformat(text(told.get("dateTime")))
        except ValueError:
            return None
        if wall.tzinfo is not None:  # against the page, and unmistakable
            return cls(wall.astimezone(UTC).replace(tzinfo=None))
        return cls(wall, text(told.get("timeZone")) or "UTC")

    @classmethod
    def at(cls, moment: datetime) -> ZonedTime:
        """Return what clocks in UTC show at an instant.

        :raises Refused: it has no offset.
        """
        if moment.tzinfo is None:
            raise Refused("an instant has an offset", code="InvalidTimes")
        return cls(moment.astimezone(UTC).replace(tzinfo=None))

    def to_graph(self) -> dict[str, str]:
        """Write a dateTimeTimeZone.

        :raises Refused: the time has an offset, which stands beside it in Graph.
        """
        if self.wall.tzinfo is not None or not self.zone:
            raise Refused("a time of an event has a zone by name and no offset", code="InvalidTimes")
        return {"dateTime": self.wall.isoformat(timespec="seconds"), "timeZone": self.zone}

    def instant(self) -> datetime | None:
        """Return when that is, in UTC; None in a zone that has no IANA name, or at the ends of the calendar."""
        try:
            return self.wall.replace(tzinfo=ZoneInfo(self.zone), fold=0).astimezone(UTC)
        except (LookupError, ValueError, OSError, OverflowError):
            return None


@dataclass(frozen=True)
class EventAttendee:
    """Who is invited, by address; `response` is theirs, and never sent."""

    address: str
    name: str = ""
    type: str = "required"
    response: str = field(default="", compare=False)

    @classmethod
    def from_graph(cls, value: object) -> EventAttendee:
        """Read an attendee."""
        told = mapping(value)
        who, status = mapping(told.get("emailAddress")), mapping(told.get("status"))
        return cls(
            text(who.get("address")),
            text(who.get("name")),
            member(told.get("type"), ATTENDEE_TYPES) or "required",
            member(status.get("response"), RESPONSES),
        )

    def to_graph(self) -> dict[str, Any]:
        """Write an attendee.

        :raises Refused: it has no address.
        """
        if not self.address:
            raise Refused("an attendee of an event is named by address", code="InvalidAttendee")
        named = {"name": self.name} if self.name else {}
        return {"emailAddress": {"address": self.address, **named}, "type": self.type}


@dataclass(frozen=True)
class OnlineMeetingInfo:
    """How an event's online meeting is reached; its settings are those of section 9, found by this link."""

    join_url: str
    conference_id: str = ""
    toll_number: str = ""

    @classmethod
    def from_graph(cls, value: object) -> OnlineMeetingInfo | None:
        """Read an onlineMeetingInfo; None when there is no link."""
        told = mapping(value)
        url = text(told.get("joinUrl"))
        return cls(url, text(told.get("conferenceId")), text(told.get("tollNumber"))) if url else None


@dataclass(frozen=True)
class Event:
    """An event of somebody's calendar; what was not told is empty, or None.

    `etag` names this very state: `Calendars.update` can insist on it. `uid` is shared by all copies of the event.
    """

    id: str
    etag: str = field(default="", compare=False)
    request_id: str = field(default="", compare=False)
    uid: str = ""
    type: str = ""
    series_master_id: str = ""
    original_start: datetime | None = None  # of an occurrence: when the series has it
    subject: str = ""
    body: str = field(default="", repr=False)
    content_type: str = ""
    start: ZonedTime | None = None
    end: ZonedTime | None = None
    original_zone: str = ""
    location: str = ""
    organizer: EventAttendee | None = None
    attendees: tuple[EventAttendee, ...] = ()
    response: str = ""
    recurrence: PatternedRecurrence | None = None
    show_as: str = ""
    is_all_day: bool | None = None
    is_cancelled: bool | None = None
    is_organizer: bool | None = None
    is_online_meeting: bool | None = None
    online_meeting: OnlineMeetingInfo | None = None
    transaction_id: str = ""
    changed_at: datetime | None = None

    @classmethod
    def from_graph(cls, value: object, request_id: str = "") -> Event:
        """Read an event."""
        told = mapping(value)
        body, change_key = mapping(told.get("body")), text(told.get("changeKey"))
        return cls(
            id=text(told.get("id")),
            etag=text(told.get("@odata.etag")) or (f'W/"{change_key}"' if change_key else ""),
            request_id=request_id,
            uid=text(told.get("iCalUId")),
            type=member(told.get("type"), TYPES),
            series_master_id=text(told.get("seriesMasterId")),
            original_start=instant(told.get("originalStart")),
            subject=text(told.get("subject")),
            body=text(body.get("content")),
            content_type=member(body.get("contentType"), CONTENT_TYPES),
            start=ZonedTime.from_graph(told.get("start")),
            end=ZonedTime.from_graph(told.get("end")),
            original_zone=text(told.get("originalStartTimeZone")),
            location=text(mapping(told.get("location")).get("displayName")),
            organizer=next(iter(_attendees(told.get("organizer"))), None),
            attendees=_attendees(told.get("attendees")),
            response=member(mapping(told.get("responseStatus")).get("response"), RESPONSES),
            recurrence=PatternedRecurrence.from_graph(told.get("recurrence")),
            show_as=member(told.get("showAs"), FREE_BUSY),
            is_all_day=flag(told.get("isAllDay")),
            is_cancelled=flag(told.get("isCancelled")),
            is_organizer=flag(told.get("isOrganizer")),
            is_online_meeting=flag(told.get("isOnlineMeeting")),
            online_meeting=OnlineMeetingInfo.from_graph(told.get("onlineMeeting")),
            transaction_id=text(told.get("transactionId")),
            changed_at=instant(told.get("lastModifiedDateTime")),
        )

    @property
    def awaits_link(self) -> bool:
        """Tell whether its online meeting is still being made: the link is there for who reads again later."""
        return bool(self.is_online_meeting) and self.online_meeting is None


@dataclass(frozen=True)
class EventSettings:
    """What to set of an event: None leaves it as it is, or of a new one as Outlook makes it.

    `attendees` replace everybody who was invited. An online meeting can be added and never switched off; but a
    `body` that is sent without the block that Teams put into it takes the meeting away with the block.
    """

    subject: str | None = None
    body: str | None = None
    content_type: str = "html"
    start: ZonedTime | None = None
    end: ZonedTime | None = None
    location: str | None = None
    attendees: tuple[EventAttendee, ...] | None = None
    recurrence: PatternedRecurrence | None = None
    is_online_meeting: bool | None = None
    is_all_day: bool | None = None
    show_as: str | None = None
    allow_new_time_proposals: bool | None = None
    response_requested: bool | None = None
    hide_attendees: bool | None = None
    reminder_minutes: int | None = None

    def to_graph(self) -> dict[str, Any]:
        """Write the members of an event that are set.

        :raises Refused: one time without the other, or an end before the start.
        """
        invited = None if self.attendees is None else [one.to_graph() for one in self.attendees]
        members: dict[str, Any] = {
            "subject": self.subject,
            "body": None if self.body is None else {"contentType": self.content_type, "content": self.body},
            **self._times(),
            "location": None if self.location is None else {"displayName": self.location},
            "attendees": invited,
            "recurrence": self.recurrence.to_graph() if self.recurrence else None,
            "isOnlineMeeting": self.is_online_meeting,
            "onlineMeetingProvider": TEAMS if self.is_online_meeting else None,
            "isAllDay": self.is_all_day,
            "showAs": self.show_as,
            "allowNewTimeProposals": self.allow_new_time_proposals,
            "responseRequested": self.response_requested,
            "hideAttendees": self.hide_attendees,
            "reminderMinutesBeforeStart": self.reminder_minutes,
        }
        return {name: value for name, value in members.items() if value is not None}

    def _times(self) -> dict[str, Any]:
        if self.start is None and self.end is None:
            return {}
        if self.start is None or self.end is None:
            raise Refused("the two times of an event change together", code="InvalidTimes")
        told = {"start": self.start.to_graph(), "end": self.end.to_graph()}
        if self.start.zone == self.end.zone and self.end.wall < self.start.wall:
            raise Refused("an event does not end before it starts", code="InvalidTimes")
        return told


def _attendees(value: object) -> tuple[EventAttendee, ...]:
    """Read whoever is named in a list, or in the place of one."""
    return tuple(one for one in map(EventAttendee.from_graph, objects(value)) if one.address or one.name)
