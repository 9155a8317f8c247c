"""The public shape of meetings, and the bodies of what may be asked of them."""

from datetime import UTC, date, datetime
from typing import Any, get_args

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from commsportal.api import QuerySerializer
from commsportal.bodies import LARGEST_ID, StrictInteger, StrictSerializer
from meetings.commands import KEEPS, LONGEST_REASON
from meetings.models import Attendee, MeetingTemplate, OnlineMeeting, Organizer
from meetings.repeat_form import MOST_APART
from meetings.rules.patterns import Index, Kind, Recurrence, RecurrenceError
from meetings.rules.plan import LONGEST_SUBJECT, MOST_ATTENDEES, Guest, Plan
from meetings.rules.series import MOST_DATES
from meetings.rules.times import WEEKDAYS

LARGEST_VERSION = 2**31 - 1


class OrganizerSerializer(serializers.ModelSerializer[Organizer]):
    """Somebody in whose name meetings are held."""

    class Meta:
        model = Organizer
        fields = ["id", "name", "oid"]
        read_only_fields = fields


class TemplateNameSerializer(serializers.ModelSerializer[MeetingTemplate]):
    """The template that a meeting was made from."""

    class Meta:
        model = MeetingTemplate
        fields = ["id", "name"]
        read_only_fields = fields


class AttendeeSerializer(serializers.ModelSerializer[Attendee]):
    """Who is invited."""

    class Meta:
        model = Attendee
        fields = ["oid", "address", "name", "role"]
        read_only_fields = fields


class WatchedSerializer(serializers.Serializer[Any]):
    """What is compared with Teams."""

    subject = serializers.CharField(allow_blank=True)
    starts_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)
    recurrence = serializers.DictField(
        required=False, allow_null=True, help_text="of an event: null, it is held once"
    )
    dates = serializers.DictField(
        child=serializers.ListField(child=serializers.DateTimeField(), allow_null=True),
        required=False,
        help_text="of a series: by day, when a date is instead; null: it is not",
    )


class DialInSerializer(serializers.Serializer[Any]):
    """How people come in by telephone."""

    number = serializers.CharField(allow_blank=True)
    conference_id = serializers.CharField(allow_blank=True)
    url = serializers.CharField(allow_blank=True)


class ProblemSerializer(serializers.Serializer[Any]):
    """Why Microsoft does not have the meeting as it is wanted."""

    title = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)
    code = serializers.CharField(allow_blank=True)
    again_at = serializers.DateTimeField(allow_null=True, help_text="when it is tried again; null: not by itself")


class MeetingSerializer(serializers.ModelSerializer[OnlineMeeting]):
    """A meeting as it is wanted, and how far Microsoft has it."""

    organizer = OrganizerSerializer()
    template = TemplateNameSerializer(allow_null=True)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    over_at = serializers.DateTimeField(help_text="when the last date is over")
    recurrence = serializers.DictField(allow_null=True, help_text="Graph's `patternedRecurrence`; null: held once")
    attendees = AttendeeSerializer(many=True)
    dial_in = serializers.SerializerMethodField(help_text="null: not by telephone")
    is_held = serializers.SerializerMethodField(help_text="Microsoft has this version")
    theirs = WatchedSerializer(
        allow_null=True, help_text="as somebody has changed it in Teams meanwhile; `resolve` decides which holds"
    )
    has_passcode = serializers.BooleanField(
        allow_null=True, help_text="joining by `number` needs one, as Microsoft has it; null: it has not said"
    )
    problem = serializers.SerializerMethodField(help_text="null: nothing stands in the way")

    class Meta:
        model = OnlineMeeting
        fields = [
            *("id", "organizer", "state", "version", "is_held"),
            *("subject", "starts_at", "ends_at", "over_at", "zone", "attendees"),
            *("on_calendar", "recurrence", "holidays"),
            *("template", "lobby", "dial_in_bypass", "presenters", "chat", "camera", "microphone", "record"),
            *("announce", "passcode", "has_passcode"),
            *("join_url", "number", "dial_in", "cancel_reason", "theirs", "problem"),
        ]
        read_only_fields = fields

    @extend_schema_field(DialInSerializer(allow_null=True))
    def get_dial_in(self, meeting: OnlineMeeting) -> dict[str, str] | None:
        """Return how people come in by telephone."""
        return meeting.dial_in or None

    def get_is_held(self, meeting: OnlineMeeting) -> bool:
        """Tell whether Microsoft has this version."""
        return meeting.sent == meeting.version

    @extend_schema_field(ProblemSerializer(allow_null=True))
    def get_problem(self, meeting: OnlineMeeting) -> dict[str, Any] | None:
        """Return what stands in the way."""
        if not meeting.error_title:
            return None
        words = {"title": meeting.error_title, "detail": meeting.error_detail, "code": meeting.error_code}
        return words | {"again_at": meeting.due_at}


class GuestSerializer(StrictSerializer):
    """Somebody to invite: of the directory by object id, else by an e-mail address."""

    oid = serializers.UUIDField(required=False)
    address = serializers.CharField(required=False, max_length=320)
    role = serializers.ChoiceField(Attendee.Role.choices, default=Attendee.Role.ATTENDEE)


class OffsetField(serializers.DateTimeField):
    """An instant, with its offset: without one nobody knows when that is."""

    def to_internal_value(self, value: Any) -> datetime:
        """:raises ValidationError: it is none."""
        try:
            read = datetime.fromisoformat(value) if isinstance(value, str) else None
            if read is None or timezone.is_naive(read):
                raise ValueError
            return super().to_internal_value(read.astimezone(UTC).isoformat())
        except (ValueError, OverflowError):
            raise serializers.ValidationError("Write an instant as ISO 8601, with its offset.") from None


