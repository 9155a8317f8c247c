"""Drafts over HTTP: have one held, or forget it. They are made and changed where meetings are."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from commsportal.idempotency import KEY, IdempotentMixin
from directory.api.permissions import person
from directory.roles import SCHEDULE
from meetings import drafts
from meetings.api.serializers import VersionedSerializer
from meetings.api.views import Action, asks


@asks("schedule_draft", VersionedSerializer)
class Schedule(Action):
    """Have a draft held as it is."""

    body = VersionedSerializer
    command = staticmethod(drafts.schedule)


class Discard(IdempotentMixin, APIView):
    """Forget a draft."""

    right = SCHEDULE
    body = VersionedSerializer

    @extend_schema(
        operation_id="meetings_discard", request=VersionedSerializer, parameters=[KEY], responses={204: None}
    )
    def post(self, request: Request, meeting_id: UUID) -> Response:
        """Forget a draft; the record keeps that there was one."""
        body = self.body(data=request.data)
        body.is_valid(raise_exception=True)
        drafts.discard(person(request), meeting_id, version=body.validated_data["version"])
        return Response(status=status.HTTP_204_NO_CONTENT)
