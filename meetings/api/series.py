"""Over HTTP: the dates on which meetings take place, and what may be asked of one date of a series."""

from collections.abc import Callable
from datetime import date
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from commsportal.api import KeysetPagination, QuerySerializer
from commsportal.bodies import LARGEST_ID
from commsportal.idempotency import KEY, IdempotentMixin
from directory.api.permissions import person
from directory.models import User
from directory.roles import SCHEDULE, SEE
from meetings import commands, occurrence_commands, preview
from meetings.api.serializers import (
    CancelSerializer,
    MeetingSerializer,
    OffsetField,
    OrganizerSerializer,
    ScheduleSerializer,
    VersionedSerializer,
)
from meetings.api.views import meeting_json
from meetings.models import Occurrence, OnlineMeeting

DAY = OpenApiParameter(
    "day",
    OpenApiTypes.DATE,
    OpenApiParameter.PATH,
    description="of the pattern, wherever it was moved",
)


class OccurrenceSerializer(serializers.ModelSerializer[Occurrence]):
    """One date of a meeting; a meeting that is no series has one."""

    subject = serializers.CharField(source="meeting.subject")
    organizer = OrganizerSerializer(source="meeting.organizer")
    is_series = serializers.SerializerMethodField()
    state = serializers.SerializerMethodField()

    class Meta:
        model = Occurrence
        fields = [
            *("meeting", "subject", "organizer", "is_series"),
            *("day", "starts_at", "ends_at", "state", "is_moved", "reason"),
        ]
        read_only_fields = fields

    def get_is_series(self, one: Occurrence) -> bool:
        """Tell whether the meeting has other dates too."""
        return one.meeting.recurrence is not None

    @extend_schema_field(serializers.ChoiceField(Occurrence.State.choices))
    def get_state(self, one: Occurrence) -> str:
        """Return whether it takes place; it does not where its whole meeting is cancelled."""
        return str(Occurrence.State.CANCELLED if one.meeting.is_cancelled else one.state)


class OccurrenceQuerySerializer(QuerySerializer):
    """What narrows the list of dates."""

    organizer = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    before = OffsetField(required=False, help_text="those that begin before this instant")
    since = OffsetField(required=False, help_text="those that end after this instant")


def _readable(user: User) -> QuerySet[Occurrence]:
    rows = Occurrence.objects.visible_to(user).exclude(meeting__state=OnlineMeeting.State.DRAFT)
    return rows.select_related("meeting__organizer")


