"""Online meetings: making, finding, changing and deleting them, and who was there (REFERENCE 9).

Nothing here is on anybody's calendar. The organiser is always named by object id: with a sign-in name the service
answers 404 whatever is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from graph import policies
from graph.attendance import AttendanceRecord, MeetingReport
from graph.errors import (
    AccessPolicyMissing,
    GraphError,
    NotFound,
    OutcomeUnknown,
    Refused,
    Unauthorized,
)
from graph.meeting_values import Attendee, Meeting, MeetingSettings, listed, times
from graph.transport import Answer
from graph.values import objects, text

if TYPE_CHECKING:
    from graph.client import GraphClient

# Beside each of these roles an access policy lets the application act for the organiser (REFERENCE 2.3).
WRITE = "OnlineMeetings.ReadWrite.All"
READ = "OnlineMeetings.Read.All"
OWN = "OnlineMeetings.ReadWrite"  # somebody's own, by their own token
READ_ARTIFACTS = "OnlineMeetingArtifact.Read.All"
MOST_PAGES = 1_000

_ALL = "/users/{organizer}/onlineMeetings"
_ONE = f"{_ALL}/{{meeting}}"
_REPORTS = f"{_ONE}/attendanceReports"
_REPORT = f"{_REPORTS}/{{report}}"
_RECORDS = f"{_REPORT}/attendanceRecords"
# Otherwise `coorganizer` and `invited` arrive as `unknownFutureValue` (REFERENCE 1, evolvable enums).
WORDS = "include-unknown-enum-members"
_EARLIEST = datetime.min.replace(tzinfo=UTC)


class Meetings:
    """The online meetings of one tenant's people.

    Whatever is asked here raises `AccessPolicyMissing` where the policy for the organiser lacks, and `Forbidden`
    where the role does.
    """

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    def create(
        self, organizer_id: str, settings: MeetingSettings, *, external_id: str = "", scenario_id: str = ""
    ) -> Meeting:
        """Make a meeting; https://learn.microsoft.com/graph/api/application-post-onlinemeetings

        :param external_id: ours, under which `create_or_get` finds it. This request never looks for it: sent twice
            it makes two meetings.
        :raises OutcomeUnknown: never to be repeated: without an external id nothing tells a second meeting from
            the first, with one `create_or_get` does.
        :raises Refused: the settings contradict each other, or Graph says so.
        """
        ids, body = {"organizer": organizer_id}, settings.to_graph()
        body |= {"externalId": external_id} if external_id else {}
        answer = self._ask("POST", _ALL, ids, body=body, scenario_id=scenario_id, permission=WRITE)
        return _meeting(answer, repeatable=False)

    def create_or_get(
        self,
        organizer_id: str,
        external_id: str,
        *,
        subject: str = "",
        start: datetime | None = None,
        end: datetime | None = None,
        attendees: tuple[Attendee, ...] = (),
        scenario_id: str = "",
    ) -> Meeting:
        """Make a meeting, or find the one made under the same external id before: all else is ignored then.

        https://learn.microsoft.com/graph/api/onlinemeeting-createorget

        :param organizer_id: object id of the person in whose name it is held.
        :param external_id: ours, the same at each repetition.
        :param start: now, unless told; the end is an hour later.
        :raises Forbidden: the role is missing, or the access policy for this organiser.
        :raises Refused: there is no such organiser, or the same in another answer.
        """
        body: dict[str, Any] = {"externalId": external_id} | times(start, end)
        body |= {"subject": subject} if subject else {}
        body |= {"participants": listed(attendees)} if attendees else {}
        ids, template = {"organizer": organizer_id}, f"{_ALL}/createOrGet"
        try:
            answer = self._ask(
                "POST", template, ids, body=body, scenario_id=scenario_id, repeatable=True, permission=WRITE
            )
        except (NotFound, Refused, Unauthorized) as error:
            # Pages and services differ in how they answer where the access policy lacks (REFERENCE 20, choice 7).
            raise Refused(
                error.message,
                status=error.status,
                code=error.code,
                request_id=error.request_id,
                permission=WRITE,
            ) from error
        meeting = Meeting.from_graph(answer.entity(repeatable=True), answer.request_id)
        if not meeting.thread_id:
            raise OutcomeUnknown(
                "a meeting was made without a chat", code="Unreadable", request_id=answer.request_id
            )
        return meeting

    def get(self, organizer_id: str, meeting_id: str) -> Meeting:
        """Read a meeting, as its organiser or somebody on its list.

        https://learn.microsoft.com/graph/api/onlinemeeting-get

        :raises NotFound: there is none of this id, or none that this person may see.
        """
        ids = {"organizer": organizer_id, "meeting": meeting_id}
        answer = self._ask("GET", _ONE, ids, repeatable=True, permission=READ)
        return _meeting(answer, repeatable=True)

    def find(self, organizer_id: str, *, join_url: str = "", join_meeting_id: str = "") -> Meeting:
        """Find a meeting by the link that people click, or by the number that they type: one of the two.

        https://learn.microsoft.com/graph/api/onlinemeeting-get

        :param join_url: as Graph told it, to the letter.
        :raises NotFound: there is none, or none that this person may see.
        """
        if bool(join_url) == bool(join_meeting_id):
            raise Refused("a meeting is found by its link or by its number", code="InvalidFilter")
        name = "JoinWebUrl" if join_url else "joinMeetingIdSettings/joinMeetingId"
        query = {"$filter": _equals(name, join_url or join_meeting_id)}
        return _found(
            self._ask("GET", _ALL, {"organizer": organizer_id}, query=query, repeatable=True, permission=READ)
        )

    def find_by_teleconference(self, video_teleconference_id: str) -> Meeting:
        """Find a meeting by the number for video systems, whoever organises it; no access policy is needed.

        https://learn.microsoft.com/graph/api/onlinemeeting-get

        :raises NotFound: there is none.
        """
        query = {"$filter": _equals("VideoTeleconferenceId", video_teleconference_id)}
        template = "/communications/onlineMeetings/"
        return _found(
            self._graph.send("GET", template, query=query, repeatable=True, permission=READ, prefer=WORDS)
        )

    def update(
        self, organizer_id: str, meeting_id: str, settings: MeetingSettings, *, scenario_id: str = ""
    ) -> Meeting:
        """Change what is set; https://learn.microsoft.com/graph/api/onlinemeeting-update

        Lobby, presenters, chat and switches count at once, all else from the next session on.

        :param settings: `MeetingSettings.beyond` leaves out what a meeting has already.
        :raises Refused: nothing is set, or what goes together is not told together.
        :raises NotFound: there is no such meeting of this organiser's.
        """
        if settings.is_passcode_required is not None:
            raise Refused("a meeting keeps its passcode: make another one", code="InvalidSettings")
        body = settings.to_graph()
        if not body:
            raise Refused("there is nothing to change", code="InvalidSettings")
        ids = {"organizer": organizer_id, "meeting": meeting_id}
        answer = self._ask(
            "PATCH", _ONE, ids, body=body, scenario_id=scenario_id, repeatable=True, permission=WRITE
        )
        return _meeting(answer, repeatable=True)

    def delete(self, organizer_id: str, meeting_id: str, *, scenario_id: str = "") -> str:
        """Delete a meeting, or find it gone; return Graph's id of the request.

        https://learn.microsoft.com/graph/api/onlinemeeting-delete
        """
        ids = {"organizer": organizer_id, "meeting": meeting_id}
        try:
            answer = self._ask("DELETE", _ONE, ids, scenario_id=scenario_id, repeatable=True, permission=WRITE)
        except NotFound as error:
            return error.request_id
        return answer.request_id

    def attendance_reports(self, organizer_id: str, meeting_id: str) -> list[MeetingReport]:
        """Read who was there, session by session, the newest first and without records.

        https://learn.microsoft.com/graph/api/meetingattendancereport-list

        The service has cut lists off and overwritten reports: keep what was read after each session.

        :param organizer_id: object id of the organiser, or of somebody who organises with them.
        :raises NotFound: there is no such meeting.
        """
        ids = {"organizer": organizer_id, "meeting": meeting_id}
        reports = [MeetingReport.from_graph(item) for item in self._all(_REPORTS, ids)]
        return sorted(reports, key=lambda report: report.start or _EARLIEST, reverse=True)

    def attendance_report(
        self, organizer_id: str, meeting_id: str, report_id: str, *, expand: bool = False
    ) -> MeetingReport:
        """Read one session; https://learn.microsoft.com/graph/api/meetingattendancereport-get

        :param expand: with its records, all of them.
        :raises NotFound: there is no such report or meeting.
        """
        ids = {"organizer": organizer_id, "meeting": meeting_id, "report": report_id}
        query = {"$expand": "attendanceRecords"} if expand else None
        answer = self._ask("GET", _REPORT, ids, query=query, repeatable=True, permission=READ_ARTIFACTS)
        report = answer.entity(repeatable=True)
        if link := text(report.get("attendanceRecords@odata.nextLink")):
            rest = self._pages(self._follow(link, _RECORDS, ids), _RECORDS, ids)
            report = {**report, "attendanceRecords": [*objects(report.get("attendanceRecords")), *rest]}
        return MeetingReport.from_graph(report)

    def attendance_records(self, organizer_id: str, meeting_id: str, report_id: str) -> list[AttendanceRecord]:
        """Read who was in a session; https://learn.microsoft.com/graph/api/attendancerecord-list

        :raises NotFound: there is no such report or meeting.
        """
        ids = {"organizer": organizer_id, "meeting": meeting_id, "report": report_id}
        return [AttendanceRecord.from_graph(item) for item in self._all(_RECORDS, ids)]

    def _all(self, template: str, ids: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        answer = self._ask("GET", template, ids, repeatable=True, permission=READ_ARTIFACTS)
        return self._pages(answer, template, ids)

    def _pages(self, answer: Answer, template: str, ids: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        for _page in range(MOST_PAGES):
            page = answer.entity(repeatable=True)
            yield from objects(page.get("value"))
            link = text(page.get("@odata.nextLink"))
            if not link:
                return
            answer = self._follow(link, template, ids)
        raise OutcomeUnknown("the list of attendance has no end", code="EndlessList")

    def _ask(self, method: str, template: str, ids: Mapping[str, str], *, permission: str, **rest: Any) -> Answer:
        with self._policy_named(ids["organizer"], permission):
            return self._graph.send(method, template, ids, permission=permission, prefer=WORDS, **rest)

    def _follow(self, link: str, template: str, ids: Mapping[str, str]) -> Answer:
        with self._policy_named(ids["organizer"], READ_ARTIFACTS):
            return self._graph.follow(link, template, permission=READ_ARTIFACTS)

    @contextmanager
    def _policy_named(self, organizer_id: str, permission: str) -> Iterator[None]:
        try:
            yield
        except GraphError as error:
            if not policies.is_missing(error):
                raise
            remedy = policies.remedy(self._graph.app_id, organizer_id)
            raise AccessPolicyMissing(error, remedy=remedy, permission=permission) from error


def _meeting(answer: Answer, *, repeatable: bool) -> Meeting:
    """Read the meeting that was answered.

    :raises OutcomeUnknown: it cannot be told from others.
    """
    meeting = Meeting.from_graph(answer.entity(repeatable=repeatable), answer.request_id)
    if not meeting.id:
        raise OutcomeUnknown(
            "a meeting was answered without an id",
            retryable=repeatable,
            status=answer.status,
            code="Unreadable",
            request_id=answer.request_id,
        )
    return meeting


def _found(answer: Answer) -> Meeting:
    """Read the one meeting that a filter finds: the texts show a list, one example the entity (REFERENCE 9.3).

    :raises NotFound: there is none.
    """
    body = answer.entity(repeatable=True)
    for item in objects(body["value"]) if "value" in body else [body]:
        meeting = Meeting.from_graph(item, answer.request_id)
        if meeting.id:
            return meeting
    raise NotFound("there is no such meeting", status=404, code="NotFound", request_id=answer.request_id)


def _equals(name: str, value: str) -> str:
    return f"{name} eq '{value.replace(chr(39), chr(39) * 2)}'"
