"""The form of a meeting: wall-clock times in a named zone, and people one to a line."""

from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from django import forms
from django.forms import BoundField

from commsportal.clock import now
from directory.models import User
from meetings import commands, drafts
from meetings.models import MeetingTemplate, Occurrence, OnlineMeeting, Organizer
from meetings.repeat_form import ONCE, RepeatForm, repeat_of
from meetings.rules import guests
from meetings.rules import plan as rules
from meetings.rules.plan import ZONES, Guest, Plan
from meetings.rules.times import instants
from meetings.templates import OPTIONS

USUAL: Final = timedelta(minutes=30)
HOUR: Final = timedelta(hours=1)
LONGEST_LIST: Final = 60_000  # characters
WHEN: Final = ("day", "begins", "ends", "zone")
LOOKS: Final = {
    **dict.fromkeys(("text", "date", "time", "number"), "input"),
    "select": "select",
    "textarea": "area",
}


class PlanForm(RepeatForm):
    """A meeting as it is to be."""

    MOST_ATTENDEES = rules.MOST_ATTENDEES

    organizer = forms.ModelChoiceField(Organizer.objects.none(), empty_label=None, label="Organiser")
    subject = forms.CharField(max_length=rules.LONGEST_SUBJECT, label="Subject")
    day = forms.DateField(label="Date", widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    begins = forms.TimeField(label="From", widget=forms.TimeInput({"type": "time"}, "%H:%M"))
    ends = forms.TimeField(label="To", widget=forms.TimeInput({"type": "time"}, "%H:%M"))
    zone = forms.ChoiceField(choices=[(name, name) for name in sorted(ZONES)], label="Time zone")
    attendees = forms.CharField(
        required=False,
        max_length=LONGEST_LIST,
        label="People",
        widget=forms.Textarea({"rows": 6, "placeholder": "One address to a line"}),
        help_text="One e-mail address to a line. With an asterisk before it somebody is a presenter.",
    )
    table = forms.FileField(
        required=False,
        label="More people from a CSV file",
        help_text="Addresses in one column, roles in a second if wanted. If a row is wrong nobody is invited.",
        widget=forms.FileInput({"accept": ".csv,text/csv"}),
    )
    lobby = forms.ChoiceField(choices=OnlineMeeting.Lobby.choices, label="Lobby")
    presenters = forms.ChoiceField(choices=OnlineMeeting.Presenters.choices, label="Presenters")
    chat = forms.ChoiceField(choices=OnlineMeeting.Chat.choices, label="Chat")
    dial_in_bypass = forms.BooleanField(required=False, label="Who dials in skips the lobby")
    camera = forms.BooleanField(required=False, label="Attendees may turn their camera on")
    microphone = forms.BooleanField(required=False, label="Attendees may turn their microphone on")
    record = forms.BooleanField(required=False, label="Teams records by itself")
    announce = forms.BooleanField(required=False, label="Coming and going by telephone is announced")
    passcode = forms.BooleanField(required=False, label="Joining by meeting id needs a passcode")
    template = forms.ModelChoiceField(
        MeetingTemplate.objects.none(), required=False, widget=forms.HiddenInput(), blank=True
    )
    version = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput())
    key = forms.UUIDField(required=False, widget=forms.HiddenInput())

    def __init__(self, *args: Any, user: User, meeting: OnlineMeeting | None = None, **kwargs: Any) -> None:
        """Offer the organisers in whose names `user` may act; a meeting keeps its own."""
        super().__init__(*args, **kwargs)
        allowed = Organizer.objects.for_scheduling(user)
        self.meeting = meeting
        self.offer_what_is()
        choice: Any = self.fields["organizer"]
        choice.queryset = allowed.filter(pk=meeting.organizer_id) if meeting else allowed
        template: Any = self.fields["template"]
        template.queryset = MeetingTemplate.objects.for_scheduling(user)
        for field in self.fields.values():
            if look := LOOKS.get(getattr(field.widget, "input_type", "") or type(field.widget).__name__.lower()):
                field.widget.attrs["class"] = look

    def plan(self) -> Plan:
        """Return the plan of a valid form; what ends before it begins ends the next day."""
        told = self.cleaned_data
        begins, ends = self._instants()
        return Plan(
            subject=told["subject"],
            starts_at=begins,
            ends_at=ends,
            zone=told["zone"],
            on_calendar=bool(told["on_calendar"] or told["repeats"]),
            holidays=told["holidays"] if told["repeats"] else "",
            recurrence=self.recurrence(told["day"]),
            attendees=(*told["attendees"], *told["table"], *self._without_address()),
            **{name: told[name] for name in OPTIONS},
        )

    def _without_address(self) -> list[Guest]:
        """Return those who are invited by object id and have no address that the form could show: they stay."""
        people = self.meeting.attendees.all() if self.meeting else []
        return [Guest(one.oid, "", one.name, one.role) for one in people if one.oid and not one.address]

    def _instants(self) -> tuple[datetime, datetime]:
        """Return when the form means: when the meeting is, where the form shows that as it is."""
        told = self.cleaned_data
        shown = as_it_is(self.meeting) if self.meeting else {}
        if self.meeting and all(told[name] == shown[name] for name in WHEN):
            return self.meeting.starts_at, self.meeting.ends_at
        return instants(told["day"], told["begins"], told["ends"], ZoneInfo(told["zone"]))

    def clean(self) -> dict[str, Any]:
        """Check what several fields say together."""
        told = super().clean() or self.cleaned_data
        self.check_repeat(told)
        if self.errors and "draft" not in self.data:
            self.refuse(self._also_wrong(told))
        return told

    def _also_wrong(self, told: dict[str, Any]) -> dict[str, str]:
        """Return what the rules find wrong beside what cannot be read, so that all is mended at once."""
        if told.get("repeats") != ONCE or not told.keys() >= {"subject", *WHEN}:
            return {}
        begins, ends = self._instants()
        return rules.problems(Plan(told["subject"], begins, ends, told["zone"]), now())

    def clean_attendees(self) -> tuple[Guest, ...]:
        """Return who is named line by line."""
        return _unless_wrong(guests.of_lines(self.cleaned_data["attendees"]))

    def clean_table(self) -> tuple[Guest, ...]:
        """Return who is named in the file, whole or not at all."""
        table = self.cleaned_data["table"]
        return _unless_wrong(guests.read(table.read(guests.MOST_BYTES + 1))) if table else ()

    def clean_day(self) -> date:
        """Check that the calendars of all zones have that day."""
        return _usual_day(self.cleaned_data["day"])

    def schedule(self, user: User) -> OnlineMeeting:
        """Have the meeting of a valid form held; the same form again brings the same meeting."""
        told = self.cleaned_data
        return commands.schedule(
            user, told["organizer"].pk, self.plan(), key=told["key"], template_id=self.template_id()
        )

    def draft(self, user: User) -> OnlineMeeting:
        """Keep the meeting of a valid form as a draft; the same form again brings the same draft."""
        told = self.cleaned_data
        return drafts.save(
            user, told["organizer"].pk, self.plan(), key=told["key"], template_id=self.template_id()
        )

    def template_id(self) -> int | None:
        """Return which template the form was filled from."""
        template = self.cleaned_data["template"]
        return template.pk if template else None

    def version_looked_at(self) -> int:
        """Return which version of the meeting the form was filled in for."""
        return self.cleaned_data["version"] or 0

    def wrong_fields(self) -> list[BoundField]:
        """Return the fields that have to be mended, in their order."""
        return [field for field in self.visible_fields() if field.errors]

    def refuse(self, problems: dict[str, str]) -> None:
        """Show what the rules say is wrong, each at the field where people can mend it."""
        places = {"starts_at": "begins", "ends_at": "ends", "recurrence": "repeats"}
        for name, problem in problems.items():
            place = places.get(name, name)
            self.add_error(place if place in self.fields else None, problem)


