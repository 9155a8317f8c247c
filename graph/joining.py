"""Where a meeting is: the coordinates by which a call joins it, and the links that hold them (REFERENCE 3.2)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from graph.errors import Refused
from graph.values import guid, mapping, text

LONGEST_LINK = 4096
HOSTS = frozenset({"teams.microsoft.com", "teams.live.com", "teams.cloud.microsoft", "gov.teams.microsoft.us"})

_ANNOTATION = "#microsoft.graph."
_THREAD = re.compile(r"19:[^\s/?#]{1,250}")
_MESSAGE = re.compile(r"[0-9]{1,20}")
_LONG = re.compile(r"/l/meetup-join/(?P<thread>[^/]+)(?:/(?P<message>[^/]+))?/?")
_SHORT = re.compile(r"/meet/(?P<id>[0-9 ]{9,25})/?")
_NUMBER = re.compile(r"[0-9]{9,15}")
# What other programs wrap around a link to check it when it is clicked.
_WRAPPED = re.compile(r"\.safelinks\.protection\.outlook\.com$")


@dataclass(frozen=True)
class OrganizedMeeting:
    """A meeting by its organiser and its chat. `organizer_tenant_id` is empty for our own tenant."""

    organizer_id: str
    thread_id: str
    organizer_tenant_id: str = ""
    message_id: str = "0"
    reply_chain_message_id: str = ""

    def to_graph(self) -> dict[str, Any]:
        """Write `chatInfo` and an organizerMeetingInfo."""
        user = {"@odata.type": "#microsoft.graph.identity", "id": self.organizer_id}
        if self.organizer_tenant_id:
            user["tenantId"] = self.organizer_tenant_id
        return {
            "chatInfo": self._chat(),
            "meetingInfo": {
                "@odata.type": f"{_ANNOTATION}organizerMeetingInfo",
                "organizer": {"@odata.type": f"{_ANNOTATION}identitySet", "user": user},
                "allowConversationWithoutHost": True,
            },
        }

    def _chat(self) -> dict[str, str]:
        chat = {
            "@odata.type": f"{_ANNOTATION}chatInfo",
            "threadId": self.thread_id,
            "messageId": self.message_id,
        }
        reply = self.reply_chain_message_id
        return chat | ({"replyChainMessageId": reply} if reply else {})


@dataclass(frozen=True)
class MeetingToken:
    """A meeting by the token of an invitation: good for coming back into it, not for inviting a phone."""

    token: str
    organizer_tenant_id: str = ""

    def to_graph(self) -> dict[str, Any]:
        """Write a tokenMeetingInfo."""
        return {"meetingInfo": {"@odata.type": f"{_ANNOTATION}tokenMeetingInfo", "token": self.token}}


@dataclass(frozen=True)
class NumberedMeeting:
    """A meeting by the number that people type; `passcode` is empty where none is needed."""

    join_meeting_id: str
    passcode: str = ""
    organizer_tenant_id: str = ""

    def to_graph(self) -> dict[str, Any]:
        """Write a joinMeetingIdMeetingInfo."""
        return {
            "meetingInfo": {
                "@odata.type": f"{_ANNOTATION}joinMeetingIdMeetingInfo",
                "joinMeetingId": self.join_meeting_id,
                "passcode": self.passcode or None,
            }
        }


Coordinates = OrganizedMeeting | MeetingToken | NumberedMeeting


def parse_join_url(link: str) -> OrganizedMeeting | NumberedMeeting:
    """Read the coordinates out of a Teams join link, long or short, as people paste it.

    :raises Refused: it is none; the message says what to paste instead.
    """
    parts = _unwrap(_split(link.strip().strip("<>")))
    if parts.scheme != "https" or (parts.hostname or "") not in HOSTS:
        raise _unreadable("This is not a link to a Teams meeting.")
    long = _LONG.fullmatch(parts.path) or _LONG.fullmatch(unquote(parts.path))
    if long:
        return _organized(_thread(long["thread"]), unquote(long["message"] or "0"), parts.query)
    if short := _SHORT.fullmatch(unquote(parts.path)):
        passcode = next(iter(parse_qs(parts.query).get("p", [])), "")
        return NumberedMeeting(short["id"].replace(" ", ""), passcode)
    raise _unreadable("This link leads to Teams, but not to a meeting.")


def parse_meeting_id(number: str, passcode: str = "") -> NumberedMeeting:
    """Return where a meeting is by the number in its invitation, as people type it, with spaces or without.

    :raises Refused: it is none.
    """
    digits = "".join(number.split())
    if not _NUMBER.fullmatch(digits):
        raise Refused(
            "This is no meeting id. It has 9 to 15 digits and stands in the invitation.",
            code="InvalidMeetingId",
        )
    return NumberedMeeting(digits, passcode.strip())


def _organized(thread: str, message: str, query: str) -> OrganizedMeeting:
    context = _context(query)
    organizer, tenant = guid(text(context.get("Oid"))), guid(text(context.get("Tid")))
    if not _THREAD.fullmatch(thread):
        raise _unreadable("The link is cut short: it names no meeting.")
    if not organizer or not tenant:
        raise _unreadable("The link is cut short: it does not name who organises the meeting.")
    reply = text(context.get("MessageId"))
    return OrganizedMeeting(
        organizer,
        thread,
        tenant,
        message if _MESSAGE.fullmatch(message) else "0",
        reply if _MESSAGE.fullmatch(reply) else "",
    )


def _thread(segment: str) -> str:
    once = unquote(segment)  # mail programs and chats encode a link once more
    return once if _THREAD.fullmatch(once) else unquote(once)


def _context(query: str) -> dict[str, Any]:
    raw = next(iter(parse_qs(query).get("context", [])), "")
    for candidate in (raw, unquote(raw)):
        try:
            return mapping(json.loads(candidate))
        except (ValueError, RecursionError):
            continue
    return {}


def _split(link: str) -> SplitResult:
    if not link or len(link) > LONGEST_LINK:
        raise _unreadable("This is not a link to a Teams meeting.")
    try:
        return urlsplit(link)
    except ValueError:
        raise _unreadable("This is not a link.") from None


def _unwrap(parts: SplitResult) -> SplitResult:
    if parts.scheme == "https" and _WRAPPED.search(parts.hostname or ""):
        return _split(next(iter(parse_qs(parts.query).get("url", [])), ""))
    return parts


def _unreadable(reason: str) -> Refused:
    remedy = "Copy the whole join link from the invitation, or use the meeting id and the passcode."
    return Refused(f"{reason} {remedy}", code="InvalidJoinUrl")
