"""Over HTTP: when those who are to meet have time, and whom a group has."""

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from commsportal.api import QuerySerializer
from commsportal.bodies import LARGEST_ID, StrictInteger, StrictSerializer
from commsportal.clock import now
from directory.api.permissions import person
from directory.roles import SCHEDULE
from meetings import commands, free_busy, groups
from meetings.api.serializers import GuestSerializer
from meetings.errors import BadPlan
from meetings.free_busy import FreeBusy, Shown
from meetings.rules import plan as rules
from meetings.rules.plan import MOST_ATTENDEES, Guest, Plan
from meetings.rules.schedules import Busy, Status
from meetings.rules.slots import Suggestion
from meetings.rules.times import Interval, instants

REASONS = [(one, one) for one in ("busy", "oof", "tentative", "elsewhere", "outside_hours", "unknown")]
STATUSES = [(one.name.lower(), one.name.lower()) for one in Status if one]
TIMES = ("starts_at", "ends_at")
CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


class FreeBusyBody(StrictSerializer):
    """A meeting as a form has it: what clocks show in `zone`; what ends before it begins ends the next day."""

    organizer = StrictInteger(min_value=1, max_value=LARGEST_ID, help_text="id of one of `/api/v1/organizers/`")
    day = serializers.DateField()
    begins = serializers.RegexField(CLOCK, help_text="HH:MM")
    ends = serializers.RegexField(CLOCK, help_text="HH:MM")
    zone = serializers.CharField(max_length=64, help_text="IANA's name of where the times are meant")
    attendees = GuestSerializer(many=True, required=False, max_length=MOST_ATTENDEES)  # type: ignore[call-arg]

    def plan(self) -> Plan:
        """Return the plan of a valid body.

        :raises BadPlan: there is no such time, or it is over.
        """
        told = self.validated_data
        if told["zone"] not in rules.ZONES:
            raise BadPlan({"zone": rules.UNKNOWN_ZONE})
        if not rules.FIRST <= told["day"] <= rules.LAST:
            raise BadPlan({"day": "No meeting is held on that day."})
        first, last = (time.fromisoformat(told[name]) for name in ("begins", "ends"))
        begins, ends = instants(told["day"], first, last, ZoneInfo(told["zone"]))
        guests = (Guest(str(one.get("oid", "")), one.get("address", "")) for one in told.get("attendees", []))
        plan = Plan("-", begins, ends, told["zone"], attendees=tuple(guests))
        problems = rules.problems(plan, now())
        if wrong := {name: problem for name, problem in problems.items() if name in TIMES}:
            raise BadPlan(wrong)
        return plan


class LocalField(serializers.DateTimeField):
    """An instant with the offset of a zone that matters."""

    def to_representation(self, value: Any) -> str:
        """Return it as it is: in the zone that it has."""
        return str(value.isoformat())


class IntervalSerializer(serializers.Serializer[Any]):
    """From an instant until before another one."""

    starts_at = LocalField()
    ends_at = LocalField()


class BusySerializer(IntervalSerializer):
    """Some time that is taken."""

    status = serializers.ChoiceField(STATUSES)


class FreeBusyPersonSerializer(serializers.Serializer[Any]):
    """One person's day."""

    oid = serializers.CharField(allow_blank=True)
    address = serializers.CharField(allow_blank=True)
    name = serializers.CharField(allow_blank=True)
    is_organizer = serializers.BooleanField()
    is_known = serializers.BooleanField(help_text="false: Microsoft does not tell, as of people outside")
    zone = serializers.CharField(allow_blank=True, help_text="IANA's name of theirs; empty: not known")
    local_starts_at = LocalField(allow_null=True, help_text="of the meeting, by their clocks")
    local_ends_at = LocalField(allow_null=True)
    is_outside_hours = serializers.BooleanField(help_text="the meeting is, in part at least")
    hours = IntervalSerializer(many=True, allow_null=True, help_text="when they work that day; null: not known")
    busy = BusySerializer(many=True)
    conflicts = serializers.ListField(child=serializers.ChoiceField(REASONS))


class AgainstSerializer(serializers.Serializer[Any]):
    """What speaks against a time."""

    person = serializers.IntegerField(help_text="the place in `people`, from 0")
    reason = serializers.ChoiceField(REASONS)


class SuggestionSerializer(IntervalSerializer):
    """A time that would do."""

    is_good = serializers.BooleanField(help_text="nobody is busy, and it is within all hours that are known")
    conflicts = AgainstSerializer(many=True)


