"""Calls over HTTP: what there is, what happened, and what may be asked."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from calls import alternatives, budget, cards, commands, outgoing, timeline
from calls.api.pagination import BySequence
from calls.api.serializers import (
    AlternativesSerializer,
    BudgetSerializer,
    CallerOrMemberSerializer,
    CallQuerySerializer,
    CallSerializer,
    CallTogetherSerializer,
    ConnectSerializer,
    EventSerializer,
    FencedSerializer,
    InviteSerializer,
    JoinSerializer,
    MemberSerializer,
    OperationSerializer,
    ParkSerializer,
    RedirectSerializer,
    RejectSerializer,
    RouteSerializer,
    ScreenSerializer,
    SeveralSerializer,
    TonesSerializer,
    TransferSerializer,
    calls_json,
)
from calls.models import Call, Operation
from commsportal.api import KeysetPagination
from commsportal.idempotency import KEY, IdempotentMixin
from directory.api.permissions import person
from directory.api.views import people_of
from directory.models import Person, User
from directory.roles import DECIDE, HANG_UP, SEE
from graph.values import normalize_id


def readable(user: User) -> QuerySet[Call]:
    """Return the calls of the person's scope with all that a card shows."""
    return Call.objects.visible_to(user).select_related("line", "handled_by", "claim_owner", "parked_by")


class CallList(IdempotentMixin, APIView):
    """All calls of the person's lines, newest first; and those that begin here."""

    rights: ClassVar[dict[str, str]] = {"POST": DECIDE}
    body = CallTogetherSerializer
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

    @extend_schema(
        operation_id="calls_place",
        request=PolymorphicProxySerializer(
            component_name="Place",
            serializers=[CallTogetherSerializer, JoinSerializer],
            resource_type_field_name=None,
        ),
        parameters=[KEY],
        responses={202: CallSerializer},
    )
    def post(self, request: Request) -> Response:
        """Call somebody, or people together, in the name of a line, or have the bot join a meeting."""
        joins = isinstance(request.data, Mapping) and "meeting" in request.data
        body = JoinSerializer(data=request.data) if joins else self.body(data=request.data)
        body.is_valid(raise_exception=True)
        user, values = person(request), body.validated_data
        if joins:
            call = outgoing.join(values["line"], user, where=values["meeting"])
        elif len(values["targets"]) == 1:
            call = commands.call_one(values["line"], user, wanted=values["targets"][0])
        else:
            call = outgoing.call_together(values["line"], user, wanted=values["targets"])
        return Response(call_json(user, call.pk), status=status.HTTP_202_ACCEPTED)


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


class Alternatives(APIView):
    """Who else might take a call whose transfer failed."""

    right = SEE

    @extend_schema(operation_id="calls_alternatives", responses=AlternativesSerializer)
    def get(self, request: Request, call_id: UUID) -> Response:
        """List colleagues of whoever did not take it, those who are free first; ask again to know more."""
        call = get_object_or_404(Call.objects.visible_to(person(request)), pk=call_id)
        found = alternatives.of(call, people_of(Person.objects.filter(enabled=True), request.user))
        return Response(AlternativesSerializer({"results": found}).data)


class BudgetDetail(APIView):
    """How much of Microsoft's limits is used."""

    right = SEE

    @extend_schema(operation_id="budget_get", responses=BudgetSerializer)
    def get(self, request: Request) -> Response:
        """Read it."""
        found = budget.used()
        return Response(
            {
                "at_once": {"used": found.at_once, "allowed": budget.AT_ONCE},
                "month": {"used": found.this_month, "allowed": budget.A_MONTH},
                "since": cards.instant(found.since),
            }
        )


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


def asks(name: str, body: type[FencedSerializer], answer: type[OperationSerializer] = OperationSerializer) -> Any:
    """Describe an action that leads to an operation."""
    return extend_schema_view(
        post=extend_schema(operation_id=f"calls_{name}", request=body, parameters=[KEY], responses={202: answer})
    )


