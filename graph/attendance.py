"""Who was in a meeting, and when: its attendance reports, one for each session (REFERENCE 9.6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph.types import Identity
from graph.values import instant, integer, mapping, normalize_id, objects, odata_type, text


@dataclass(frozen=True)
class AttendanceInterval:
    """From when to when somebody was in, and for how many seconds; what was not told is None."""

    joined_at: datetime | None = None
    left_at: datetime | None = None
    seconds: int | None = None

    @classmethod
    def from_graph(cls, value: object) -> AttendanceInterval:
        """Read an attendanceInterval."""
        interval = mapping(value)
        return cls(
            instant(interval.get("joinDateTime")),
            instant(interval.get("leaveDateTime")),
            integer(interval.get("durationInSeconds")),
        )


@dataclass(frozen=True)
class AttendanceRecord:
    """One person's part in a session; who came again has several intervals, told oldest first here.

    `role` is a word such as `Presenter`, capitalised and no member of an enumeration. `identity` may lack: of
    guests the service may tell a name alone, or nothing.
    """

    id: str = ""
    identity: Identity | None = None
    email: str = ""
    role: str = ""
    seconds: int | None = None
    intervals: tuple[AttendanceInterval, ...] = ()

    @classmethod
    def from_graph(cls, value: object) -> AttendanceRecord:
        """Read an attendanceRecord."""
        record = mapping(value)
        intervals = map(AttendanceInterval.from_graph, objects(record.get("attendanceIntervals")))
        return cls(
            id=text(record.get("id")),
            identity=_identity(mapping(record.get("identity"))),
            email=text(record.get("emailAddress")),
            role=text(record.get("role")),
            seconds=integer(record.get("totalAttendanceInSeconds")),
            intervals=tuple(sorted(intervals, key=_began)),
        )


@dataclass(frozen=True)
class MeetingReport:
    """One session of a meeting. `records` are told where they were asked for; `participant_count` always."""

    id: str
    start: datetime | None = None
    end: datetime | None = None
    participant_count: int | None = None
    records: tuple[AttendanceRecord, ...] = ()

    @classmethod
    def from_graph(cls, value: object) -> MeetingReport:
        """Read a meetingAttendanceReport."""
        report = mapping(value)
        return cls(
            id=text(report.get("id")),
            start=instant(report.get("meetingStartDateTime")),
            end=instant(report.get("meetingEndDateTime")),
            participant_count=integer(report.get("totalParticipantCount")),
            records=tuple(map(AttendanceRecord.from_graph, objects(report.get("attendanceRecords")))),
        )


def _began(interval: AttendanceInterval) -> float:
    return interval.joined_at.timestamp() if interval.joined_at else 0.0


def _identity(identity: dict[str, Any]) -> Identity | None:
    """Read a bare identity: what kind it is stands in its type, where it has one."""
    id_, name = normalize_id(text(identity.get("id"))), text(identity.get("displayName"))
    if not (id_ or name):
        return None
    kind = odata_type(identity).removeprefix("communications").removesuffix("Identity")
    tenant = normalize_id(text(identity.get("tenantId")))
    return Identity(kind[:1].lower() + kind[1:] if kind != "identity" else "", id_, name, tenant)
