"""Meetings put into the database as they are wanted, past the commands."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from meetings.models import Occurrence, OnlineMeeting
from meetings.rules.plan import zone_of
from meetings.rules.times import day_at


def hold(**values: Any) -> OnlineMeeting:
    """Make one meeting and its date."""
    (made,) = hold_all([OnlineMeeting(**values)])
    return made


def hold_all(meetings: Iterable[OnlineMeeting], batch_size: int | None = None) -> list[OnlineMeeting]:
    """Make meetings, each with its date."""
    rows = list(meetings)
    for row in rows:
        row.over_at = row.over_at or row.ends_at
    OnlineMeeting.objects.bulk_create(rows, batch_size=batch_size)
    dates = [
        Occurrence(
            meeting=row, day=day_at(row.starts_at, zone_of(row.zone)), starts_at=row.starts_at, ends_at=row.ends_at
        )
        for row in rows
    ]
    Occurrence.objects.bulk_create(dates, batch_size=batch_size)
    return rows


def move_all(starts_at: datetime, ends_at: datetime, **which: Any) -> None:
    """Have every meeting there is, or those named, and their dates be then."""
    rows = OnlineMeeting.objects.filter(**which)
    Occurrence.objects.filter(meeting__in=rows).update(starts_at=starts_at, ends_at=ends_at)
    rows.update(starts_at=starts_at, ends_at=ends_at, over_at=ends_at)
