"""Who I am, and whom a call may be sent to."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from directory import favourites, presence, search
from directory.api.pagination import ByRank
from directory.api.permissions import SIGNED_IN
from directory.api.serializers import (
    AtHandSerializer,
    GroupsSerializer,
    MeSerializer,
    PeopleQuerySerializer,
    PersonSerializer,
    PresenceQuerySerializer,
    PresencesSerializer,
    person_json,
)
from directory.models import Edition, Person, User
from directory.roles import SEE
from directory.rules.finding import Asked


class MeView(APIView):
    """Tell the person who asks who they are here."""

    right = SIGNED_IN

    @extend_schema(responses=MeSerializer, operation_id="me_retrieve", tags=["people"])
    def get(self, request: Request) -> Response:
        """Return the person's roles, rights, lines and Graph user."""
        return Response(MeSerializer(request.user).data)


class PeopleView(APIView):
    """The organisation's directory."""

    right = SEE
    pagination_class = ByRank
    serializer_class = PersonSerializer

    @extend_schema(
        parameters=[PeopleQuerySerializer],
        responses=PersonSerializer(many=True),
        operation_id="people_list",
        tags=["people"],
    )
    def get(self, request: Request) -> Response:
        """Find people by name, address, department, skill or number; all words must occur."""
        query = PeopleQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        page = self.pagination_class()
        editions = list(people_of(Edition.objects.order_by("pk"), request.user))
        keys = page.paginate_queryset(
            search.find(editions, asked(person(request), **query.validated_data)), request
        )
        return page.get_paginated_response(people_json(request, keys))


def asked(user: User, q: str, department: str = "", skill: str = "") -> Asked:
    """Return what `user` asks for, for the rules; without words nobody is put before others."""
    words = search.words_of(q)
    if not words:
        return Asked((), department, skill)
    mine, recent = favourites.favourites(user), frozenset(favourites.recents(user))
    return Asked(tuple(words), department, skill, mine, recent)


def people_json(request: Request, keys: Iterable[int]) -> list[dict[str, Any]]:
    """Return the people of these keys as the person who asks may see them, in that order."""
    wanted = list(keys)
    found = people_of(Person.objects.filter(enabled=True), request.user).in_bulk(wanted)
    return [person_json(found[key]) for key in wanted if key in found]


def person(request: Request) -> User:
    """Return who asks; permissions have let nobody in who is not somebody."""
    assert isinstance(request.user, User)
    return request.user


class GroupsView(APIView):
    """The departments and skills of the directory."""

    right = SEE

    @extend_schema(responses=GroupsSerializer, operation_id="people_groups", tags=["people"])
    def get(self, request: Request) -> Response:
        """List them by name."""
        found = search.groups(list(people_of(Edition.objects.order_by("pk"), request.user)))
        departments, skills = ([{"name": n, "people": c} for n, c in sorted(one.items())] for one in found)
        return Response({"departments": departments, "skills": skills})


class AtHandView(APIView):
    """Whom the person who asks wants at hand."""

    right = SEE

    @extend_schema(responses=AtHandSerializer, operation_id="people_at_hand", tags=["people"])
    def get(self, request: Request) -> Response:
        """List my favourites, and those to whom I sent calls of late."""
        mine = favourites.favourites(person(request))
        recents = favourites.recents(person(request))
        by_name = sorted(people_json(request, sorted(mine)), key=lambda one: search.fold(one["name"]))
        return Response({"favourites": by_name, "recents": people_json(request, recents)})


@extend_schema_view(
    put=extend_schema(request=None, responses={204: None}, operation_id="favourites_add", tags=["people"]),
    delete=extend_schema(responses={204: None}, operation_id="favourites_remove", tags=["people"]),
)
class FavouriteView(APIView):
    """Somebody as my favourite."""

    right = SEE

    def put(self, request: Request, person_id: UUID) -> Response:
        """Have somebody at hand from now on."""
        people = people_of(Person.objects.filter(enabled=True), request.user)
        found = people.filter(oid=str(person_id)).order_by("pk").first()
        if found is None:
            raise Http404
        favourites.add(person(request), found)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def delete(self, request: Request, person_id: UUID) -> Response:
        """Have them at hand no longer, whether or not they were."""
        favourites.remove(person(request), str(person_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class PresenceView(APIView):
    """Who is free, of those whom a console shows."""

    right = SEE

    @extend_schema(
        parameters=[PresenceQuerySerializer],
        responses=PresencesSerializer,
        operation_id="presence_list",
        tags=["people"],
    )
    def get(self, request: Request) -> Response:
        """Read what is known of the people named, and have the worker read it again for a minute from now."""
        asked = PresenceQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        people = people_of(Person.objects.filter(enabled=True), request.user)
        found = presence.look(people.filter(oid__in=asked.validated_data["ids"]))
        trouble = presence.trouble([*{person.tenant_id for person in found}])
        return Response(PresencesSerializer({"results": found, "trouble": trouble}).data)


def people_of(people: QuerySet[Any], user: Any) -> QuerySet[Any]:
    """Narrow `people`, or editions, to the tenants that `user` works for: their own and those of their lines."""
    if user.sees_every_line:
        return people
    return people.filter(Q(tenant_id=user.tenant_id) | Q(tenant_id__in=user.lines.values("tenant_id")))
