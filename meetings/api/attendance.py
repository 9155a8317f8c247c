"""Over HTTP: who was in a meeting."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from commsportal.api import QuerySerializer
from commsportal.idempotency import KEY, IdempotentMixin
from directory.api.permissions import person
from directory.models import User
from directory.roles import SCHEDULE, SEE
from meetings import attended, commands
from meetings.api.serializers import EmptySerializer, ProblemSerializer
from meetings.api.views import readable
from meetings.attended import MOST_TOLERANCE, TOLERANCE, Attended
from meetings.models import AttendanceFetch, OnlineMeeting
from meetings.rules.attendance import Verdict
from meetings.rules.roll import UNINVITED, RollEntry

PARTS = ("organizer", "presenter", "attendee", UNINVITED)


class AttendanceQuerySerializer(QuerySerializer):
    """Which date of a series, and how strict verdicts are."""

    day = serializers.DateField(
        required=False, help_text="of the pattern, of a series; the date that has begun last unless told"
    )

    tolerance = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_TOLERANCE,
        help_text=f"minutes that nobody is blamed for, at the beginning and at the end; {TOLERANCE} unless told",
    )


class AttendanceSessionSerializer(serializers.Serializer[Any]):
    """One session: from the first who came until everybody had left."""

    id = serializers.CharField(source="report.graph_id", help_text="of Microsoft's report")
    starts_at = serializers.DateTimeField(source="report.starts_at", allow_null=True)
    ends_at = serializers.DateTimeField(source="report.ends_at", allow_null=True)
    fetched_at = serializers.DateTimeField(source="report.fetched_at")
    participant_count = serializers.IntegerField(
        source="report.participant_count", allow_null=True, help_text="as Microsoft counts them"
    )
    people = serializers.IntegerField(help_text="that it names")
    is_complete = serializers.BooleanField(help_text="it names as many as Microsoft counts")


class AttendancePersonSerializer(serializers.Serializer[Any]):
    """One person; without a time they never came, without a verdict nobody can say yet."""

    part = serializers.ChoiceField([(part, part) for part in PARTS])
    oid = serializers.CharField(allow_blank=True, help_text="object id; of a telephone its number")
    address = serializers.CharField(allow_blank=True)
    name = serializers.CharField(allow_blank=True)
    first_join_at = serializers.DateTimeField(source="attendance.first_join", allow_null=True, default=None)
    last_leave_at = serializers.DateTimeField(source="attendance.last_leave", allow_null=True, default=None)
    seconds = serializers.IntegerField(source="attendance.seconds", default=0)
    rejoins = serializers.IntegerField(source="attendance.rejoins", default=0)
    verdicts = serializers.SerializerMethodField()

    def get_verdicts(self, entry: RollEntry) -> list[Verdict]:
        """Return how they kept to the plan."""
        return [one for one in Verdict if one in entry.verdicts]


class AttendanceSerializer(serializers.Serializer[Any]):
    """Who was in a meeting."""

    day = serializers.DateField(source="date.day", help_text="of the pattern")
    starts_at = serializers.DateTimeField(source="date.starts_at")
    ends_at = serializers.DateTimeField(source="date.ends_at")
    tolerance = serializers.IntegerField(help_text="minutes")
    is_pending = serializers.BooleanField(help_text="somebody has asked for it, and it is being read")
    fetched_at = serializers.DateTimeField(allow_null=True, help_text="when all was read last; null: never")
    again_at = serializers.DateTimeField(allow_null=True, help_text="the next look; null: none by itself")
    problem = ProblemSerializer(allow_null=True, help_text="null: nothing stands in the way")
    sessions = AttendanceSessionSerializer(many=True, help_text="the oldest first")
    people = AttendancePersonSerializer(many=True, help_text="who was to be there, then who else came")


def attendance_json(user: User, meeting_id: UUID, tolerance: int = TOLERANCE, day: str = "") -> dict[str, Any]:
    """Return who was in a meeting.

    :raises Http404: there is none in the person's scope.
    """
    meeting: OnlineMeeting = get_object_or_404(readable(user), pk=meeting_id)
    seen = attended.of(meeting, tolerance, day)
    return dict(AttendanceSerializer(_told(seen, tolerance)).data)


def _told(seen: Attended, tolerance: int) -> dict[str, Any]:
    fetch = seen.fetch or AttendanceFetch()
    words = {"title": fetch.error_title, "detail": fetch.error_detail, "code": fetch.error_code}
    return {
        "date": seen.date,
        "tolerance": tolerance,
        "is_pending": seen.is_pending,
        "fetched_at": fetch.fetched_at,
        "again_at": fetch.due_at,
        "problem": words | {"again_at": fetch.due_at} if fetch.error_title else None,
        "sessions": seen.sessions,
        "people": seen.entries,
    }


class AttendanceDetail(APIView):
    """Who was in a meeting."""

    right = SEE

    @extend_schema(
        operation_id="meetings_attendance", parameters=[AttendanceQuerySerializer], responses=AttendanceSerializer
    )
    def get(self, request: Request, meeting_id: UUID) -> Response:
        """Read who was in a meeting, when, and how they kept to the plan."""
        query = AttendanceQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        tolerance = query.validated_data.get("tolerance", TOLERANCE)
        day = query.validated_data.get("day", "")
        return Response(attendance_json(person(request), meeting_id, tolerance, str(day)))


class AttendanceFetchView(IdempotentMixin, APIView):
    """Reading it anew."""

    right = SCHEDULE
    body = EmptySerializer

    @extend_schema(
        operation_id="meetings_fetch_attendance",
        request=EmptySerializer,
        parameters=[KEY],
        responses={202: AttendanceSerializer},
    )
    def post(self, request: Request, meeting_id: UUID) -> Response:
        """Have all that Microsoft tells of who was there read anew."""
        body = self.body(data=request.data)
        body.is_valid(raise_exception=True)
        commands.fetch_attendance(person(request), meeting_id)
        return Response(attendance_json(person(request), meeting_id), status=status.HTTP_202_ACCEPTED)
