"""A meeting in the shapes that others need: what is wanted of it, what Microsoft is told, what Microsoft tells."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any, Final

from django.db.models import Q
from django.db.models.functions import Lower

from directory.models import Person
from graph import meeting_values
from graph.meeting_values import MeetingSettings
from meetings.errors import BadPlan
from meetings.models import OnlineMeeting
from meetings.rules import plan as rules
from meetings.rules.patterns import Recurrence, RecurrenceError
from meetings.rules.plan import Guest, Plan
from meetings.rules.recurrence import is_day
from meetings.rules.series import canonical, clock_of

# What is compared with what Microsoft has, to see whether somebody has changed it there.
WATCHED: Final = ("subject", "starts_at", "ends_at")
NEVER: Final = "2000-01-01T00:00:00+00:00"


def plan_of(meeting: OnlineMeeting) -> Plan:
    """Return what is wanted of a meeting."""
    people = tuple(Guest(one.oid, one.address, one.name, one.role) for one in meeting.attendees.all())
    values = {name: getattr(meeting, name) for name in rules.SETTINGS}
    return Plan(**values | {"recurrence": meeting.series}, attendees=people)


def settings_of(meeting: OnlineMeeting) -> dict[str, Any]:
    """Return what is wanted of a meeting but for who is invited, for the record: plain values."""
    return {name: plain(getattr(meeting, name)) for name in rules.SETTINGS}


def wanted(meeting: OnlineMeeting) -> dict[str, Any]:
    """Return all that is wanted of a meeting, for the record."""
    return settings_of(meeting) | {"attendees": guests(plan_of(meeting).attendees)}


def exceptions(meeting: OnlineMeeting) -> dict[str, list[str] | None]:
    """Return which dates are not as the pattern has them, by its day: when they are instead, None for never."""
    recurrence = meeting.series
    if recurrence is None:
        return {}
    return {
        row.day.isoformat(): [plain(row.starts_at), plain(row.ends_at)] if row.is_held else None
        for row in meeting.occurrences.all()
        if (row.is_moved or not row.is_held) and is_day(recurrence, row.day)
    }


def watched(meeting: OnlineMeeting) -> dict[str, Any]:
    """Return what is wanted of all that is compared with what Microsoft has."""
    found = {name: plain(getattr(meeting, name)) for name in WATCHED}
    if not meeting.on_calendar:
        return found
    clock = clock_of(plan_of(meeting)) if meeting.recurrence else ""
    series = {"recurrence": canonical(meeting.series), "clock": clock, "zone": meeting.zone}
    return found | series | {"dates": exceptions(meeting)}


def guests(people: Sequence[Guest]) -> list[dict[str, str]]:
    """Return who is invited, for the record."""
    return [{"oid": one.oid, "address": one.address, "role": one.role} for one in people]


def plain(value: Any) -> Any:
    """Return a value as JSON has it: instants in UTC."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def found(plan: Plan, tenant_id: str) -> Plan:
    """Return `plan` with its guests as the directory has them: by object id, or by the address that is theirs."""
    ids = {one.oid for one in plan.attendees if one.oid}
    people = Person.objects.filter(tenant_id=tenant_id, enabled=True)
    by_id = {one.oid: one for one in people.filter(oid__in=ids)}
    written = {one.address.casefold() for one in plan.attendees if one.address and not one.oid}
    named = _with_address(people, written)
    by_address = {one.mail.casefold(): one for one in named if one.mail}
    by_address |= {one.upn.casefold(): one for one in named if one.upn}
    return replace(plan, attendees=tuple(_guest(one, by_id, by_address) for one in plan.attendees))


def _with_address(people: Any, written: set[str]) -> list[Person]:
    if not written:
        return []
    rows = people.annotate(low_mail=Lower("mail"), low_upn=Lower("upn"))
    return list(rows.filter(Q(low_mail__in=written) | Q(low_upn__in=written)))


def _guest(one: Guest, by_id: dict[str, Person], by_address: dict[str, Person]) -> Guest:
    person = by_id.get(one.oid) if one.oid else by_address.get(one.address.casefold())
    if person is None:
        return one if not one.oid else replace(one, name="")
    return Guest(person.oid, person.mail or person.upn, person.name, one.role)


