"""What an event is: one appointment, and a copy of it in the mailbox of everybody who has it (REFERENCE 23)."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256

from simulator.engine import series
from simulator.engine.conference import Meeting
from simulator.engine.model import GraphFault, Json
from simulator.engine.zones import Wall, zone_of

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Address:
    """Name somebody by address, and by object id where they have a mailbox here."""

    address: str
    name: str = ""
    id: str = ""

    def to_graph(self) -> Json:
        """Return an emailAddress."""
        return {"name": self.name or self.address, "address": self.address}


@dataclass(frozen=True)
class Change:
    """Say how an occurrence differs from its series; what it does not name is as in the series."""

    start: Wall
    end: Wall
    members: Json = field(default_factory=dict)


@dataclass
class Appointment:
    """Hold what all copies share; `members` are by Graph's names."""

    uid: str
    organizer: Address
    start: Wall
    end: Wall
    created_at: datetime
    changed_at: datetime
    members: Json = field(default_factory=dict)
    attendees: tuple[Json, ...] = ()
    recurrence: Json | None = None
    transaction: str = ""
    meeting: Meeting | None = None
    version: int = 1
    is_cancelled: bool = False
    changes: dict[date, Change] = field(default_factory=dict)
    deleted: set[date] = field(default_factory=set)

    @property
    def zone(self) -> str:
        """Return the zone in which a series is expanded."""
        return str(self.recurrence["range"]["recurrenceTimeZone"]) if self.recurrence else self.start.zone

    def touch(self, now: datetime) -> None:
        """Note that something is different."""
        self.version += 1
        self.changed_at = now

    def usual(self, day: date) -> tuple[Wall, Wall]:
        """Return when an occurrence is, unless it was moved: clocks show what they show on the first day.

        One that begins at a time that they leap over takes as long as it does by the clock.
        """
        first, last = (Wall.of(one.at, self.zone).shown.replace(fold=0) for one in (self.start, self.end))
        length = last - first if last >= first else self.end.at - self.start.at
        start = Wall(datetime.combine(day, first.time()), self.zone)
        end = Wall(start.shown + length, self.zone)
        is_leapt_over = Wall.of(start.at, self.zone).shown.replace(fold=0) != start.shown
        if (is_leapt_over and not self.members.get("isAllDay")) or end.at <= start.at:
            end = Wall.of(start.at + length, self.zone)
        return start, end

    def has(self, day: date) -> bool:
        """Tell whether the series has an occurrence of this day that was not deleted."""
        if self.recurrence is None or day in self.deleted:
            return False
        return any(True for _ in series.days(self.recurrence, day, day))

    def neighbours(self, day: date) -> tuple[date, date]:
        """Return on which days the occurrences around one are; the ends of the calendar where there is none."""
        assert self.recurrence is not None
        before, after = date.min, date.max
        for other in series.days(
            self.recurrence, date.fromisoformat(self.recurrence["range"]["startDate"]), series.LAST
        ):
            if other == day or other in self.deleted:
                continue
            change = self.changes.get(other)
            on = Wall.of(change.start.at, self.zone).shown.date() if change else other
            if other > day:
                after = on
                break
            before = on
        return before, after


@dataclass
class Copy:
    """Hold what one mailbox has of an appointment: its own id, its owner's answer and settings."""

    id: str
    mailbox: str
    appointment: Appointment
    is_organizer: bool
    own: Json = field(default_factory=dict)
    response: str = "notResponded"
    responded_at: datetime | None = None
    hidden: set[date] = field(default_factory=set)
    version: int = 1

    def instance(self, day: date | None = None) -> "Instance":
        """Return the event itself, or its occurrence of a day.

        :raises GraphFault: if there is no such occurrence.
        """
        shared = self.appointment
        if day is None:
            kind = "seriesMaster" if shared.recurrence else "singleInstance"
            return Instance(self, None, kind, shared.start, shared.end, shared.members | self.own)
        if day in self.hidden or not shared.has(day):
            raise item_not_found()
        change = shared.changes.get(day)
        if change is None:
            return Instance(self, day, "occurrence", *shared.usual(day), shared.members | self.own)
        members = shared.members | self.own | change.members
        return Instance(self, day, "exception", change.start, change.end, members)

    def within(self, since: datetime, until: datetime) -> Iterator["Instance"]:
        """Yield what takes place of it in a time: itself, or its occurrences and exceptions."""
        shared = self.appointment
        if shared.recurrence is None:
            found = [self.instance()]
        else:
            found = [self.instance(day) for day in self._days(since, until)]
        yield from (one for one in found if one.overlaps(since, until))

    def _days(self, since: datetime, until: datetime) -> Iterator[date]:
        shared = self.appointment
        assert shared.recurrence is not None
        zone, margin = zone_of(shared.zone), shared.end.at - shared.start.at + 2 * DAY
        first, last = (since - margin).astimezone(zone).date(), (until + DAY).astimezone(zone).date()
        plain = (day for day in series.days(shared.recurrence, first, last) if day not in shared.changes)
        for day in [*plain, *shared.changes]:
            if day not in self.hidden and day not in shared.deleted:
                yield day

    @property
    def etag(self) -> str:
        """Return the change key: another one after each change."""
        told = f"{self.appointment.uid} {self.appointment.version} {self.id} {self.version}"
        return urlsafe_b64encode(sha256(told.encode()).digest()[:21]).decode()


@dataclass(frozen=True)
class Instance:
    """One event as a mailbox shows it: a single one, the master of a series, an occurrence or an exception."""

    copy: Copy
    day: date | None
    kind: str
    start: Wall
    end: Wall
    members: Json

    @property
    def id(self) -> str:
        """Return its id; that of an occurrence says which series it belongs to, and its original day."""
        return self.copy.id if self.day is None else occurrence_id(self.copy.id, self.day)

    def overlaps(self, since: datetime, until: datetime) -> bool:
        """Tell whether it takes place in a time."""
        start, end = self.start.at, self.end.at
        return (start < until and end > since) or (start == end and since <= start < until)

    @property
    def status(self) -> str:
        """Return whether its owner is free meanwhile."""
        if self.copy.appointment.is_cancelled or self.copy.response == "declined":
            return "free"
        is_open = self.copy.response in ("notResponded", "tentativelyAccepted")
        told = str(self.members.get("showAs") or "busy")
        return "tentative" if is_open and told == "busy" and not self.copy.is_organizer else told


def item_not_found() -> GraphFault:
    """Make the 404 of an event that there is not, or no longer."""
    return GraphFault(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def occurrence_id(master: str, day: date) -> str:
    """Return the id of an occurrence."""
    return f"{master.rstrip('=')}~{day:%Y%m%d}="


def split_id(key: str) -> tuple[str, date | None]:
    """Return the id of a copy, and the day of its occurrence if it names one."""
    master, is_one, day = key.rstrip("=").partition("~")
    try:
        return master + "=", date.fromisoformat(day) if is_one else None
    except ValueError:
        raise item_not_found() from None


def midnight(at: Wall) -> bool:
    """Tell whether a day begins."""
    return at.shown.time() == time()


def moment(at: datetime | None) -> str:
    """Return an instant; the year 1 stands for never."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else "0001-01-01T00:00:00Z"
