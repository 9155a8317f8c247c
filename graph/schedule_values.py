"""When people have time, as frozen values (REFERENCE 23.8)."""

from __future__ import annotations

from dataclasses import dataclass

from graph.calendar_values import FREE_BUSY, ZonedTime
from graph.values import mapping, member, objects, text


@dataclass(frozen=True)
class Busy:
    """Some time of somebody's; what it is for is told only where their sharing allows."""

    status: str
    start: ZonedTime | None = None
    end: ZonedTime | None = None
    subject: str = ""
    location: str = ""

    @classmethod
    def from_graph(cls, value: object) -> Busy:
        """Read a scheduleItem."""
        told = mapping(value)
        return cls(
            member(told.get("status"), FREE_BUSY) or "unknown",
            ZonedTime.from_graph(told.get("start")),
            ZonedTime.from_graph(told.get("end")),
            text(told.get("subject")),
            text(told.get("location")),
        )


@dataclass(frozen=True)
class WorkingHours:
    """When somebody works, by their own clocks: `HH:MM:SS`."""

    days: tuple[str, ...] = ()
    start: str = ""
    end: str = ""
    zone: str = ""

    @classmethod
    def from_graph(cls, value: object) -> WorkingHours | None:
        """Read workingHours; the fractions of a second that they carry say nothing."""
        told = mapping(value)
        days = told.get("daysOfWeek")
        found = cls(
            tuple(text(day).lower() for day in days if text(day)) if isinstance(days, list) else (),
            text(told.get("startTime")).partition(".")[0],
            text(told.get("endTime")).partition(".")[0],
            text(mapping(told.get("timeZone")).get("name")),
        )
        return found if found != cls() else None


@dataclass(frozen=True)
class Schedule:
    """When somebody has time, or why that is not known; `availability` has a digit for each slot."""

    address: str
    availability: str = ""
    items: tuple[Busy, ...] = ()
    working_hours: WorkingHours | None = None
    error: str = ""
    error_code: str = ""

    @classmethod
    def from_graph(cls, value: object) -> Schedule:
        """Read a scheduleInformation."""
        told = mapping(value)
        error = mapping(told.get("error"))
        code = text(error.get("responseCode"))
        return cls(
            text(told.get("scheduleId")),
            text(told.get("availabilityView")),
            tuple(map(Busy.from_graph, objects(told.get("scheduleItems")))),
            WorkingHours.from_graph(told.get("workingHours")),
            text(error.get("message")) or code,
            code,
        )