class OccurrenceList(APIView):
    """The dates of the meetings of the person's organisers."""

    right = SEE
    keyset = ("starts_at", "id")
    pagination_class = KeysetPagination
    serializer_class = OccurrenceSerializer

    @extend_schema(
        operation_id="occurrences_list",
        parameters=[OccurrenceQuerySerializer],
        responses=OccurrenceSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """List dates, the latest first, narrowed by organiser and time."""
        query = OccurrenceQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        names = {"organizer": "meeting__organizer_id", "before": "starts_at__lt", "since": "ends_at__gt"}
        wanted = {names[name]: value for name, value in query.validated_data.items()}
        page = self.pagination_class()
        rows = page.paginate_queryset(_readable(person(request)).filter(**wanted), request, self)
        return page.get_paginated_response(OccurrenceSerializer(rows, many=True).data)


class MeetingOccurrenceList(APIView):
    """The dates of one meeting."""

    right = SEE
    keyset = ("starts_at", "id")
    pagination_class = KeysetPagination
    serializer_class = OccurrenceSerializer

    @extend_schema(operation_id="meetings_occurrences", responses=OccurrenceSerializer(many=True))
    def get(self, request: Request, meeting_id: UUID) -> Response:
        """List the dates of a meeting, the latest first."""
        found = OnlineMeeting.objects.visible_to(person(request)).without_drafts()
        if not found.filter(pk=meeting_id).exists():
            raise Http404
        rows = _readable(person(request)).filter(meeting=meeting_id)
        page = self.pagination_class()
        return page.get_paginated_response(
            OccurrenceSerializer(page.paginate_queryset(rows, request, self), many=True).data
        )


class MoveSerializer(VersionedSerializer):
    """When a date is to be."""

    starts_at = OffsetField()
    ends_at = OffsetField()


class DateAction(IdempotentMixin, APIView):
    """Something that is asked of one date of a series."""

    right = SCHEDULE
    body: ClassVar[Any]
    command: ClassVar[Callable[..., OnlineMeeting]]

    def _do(self, request: Request, meeting_id: UUID, day: str) -> Response:
        body = self.body(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            wanted = date.fromisoformat(day)
        except ValueError:
            raise Http404 from None
        type(self).command(person(request), meeting_id, wanted, **body.validated_data)
        return Response(meeting_json(person(request), meeting_id), status=status.HTTP_202_ACCEPTED)


Asked = TypeVar("Asked", bound=Callable[..., Response])


def _asks(name: str, body: Any) -> Callable[[Asked], Asked]:
    """Describe what is asked of a date."""
    return extend_schema(
        operation_id=f"meetings_{name}_occurrence",
        request=body,
        parameters=[KEY, DAY],
        responses={202: MeetingSerializer},
    )


class MoveDate(DateAction):
    """Have one date be at another time."""

    body = MoveSerializer
    command = staticmethod(occurrence_commands.move)

    @_asks("move", MoveSerializer)
    def put(self, request: Request, meeting_id: UUID, day: str) -> Response:
        """Have a date be at another time, the others where they are."""
        return self._do(request, meeting_id, day)


class CancelDate(DateAction):
    """Have one date not take place."""

    body = CancelSerializer
    command = staticmethod(occurrence_commands.cancel)

    @_asks("cancel", CancelSerializer)
    def post(self, request: Request, meeting_id: UUID, day: str) -> Response:
        """Have a date not take place."""
        return self._do(request, meeting_id, day)


class RestoreDate(DateAction):
    """Have one date take place as the pattern has it."""

    body = VersionedSerializer
    command = staticmethod(occurrence_commands.restore)

    @_asks("restore", VersionedSerializer)
    def post(self, request: Request, meeting_id: UUID, day: str) -> Response:
        """Have a date take place as the pattern has it, though it was moved, cancelled or a holiday."""
        return self._do(request, meeting_id, day)


class PlannedDateSerializer(serializers.Serializer[Any]):
    """A date that would be."""

    day = serializers.DateField()
    starts_at = serializers.DateTimeField(source="start")
    ends_at = serializers.DateTimeField(source="end")
    holiday = serializers.CharField(allow_null=True, help_text="on which it is skipped; null: it takes place")


class GraphRequestSerializer(serializers.Serializer[Any]):
    """What Graph would be asked."""

    title = serializers.CharField()
    request = serializers.CharField()
    body = serializers.DictField()


class PreviewSerializer(serializers.Serializer[Any]):
    """What a meeting would be."""

    words = serializers.CharField(allow_blank=True, help_text="of a series; else empty")
    dates = PlannedDateSerializer(many=True)
    requests = GraphRequestSerializer(many=True)


class PreviewView(IdempotentMixin, APIView):
    """What a meeting would be that nobody has scheduled yet."""

    right = SCHEDULE
    body = ScheduleSerializer

    @extend_schema(
        operation_id="meetings_preview",
        request=ScheduleSerializer,
        parameters=[KEY],
        responses={200: PreviewSerializer},
    )
    def post(self, request: Request) -> Response:
        """Say on which dates a meeting would be, and what Graph would be asked; nothing is kept."""
        body = self.body(data=request.data)
        body.is_valid(raise_exception=True)
        organizer = commands.acting_for(person(request), body.validated_data["organizer"])
        found = preview.of(commands.checked(body.plan(), organizer), organizer)
        return Response(PreviewSerializer(_told(found)).data)


def _told(found: preview.Preview) -> dict[str, Any]:
    dates = [
        {"day": one.day, "start": one.start, "end": one.end, "holiday": found.skipped.get(one.day)}
        for one in found.dates
    ]
    return {"words": found.words, "dates": dates, "requests": found.requests}
