"""IANA's names of the zones that Microsoft names: by Windows' names, or by IANA's own."""

from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Final

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from graph.calendar_values import ZonedTime
from meetings.rules.plan import ZONES

UTC_NAMES: Final = ("utc", "tzone://microsoft/utc", "etc/utc")
# Unicode's table keeps the names that places once had.
TODAY: Final = {
    "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
    "America/Godthab": "America/Nuuk",
    "Asia/Calcutta": "Asia/Kolkata",
    "Asia/Katmandu": "Asia/Kathmandu",
    "Asia/Rangoon": "Asia/Yangon",
    "Europe/Kiev": "Europe/Kyiv",
}


def iana(name: str) -> str:
    """Return IANA's name of a zone, whatever the case; empty where nobody knows one, as of a custom zone."""
    return _names().get(name.strip().casefold(), "")


def moment(at: ZonedTime | None) -> datetime | None:
    """Return when that is, in UTC, whichever name its zone goes by; None where nobody can say."""
    return replace(at, zone=iana(at.zone) or at.zone).instant() if at else None


@cache
def _names() -> dict[str, str]:
    windows = {name.casefold(): _today(zone) for name, zone in WINDOWS_TO_OLSON.items() if zone in ZONES}
    return windows | {name.casefold(): name for name in ZONES} | dict.fromkeys(UTC_NAMES, "UTC")


def _today(zone: str) -> str:
    name = TODAY.get(zone, zone)
    return name if name in ZONES else zone
