"""What a meeting that is only planned would be: its dates, and what Microsoft would be asked for."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from meetings import events, facts, holidays
from meetings.models import Organizer
from meetings.rules import series, series_phrases
from meetings.rules.plan import Plan
from meetings.rules.recurrence import Occurrence

MOST_NAMED: Final = 5


@dataclass(frozen=True)
class Request:
    """Something that Graph would be asked: for what, and the request."""

    title: str
    request: str
    body: Mapping[str, Any]

    @property
    def text(self) -> str:
        """Return the body as people read it."""
        return json.dumps(self.body, indent=2, ensure_ascii=False)


@dataclass(frozen=True)
class Preview:
    """The dates of a meeting, those of them that are skipped by name of the holiday, and Graph's part."""

    words: str
    dates: Sequence[Occurrence]
    skipped: Mapping[date, str]
    requests: Sequence[Request]

    @property
    def held(self) -> Sequence[Occurrence]:
        """Return the dates that take place."""
        return [one for one in self.dates if one.day not in self.skipped]


def of(plan: Plan, organizer: Organizer) -> Preview:
    """Return what a meeting would be that keeps the rules."""
    dates = series.dates(plan)
    skipped: Mapping[date, str] = {}
    if plan.recurrence and plan.holidays:
        free = holidays.between(plan.holidays, dates[0].day, dates[-1].day)
        skipped = {one.day: free[one.day] for one in dates if one.day in free}
    return Preview(_words(plan, dates, skipped), dates, skipped, _requests(plan, organizer))


def _words(plan: Plan, dates: Sequence[Occurrence], skipped: Mapping[date, str]) -> str:
    if plan.recurrence is None:
        return ""
    said = series_phrases.sentence(plan.recurrence.pattern, series_phrases.ENGLISH)
    count = len(dates) - len(skipped)
    some = f"{count} date{'' if count == 1 else 's'}"
    found = [f"{said}: {some}, the last on {_said(dates[-1].day)}."]
    if skipped:
        named = [f"{_said(day)} ({name})" for day, name in list(skipped.items())[:MOST_NAMED]]
        more = [f"{len(skipped) - MOST_NAMED} more"] if len(skipped) > MOST_NAMED else []
        found.append(f"Skipped: {', '.join([*named, *more])}.")
    return " ".join(found)


def _said(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _requests(plan: Plan, organizer: Organizer) -> list[Request]:
    people = f"/users/{organizer.oid}"
    whole = facts.for_microsoft(plan)
    if not plan.on_calendar:
        made, rest = _split(whole.to_graph())
        return [
            Request("Online meeting", f"POST {people}/onlineMeetings/createOrGet", made),
            Request("Its options", f"PATCH {people}/onlineMeetings/{{id}}", rest),
        ]
    event = events.settings_for(plan).to_graph()
    options = {name: value for name, value in whole.to_graph().items() if name not in EVENTS}
    return [
        Request("Event in the organiser's calendar", f"POST {people}/events", event),
        Request("Options of its online meeting", f"PATCH {people}/onlineMeetings/{{id}}", options),
    ]


def _split(whole: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return with what an online meeting is made, and what it is told afterwards."""
    made = {name: value for name, value in whole.items() if name in MADE}
    return made, {name: value for name, value in whole.items() if name not in MADE}


MADE: Final = ("subject", "startDateTime", "endDateTime", "participants")
EVENTS: Final = ("subject", "startDateTime", "endDateTime")