def _unless_wrong(found: tuple[tuple[Guest, ...], tuple[str, ...]]) -> tuple[Guest, ...]:
    people, problems = found
    if problems:
        raise forms.ValidationError(list(problems))
    return people


def new_in(zone: str) -> dict[str, Any]:
    """Return what a new form begins with: the next half hour there."""
    here = now().astimezone(ZoneInfo(zone))
    begins = here.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    defaults = OnlineMeeting()
    return (
        _times(begins, begins + USUAL)
        | {"zone": zone, "key": uuid4(), "interval": 1}
        | {name: getattr(defaults, name) for name in OPTIONS}
    )


def as_it_is(meeting: OnlineMeeting) -> dict[str, Any]:
    """Return what the form of a meeting begins with."""
    zone = rules.zone_of(meeting.zone)
    people = [
        f"{'* ' if one.role == 'presenter' else ''}{one.address}" for one in meeting.attendees.all() if one.address
    ]
    return {
        **_times(meeting.starts_at.astimezone(zone), meeting.ends_at.astimezone(zone)),
        **repeat_of(meeting),
        **{name: getattr(meeting, name) for name in ("organizer", "subject", "zone", "version", *OPTIONS)},
        "attendees": "\n".join(people),
    }


def _times(begins: datetime, ends: datetime) -> dict[str, date | time]:
    first, last = (at.time().replace(second=0, microsecond=0) for at in (begins, ends))
    return {"day": begins.date(), "begins": first, "ends": last}


