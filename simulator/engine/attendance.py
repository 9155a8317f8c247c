"""Who was in a meeting, and when: one report for each session (REFERENCE 9.6).

A session lasts from the first who comes until everybody has left. Bots keep one going and are in no report:
whether the service lists them is uncertain. A session without people leaves no report.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from simulator.engine.model import Party

if TYPE_CHECKING:
    from simulator.engine.conference import Conference, Meeting, Participant

REPORTS_KEPT = 100


@dataclass
class Stay:
    """Remember one join of somebody's, from their being let in; who is still there has not left."""

    participant_id: str
    party: Party
    joined_at: datetime
    left_at: datetime | None = None


@dataclass(frozen=True)
class Interval:
    """Hold one join and what came of it."""

    joined_at: datetime
    left_at: datetime

    @property
    def seconds(self) -> int:
        """Return how long it was."""
        return round((self.left_at - self.joined_at).total_seconds())


@dataclass(frozen=True)
class Record:
    """Hold one person's part in a session, whatever they joined with and how often."""

    id: str
    party: Party
    role: str
    intervals: tuple[Interval, ...]

    @property
    def seconds(self) -> int:
        """Return how long they were there, all joins together."""
        return sum(interval.seconds for interval in self.intervals)


@dataclass(frozen=True)
class Report:
    """Hold one session."""

    id: str
    start: datetime
    end: datetime
    records: tuple[Record, ...]


def came(conference: "Conference", participant: "Participant", now: datetime) -> None:
    """Take note of somebody who is in; who waits in the lobby is not."""
    if conference.meeting and not participant.call_id and not participant.is_in_lobby:
        conference.stays.append(Stay(participant.id, participant.party, now))


def went(conference: "Conference", participant: "Participant", now: datetime) -> None:
    """Take note of somebody who left."""
    for stay in conference.stays:
        if stay.participant_id == participant.id:
            stay.left_at = now


def close(conference: "Conference", new_id: Callable[[], str]) -> None:
    """Write the report of a session that everybody has left, and begin anew."""
    stays, conference.stays = conference.stays, []
    if conference.meeting is None or not stays:
        return
    reports = conference.meeting.reports
    reports.append(report(conference.meeting, stays, new_id))
    del reports[:-REPORTS_KEPT]


def report(meeting: "Meeting", stays: list[Stay], new_id: Callable[[], str]) -> Report:
    """Return the report of a session; the records are in the order in which people first came."""
    by_person: dict[tuple[str, str], list[Stay]] = {}
    for stay in stays:
        by_person.setdefault((stay.party.kind, stay.party.id.lower()), []).append(stay)
    records = tuple(record(meeting, own, new_id) for own in by_person.values())
    ends = [interval.left_at for one in records for interval in one.intervals]
    return Report(new_id(), min(stay.joined_at for stay in stays), max(ends), records)


def record(meeting: "Meeting", stays: list[Stay], new_id: Callable[[], str]) -> Record:
    """Return one person's record."""
    party = stays[0].party
    intervals = tuple(Interval(stay.joined_at, stay.left_at or stay.joined_at) for stay in stays)
    return Record(new_id(), party, meeting.role_of(party), intervals)