class PatternSerializer(StrictSerializer):
    """On which days a series is, in Graph's words (`resources/recurrencepattern.md`)."""

    type = serializers.ChoiceField([(kind, kind) for kind in get_args(Kind)])
    interval = StrictInteger(min_value=1, max_value=MOST_APART, default=1)
    daysOfWeek = serializers.ListField(  # Graph's name
        child=serializers.ChoiceField(WEEKDAYS),
        required=False,
        max_length=7,
    )
    firstDayOfWeek = serializers.ChoiceField(  # Graph's name
        WEEKDAYS, required=False
    )
    dayOfMonth = StrictInteger(min_value=0, max_value=31, required=False)  # Graph's name
    month = StrictInteger(min_value=0, max_value=12, required=False)
    index = serializers.ChoiceField([(index, index) for index in get_args(Index)], required=False)


class RangeSerializer(StrictSerializer):
    """From which day on and until when (`resources/recurrencerange.md`); a series here always ends."""

    type = serializers.ChoiceField([("endDate", "endDate"), ("numbered", "numbered")])
    startDate = serializers.DateField()  # Graph's name
    endDate = serializers.DateField(required=False)  # Graph's name
    numberOfOccurrences = StrictInteger(min_value=1, max_value=MOST_DATES, required=False)  # Graph's name


class RecurrenceSerializer(StrictSerializer):
    """A series, as Graph writes it (`resources/patternedrecurrence.md`)."""

    pattern = PatternSerializer()
    range = RangeSerializer()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Read it as ours.

        :raises ValidationError: it cannot be meant.
        """
        told = {name: str(value) if isinstance(value, date) else value for name, value in attrs["range"].items()}
        try:
            return {"recurrence": Recurrence.from_graph({"pattern": attrs["pattern"], "range": told})}
        except RecurrenceError as error:
            raise serializers.ValidationError(str(error)) from None


class PlanSerializer(StrictSerializer):
    """What a meeting is to be."""

    subject = serializers.CharField(max_length=LONGEST_SUBJECT)
    starts_at = OffsetField()
    ends_at = OffsetField()
    zone = serializers.CharField(max_length=64, help_text="IANA's name of where the times are meant")
    attendees = GuestSerializer(many=True, required=False, max_length=MOST_ATTENDEES)  # type: ignore[call-arg]
    lobby = serializers.ChoiceField(OnlineMeeting.Lobby.choices, default=OnlineMeeting.Lobby.ORGANIZATION)
    dial_in_bypass = serializers.BooleanField(default=False)
    presenters = serializers.ChoiceField(
        OnlineMeeting.Presenters.choices, default=OnlineMeeting.Presenters.ORGANIZATION
    )
    chat = serializers.ChoiceField(OnlineMeeting.Chat.choices, default=OnlineMeeting.Chat.ENABLED)
    camera = serializers.BooleanField(default=True)
    microphone = serializers.BooleanField(default=True)
    record = serializers.BooleanField(default=False)
    announce = serializers.BooleanField(default=False)
    on_calendar = serializers.BooleanField(
        default=False, help_text="an event of the organiser's calendar, as a series always is"
    )
    recurrence = RecurrenceSerializer(required=False, allow_null=True, help_text="null: it is held once")
    holidays = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=32,
        help_text="whose public holidays a series skips: ISO 3166, such as `DE` or `DE-BY`; empty: none",
    )
    passcode = serializers.BooleanField(
        default=True,
        help_text="joining by the number needs one; it cannot be changed once Microsoft has the meeting",
    )

    def plan(self) -> Plan:
        """Return the plan of a valid body."""
        values = {name: value for name, value in self.validated_data.items() if name in Plan.__dataclass_fields__}
        people = values.pop("attendees", [])
        series = values.pop("recurrence", None)
        values["recurrence"] = series["recurrence"] if series else None
        guests = tuple(Guest(str(one.get("oid", "")), one.get("address", ""), role=one["role"]) for one in people)
        return Plan(**values, attendees=guests)


class ScheduleSerializer(PlanSerializer):
    """A meeting to be held."""

    organizer = StrictInteger(min_value=1, max_value=LARGEST_ID, help_text="id of one of `/api/v1/organizers/`")
    template = StrictInteger(
        required=False,
        min_value=1,
        max_value=LARGEST_ID,
        help_text="id of one of `/api/v1/meeting-templates/`, kept with the meeting; it fills in nothing here",
    )
    draft = serializers.BooleanField(default=False, help_text="keep it as a draft: nobody is asked, nobody told")


class VersionedSerializer(StrictSerializer):
    """Something that is asked of a meeting as it was looked at."""

    version = StrictInteger(min_value=1, max_value=LARGEST_VERSION)


class ChangeSerializer(PlanSerializer, VersionedSerializer):
    """A meeting as it is to be, whole."""


class CancelSerializer(VersionedSerializer):
    """Have a meeting not take place."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_REASON)


class ResolveSerializer(VersionedSerializer):
    """Decide which holds of a meeting that was changed in Teams as well."""

    keep = serializers.ChoiceField([(keep, keep) for keep in KEEPS])


class EmptySerializer(StrictSerializer):
    """Nothing."""


class MeetingQuerySerializer(QuerySerializer):
    """What narrows the list of meetings."""

    organizer = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    template = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    state = serializers.ChoiceField(OnlineMeeting.State.choices, required=False)
    before = OffsetField(required=False, help_text="those that begin before this instant")
    since = OffsetField(required=False, help_text="those whose last date ends after this instant")
