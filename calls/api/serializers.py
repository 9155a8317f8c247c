"""The public shape of calls and operations, and the bodies of what may be asked of them."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from calls import cards, outgoing, roster
from calls.coordinates import Coordinates
from calls.models import Call, Operation, Participant
from calls.rules import callees
from calls.rules.parking import SLOTS
from calls.rules.state import RANK
from calls.rules.targets import KINDS, MOST_TARGETS, Wanted
from commsportal.api import QuerySerializer
from commsportal.bodies import LARGEST_ID, StrictInteger, StrictSerializer
from directory.api.serializers import LineNameSerializer, PresentSerializer
from graph.joining import LONGEST_LINK
from graph.media import SCREEN_SHARING_ROLES
from routing.models import Line

LANES = ("ringing", "live", "waiting", "handled", "missed", "aside")
MOST_KEYS = 64
LARGEST_FENCE = 2**31 - 1


def calls_json(calls: Sequence[Call]) -> list[dict[str, Any]]:
    """Return `calls` as the API shows them, with two queries: operations and participants."""
    rosters = roster.of(calls)
    shown = cards.of(calls, rosters)
    return [shown[call.pk].card | _more(call, rosters[call.pk]) for call in calls]


def _more(call: Call, told: Sequence[Participant]) -> dict[str, Any]:
    return {
        "participants": [_participant(row) for row in told],
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


class ParkingSerializer(serializers.Serializer[Any]):
    """Where a parked caller waits, and since when."""

    slot = serializers.IntegerField()
    at = serializers.DateTimeField()
    by = serializers.CharField(allow_blank=True, help_text="who parked them")
    is_recalled = serializers.BooleanField(help_text="they have waited too long: somebody is called to them")


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
    to = serializers.CharField(allow_blank=True, help_text="where the call is to go, in words")
    error = OperationErrorSerializer(allow_null=True)


class SeveralSerializer(OperationSerializer):
    """The first operation of several people, and all of them: one each."""

    operations = OperationSerializer(many=True)


class InvitationSerializer(serializers.Serializer[Any]):
    """Who was asked into a call: pending while they are rung."""

    id = serializers.UUIDField(help_text="of the operation")
    to = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(Operation.Status.choices)
    at = serializers.DateTimeField()
    is_caller = serializers.BooleanField(help_text="this leads the caller into the meeting that is held for them")
    error = OperationErrorSerializer(allow_null=True)


class CalleeSerializer(serializers.Serializer[Any]):
    """Somebody who is called together with others, and what became of them."""

    kind = serializers.CharField()
    id = serializers.CharField()
    to = serializers.CharField(allow_blank=True, help_text="for people")
    outcome = serializers.ChoiceField(
        [(word, word) for word in get_args(callees.Outcome)], help_text="waiting: the bot is not there yet"
    )
    rings = serializers.IntegerField(help_text="how often they were rung")
    at = serializers.DateTimeField(allow_null=True, help_text="of the newest ring")
    error = OperationErrorSerializer(allow_null=True)


class PersonInSerializer(serializers.Serializer[Any]):
    """Somebody who is in a call of several now; `operation` is the last that was asked about them."""

    id = serializers.CharField(allow_blank=True, help_text="Graph's; without one nothing can be asked about them")
    name = serializers.CharField(allow_blank=True)
    is_caller = serializers.BooleanField()
    is_muted = serializers.BooleanField()
    is_in_lobby = serializers.BooleanField()
    is_on_hold = serializers.BooleanField(help_text="they hear music, and nobody hears them")
    heard_by = serializers.ListField(
        child=serializers.CharField(), help_text="names of those who alone hear them; empty: everybody does"
    )
    operation = OperationSerializer(allow_null=True)


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
        help_text="waiting: the caller is parked, or transferred and not answered yet; missed: the caller got "
        "nobody, or nobody can know (empty outcome, operation of unknown status); aside: the meeting of `bridge` "
        "stands for it, or it was one that nobody was led into",
    )
    direction = serializers.ChoiceField(Call.Direction.choices)
    line = LineNameSerializer(allow_null=True)
    mode = serializers.ChoiceField(
        Line.Mode.choices,
        help_text="how whoever takes the call does so: direct, by redirect to oneself; bridge, by answer, which "
        "leads into a meeting",
    )
    caller = CallerSerializer()
    deadline = serializers.DateTimeField(allow_null=True)
    received_at = serializers.DateTimeField()
    established_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    claim = ClaimSerializer(allow_null=True)
    park = ParkingSerializer(allow_null=True)
    operation = OperationSerializer(allow_null=True)
    media = OperationSerializer(
        allow_null=True,
        help_text="the newest of what was asked about what is heard and seen in it: keys, gallery ...",
    )
    invitations = InvitationSerializer(many=True)
    called = CalleeSerializer(
        many=True, help_text="who is called into a call that began here, in the order of asking"
    )
    roster = serializers.ChoiceField(
        [(word, word) for word in ("none", "known", "unavailable")],
        help_text="none: a call of two; unavailable: of several, and Microsoft has not said who is in it",
    )
    people = PersonInSerializer(many=True, help_text="who is in a live call beside the bot, the caller first")
    bridge = serializers.UUIDField(
        allow_null=True, help_text="our call into the meeting that this caller is led into"
    )
    bridge_of = serializers.UUIDField(allow_null=True, help_text="the call whose caller this meeting is held for")
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


class AlternativeSerializer(PresentSerializer):
    """Somebody who might take a call."""

    name = serializers.CharField()
    job_title = serializers.CharField(allow_blank=True)
    department = serializers.CharField(allow_blank=True)


class AlternativesSerializer(serializers.Serializer[Any]):
    """Who might take a call, those who are free first."""

    results = AlternativeSerializer(many=True)


class GaugeSerializer(serializers.Serializer[Any]):
    """Calls that are used of those that Microsoft allows."""

    used = serializers.IntegerField()
    allowed = serializers.IntegerField()


class BudgetSerializer(serializers.Serializer[Any]):
    """Microsoft's limits of an application: calls at a time, and calls a month, each leg of a bridged call."""

    at_once = GaugeSerializer()
    month = GaugeSerializer()
    since = serializers.DateTimeField(help_text="beginning of the month, UTC")


