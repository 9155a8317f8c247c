"""Holding a meeting by one's own sign-in, over HTTP."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from commsportal.idempotency import KEY, IdempotentMixin
from directory.api.permissions import person
from directory.roles import SCHEDULE
from directory.session_store import SessionStore
from meetings import own_sign_in
from meetings.api.serializers import EmptySerializer, MeetingSerializer
from meetings.api.views import meeting_json


class Hold(IdempotentMixin, APIView):
    """Holding the person's own meeting at once."""

    right = SCHEDULE
    body = EmptySerializer

    @extend_schema(
        operation_id="meetings_hold", request=EmptySerializer, parameters=[KEY], responses={200: MeetingSerializer}
    )
    def post(self, request: Request, meeting_id: UUID) -> Response:
        """Bring a meeting that I organise to Microsoft by my own sign-in; for sessions, not for API tokens."""
        body = self.body(data=request.data)
        body.is_valid(raise_exception=True)
        session = request._request.session if request.auth is None else SessionStore()  # an API token has none
        own_sign_in.hold(person(request), session, meeting_id)
        return Response(meeting_json(person(request), meeting_id))
