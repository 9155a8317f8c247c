"""Templates of meetings over HTTP: what there is. Administrators keep them in the admin."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from directory.api.pagination import ByName
from directory.api.permissions import person
from directory.roles import SEE
from meetings.models import MeetingTemplate


class MeetingTemplateSerializer(serializers.ModelSerializer[MeetingTemplate]):
    """A kind of meeting: how long it is, and with which options."""

    is_archived = serializers.BooleanField(help_text="nobody makes meetings from it any more")

    class Meta:
        model = MeetingTemplate
        fields = [
            *("id", "name", "minutes", "subject"),
            *("lobby", "dial_in_bypass", "presenters", "chat", "camera", "microphone", "record"),
            *("announce", "passcode", "is_archived"),
        ]
        read_only_fields = fields


class TemplateList(APIView):
    """The templates of the tenants whose meetings the person may see."""

    right = SEE
    pagination_class = ByName
    serializer_class = MeetingTemplateSerializer

    @extend_schema(operation_id="meeting_templates_list", responses=MeetingTemplateSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List templates by name, archived ones too."""
        page = self.pagination_class()
        rows = page.paginate_queryset(MeetingTemplate.objects.visible_to(person(request)), request, self)
        return page.get_paginated_response(MeetingTemplateSerializer(rows, many=True).data)