class EventSerializer(serializers.Serializer[Any]):
    """One thing that happened to a call, in words."""

    at = serializers.DateTimeField()
    title = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)
    actor = serializers.CharField()
    kind = serializers.CharField()


class FencedSerializer(StrictSerializer):
    """Nothing but, if wanted, the number of the claim that the caller believes to hold."""

    fence = StrictInteger(required=False, allow_null=True, min_value=0, max_value=LARGEST_FENCE)


class RejectSerializer(FencedSerializer):
    """Turn the caller away, for a reason that the caller's phone may show."""

    reason = serializers.ChoiceField([(word, word) for word in ("none", "busy", "forbidden")], default="none")


class TargetSerializer(StrictSerializer):
    """Where to: `me`, or a user, phone number (E.164), application, or a user's voicemail by id."""

    kind = serializers.ChoiceField([(kind, kind) for kind in KINDS])
    id = serializers.CharField(required=False, max_length=100, trim_whitespace=False)

    def to_internal_value(self, data: Any) -> Wanted:  # type: ignore[override]
        """Return the target as the rules take it."""
        values = super().to_internal_value(data)
        return Wanted(values["kind"], values.get("id", "").strip())


class RedirectSerializer(FencedSerializer):
    """Send a ringing call on; without targets to the person who asks."""

    targets = TargetSerializer(many=True, required=False)
    timeout = StrictInteger(required=False, allow_null=True, help_text="Seconds that the targets ring, 15 to 90.")


class TransferSerializer(FencedSerializer):
    """Send an established call on, blindly."""

    target = TargetSerializer()


class InviteSerializer(FencedSerializer):
    """Ring people into an established call."""

    targets = TargetSerializer(many=True, help_text=f"1 to {MOST_TARGETS}, no voicemail")


