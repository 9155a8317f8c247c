"""Rooms over HTTP: who is there, and what may be asked."""

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from calls.models import Call
from commsportal.idempotency import KEY, IdempotentMixin
from directory.api.permissions import person
from directory.models import User
from directory.roles import DECIDE, SEE
from meetings.api.views import readable
from rooms import commands
from rooms.api.serializers import JoinRoomSerializer, RingSerializer, RoomSerializer, room_json


def _room(user: User, meeting_id: UUID) -> dict[str, Any]:
    """:raises Http404: there is no such meeting in the person's scope."""
    return room_json(user, get_object_or_404(readable(user), pk=meeting_id))


class RoomDetail(APIView):
    """A meeting's room."""

    right = SEE

    @extend_schema(operation_id="rooms_get", responses=RoomSerializer)
    def get(self, request: Request, meeting_id: UUID) -> Response:
        """Read who of the invited is there, and the bot's call."""
        return Response(_room(person(request), meeting_id))


class Action(IdempotentMixin, APIView):
    """Something that is asked in a room."""

    right = DECIDE
    body: ClassVar[Any]
    command: ClassVar[Callable[..., Call]]
    names: ClassVar[dict[str, str]] = {}

    def post(self, request: Request, meeting_id: UUID) -> Response:
        """Ask for it."""
        body = self.body(data=request.data)
        body.is_valid(raise_exception=True)
        values = {self.names.get(name, name): value for name, value in body.validated_data.items()}
        type(self).command(person(request), meeting_id, **values)
        return Response(_room(person(request), meeting_id), status=status.HTTP_202_ACCEPTED)


def asks(name: str, body: Any) -> Any:
    """Describe an action."""
    schema = extend_schema(
        operation_id=f"rooms_{name}", request=body, parameters=[KEY], responses={202: RoomSerializer}
    )
    return extend_schema_view(post=schema)


@asks("join", JoinRoomSerializer)
class Join(Action):
    """Have the bot join the meeting."""

    body = JoinRoomSerializer
    command = staticmethod(commands.join)
    names: ClassVar[dict[str, str]] = {"line": "line_id"}


@asks("ring", RingSerializer)
class Ring(Action):
    """Ring those who are missing into the meeting."""

    body = RingSerializer
    command = staticmethod(commands.ring)
