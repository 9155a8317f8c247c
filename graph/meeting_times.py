"""Times at which people can meet, as Microsoft suggests them to somebody who has signed in (REFERENCE 23.8).

For the token of a person alone: applications get 403 and find slots from `calendar.Calendars.schedules`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from graph.calendar_values import FREE_BUSY, ZonedTime
from graph.errors import Refused
from graph.values import mapping, member, objects, text

if TYPE_CHECKING:
    from graph.client import GraphClient

READ = "Calendars.Read.Shared"
MOST = 20
LONGEST = timedelta(days=1)
_FIND = "/me/findMeetingTimes"


@dataclass(frozen=True)
class Suggestion:
    """One time; `confidence` is from 0 to 100, `attendees` are addresses with how free they are."""

    start: ZonedTime
    end: ZonedTime
    confidence: float
    organizer: str
    attendees: tuple[tuple[str, str], ...] = ()
    reason: str = ""

    @classmethod
    def from_graph(cls, value: object) -> Suggestion | None:
        """Read a meetingTimeSuggestion; one without times is none."""
        told = mapping(value)
        slot = mapping(told.get("meetingTimeSlot"))
        start, end = ZonedTime.from_graph(slot.get("start")), ZonedTime.from_graph(slot.get("end"))
        if start is None or end is None:
            return None
        confidence = told.get("confidence")
        return cls(
            start,
            end,
            float(confidence) if isinstance(confidence, int | float) and 0 <= confidence <= 100 else 0.0,
            member(told.get("organizerAvailability"), FREE_BUSY) or "unknown",
            tuple(map(_attendee, objects(told.get("attendeeAvailability")))),
            text(told.get("suggestionReason")),
        )


@dataclass(frozen=True)
class Suggestions:
    """The times, the best first; where there are none `why_none` is Graph's word for the reason."""

    times: tuple[Suggestion, ...]
    why_none: str = ""


class MeetingTimes:
    """What Microsoft suggests to the person whose token it is."""

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    def find(
        self,
        addresses: Sequence[str],
        windows: Sequence[tuple[datetime, datetime]],
        length: timedelta,
        *,
        most: int = MOST,
        at_work: bool = True,
        least_percentage: float = 50.0,
        is_organizer_optional: bool = False,
    ) -> Suggestions:
        """Ask for times; https://learn.microsoft.com/graph/api/user-findmeetingtimes

        :param addresses: who is to come, beside the person who asks.
        :param windows: between which the meeting is to be; at least one.
        :param length: whole minutes, up to a day.
        :param at_work: within working hours alone.
        :param least_percentage: of the chance that an attendee comes, from 0 to 100.
        :raises Forbidden: the person's token lacks `Calendars.Read.Shared`.
        :raises Refused: what is asked makes no sense.
        """
        body = {
            "attendees": [{"type": "required", "emailAddress": {"address": one}} for one in addresses],
            "timeConstraint": {
                "activityDomain": "work" if at_work else "unrestricted",
                "timeSlots": [_window(start, end) for start, end in windows],
            },
            "meetingDuration": _duration(length),
            "maxCandidates": most,
            "minimumAttendeePercentage": least_percentage,
            "isOrganizerOptional": is_organizer_optional,
            "returnSuggestionReasons": True,
        }
        if not windows or most < 1 or not 0 <= least_percentage <= 100:
            raise Refused("times are asked for within windows, one at least", code="InvalidTimes")
        answer = self._graph.send(
            "POST", _FIND, body=body, repeatable=True, permission=READ, prefer='outlook.timezone="UTC"'
        )
        told = answer.entity(repeatable=True)
        found = map(Suggestion.from_graph, objects(told.get("meetingTimeSuggestions")))
        return Suggestions(tuple(one for one in found if one), text(told.get("emptySuggestionsReason")))


def _attendee(told: dict[str, Any]) -> tuple[str, str]:
    address = mapping(mapping(told.get("attendee")).get("emailAddress")).get("address")
    return text(address), member(told.get("availability"), FREE_BUSY) or "unknown"


def _window(start: datetime, end: datetime) -> dict[str, Any]:
    if start.tzinfo is None or end.tzinfo is None or end <= start:
        raise Refused("a window has two instants with offsets, the earlier first", code="InvalidTimes")
    return {"start": ZonedTime.at(start).to_graph(), "end": ZonedTime.at(end).to_graph()}


def _duration(length: timedelta) -> str:
    minutes, rest = divmod(length, timedelta(minutes=1))
    if rest or not timedelta() < length <= LONGEST:
        raise Refused("a meeting is of whole minutes, up to a day", code="InvalidTimes")
    return f"PT{minutes // 60}H{minutes % 60}M"