class NowForm(forms.Form):
    """A meeting that begins at once."""

    organizer = forms.ModelChoiceField(Organizer.objects.none())
    zone = forms.ChoiceField(choices=[(name, name) for name in sorted(ZONES)])
    key = forms.UUIDField()

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        """Take the organisers in whose names `user` may act."""
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["organizer"]
        choice.queryset = Organizer.objects.for_scheduling(user)

    def schedule(self, user: User) -> OnlineMeeting:
        """Have the meeting of a valid form held, for an hour; the same form again brings the same meeting."""
        told = self.cleaned_data
        begins = now().replace(second=0, microsecond=0)
        plan = Plan(
            f"Meeting of {told['organizer'].name}"[: rules.LONGEST_SUBJECT], begins, begins + HOUR, told["zone"]
        )
        return commands.schedule(user, told["organizer"].pk, plan, key=told["key"])


class CancelForm(forms.Form):
    """Why a meeting does not take place, and which version of it was looked at."""

    reason = forms.CharField(
        required=False,
        max_length=500,
        label="Reason, for those who are invited",
        widget=forms.TextInput({"class": "input"}),
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput())


class VersionForm(forms.Form):
    """Which version of a meeting was looked at."""

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput())


class DateForm(VersionForm):
    """When one date of a series is to be, by the clocks of the series."""

    day = forms.DateField(label="Date", widget=forms.DateInput({"type": "date", "class": "input"}, "%Y-%m-%d"))
    begins = forms.TimeField(label="From", widget=forms.TimeInput({"type": "time", "class": "input"}, "%H:%M"))
    ends = forms.TimeField(label="To", widget=forms.TimeInput({"type": "time", "class": "input"}, "%H:%M"))

    def wanted(self, meeting: OnlineMeeting) -> dict[str, Any]:
        """Return what is asked of the date by a valid form."""
        told = self.cleaned_data
        starts_at, ends_at = instants(told["day"], told["begins"], told["ends"], rules.zone_of(meeting.zone))
        return {"starts_at": starts_at, "ends_at": ends_at, "version": told["version"]}

    def clean_day(self) -> date:
        """Check that the calendars of all zones have that day."""
        return _usual_day(self.cleaned_data["day"])


def date_as_it_is(meeting: OnlineMeeting, row: Occurrence) -> dict[str, Any]:
    """Return what the form of a date begins with."""
    zone = rules.zone_of(meeting.zone)
    return _times(row.starts_at.astimezone(zone), row.ends_at.astimezone(zone)) | {"version": meeting.version}


def _usual_day(day: date) -> date:
    if not rules.FIRST <= day <= rules.LAST:
        raise forms.ValidationError("No meeting is held on that day.")
    return day


class ResolveForm(forms.Form):
    """Which of two versions holds."""

    keep = forms.ChoiceField(choices=[("ours", "ours"), ("theirs", "theirs")])
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput())


class SendAgainForm(forms.Form):
    """To whom a letter goes again; empty: to all whom it did not reach."""

    address = forms.CharField(required=False, max_length=320)

    def address_or_all(self) -> str:
        """Return what was asked for."""
        return str(self.cleaned_data["address"]) if self.is_valid() else ""
