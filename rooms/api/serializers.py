"""The public shape of a room, and the bodies of what may be asked in it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from rest_framework import serializers

from calls.api.serializers import CallSerializer, calls_json
from calls.models import Call
from calls.rules.targets import MOST_TARGETS
from commsportal.bodies import LARGEST_ID, StrictInteger, StrictSerializer
from directory.api.serializers import LineNameSerializer
from directory.models import User
from directory.roles import DECIDE
from meetings.models import Attendee, OnlineMeeting
from rooms import seats
from rooms.commands import call_in
from routing.models import Line


class SeatSerializer(serializers.Serializer[Any]):
    """Somebody who is invited, and where they are."""

    oid = serializers.CharField(allow_blank=True, help_text="empty for an address outside the directory")
    address = serializers.CharField(allow_blank=True)
    name = serializers.CharField(allow_blank=True)
    role = serializers.ChoiceField(Attendee.Role.choices)
    state = serializers.ChoiceField([(word, word) for word in seats.STATES])
    can_be_rung = serializers.BooleanField()


class RoomSerializer(serializers.Serializer[Any]):
    """A meeting that runs: the bot's call in it, and who of the invited is there."""

    meeting = serializers.UUIDField()
    can_be_joined = serializers.BooleanField(help_text="Microsoft has said how, and it is not cancelled")
    call = CallSerializer(allow_null=True, help_text="of the bot in the meeting; null while it is not there")
    elsewhere = serializers.BooleanField(help_text="the bot is there through a line that one does not staff")
    seats = SeatSerializer(many=True)
    lines = LineNameSerializer(many=True, help_text="through which one may have the bot join")


class JoinRoomSerializer(StrictSerializer):
    """Through which line the bot joins."""

    line = StrictInteger(min_value=1, max_value=LARGEST_ID)


class RingSerializer(StrictSerializer):
    """Whom to ring."""

    people = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        default=list,
        max_length=MOST_TARGETS,
        help_text="object ids of people who are invited; none means all who are missing",
    )

    def validate_people(self, people: list[UUID]) -> list[str]:
        """Return ids as Microsoft writes them."""
        return [str(one) for one in people]


def room_json(user: User, meeting: OnlineMeeting) -> dict[str, Any]:
    """Return a meeting's room as `user` may see it."""
    call = call_in(meeting)
    readable = Call.objects.visible_to(user).select_related("line", "handled_by", "claim_owner", "parked_by")
    mine = readable.filter(pk=call.pk).first() if call else None
    found = seats.of(meeting, mine)
    return {
        "meeting": str(meeting.pk),
        "can_be_joined": bool(meeting.join_url and meeting.thread_id) and not meeting.is_cancelled,
        "call": calls_json([mine])[0] if mine else None,
        "elsewhere": call is not None and mine is None,
        "seats": [_seat(one) for one in found],
        "lines": list(lines_for(user, meeting).values("id", "name")),
    }


def lines_for(user: User, meeting: OnlineMeeting) -> Any:
    """Return the lines through which `user` may have the bot join."""
    lines = Line.objects.visible_to(user).filter(tenant_id=meeting.organizer.tenant_id)
    return lines.order_by("name", "pk") if DECIDE in user.rights else lines.none()


def _seat(one: seats.Seat) -> Mapping[str, Any]:
    who = one.attendee
    named = {"oid": who.oid, "address": who.address, "name": who.name, "role": who.role}
    return named | {"state": one.state, "can_be_rung": one.can_be_rung}
