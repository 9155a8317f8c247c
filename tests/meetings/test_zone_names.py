"""Microsoft names zones as Windows does; the portal as IANA does."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from graph.calendar_values import ZonedTime
from graph.schedule_values import Busy as Item
from graph.schedule_values import Schedule, WorkingHours
from graph.values import mapping
from meetings import calendars_told, zone_names
from meetings.rules.plan import ZONES
from meetings.rules.schedules import Status
from meetings.rules.times import Interval, Weekday
from tests.meetings.test_slots import MONDAY, clock


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("Eastern Standard Time", "America/New_York"),
        ("GMT Standard Time", "Europe/London"),
        ("India Standard Time", "Asia/Kolkata"),
        ("eastern standard time ", "America/New_York"),
        ("Europe/Paris", "Europe/Paris"),
        ("europe/paris", "Europe/Paris"),
        ("UTC", "UTC"),
        ("tzone://Microsoft/Utc", "UTC"),
        ("Customized Time Zone", ""),
        ("tzone://Microsoft/Custom", ""),
        ("", ""),
    ],
)
def test_a_zone_has_ianas_name(name: str, zone: str) -> None:
    assert zone_names.iana(name) == zone


def test_every_name_of_windows_leads_to_a_zone_that_there_is() -> None:
    assert {name for name in WINDOWS_TO_OLSON if zone_names.iana(name) not in ZONES} == set()


@pytest.mark.parametrize(
    "hours",
    [
        WorkingHours((), "08:00:00", "17:00:00", "UTC"),
        WorkingHours(("monday",), "", "17:00:00", "UTC"),
        WorkingHours(("monday",), "08:00:00", "24:00:00", "UTC"),
        WorkingHours(("someday",), "08:00:00", "17:00:00", "UTC"),
    ],
)
def test_hours_that_make_no_sense_are_not_known(hours: WorkingHours) -> None:
    assert calendars_told.hours(Schedule("a@b.example", working_hours=hours)) is None


def test_hours_are_read_as_they_are_told() -> None:
    told = WorkingHours(("monday", "friday"), "08:30:00", "17:00:00", "UTC")
    found = calendars_told.hours(Schedule("a@b.example", working_hours=told))
    assert found and found.days == {Weekday.MONDAY, Weekday.FRIDAY}
    assert (found.start.isoformat(), found.end.isoformat()) == ("08:30:00", "17:00:00")


def item(status: str, zone: str = "UTC") -> Item:
    """Return half an hour from ten on."""
    begins, ends = ({"dateTime": f"2026-03-02T10:{at}:00", "timeZone": zone} for at in ("00", "30"))
    return Item.from_graph(mapping({"status": status, "start": begins, "end": ends}))


def test_what_is_listed_counts() -> None:
    told = Schedule("a@b.example", "0" * 20 + "22", (item("busy"), item("free"), item("unknown")))
    (found,) = calendars_told.busy(told, MONDAY)
    assert (found.interval, found.status) == (clock(10, length=30), Status.BUSY)


def test_what_is_listed_counts_by_windows_names_as_well() -> None:
    (found,) = calendars_told.busy(Schedule("a@b.example", "", (item("busy", "W. Europe Standard Time"),)), MONDAY)
    assert found.interval == clock(9, length=30)


@pytest.mark.parametrize("items", [(), (item("busy", "Customized Time Zone"),)])
def test_where_the_list_cannot_be_placed_the_view_counts(items: tuple[Item, ...]) -> None:
    (found,) = calendars_told.busy(Schedule("a@b.example", "0" * 20 + "33", items), MONDAY)
    assert (found.interval, found.status) == (clock(10), Status.OOF)


def test_a_view_that_nobody_can_read_says_nothing() -> None:
    assert calendars_told.busy(Schedule("a@b.example", "0x2"), MONDAY) == ()
    known = calendars_told.busy(Schedule("a@b.example", "9", (item("busy"), item("oof", "Nowhere"))), MONDAY)
    assert [one.interval for one in known] == [Interval(clock(10).start, clock(10, 30).start)]


def test_a_time_in_a_zone_of_windows_name_is_an_instant() -> None:
    noon = ZonedTime(datetime(2026, 3, 2, 12), "Pacific Standard Time")
    assert zone_names.moment(noon) == datetime(2026, 3, 2, 20, tzinfo=UTC)
    assert (
        zone_names.moment(replace(noon, zone="Customized Time Zone")) is None and zone_names.moment(None) is None
    )
