"""Who I am, and whom a call may be sent to."""

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from directory import search
from directory.api.pagination import ByName
from directory.api.permissions import SIGNED_IN
from directory.api.serializers import MeSerializer, PeopleQuerySerializer, PersonSerializer
from directory.models import Person
from directory.roles import SEE


class MeView(APIView):
    """Tell the person who asks who they are here."""

    right = SIGNED_IN

    @extend_schema(responses=MeSerializer, operation_id="me_retrieve", tags=["people"])
    def get(self, request: Request) -> Response:
        """Return the person's roles, rights, lines and Graph user."""
        return Response(MeSerializer(request.user).data)


class PeopleView(generics.ListAPIView[Person]):
    """The organisation's directory."""

    right = SEE
    queryset = Person.objects.filter(enabled=True)
    serializer_class = PersonSerializer
    pagination_class = ByName

    @extend_schema(parameters=[PeopleQuerySerializer], operation_id="people_list", tags=["people"])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Find people by name, address, department or number; all words must occur."""
        return self.list(request, *args, **kwargs)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Narrow the list to what `q` asks for."""
        asked = PeopleQuerySerializer(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        return search.matching(people_of(queryset, self.request.user), asked.validated_data["q"])


def people_of(people: QuerySet[Any], user: Any) -> QuerySet[Any]:
    """Narrow `people` to the tenants that `user` works for: their own and those of their lines."""
    if user.sees_every_line:
        return people
    return people.filter(Q(tenant_id=user.tenant_id) | Q(tenant_id__in=user.lines.values("tenant_id")))