def take_over(meeting: OnlineMeeting, theirs: dict[str, Any]) -> None:
    """Make a meeting what Microsoft has of it.

    :raises BadPlan: it has no times that a meeting can have.
    """
    begins, ends = (datetime.fromisoformat(theirs[name] or NEVER) for name in ("starts_at", "ends_at"))
    if ends <= begins:
        raise BadPlan({"ends_at": "The times that Teams has are none of a meeting. Overwrite them, or cancel it."})
    meeting.starts_at, meeting.ends_at = begins, ends
    if meeting.recurrence and not theirs.get("recurrence"):
        raise BadPlan({"recurrence": "In Outlook it is held once now. Overwrite that, or cancel the meeting."})
    if theirs.get("recurrence"):
        meeting.recurrence = _recurrence(theirs["recurrence"])
        meeting.zone = theirs.get("zone") or meeting.zone
    meeting.subject = rules.one_line(theirs["subject"])[: rules.LONGEST_SUBJECT] or meeting.subject


def _recurrence(told: dict[str, Any]) -> dict[str, Any]:
    """Return a recurrence that Microsoft has, to be ours.

    :raises BadPlan: it is none that a meeting here can have.
    """
    try:
        found = Recurrence.from_graph(told)
    except RecurrenceError as error:
        raise BadPlan({"recurrence": f"{error} Overwrite it, or cancel the meeting."}) from None
    if found.range.end is None and found.range.count is None:
        raise BadPlan({"recurrence": "The series that Teams has does not end. Overwrite it, or let it end there."})
    return found.to_graph()


def note_theirs(meeting: OnlineMeeting, theirs: dict[str, Any]) -> None:
    """Take what Teams has for what it was told last: what is wanted differently is told anew."""
    names = {"subject": "subject", "starts_at": "start", "ends_at": "end"}
    meeting.known = [theirs]
    meeting.told = (meeting.told or {}) | {names[name]: theirs[name] for name in WATCHED}


def at_microsoft(found: meeting_values.Meeting) -> dict[str, Any]:
    """Return what is watched of a meeting as Microsoft has it."""
    return {"subject": found.subject, "starts_at": _instant(found.start), "ends_at": _instant(found.end)}


def _instant(at: datetime | None) -> str | None:
    """Return an instant; Graph tells the year 1 where it has none."""
    return at.isoformat() if at and rules.FIRST <= at.date() <= rules.LAST else None


def for_microsoft(plan: Plan) -> MeetingSettings:
    """Return all that Microsoft is told of an online meeting."""
    return MeetingSettings(
        subject=plan.subject,
        start=plan.starts_at,
        end=plan.ends_at,
        attendees=attendees(plan),
        lobby_scope=plan.lobby,
        is_dial_in_bypass_enabled=plan.dial_in_bypass,
        allowed_presenters=plan.presenters,
        allow_meeting_chat=plan.chat,
        allow_attendee_to_enable_camera=plan.camera,
        allow_attendee_to_enable_mic=plan.microphone,
        record_automatically=plan.record,
        is_entry_exit_announced=plan.announce,
    )


def told(meeting: OnlineMeeting) -> dict[str, Any]:
    """Return what Microsoft is told of a meeting as plain values, to be compared with what it is told later."""
    settings = for_microsoft(plan_of(meeting))
    values = {one.name: plain(getattr(settings, one.name)) for one in fields(settings)}
    people = [[one.user_id, one.upn.casefold(), one.role] for one in settings.attendees or ()]
    return values | {"attendees": people}


def missing(meeting: OnlineMeeting, found: meeting_values.Meeting) -> MeetingSettings:
    """Return what Microsoft has still to be told; what was changed there beside that stays."""
    settings = for_microsoft(plan_of(meeting))
    return settings.beyond(found) if meeting.told is None else _untold(meeting, settings, meeting.told)


def _untold(meeting: OnlineMeeting, settings: MeetingSettings, known: dict[str, Any]) -> MeetingSettings:
    names = {name for name, value in told(meeting).items() if value != known.get(name)}
    for together in meeting_values.TOGETHER:
        names |= together if names & together else set()
    return MeetingSettings(**{name: getattr(settings, name) for name in names})


def missing_options(meeting: OnlineMeeting, found: meeting_values.Meeting) -> MeetingSettings:
    """Return what the online meeting of an event has still to be told; subject and times are the event's."""
    known = meeting.told if meeting.told and "lobby_scope" in meeting.told else None
    settings = replace(for_microsoft(plan_of(meeting)), subject=None, start=None, end=None)
    if known is None:
        return replace(settings.beyond(found), subject=None, start=None, end=None)
    return replace(_untold(meeting, settings, known), subject=None, start=None, end=None)


def attendees(plan: Plan) -> tuple[meeting_values.Attendee, ...]:
    """Return who is invited, for Microsoft."""
    return tuple(
        meeting_values.Attendee(one.oid, "" if one.oid else one.address, one.role, one.name)
        for one in plan.attendees
    )
