"""What somebody wants a meeting to be: whether that can be, and what is different from before. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any, Final
from unicodedata import category
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from meetings.rules.patterns import Recurrence

LONGEST: Final = timedelta(hours=24)
FURTHEST: Final = timedelta(days=5 * 366)
MOST_ATTENDEES: Final = 500  # of an invitation (REFERENCE 23.2)
LONGEST_SUBJECT: Final = 255
BREAKING: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})  # categories of Unicode
TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

ZONES: Final = frozenset(available_timezones() - {"localtime", "Factory"})
FIRST, LAST = date(1971, 1, 1), date(2200, 1, 1)  # days that a meeting can be on

UNKNOWN_ZONE: Final = "Name a time zone as IANA does, such as Europe/Berlin."

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ADDRESS: Final = re.compile(
    rf"[\w.!#$%&'*+/=?^`{{|}}~-]{{1,64}}@(?:{_LABEL}\.)+[a-z]{{2,63}}", re.IGNORECASE | re.ASCII
)


@dataclass(frozen=True, slots=True)
class Guest:
    """Who is to be invited: somebody of the directory, or an address alone."""

    oid: str = ""
    address: str = ""
    name: str = ""
    role: str = "attendee"

    @property
    def key(self) -> str:
        """Return what makes two of them the same."""
        return self.oid or self.address.casefold()


@dataclass(frozen=True, slots=True)
class Plan:
    """A meeting as it is wanted; both times have an offset, `zone` is where they are meant.

    Of a series they are those of the first date. `holidays` names a country, or a part of one, on whose public
    holidays it does not take place: `DE`, or `DE-BY`. With `on_calendar` it is an event in the organiser's
    calendar.
    """

    subject: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    lobby: str = "organization"
    dial_in_bypass: bool = False
    presenters: str = "organization"
    chat: str = "enabled"
    camera: bool = True
    microphone: bool = True
    record: bool = False
    announce: bool = False
    passcode: bool = True
    on_calendar: bool = False
    holidays: str = ""
    recurrence: Recurrence | None = None
    attendees: tuple[Guest, ...] = ()

    def settings(self) -> dict[str, Any]:
        """Return all but who is invited, by name; the recurrence as plain values."""
        values = {name: getattr(self, name) for name in SETTINGS}
        return values | {"recurrence": self.recurrence.to_graph() if self.recurrence else None}


SETTINGS: Final = tuple(one.name for one in fields(Plan) if one.name != "attendees")


def problems(plan: Plan, at: datetime) -> dict[str, str]:
    """Return what is wrong with `plan` at the instant `at`, by field; empty when it can be."""
    found = {
        "subject": _subject(plan.subject),
        "zone": "" if plan.zone in ZONES else UNKNOWN_ZONE,
        **_times(plan, at),
        "attendees": _attendees(plan.attendees),
        "presenters": _presenters(plan),
    }
    return {name: problem for name, problem in found.items() if problem}


def _subject(subject: str) -> str:
    if not subject.strip():
        return "Say what the meeting is about."
    if len(subject) > LONGEST_SUBJECT:
        return f"A subject has at most {LONGEST_SUBJECT} characters."
    return "" if subject == one_line(subject) else "A subject is one line, without control characters."


def one_line(text: str) -> str:
    """Return `text` without what would break a line, a header or the direction of reading."""
    return "".join(sign for sign in text if category(sign) not in BREAKING and sign not in TURNING)


def zone_of(name: str) -> ZoneInfo:
    """Return the zone of that name; UTC where this machine knows it no more."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _times(plan: Plan, at: datetime) -> dict[str, str]:
    if not (FIRST <= plan.starts_at.date() <= LAST and FIRST <= plan.ends_at.date() <= LAST):
        return {"starts_at": "No meeting is held on that day."}
    if plan.ends_at <= plan.starts_at:
        return {"ends_at": "A meeting ends after it starts."}
    if plan.ends_at - plan.starts_at > LONGEST:
        return {"ends_at": f"A meeting lasts at most {LONGEST // timedelta(hours=1)} hours."}
    if plan.ends_at <= at and plan.recurrence is None:
        return {"ends_at": "That is over already."}
    return {"starts_at": "That is more than five years away."} if plan.starts_at > at + FURTHEST else {}


def too_many(plan: Plan) -> str:
    """Return that too many are invited, empty when they are not."""
    return f"At most {MOST_ATTENDEES} people are invited." if len(plan.attendees) > MOST_ATTENDEES else ""


def _attendees(guests: Sequence[Guest]) -> str:
    wrong = next((one.address for one in guests if not one.oid and not is_address(one.address)), None)
    if wrong is not None:
        return f"{wrong or 'An empty line'} is no e-mail address."
    keys = [one.key for one in guests]
    twice = next((one for one in guests if keys.count(one.key) > 1), None)
    return f"{twice.name or twice.address} is named twice." if twice else ""


def _presenters(plan: Plan) -> str:
    if plan.presenters == "roleIsPresenter" and not any(one.role == "presenter" for one in plan.attendees):
        return "Mark at least one of those who are invited as presenter."
    return ""


def is_address(text: str) -> bool:
    """Tell whether `text` is an e-mail address and nothing else."""
    return len(text) <= 320 and _ADDRESS.fullmatch(text) is not None


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return what is not as before: each name with both values, the old one first."""
    names = [*before, *(name for name in after if name not in before)]
    return {name: [before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)}
