"""The public shape of calls and operations, and the bodies of what may be asked of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework import serializers

from calls import cards
from calls.models import Call, Operation, Participant
from calls.rules.state import RANK
from calls.rules.targets import KINDS, Wanted
from commsportal.api import QuerySerializer
from directory.api.serializers import LineNameSerializer

LANES = ("ringing", "live", "handled", "missed")
LARGEST_ID = 2**63 - 1
LARGEST_FENCE = 2**31 - 1


def calls_json(calls: Sequence[Call]) -> list[dict[str, Any]]:
    """Return `calls` as the API shows them, with two queries: operations and participants."""
    shown, rosters = cards.of(calls), _rosters(calls)
    return [shown[call.pk].card | _more(call, rosters[call.pk]) for call in calls]


def _rosters(calls: Sequence[Call]) -> Mapping[Any, list[Participant]]:
    rosters: dict[Any, list[Participant]] = defaultdict(list)
    for row in Participant.objects.filter(call__in=[call.pk for call in calls]).order_by("joined_at", "id"):
        rosters[row.call_id].append(row)
    return rosters


def _more(call: Call, roster: Sequence[Participant]) -> dict[str, Any]:
    return {
        "participants": [_participant(row) for row in roster],
        "result": _result(call),
        "chain_id": call.chain_id,
        "scenario_id": str(call.scenario_id),
        "ended_by": call.ended_by,
    }


def _participant(row: Participant) -> dict[str, Any]:
    return {
        "id": row.graph_id,
        "kind": row.kind,
        "identity": row.identity_id,
        "name": row.name,
        "is_muted": row.is_muted,
        "is_in_lobby": row.is_in_lobby,
        "joined_at": cards.instant(row.joined_at),
        "left_at": cards.instant(row.left_at),
    }


def _result(call: Call) -> dict[str, Any] | None:
    if call.result_code is None:
        return None
    numbers = {"code": call.result_code, "subcode": call.result_subcode}
    return numbers | {"message": call.result_message}


class CallerSerializer(serializers.Serializer[Any]):
    """Who calls; `user` is Graph's id of a colleague."""

    name = serializers.CharField(allow_blank=True)
    phone = serializers.CharField(allow_blank=True)
    user = serializers.CharField(allow_null=True)


class ClaimSerializer(serializers.Serializer[Any]):
    """Who has a call, until when, under which number."""

    owner = serializers.CharField()
    name = serializers.CharField()
    until = serializers.DateTimeField()
    fence = serializers.IntegerField()


class OperationErrorSerializer(serializers.Serializer[Any]):
    """Why an operation failed, and what to do about it."""

    title = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)
    code = serializers.CharField(allow_blank=True)
    subcode = serializers.IntegerField(allow_null=True)


