"""Scheduled meetings and the ways into them (REFERENCE 3.2)."""

from base64 import b64encode
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from simulator.engine import rosters
from simulator.engine.checks import bad_request
from simulator.engine.conference import ADMITTED, Conference, Meeting
from simulator.engine.model import Json, Party, Result
from simulator.faults import Faults

if TYPE_CHECKING:
    from simulator.engine.core import Engine

LOBBIES = ("everyone", "invited", "organizer", *ADMITTED)
MEETINGS_KEPT = 20_000  # some organizers with 2,000 each, as much as a month allows
TOKENS_KEPT = 10_000
UNKNOWN = Result(404, 8527, "There is no such meeting.")
PASSCODE_LENGTH = 8
LETTERS = "ABCDEFGHJKLMNPQRTUVWXYabcdefghijkmnpqrstuvwxyz"
LETTERS_AND_DIGITS = LETTERS + "2346789"
ORGANIZER, TOKEN, MEETING_ID = (
    f"#microsoft.graph.{kind}MeetingInfo" for kind in ("organizer", "token", "joinMeetingId")
)


class Meetings:
    """Keep the table of meetings and of the tokens that lead into groups."""

    def __init__(self, new_id: Callable[[], str], faults: Faults) -> None:
        self.new_id = new_id
        self.faults = faults
        self.all: dict[str, Meeting] = {}
        self._made: deque[tuple[str, datetime]] = deque(maxlen=MEETINGS_KEPT)
        self._tokens: dict[str, tuple[Conference, datetime]] = {}

    def make(
        self,
        organizer: Party,
        now: datetime,
        *,
        subject: str = "",
        lobby: str = "organization",
        has_passcode: bool = True,
        external_id: str = "",
    ) -> Meeting:
        """Schedule a meeting."""
        number = int(self.new_id().replace("-", ""), 16)
        thread = f"19:meeting_{number:032x}@thread.v2"
        meeting = Meeting(
            id=meeting_id(thread, organizer),
            tenant_id=organizer.tenant_id,
            organizer=organizer,
            subject=subject,
            thread_id=thread,
            join_url=join_url(thread, organizer),
            join_meeting_id=f"{number % 10**12:012d}",
            passcode=passcode_of(number) if has_passcode else None,
            lobby=lobby,
            created_at=now,
            start=now,
            end=now + timedelta(hours=1),
            conference_id=f"{number % 10**9:09d}",
            video_id=f"1{number % 10**10:010d}",
            external_id=external_id,
        )
        while len(self.all) >= MEETINGS_KEPT:
            self.all.pop(next(iter(self.all)))
        self.all[meeting.id] = meeting
        self._made.append((organizer.id, now))
        return meeting

    def remove(self, meeting: Meeting) -> None:
        """Forget a meeting: nobody finds it any more, and whoever is in it stays until they leave."""
        self.all.pop(meeting.id, None)

    def named(self, kind: str, value: str) -> Meeting | None:
        """Find a meeting by one of its names: link, number to type, number for video systems."""
        return next((found for found in self.all.values() if getattr(found, kind) == value), None)

    def of_external(self, organizer: Party, external_id: str) -> Meeting | None:
        """Find the meeting that an organizer's application knows by its own id (createOrGet)."""
        return next(
            (m for m in self.all.values() if m.external_id == external_id and m.organizer.id == organizer.id), None
        )

    def count_of(self, organizer: Party, now: datetime) -> int:
        """Count what an organizer made within a month, deleted or not (REFERENCE 17)."""
        since = now - timedelta(days=30)
        return sum(made_by == organizer.id and at > since for made_by, at in self._made)

    def token_for(self, conference: Conference, now: datetime) -> Json:
        """Return a tokenMeetingInfo with a new token."""
        token = self.new_id()
        while len(self._tokens) >= TOKENS_KEPT:
            self._tokens.pop(next(iter(self._tokens)))
        self._tokens[token] = (conference, now + timedelta(hours=self.faults.settings.join_token_hours))
        return {"@odata.type": TOKEN, "token": token}

    def find(self, info: Json, chat: Json, now: datetime) -> Meeting | Conference | Result:
        """Return where coordinates lead, or how they fail."""
        if info["@odata.type"] == TOKEN:
            conference, until = self._tokens.get(info["token"], (None, now))
            if conference is None or now >= until:
                return Result(400, 8526, "The join token is unknown or has expired.")
            is_there = conference.meeting is None or conference.meeting.id in self.all
            return conference if is_there else UNKNOWN
        for meeting in self.all.values():
            if leads_to(meeting, info, chat):
                return meeting
        return UNKNOWN


def leads_to(meeting: Meeting, info: Json, chat: Json) -> bool:
    """Tell whether coordinates are those of a meeting."""
    if info["@odata.type"] == MEETING_ID:
        wanted = (info["joinMeetingId"].replace(" ", ""), info.get("passcode") or None)
        return wanted == (meeting.join_meeting_id, meeting.passcode)
    organizer = (info["organizer"].get("user") or {}).get("id", "")
    return bool(meeting.thread_id == chat["threadId"] and meeting.organizer.id == organizer.lower())


def passcode_of(number: int) -> str:
    """Return a passcode as Teams makes them, of letters and digits that are not confused: a number holds none."""
    number, last = divmod(number, len(LETTERS))
    signs = [LETTERS[last]]
    while len(signs) < PASSCODE_LENGTH:
        number, place = divmod(number, len(LETTERS_AND_DIGITS))
        signs.insert(0, LETTERS_AND_DIGITS[place])
    return "".join(signs)


def meeting_id(thread: str, organizer: Party) -> str:
    """Return an id as newer services make them: opaque, and encoded in paths (REFERENCE 9.8)."""
    return b64encode(f"1*{organizer.id}*0**{thread}".encode()).decode()


def join_url(thread: str, organizer: Party) -> str:
    """Return the link that people click."""
    context = f'{{"Tid":"{organizer.tenant_id}","Oid":"{organizer.id}"}}'
    return (
        f"https://teams.microsoft.com/l/meetup-join/{quote(thread, safe='')}/0?context={quote(context, safe='')}"
    )


def check_coordinates(body: Json) -> None:
    """Refuse coordinates that lack what their kind needs."""
    info, chat = body.get("meetingInfo"), body.get("chatInfo") or {}
    if not info:
        raise bad_request("chatInfo needs a meetingInfo.")
    if info["@odata.type"] == ORGANIZER:
        if not ((info.get("organizer") or {}).get("user") or {}).get("id") or not chat.get("threadId"):
            raise bad_request("organizerMeetingInfo needs organizer.user.id, and a chatInfo with a threadId.")
    elif not info.get("token" if info["@odata.type"] == TOKEN else "joinMeetingId"):
        raise bad_request("meetingInfo lacks its token or its joinMeetingId.")


def conference_of(engine: "Engine", place: Meeting | Conference) -> Conference:
    """Return the conference of a meeting, opened by whoever comes first."""
    if isinstance(place, Conference):
        engine.conferences.setdefault(place.id, place)
        return place
    held = (found for found in engine.conferences.values() if found.meeting is place)
    return next(held, None) or rosters.open_conference(engine, place)


def as_party(place: Meeting | Conference | Result) -> Party:
    """Return where a join leads as the other end of the call."""
    if isinstance(place, Result):
        return Party("group", "", "A meeting")
    meeting = place.meeting if isinstance(place, Conference) else place
    return Party("group", place.id, (meeting.subject if meeting else "") or "A meeting")
