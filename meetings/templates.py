"""Templates of meetings: which there are for somebody, and what they fill in."""

import json
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any, Final

from django.db.models import QuerySet

from meetings.errors import BadPlan
from meetings.models import MeetingTemplate, OccurrenceQuerySet, Organizer

OPTIONS: Final = (
    *("lobby", "presenters", "chat", "dial_in_bypass", "camera", "microphone"),
    *("record", "announce", "passcode"),
)


def named(rows: QuerySet[MeetingTemplate], key: str) -> MeetingTemplate | None:
    """Return the one of `rows` whose id somebody wrote into an address."""
    return rows.filter(pk=int(key)).first() if _is_id(key) else None


def usable(organizer: Organizer, key: int | None) -> MeetingTemplate | None:
    """Return the template that a meeting of somebody's is made from.

    :raises BadPlan: there is none of that id for their tenant, or it is archived.
    """
    if key is None:
        return None
    rows = MeetingTemplate.objects.filter(tenant_id=organizer.tenant_id, is_archived=False)
    found = rows.filter(pk=key).first()
    if found is None:
        raise BadPlan({"template": "There is no such template for this organiser, or it is archived."})
    return found


def choices(template: MeetingTemplate) -> dict[str, Any]:
    """Return what a template fills in, but for the times."""
    subject = {"subject": template.subject} if template.subject else {}
    return subject | {name: getattr(template, name) for name in OPTIONS}


def filled(initial: Mapping[str, Any], template: MeetingTemplate) -> dict[str, Any]:
    """Return what a new form begins with that is filled from a template; the beginning stays."""
    begins = datetime.combine(initial["day"], initial["begins"]) + timedelta(minutes=template.minutes)
    ends: time = begins.time()
    return {**initial, **choices(template), "ends": ends, "template": template.pk}


def for_browser(template: MeetingTemplate) -> str:
    """Return as JSON what a template fills in, by the names of the form's fields."""
    return json.dumps(choices(template) | {"minutes": template.minutes})


def of_pages(dates: OccurrenceQuerySet, key: str) -> OccurrenceQuerySet:
    """Return those of `dates` that are of the template which an address names; all if it names none."""
    return dates.filter(meeting__template_id=int(key)) if _is_id(key) else dates


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19
