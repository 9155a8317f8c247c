"""What people ask in their own name: `/me` with a delegated token (REFERENCE 2.1, 9, 23.8)."""

from django.http import HttpResponse

from simulator import graph_attendance, graph_events, graph_meeting_times, graph_meetings
from simulator.engine import GraphFault
from simulator.exchanges import Exchange, no_segment

WRITE, READ = "OnlineMeetings.ReadWrite", "OnlineMeetings.Read"
CALENDARS = "Calendars.Read.Shared"


def dispatch(exchange: Exchange, segments: list[str], words: list[str]) -> HttpResponse:
    """Answer a request of somebody who has signed in: of Graph they get what is theirs, by `/me` alone."""
    if exchange.caller.person is None:
        raise GraphFault(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
    if words[:1] != ["me"]:
        raise denied()
    if words[1:2] == ["onlinemeetings"]:
        return meetings(exchange, segments[2:], words[2:])
    if words[1:] == ["findmeetingtimes"]:
        exchange.action = "me/findmeetingtimes"
        require_scope(exchange, CALENDARS)
        return graph_meeting_times.find(exchange, exchange.caller.person, graph_events.style_of(exchange).zone)
    raise no_segment()


def meetings(exchange: Exchange, segments: list[str], words: list[str]) -> HttpResponse:
    """Answer `/me/onlineMeetings...`; no access policy is involved."""
    part, person = words[1:2], exchange.caller.person
    exchange.action = "/".join(["me/onlinemeetings", *(words if words == ["createorget"] else part)])
    if part == ["attendancereports"]:
        require_scope(exchange, graph_attendance.READ)
    else:
        require_scope(exchange, WRITE, *([READ] if exchange.request.method == "GET" else []))
    assert person is not None
    return graph_meetings.answered(exchange, person, segments, words)


def require_scope(exchange: Exchange, *wanted: str) -> None:
    """Refuse a token that has none of these scopes."""
    if not exchange.caller.scopes.intersection(wanted):
        raise denied()


def denied() -> GraphFault:
    """Make the 403."""
    return GraphFault(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
