"""Lines over HTTP."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from directory.api.pagination import ByName
from directory.roles import SEE
from routing.api.serializers import LineSerializer
from routing.models import Line


class LineList(APIView):
    """The lines whose calls the person may see."""

    right = SEE
    pagination_class = ByName
    serializer_class = LineSerializer

    @extend_schema(operation_id="lines_list", responses=LineSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List lines by name."""
        page = self.pagination_class()
        mine = Line.objects.visible_to(request.user)  # type: ignore[arg-type]
        lines = page.paginate_queryset(mine, request, self)
        return page.get_paginated_response(LineSerializer(lines, many=True).data)