class ParkSerializer(FencedSerializer):
    """Park the caller."""

    slot = StrictInteger(
        required=False,
        allow_null=True,
        min_value=SLOTS[0],
        max_value=SLOTS[-1],
        help_text="the lowest free one by default",
    )


class MeetingByLinkSerializer(StrictSerializer):
    """A meeting by its join link, which is read and never fetched."""

    link = serializers.CharField(
        max_length=LONGEST_LINK, trim_whitespace=False, help_text="as it stands in the invitation"
    )


class MeetingByIdSerializer(StrictSerializer):
    """A meeting by its id and, if it has one, the passcode, which no answer repeats."""

    id = serializers.CharField(
        max_length=40, trim_whitespace=False, help_text="9 to 15 digits, with spaces or without"
    )
    passcode = serializers.CharField(required=False, allow_blank=True, max_length=64, trim_whitespace=False)


@extend_schema_field(
    PolymorphicProxySerializer(
        component_name="Meeting",
        serializers=[MeetingByLinkSerializer, MeetingByIdSerializer],
        resource_type_field_name=None,
    )
)
class MeetingField(serializers.Field[Any, Any, Any, Any]):
    """A meeting, by link or by id."""

    def to_internal_value(self, data: Any) -> Coordinates:
        """Return where the meeting is.

        :raises BadMeeting: nobody could join by this.
        """
        by_link = isinstance(data, Mapping) and "link" in data
        body = MeetingByLinkSerializer(data=data) if by_link else MeetingByIdSerializer(data=data)
        body.is_valid(raise_exception=True)
        values = body.validated_data
        if by_link:
            return outgoing.by_link(values["link"])
        return outgoing.by_number(values["id"], values.get("passcode", ""))


class FromLineSerializer(StrictSerializer):
    """A call that begins here."""

    line = StrictInteger(min_value=1, max_value=LARGEST_ID, help_text="id of a line of one's own, in whose name")


class CallTogetherSerializer(FromLineSerializer):
    """Call people together."""

    targets = TargetSerializer(many=True, help_text=f"1 to {MOST_TARGETS}, of kind me, user or phone")


class JoinSerializer(FromLineSerializer):
    """Have the bot join a meeting."""

    meeting = MeetingField()


class TonesSerializer(FencedSerializer):
    """Keys to press for the other side."""

    keys = serializers.RegexField(
        r"^[0-9*#A-Da-d]+$",
        max_length=MOST_KEYS,
        trim_whitespace=False,
        help_text="0 to 9, *, # and A to D",
        error_messages={"invalid": "Keys are 0 to 9, *, # and A to D."},
    )


class MemberSerializer(FencedSerializer):
    """Somebody who is in the call, by the id that `people` tells."""

    participant = serializers.CharField(max_length=64, trim_whitespace=False)


class RouteSerializer(MemberSerializer):
    """Let only some hear somebody."""

    receivers = serializers.ListField(
        child=serializers.CharField(max_length=64, trim_whitespace=False),
        min_length=1,
        max_length=MOST_TARGETS,
        help_text="who hears them, by the ids that `people` tells",
    )


class ScreenSerializer(FencedSerializer):
    """Share the bot's screen, or watch another's."""

    role = serializers.ChoiceField([(role, role) for role in SCREEN_SHARING_ROLES])


class ConnectSerializer(FencedSerializer):
    """Send an established call to whoever another one has reached."""

    call = serializers.UUIDField(help_text="a call of two that was placed from a line, and is established")


class CallerOrMemberSerializer(FencedSerializer):
    """Somebody who is in the call, by the id that `people` tells; without one the caller."""

    participant = serializers.CharField(max_length=64, required=False, allow_blank=True, trim_whitespace=False)


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
    graph_id = serializers.RegexField(
        "[!-~]",
        required=False,
        max_length=64,
        help_text="Graph's id of the call",
        error_messages=dict.fromkeys(("blank", "invalid"), "Name the call, or leave graph_id out for all calls."),
    )