def returns_call(name: str, body: type[FencedSerializer] = FencedSerializer) -> Any:
    """Describe an action that is done at once."""
    return extend_schema_view(
        post=extend_schema(
            operation_id=f"calls_{name}",
            request=body,
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


@returns_call("park", ParkSerializer)
class Park(Claim):
    """Let the caller wait in a numbered slot for whoever takes them back."""

    body = ParkSerializer
    command = staticmethod(commands.park)


@returns_call("unpark")
class Unpark(Claim):
    """Take a parked caller back."""

    command = staticmethod(commands.unpark)


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


@asks("connect", ConnectSerializer)
class Connect(Action):
    """Send an established call to whoever another one has reached, which ends once they talk."""

    body = ConnectSerializer
    command = staticmethod(commands.connect)

    def arguments(self, values: dict[str, Any]) -> dict[str, Any]:
        """Name the other call as the command does."""
        return values | {"to": values.pop("call")}


class Several(Action):
    """An action of several operations, one for each person."""

    def answer(self, user: User, made: Any) -> Response:
        """Answer with the first operation, and with all of them."""
        asked = [cards.operation(row) for row in made]
        return Response({**(asked[0] or {}), "operations": asked}, status=status.HTTP_202_ACCEPTED)


@asks("invite", InviteSerializer, SeveralSerializer)
class Invite(Several):
    """Ring people into an established call, each by an operation; it goes on without whoever does not come."""

    body = InviteSerializer
    command = staticmethod(commands.invite)

    def arguments(self, values: dict[str, Any]) -> dict[str, Any]:
        """Name the targets as the command does."""
        return values | {"wanted": values.pop("targets")}


@asks("ring_again", FencedSerializer, SeveralSerializer)
class RingAgain(Several):
    """Ring those once more who were called together with others and have neither come nor declined."""

    command = staticmethod(commands.ring_again)


@asks("consult", TransferSerializer, SeveralSerializer)
class Consult(Several):
    """Ring somebody into a call of several and put its caller on hold: talk first."""

    body = TransferSerializer
    command = staticmethod(commands.consult)

    def arguments(self, values: dict[str, Any]) -> dict[str, Any]:
        """Name the target as the command does."""
        return values | {"wanted": values.pop("target")}


@asks("bridge", FencedSerializer)
class Bridge(Action):
    """Lead the caller of an established call into a meeting, and ring oneself into it."""

    command = staticmethod(commands.bridge)


@asks("mute", MemberSerializer)
class Mute(Action):
    """Mute somebody in a call of several; they can unmute, nobody else can."""

    body = MemberSerializer
    command = staticmethod(commands.mute)


@asks("mute_all", FencedSerializer, SeveralSerializer)
class MuteAll(Several):
    """Mute everybody in a call of several who is not, each by an operation."""

    command = staticmethod(commands.mute_all)


@asks("tones", TonesSerializer)
class Tones(Action):
    """Press keys for the other side."""

    body = TonesSerializer
    command = staticmethod(commands.tones)


@asks("mute_bot", FencedSerializer)
class MuteBot(Action):
    """Have nothing of the bot be heard in a call of several."""

    command = staticmethod(commands.mute_bot)


@asks("unmute_bot", FencedSerializer)
class UnmuteBot(Action):
    """Have the bot be heard again."""

    command = staticmethod(commands.unmute_bot)


@asks("gallery", FencedSerializer)
class Gallery(Action):
    """Add the gallery of all videos to a call of several."""

    command = staticmethod(commands.gallery)


@asks("cancel_media", FencedSerializer)
class CancelMedia(Action):
    """Cancel what plays or is recorded, and what waits for that."""

    command = staticmethod(commands.cancel_media)


@asks("share_screen", ScreenSerializer)
class ShareScreen(Action):
    """Share the bot's screen in a call of several whose media an application hosts, or watch another's."""

    body = ScreenSerializer
    command = staticmethod(commands.share_screen)


@asks("route_audio", RouteSerializer)
class RouteAudio(Action):
    """Have only some hear somebody in a call of several."""

    body = RouteSerializer
    command = staticmethod(commands.route_audio)


@asks("unroute", MemberSerializer)
class Unroute(Action):
    """Have everybody hear somebody again."""

    body = MemberSerializer
    command = staticmethod(commands.unroute)


@asks("remove", MemberSerializer)
class Remove(Action):
    """Take somebody out of a call of several."""

    body = MemberSerializer
    command = staticmethod(commands.remove)


@asks("hold", CallerOrMemberSerializer)
class Hold(Action):
    """Have somebody in a call of several hear music: by default the caller."""

    body = CallerOrMemberSerializer
    command = staticmethod(commands.hold)


@asks("resume", CallerOrMemberSerializer)
class Resume(Action):
    """Bring somebody back from hold: by default the caller."""

    body = CallerOrMemberSerializer
    command = staticmethod(commands.resume)


@asks("hang_up", FencedSerializer)
class HangUp(Action):
    """End the call for the bot."""

    right = HANG_UP
    command = staticmethod(commands.hang_up)
