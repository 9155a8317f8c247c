"""Online meetings over HTTP: make, find, read, change, delete (REFERENCE 9.1 to 9.5)."""

import re
from typing import Any

from django.http import HttpResponse
from django.utils.translation.trans_real import parse_accept_lang_header

from simulator import graph_attendance
from simulator.engine import Party, checks, meeting_bodies, meeting_settings
from simulator.engine.bodies import GRAPH
from simulator.engine.conference import Meeting
from simulator.engine.model import GraphFault
from simulator.exchanges import Exchange, empty, method_not_allowed, no_segment, read_body, send
from simulator.people import Person
from simulator.reading import options_of
from simulator.world import utc_now

WRITE, READ = "OnlineMeetings.ReadWrite.All", "OnlineMeetings.Read.All"
MOST_A_MONTH = 2_000
FILTER = re.compile(r"([\w/]+)\s+eq\s+'((?:[^']|'')*)'")
FILTERS = {"joinweburl": "join_url", "joinmeetingidsettings/joinmeetingid": "join_meeting_id"}
EVOLVED = "include-unknown-enum-members"
Json = dict[str, Any]


def dispatch(exchange: Exchange, user: str, segments: list[str], words: list[str]) -> HttpResponse:
    """Answer a request about somebody's meetings."""
    method, part = exchange.request.method, words[1:2]
    exchange.action = "/".join(["onlinemeetings", *(words if words == ["createorget"] else part)])
    if part == ["attendancereports"]:
        checks.require_role(exchange.caller.roles, graph_attendance.READ)
    else:
        checks.require_role(exchange.caller.roles, WRITE, *([READ] if method == "GET" else []))
    return answered(exchange, person_of(exchange, user), segments, words)


def answered(exchange: Exchange, person: Person, segments: list[str], words: list[str]) -> HttpResponse:
    """Answer a request that may be made about the meetings of `person`."""
    part = words[1:2]
    if words == ["createorget"] and exchange.request.method == "POST":
        return create_or_get(exchange, person)
    if not segments:
        return collection(exchange, person)
    meeting = meeting_for(exchange, person, segments[0])
    if part == ["attendancereports"]:
        return graph_attendance.dispatch(exchange, person, meeting, segments[2:], words[2:])
    if part:
        raise no_segment()
    return one(exchange, person, meeting)


def person_of(exchange: Exchange, key: str) -> Person:
    """Return the person whose meetings they are, if an access policy lets the application use them (2.3)."""
    app = exchange.caller
    person = app.tenant.find_person(key)
    if person is None:
        raise GraphFault(404, "NotFound", f"There is no user {key}.")
    if not app.tenant.has_access_policy:
        text = f"App {app.app_id} is not authorized to access the online meeting on behalf of user {person.id}"
        raise GraphFault(exchange.world.faults.settings.access_policy_status, "Unauthorized", text)
    return person


def not_there() -> GraphFault:
    """Make the 404 of a meeting that there is not, or not for this person."""
    return GraphFault(404, "NotFound", "The meeting does not exist.")


def may_see(person: Person, meeting: Meeting) -> bool:
    """Tell whether somebody organises a meeting or is on its list (REFERENCE 9.3)."""
    return person.id == meeting.organizer.id or meeting.attendee(person.id) is not None


def meeting_for(exchange: Exchange, person: Person, key: str) -> Meeting:
    """Return a meeting that somebody may see."""
    found = exchange.world.engine.meetings.all.get(key)
    if found is None or not may_see(person, found):
        raise not_there()
    return found


def collection(exchange: Exchange, person: Person) -> HttpResponse:
    """Answer `GET` and `POST .../onlineMeetings`."""
    if exchange.request.method == "GET":
        return by_filter(exchange, person)
    if exchange.request.method != "POST":
        raise method_not_allowed()
    return create(exchange, person)


def create(exchange: Exchange, person: Person) -> HttpResponse:
    """Make a meeting (`application-post-onlinemeetings.md`), a second one under an external id that there is."""
    body = read_body(exchange, "onlineMeeting.create.request")
    made = make(exchange, person, body)
    made.external_id = body.get("externalId") or ""
    return answer(exchange, 201, made)


def create_or_get(exchange: Exchange, person: Person) -> HttpResponse:
    """Answer with the meeting of an external id: 201 new, 200 known (`onlinemeeting-createorget.md`)."""
    body = read_body(exchange, "onlineMeeting.createOrGet.request")
    if not body["externalId"]:
        raise checks.bad_request("externalId must not be empty.")
    wanted = meeting_settings.of_new(body, person.id, exchange.caller.tenant.find_person, utc_now())
    if known := exchange.world.engine.meetings.of_external(party_of(exchange, person), body["externalId"]):
        return answer(exchange, 200, known)
    made = make(exchange, person, body, wanted)
    made.external_id = body["externalId"]
    return answer(exchange, 201, made)


