"""Letters over HTTP: who was told of a meeting, and sending again."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from commsportal.bodies import StrictSerializer
from directory.api.permissions import person
from directory.roles import SEE
from meetings import resending
from meetings.api.views import Action, asks, readable
from meetings.models_invitations import Invitation


class LetterSerializer(serializers.ModelSerializer[Invitation]):
    """The newest letter to an address."""

    problem = serializers.CharField(
        source="error", help_text="why it was not sent, or not yet; empty: nothing stands in the way"
    )
    again_at = serializers.DateTimeField(
        source="due_at", allow_null=True, help_text="when it is sent, or tried again; null: not by itself"
    )

    class Meta:
        model = Invitation
        fields = ["address", "name", "kind", "sequence", "state", "sent_at", "problem", "again_at"]
        read_only_fields = fields


class LettersSerializer(serializers.Serializer[Any]):
    """All of a meeting."""

    results = LetterSerializer(many=True)


class InvitationList(APIView):
    """Who was told of a meeting, and how it went."""

    right = SEE
    serializer_class = LettersSerializer

    @extend_schema(operation_id="meetings_invitations", responses=LettersSerializer)
    def get(self, request: Request, meeting_id: UUID) -> Response:
        """List the newest letter to each address."""
        meeting = get_object_or_404(readable(person(request)), pk=meeting_id)
        return Response({"results": LetterSerializer(resending.newest(meeting), many=True).data})


class SendAgainSerializer(StrictSerializer):
    """To whom; without an address, to all whom the letter did not reach."""

    address = serializers.CharField(required=False, max_length=320)


@asks("send_again", SendAgainSerializer)
class SendAgain(Action):
    """Send letters again."""

    body = SendAgainSerializer
    command = staticmethod(resending.send_again)
