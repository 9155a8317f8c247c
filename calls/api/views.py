"""Calls over HTTP: what there is, what happened, and what may be asked."""

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from calls import cards, commands, timeline
from calls.api.pagination import BySequence
from calls.api.serializers import (
    CallQuerySerializer,
    CallSerializer,
    EventSerializer,
    FencedSerializer,
    OperationSerializer,
    RedirectSerializer,
    RejectSerializer,
    TransferSerializer,
    calls_json,
)
from calls.models import Call, Operation
from commsportal.api import KeysetPagination
from commsportal.idempotency import HEADER, LONGEST_KEY, IdempotentMixin
from directory.models import User
from directory.roles import DECIDE, HANG_UP, SEE
from graph.values import normalize_id

KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "maxLength": LONGEST_KEY, "pattern": "^[!-~]([ -~]*[!-~])?$"},
    OpenApiParameter.HEADER,
    description="The same key and body get the same answer for 24 hours.",
)


def person(request: Request) -> User:
    """Return who asks; permissions have let nobody in who is not somebody."""
    assert isinstance(request.user, User)
    return request.user


def readable(user: User) -> QuerySet[Call]:
    """Return the calls of the person's scope with all that a card shows."""
    return Call.objects.visible_to(user).select_related("line", "handled_by", "claim_owner")


class CallList(APIView):
    """All calls of the person's lines, newest first."""

    right = SEE
    keyset = ("received_at", "id")
    pagination_class = KeysetPagination
    serializer_class = CallSerializer

    @extend_schema(
        operation_id="calls_list", parameters=[CallQuerySerializer], responses=CallSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        """List calls, narrowed by state, line, caller or Graph's id."""
        query = CallQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        page = self.pagination_class()
        rows = page.paginate_queryset(_narrowed(readable(person(request)), query.validated_data), request, self)
        return page.get_paginated_response(calls_json(rows))


def _narrowed(calls: QuerySet[Call], query: dict[str, Any]) -> QuerySet[Call]:
    if "live" in query:
        over = Q(state="terminated")
        calls = calls.filter(~over if query["live"] == "true" else over)
    if "line" in query:
        calls = calls.filter(line_id=query["line"])
    if "graph_id" in query:
        calls = calls.filter(graph_id=normalize_id(query["graph_id"]))
    if query.get("q"):
        calls = calls.filter(_mentions(query["q"]))
    return calls


def _mentions(text: str) -> Q:
    found = Q(caller_name__icontains=text) | Q(caller_phone__icontains=text)
    return found | Q(graph_id=normalize_id(text))


class CallDetail(APIView):
    """One call."""

    right = SEE

    @extend_schema(operation_id="calls_get", responses=CallSerializer)
    def get(self, request: Request, call_id: UUID) -> Response:
        """Read a call."""
        return Response(call_json(person(request), call_id))


def call_json(user: User, call_id: UUID) -> dict[str, Any]:
    """Return one call as the person may see it.

    :raises Http404: there is none in their scope.
    """
    (shown,) = calls_json([get_object_or_404(readable(user), pk=call_id)])
    return shown


class Timeline(APIView):
    """What happened to one call, oldest first."""

    right = SEE
    pagination_class = BySequence
    serializer_class = EventSerializer

    @extend_schema(operation_id="calls_timeline", responses=EventSerializer(many=True))
    def get(self, request: Request, call_id: UUID) -> Response:
        """Read what happened."""
        call = get_object_or_404(Call.objects.visible_to(person(request)), pk=call_id)
        page = self.pagination_class()
        entries = page.paginate_queryset(timeline.entries(call), request, self)
        return page.get_paginated_response([timeline.describe(entry) for entry in entries])


class OperationDetail(APIView):
    """One thing asked of Microsoft."""

    right = SEE

    @extend_schema(operation_id="operations_get", responses=OperationSerializer)
    def get(self, request: Request, operation_id: UUID) -> Response:
        """Read what became of it."""
        mine = Operation.objects.filter(call__in=Call.objects.visible_to(person(request)))
        return Response(cards.operation(get_object_or_404(mine, pk=operation_id)))


class Action(IdempotentMixin, APIView):
    """Something a person asks of a call: the body is checked here, everything else by the command."""

    right = DECIDE
    body: ClassVar[type[FencedSerializer]] = FencedSerializer
    command: ClassVar[Callable[..., Any]]

    def post(self, request: Request, call_id: UUID) -> Response:
        """Ask for it."""
        body = self.body(data=request.data)
        body.is_valid(raise_exception=True)
        values = dict(body.validated_data)
        made = type(self).command(call_id, person(request), **self.arguments(values))
        return self.answer(person(request), made)

    def arguments(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the command's arguments for the values of the body."""
        return values

    def answer(self, user: User, made: Operation) -> Response:
        """Answer that it is asked, not done."""
        return Response(cards.operation(made), status=status.HTTP_202_ACCEPTED)


def asks(name: str, body: type[FencedSerializer]) -> Any:
    """Describe an action that leads to an operation."""
    return extend_schema_view(
        post=extend_schema(
            operation_id=f"calls_{name}", request=body, parameters=[KEY], responses={202: OperationSerializer}
        )
    )


def returns_call(name: str) -> Any:
    """Describe an action that is done at once."""
    return extend_schema_view(
        post=extend_schema(
            operation_id=f"calls_{name}",
            request=FencedSerializer,
            parameters=[KEY],
            responses={200: CallSerializer},
        )
    )


@returns_call("claim")
class Claim(Action):
    """Have the call for oneself, for as long as one's console answers."""

    command = staticmethod(commands.claim)

    def answer(self, user: User, made: Any) -> Response:
        """Answer with the call."""
        return Response(call_json(user, made.pk))


@returns_call("release")
class Release(Claim):
    """Give the call back to all."""

    command = staticmethod(commands.release)


@asks("answer", FencedSerializer)
class Answer(Action):
    """Have the bot answer."""

    command = staticmethod(commands.answer)


@asks("reject", RejectSerializer)
class Reject(Action):
    """Turn the caller away."""

    body = RejectSerializer
    command = staticmethod(commands.reject)


@asks("redirect", RedirectSerializer)
class Redirect(Action):
    """Send a ringing call to somebody: by default to oneself, which is taking it."""

    body = RedirectSerializer
    command = staticmethod(commands.redirect)

    def arguments(self, values: dict[str, Any]) -> dict[str, Any]:
        """Name the targets as the command does."""
        targets = values.pop("targets", None)
        return values if targets is None else values | {"wanted": targets}


@asks("transfer", TransferSerializer)
class Transfer(Action):
    """Send an established call to somebody, blindly."""

    body = TransferSerializer
    command = staticmethod(commands.transfer)

    def arguments(self, values: dict[str, Any]) -> dict[str, Any]:
        """Name the target as the command does."""
        return values | {"wanted": values.pop("target")}


@asks("hang_up", FencedSerializer)
class HangUp(Action):
    """End the call for the bot."""

    right = HANG_UP
    command = staticmethod(commands.hang_up)