def party_of(exchange: Exchange, person: Person) -> Party:
    """Return an organizer."""
    return Party("user", person.id, person.name, exchange.caller.tenant.id)


def make(exchange: Exchange, person: Person, body: Json, wanted: Json | None = None) -> Meeting:
    """Make a meeting as it is asked for, unless this is one too many in a month (REFERENCE 17)."""
    table, now, organizer = exchange.world.engine.meetings, utc_now(), party_of(exchange, person)
    wanted = wanted or meeting_settings.of_new(body, person.id, exchange.caller.tenant.find_person, now)
    if table.count_of(organizer, now) >= MOST_A_MONTH:
        raise GraphFault(429, "TooManyRequests", "Please retry again later.", {"Retry-After": "10"})
    needs_passcode = (body.get("joinMeetingIdSettings") or {}).get("isPasscodeRequired") is not False
    made = table.make(organizer, now, has_passcode=needs_passcode)
    change(made, wanted)
    exchange.effect = True
    return made


def change(meeting: Meeting, wanted: Json) -> None:
    """Set what is wanted of a meeting."""
    for name, value in wanted.items():
        setattr(meeting, name, value)


def one(exchange: Exchange, person: Person, meeting: Meeting) -> HttpResponse:
    """Answer `GET`, `PATCH` and `DELETE .../onlineMeetings/{id}`; who is on the list may read it alone."""
    method = exchange.request.method
    if method == "GET":
        return answer(exchange, 200, meeting)
    if method not in ("PATCH", "DELETE"):
        raise method_not_allowed()
    if person.id != meeting.organizer.id:
        raise GraphFault(403, "Forbidden", "Only the organizer changes or deletes a meeting.")
    if method == "DELETE":
        exchange.world.engine.meetings.remove(meeting)
        exchange.effect = True
        return empty(204)
    body, find = read_body(exchange, "onlineMeeting"), exchange.caller.tenant.find_person
    change(meeting, meeting_settings.of_known(meeting, body, find))
    exchange.effect = True
    return answer(exchange, 200, meeting)


def by_filter(exchange: Exchange, person: Person) -> HttpResponse:
    """Answer with the one meeting of a join URL or meeting id; without a filter there is no list."""
    name, value = filter_of(exchange)
    if name not in FILTERS:
        raise checks.bad_request("A filter on JoinWebUrl or joinMeetingIdSettings/joinMeetingId is needed.")
    found = exchange.world.engine.meetings.named(FILTERS[name], value)
    if found is None or not may_see(person, found):
        raise not_there()
    return only(exchange, found)


def by_teleconference(exchange: Exchange) -> HttpResponse:
    """Answer `GET /communications/onlineMeetings/` with the one of a number for video systems."""
    exchange.action = "onlinemeetings"
    checks.require_role(exchange.caller.roles, WRITE, READ)
    if exchange.request.method != "GET":
        raise method_not_allowed()
    name, value = filter_of(exchange)
    if name != "videoteleconferenceid":
        raise checks.bad_request("A filter on VideoTeleconferenceId is needed.")
    found = exchange.world.engine.meetings.named("video_id", value)
    if found is None or found.tenant_id != exchange.caller.tenant.id:
        raise not_there()
    return only(exchange, found)


def filter_of(exchange: Exchange) -> tuple[str, str]:
    """Return the property that a filter compares, in lower case, and with what; both empty if it is none."""
    asked = FILTER.fullmatch(options_of(exchange.request).get("$filter", "").strip())
    return (asked[1].lower(), asked[2].replace("''", "'")) if asked else ("", "")


def only(exchange: Exchange, meeting: Meeting) -> HttpResponse:
    """Answer with a list of one (REFERENCE 20, slip 5)."""
    context = f"{GRAPH}/$metadata#users('{meeting.organizer.id}')/onlineMeetings"
    body = {"@odata.context": context, "value": [body_of(exchange, meeting)]}
    return send(200, "onlineMeeting.collection", body)


def answer(exchange: Exchange, status: int, meeting: Meeting) -> HttpResponse:
    """Answer with a meeting."""
    return send(status, "onlineMeeting", body_of(exchange, meeting))


def body_of(exchange: Exchange, meeting: Meeting) -> Json:
    """Return a meeting in the language, and with the words, that the request asks for."""
    headers = exchange.request.headers
    spoken = [name.partition("-")[0] for name, _ in parse_accept_lang_header(headers.get("Accept-Language", ""))]
    language = next((name for name in spoken if name in meeting_bodies.LABELS), "en")
    organizer = exchange.world.directory.person(meeting.organizer.id)
    evolved = EVOLVED in headers.get("Prefer", "").lower()
    return meeting_bodies.shown(meeting, organizer, language=language, evolved=evolved)
