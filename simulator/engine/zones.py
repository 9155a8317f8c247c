"""Times on walls: zones by Windows and IANA names, and when clocks there show something (REFERENCE 23.3)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from simulator.engine.model import GraphFault, Json

UTC_NAMES = ("utc", "tzone://microsoft/utc", "etc/utc")
DIGITS = ".%06d0"


def not_supported(name: object) -> GraphFault:
    """Make the 400 of a zone that nobody knows; its code is a choice (REFERENCE 23.3)."""
    return GraphFault(400, "TimeZoneNotSupportedException", f"The time zone {name!r} is not supported.")


@cache
def _names() -> dict[str, str]:
    known = {name.lower(): name for name in available_timezones()}
    windows = {name.lower(): olson for name, olson in WINDOWS_TO_OLSON.items() if olson.lower() in known}
    return known | windows | dict.fromkeys(UTC_NAMES, "UTC")


@cache
def zone_of(name: str) -> ZoneInfo:
    """Return a zone by either of its names, whatever the case.

    :raises GraphFault: if there is none.
    """
    found = _names().get(name.strip().lower())
    if found is None:
        raise not_supported(name[:100])
    return ZoneInfo(found)


@dataclass(frozen=True)
class Wall:
    """What clocks show in a zone, by the name that the zone was given."""

    shown: datetime
    zone: str

    @classmethod
    def read(cls, value: Json) -> "Wall":
        """Read a dateTimeTimeZone.

        :raises GraphFault: if it holds no time, or one that the calendar does not have.
        """
        name = value.get("timeZone") or "UTC"
        zone_of(name)
        try:
            shown = datetime.fromisoformat(value.get("dateTime") or "")
            if shown.tzinfo is not None or not 1601 <= shown.year <= 4500:
                raise ValueError
        except ValueError:
            text = "A dateTime has no offset, lies between 1601 and 4500, and its timeZone stands beside it."
            raise GraphFault(400, "ErrorInvalidRequest", text) from None
        return cls(shown, name)

    @classmethod
    def of(cls, at: datetime, zone: str) -> "Wall":
        """Return what clocks of a zone show at an instant."""
        return cls(at.astimezone(zone_of(zone)).replace(tzinfo=None), zone)

    @property
    def at(self) -> datetime:
        """Return when that is: the second time where `fold` says so, later by the leap where it never is."""
        return self.shown.replace(tzinfo=zone_of(self.zone)).astimezone(UTC)

    def to_graph(self, zone: str) -> Json:
        """Return a dateTimeTimeZone as it is answered, in the zone that was asked for."""
        shown = self.shown if zone == self.zone else Wall.of(self.at, zone).shown
        whole = shown.isoformat(timespec="seconds")
        return {"dateTime": whole + DIGITS % shown.microsecond, "timeZone": zone}
