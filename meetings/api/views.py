"""Meetings over HTTP: what there is, and what may be asked."""

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from commsportal.api import KeysetPagination
from commsportal.idempotency import KEY, IdempotentMixin
from directory.api.pagination import ByName
from directory.api.permissions import person
from directory.models import User
from directory.roles import SCHEDULE, SEE
from meetings import commands, drafts
from meetings.api.serializers import (
    CancelSerializer,
    ChangeSerializer,
    EmptySerializer,
    MeetingQuerySerializer,
    MeetingSerializer,
    OrganizerSerializer,
    ResolveSerializer,
    ScheduleSerializer,
)
from meetings.models import OnlineMeeting, OnlineMeetingQuerySet, Organizer


def readable(user: User) -> QuerySet[OnlineMeeting]:
    """Return the meetings of the person's scope with all that is shown of one; no drafts."""
    return with_drafts(user).without_drafts()


def with_drafts(user: User) -> OnlineMeetingQuerySet:
    """Return the meetings of the person's scope, with the drafts that they may schedule."""
    rows = OnlineMeeting.objects.visible_to(user).select_related("organizer", "template")
    return rows.prefetch_related("attendees")


class OrganizerList(APIView):
    """Those whose meetings the person may see."""

    right = SEE
    pagination_class = ByName
    serializer_class = OrganizerSerializer

    @extend_schema(operation_id="organizers_list", responses=OrganizerSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List organisers by name."""
        page = self.pagination_class()
        rows = page.paginate_queryset(Organizer.objects.visible_to(person(request)), request, self)
        return page.get_paginated_response(OrganizerSerializer(rows, many=True).data)


class MeetingList(IdempotentMixin, APIView):
    """The meetings of the person's organisers."""

    rights: ClassVar[dict[str, str]] = {"POST": SCHEDULE}
    right = SEE
    body = ScheduleSerializer
    keyset = ("starts_at", "id")
    pagination_class = KeysetPagination
    serializer_class = MeetingSerializer

    @extend_schema(
        operation_id="meetings_list", parameters=[MeetingQuerySerializer], responses=MeetingSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        """List meetings, the latest first, narrowed by organiser, template, state and time."""
        query = MeetingQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        page = self.pagination_class()
        rows = page.paginate_queryset(_narrowed(with_drafts(person(request)), query.validated_data), request, self)
        return page.get_paginated_response(MeetingSerializer(rows, many=True).data)

    @extend_schema(
        operation_id="meetings_schedule",
        request=ScheduleSerializer,
        parameters=[KEY],
        responses={201: MeetingSerializer, 202: MeetingSerializer},
    )
    def post(self, request: Request) -> Response:
        """Have a meeting held in somebody's name; Microsoft is asked afterwards, but of a draft (201) nothing."""
        body = self.body(data=request.data)
        body.is_valid(raise_exception=True)
        told = body.validated_data
        ask, code = (drafts.save, 201) if told["draft"] else (commands.schedule, 202)
        made = ask(person(request), told["organizer"], body.plan(), template_id=told.get("template"))
        return Response(meeting_json(person(request), made.pk), status=code)


def _narrowed(meetings: QuerySet[OnlineMeeting], query: dict[str, Any]) -> QuerySet[OnlineMeeting]:
    names = {"organizer": "organizer_id", "state": "state", "before": "starts_at__lt", "since": "over_at__gt"}
    names |= {"template": "template_id"}
    return meetings.filter(**{names[name]: value for name, value in query.items()})


def meeting_json(user: User, meeting_id: UUID) -> dict[str, Any]:
    """Return one meeting.

    :raises Http404: there is none in the person's scope.
    """
    return dict(MeetingSerializer(get_object_or_404(with_drafts(user), pk=meeting_id)).data)


class MeetingDetail(IdempotentMixin, APIView):
    """One meeting."""

    rights: ClassVar[dict[str, str]] = {"PUT": SCHEDULE}
    right = SEE
    body = ChangeSerializer

    @extend_schema(operation_id="meetings_get", responses=MeetingSerializer)
    def get(self, request: Request, meeting_id: UUID) -> Response:
        """Read a meeting."""
        return Response(meeting_json(person(request), meeting_id))

    @extend_schema(
        operation_id="meetings_change",
        request=ChangeSerializer,
        parameters=[KEY],
        responses={200: MeetingSerializer, 202: MeetingSerializer},
    )
    def put(self, request: Request, meeting_id: UUID) -> Response:
        """Have a meeting be so, whole; `version` is that which was looked at. A draft (200) stays one."""
        body = self.body(data=request.data)
        body.is_valid(raise_exception=True)
        is_draft = OnlineMeeting.objects.changeable_by(person(request)).drafts().filter(pk=meeting_id).exists()
        change, code = (drafts.change, 200) if is_draft else (commands.change, 202)
        change(person(request), meeting_id, body.plan(), version=body.validated_data["version"])
        return Response(meeting_json(person(request), meeting_id), status=code)


class Action(IdempotentMixin, APIView):
    """Something that is asked of a meeting."""

    right = SCHEDULE
    body: ClassVar[Any] = EmptySerializer
    command: ClassVar[Callable[..., OnlineMeeting]]

    def post(self, request: Request, meeting_id: UUID) -> Response:
        """Ask for it."""
        body = self.body(data=request.data)
        body.is_valid(raise_exception=True)
        type(self).command(person(request), meeting_id, **body.validated_data)
        return Response(meeting_json(person(request), meeting_id), status=status.HTTP_202_ACCEPTED)


def asks(name: str, body: Any) -> Any:
    """Describe an action."""
    schema = extend_schema(
        operation_id=f"meetings_{name}", request=body, parameters=[KEY], responses={202: MeetingSerializer}
    )
    return extend_schema_view(post=schema)


@asks("cancel", CancelSerializer)
class Cancel(Action):
    """Have a meeting not take place."""

    body = CancelSerializer
    command = staticmethod(commands.cancel)


@asks("retry", EmptySerializer)
class Retry(Action):
    """Try at once what Microsoft did not do."""

    command = staticmethod(commands.retry)


@asks("resolve", ResolveSerializer)
class Resolve(Action):
    """Decide which holds of a meeting that was changed in Teams as well."""

    body = ResolveSerializer
    command = staticmethod(commands.resolve)