class FreeBusySerializer(serializers.Serializer[Any]):
    """A day of those who are to meet, the organiser first, and other times."""

    zone = serializers.CharField()
    meeting = IntervalSerializer()
    day = IntervalSerializer()
    people = FreeBusyPersonSerializer(many=True)
    left_off = serializers.IntegerField(help_text=f"people who were not asked about: {free_busy.MOST} at most are")
    suggestions = SuggestionSerializer(many=True, help_text="in order of time")


class FreeBusyView(APIView):
    """When those who are to meet have time."""

    right = SCHEDULE
    body = FreeBusyBody

    @extend_schema(
        operation_id="meetings_free_busy",
        request=FreeBusyBody,
        responses=FreeBusySerializer,
        description="Ask Microsoft when those who are to meet have time that day. Nothing is scheduled by it.",
    )
    def post(self, request: Request) -> Response:
        """Ask Microsoft when those who are to meet have time that day."""
        body = self.body(data=request.data)
        body.is_valid(raise_exception=True)
        organizer = commands.acting_for(person(request), body.validated_data["organizer"])
        return Response(FreeBusySerializer(_told(free_busy.look(organizer, body.plan()))).data)


def _told(found: FreeBusy) -> dict[str, Any]:
    places = {one.guest.key: place for place, one in enumerate(found.people)}
    return {
        "zone": str(found.zone),
        "meeting": _interval(found.meeting, found.zone),
        "day": _interval(found.day, found.zone),
        "people": [_person(one, found.zone) for one in found.people],
        "left_off": found.left_off,
        "suggestions": [_suggestion(one, found.zone, places) for one in found.offers],
    }


def _interval(one: Interval, zone: ZoneInfo) -> dict[str, datetime]:
    return {"starts_at": one.start.astimezone(zone), "ends_at": one.end.astimezone(zone)}


def _person(one: Shown, zone: ZoneInfo) -> dict[str, Any]:
    begins, ends = one.local or (None, None)
    return {
        "oid": one.guest.oid,
        "address": one.guest.address,
        "name": one.guest.name,
        "is_organizer": one.is_organizer,
        "is_known": one.is_known,
        "zone": str(one.zone or ""),
        "local_starts_at": begins,
        "local_ends_at": ends,
        "is_outside_hours": one.is_outside,
        "hours": None if one.hours is None else [_interval(shift, zone) for shift in one.hours],
        "busy": [_busy(taken, zone) for taken in one.busy],
        "conflicts": list(dict.fromkeys(found.reason for found in one.conflicts)),
    }


def _busy(one: Busy, zone: ZoneInfo) -> dict[str, Any]:
    return _interval(one.interval, zone) | {"status": one.status.name.lower()}


def _suggestion(one: Suggestion, zone: ZoneInfo, places: dict[str, int]) -> dict[str, Any]:
    against = dict.fromkeys((places[found.key], found.reason) for found in one.conflicts)
    told = [{"person": place, "reason": reason} for place, reason in sorted(against)]
    return _interval(one.interval, zone) | {"is_good": one.is_good, "conflicts": told}


class GroupQuerySerializer(QuerySerializer):
    """Which group: one of the two."""

    department = serializers.CharField(required=False, max_length=128)
    line = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID, help_text="its staff")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """:raises ValidationError: both are named, or neither."""
        if len(attrs) != 1:
            raise serializers.ValidationError("Name either a department or a line.")
        return attrs


class GroupGuestSerializer(serializers.Serializer[Any]):
    """Somebody who can be invited."""

    oid = serializers.CharField(allow_blank=True)
    name = serializers.CharField(allow_blank=True)
    address = serializers.CharField()


class GroupGuestsSerializer(serializers.Serializer[Any]):
    """Whom a group has."""

    results = GroupGuestSerializer(many=True)
    without_address = serializers.IntegerField(help_text="people of the group who cannot be invited")
    left_off = serializers.IntegerField(help_text=f"people beyond the {MOST_ATTENDEES} that a meeting has at most")


class GroupGuestsView(APIView):
    """Everybody of a department, or the staff of a line, as guests of a meeting."""

    right = SCHEDULE

    @extend_schema(
        operation_id="meetings_guests", parameters=[GroupQuerySerializer], responses=GroupGuestsSerializer
    )
    def get(self, request: Request) -> Response:
        """List who of a department, or of a line's staff, can be invited, by name."""
        query = GroupQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        return Response(GroupGuestsSerializer(groups.guests(person(request), **query.validated_data)).data)
