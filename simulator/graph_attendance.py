"""Attendance reports over HTTP: the sessions of a meeting and who was in them, page by page (REFERENCE 9.6)."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from django.http import HttpResponse

from simulator.engine import checks, meeting_bodies
from simulator.engine.attendance import Report
from simulator.engine.bodies import GRAPH
from simulator.engine.conference import Meeting
from simulator.engine.model import GraphFault
from simulator.exchanges import Exchange, method_not_allowed, no_segment, send
from simulator.people import Person
from simulator.reading import options_of, whole_number

READ = "OnlineMeetingArtifact.Read.All"
USUAL, MOST = 10, 100
RECORDS = "attendanceRecords"
Json = dict[str, Any]


def dispatch(
    exchange: Exchange, person: Person, meeting: Meeting, segments: list[str], words: list[str]
) -> HttpResponse:
    """Answer a request about the reports of a meeting: to whoever organises it alone."""
    if exchange.request.method != "GET":
        raise method_not_allowed()
    if not meeting.is_organized_by(person.id):
        raise GraphFault(403, "Forbidden", "Attendance reports are for the organizers of a meeting.")
    base = f"users('{person.id}')/onlineMeetings('{meeting.id}')/attendanceReports"
    if not segments:
        newest = list(reversed(meeting.reports))
        return page(exchange, "meetingAttendanceReport.collection", base, newest, meeting_bodies.report)
    report = next((found for found in meeting.reports if found.id == segments[0].lower()), None)
    if report is None:
        raise GraphFault(404, "NotFound", "The attendance report does not exist.")
    if len(segments) == 1:
        return one(exchange, base, report)
    if words[1:] != [RECORDS.lower()]:
        raise no_segment()
    email = emails(exchange)
    context, shape = f"{base}('{report.id}')/{RECORDS}", "attendanceRecord.collection"
    return page(exchange, shape, context, list(report.records), lambda found: meeting_bodies.record(found, email))


def one(exchange: Exchange, base: str, report: Report) -> HttpResponse:
    """Answer with a report, and with its records where `$expand` names them."""
    expand = options_of(exchange.request).get("$expand", "").strip()
    if expand and expand.lower() != RECORDS.lower():
        raise checks.bad_request(f"$expand works with {RECORDS}.")
    body = meeting_bodies.report(report, emails(exchange) if expand else None)
    context = f"{GRAPH}/$metadata#{base}/$entity"
    return send(200, "meetingAttendanceReport", {"@odata.context": context, **body})


def emails(exchange: Exchange) -> dict[str, str]:
    """Return the addresses of the people of the directory."""
    return {person.id: person.mail for person in exchange.world.directory.people()}


def page(
    exchange: Exchange, shape: str, context: str, rows: list[Any], show: Callable[[Any], Json]
) -> HttpResponse:
    """Answer with one page, and a link to the next if there is one."""
    options = options_of(exchange.request)
    size, start = whole_number(options.get("$top", str(USUAL))), whole_number(options.get("$skiptoken", "0"))
    if size is None or start is None or not 1 <= size <= MOST:
        raise checks.bad_request(f"$top is from 1 to {MOST}, and $skiptoken one of ours.")
    body: Json = {"@odata.context": f"{GRAPH}/$metadata#{context}"}
    if start + size < len(rows):
        following = urlencode({**options, "$skiptoken": str(start + size)}, safe="$,")
        path = quote(exchange.request.path, safe="/:@")
        body["@odata.nextLink"] = f"{exchange.world.config.tls_url}{path}?{following}"
    body["value"] = [show(row) for row in rows[start : start + size]]
    return send(200, shape, body)