class OperationSerializer(serializers.Serializer[Any]):
    """One thing asked of Microsoft: pending until the call shows what became of it."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(Operation.Kind.choices)
    status = serializers.ChoiceField(Operation.Status.choices)
    error = OperationErrorSerializer(allow_null=True)


class HandlerSerializer(serializers.Serializer[Any]):
    """Who dealt with a call."""

    username = serializers.CharField()
    name = serializers.CharField()


class ParticipantSerializer(serializers.Serializer[Any]):
    """One endpoint of one party."""

    id = serializers.CharField(allow_blank=True)
    kind = serializers.CharField(allow_blank=True)
    identity = serializers.CharField(allow_blank=True)
    name = serializers.CharField(allow_blank=True)
    is_muted = serializers.BooleanField()
    is_in_lobby = serializers.BooleanField()
    joined_at = serializers.DateTimeField()
    left_at = serializers.DateTimeField(allow_null=True)


class ResultSerializer(serializers.Serializer[Any]):
    """How Graph says a call ended."""

    code = serializers.IntegerField()
    subcode = serializers.IntegerField(allow_null=True)
    message = serializers.CharField(allow_blank=True)


class CallSerializer(serializers.Serializer[Any]):
    """A call: the console's card, and more. `id` is ours, `graph_id` and `state` are Graph's."""

    id = serializers.UUIDField()
    graph_id = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField([(word, word) for word in (*RANK, "hold")])
    lane = serializers.ChoiceField(
        [(name, name) for name in LANES],
        help_text="missed: the caller got nobody, or nobody can know (empty outcome, operation of unknown status)",
    )
    direction = serializers.ChoiceField(Call.Direction.choices)
    line = LineNameSerializer(allow_null=True)
    caller = CallerSerializer()
    deadline = serializers.DateTimeField(allow_null=True)
    received_at = serializers.DateTimeField()
    established_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    claim = ClaimSerializer(allow_null=True)
    operation = OperationSerializer(allow_null=True)
    outcome = serializers.ChoiceField(Call.Outcome.choices, allow_blank=True)
    handled_by = HandlerSerializer(allow_null=True)
    handled_to = serializers.CharField(allow_blank=True)
    unconfirmed = serializers.BooleanField()
    version = serializers.IntegerField()
    participants = ParticipantSerializer(many=True)
    result = ResultSerializer(allow_null=True)
    chain_id = serializers.CharField(allow_blank=True)
    scenario_id = serializers.UUIDField()
    ended_by = serializers.ChoiceField(Call.EndedBy.choices, allow_blank=True)


class EventSerializer(serializers.Serializer[Any]):
    """One thing that happened to a call, in words."""

    at = serializers.DateTimeField()
    title = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)
    actor = serializers.CharField()
    kind = serializers.CharField()


class StrictSerializer(serializers.Serializer[Any]):
    """A body of which every member is known."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """:raises ValidationError: naming the members that are not known."""
        unknown = set(data) - set(self.fields) if isinstance(data, Mapping) else set()
        if unknown:
            raise serializers.ValidationError({str(name): ["Unknown field."] for name in sorted(unknown)})
        values: dict[str, Any] = super().to_internal_value(data)
        return values


class ClosedBody(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Say in the API's description that a strict body has no other members."""

    target_class = StrictSerializer
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        """Return the shape of the serializer, closed."""
        shape: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)  # type: ignore[no-untyped-call]
        return shape | {"additionalProperties": False}


class StrictInteger(serializers.IntegerField):
    """A JSON number that is whole, `7.0` as well as `7`; text, fractions and Booleans are not."""

    def to_internal_value(self, data: Any) -> int:
        """:raises ValidationError: for anything but a whole number."""
        whole = int(data) if type(data) is float and data.is_integer() else data
        if type(whole) is not int:
            self.fail("invalid")
        return super().to_internal_value(whole)


class FencedSerializer(StrictSerializer):
    """Nothing but, if wanted, the number of the claim that the caller believes to hold."""

    fence = StrictInteger(required=False, allow_null=True, min_value=0, max_value=LARGEST_FENCE)


class RejectSerializer(FencedSerializer):
    """Turn the caller away, for a reason that the caller's phone may show."""

    reason = serializers.ChoiceField([(word, word) for word in ("none", "busy", "forbidden")], default="none")


class TargetSerializer(StrictSerializer):
    """Where to: `me`, or a user, phone number (E.164), application, or a user's voicemail by id."""

    kind = serializers.ChoiceField([(kind, kind) for kind in KINDS])
    id = serializers.CharField(required=False, max_length=100)

    def to_internal_value(self, data: Any) -> Wanted:  # type: ignore[override]
        """Return the target as the rules take it."""
        values = super().to_internal_value(data)
        return Wanted(values["kind"], values.get("id", ""))


class RedirectSerializer(FencedSerializer):
    """Send a ringing call on; without targets to the person who asks."""

    targets = TargetSerializer(many=True, required=False)
    timeout = StrictInteger(required=False, allow_null=True, help_text="Seconds that the targets ring, 15 to 90.")


class TransferSerializer(FencedSerializer):
    """Send an established call on, blindly."""

    target = TargetSerializer()


class CallQuerySerializer(QuerySerializer):
    """What narrows the list of calls."""

    live = serializers.ChoiceField(
        [("true", "true"), ("false", "false")], required=False, help_text="true: not over; false: over"
    )
    line = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID, help_text="id of a line")
    q = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=100,
        help_text="part of the caller's name or number, or Graph's id",
    )
    graph_id = serializers.CharField(
        required=False,
        max_length=64,
        help_text="Graph's id of the call",
        error_messages={"blank": "Name the call, or leave graph_id out for all calls."},
    )
