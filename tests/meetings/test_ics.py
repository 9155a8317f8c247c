"""Calendars that we write, read by two libraries that are not ours: nothing is missing, nothing was put in."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import vobject
from dateutil import tz
from hypothesis import example, given
from hypothesis import strategies as st

from meetings import ics
from meetings.ics import Occasion
from meetings.rules.clock_changes import yearly_rule
from meetings.rules.invitations import Content
from meetings.rules.phrases import ENGLISH, LANGUAGES
from meetings.rules.plan import ZONES

BEGINS = datetime(2026, 3, 28, 9, tzinfo=UTC)
SENDER = "desk@portal.example"
PROPERTIES = {
    *("UID", "DTSTAMP", "SEQUENCE", "DTSTART", "DTEND", "SUMMARY", "LOCATION", "STATUS", "TRANSP", "CLASS"),
    *("DESCRIPTION", "URL", "X-MICROSOFT-SKYPETEAMSMEETINGURL", "ORGANIZER", "ATTENDEE"),
}
HOSTILE = (
    "a\rATTENDEE:mailto:evil@x.example",
    "a\r\nBEGIN:VEVENT\r\nUID:evil\r\nEND:VEVENT",
    "a\nSTATUS:CANCELLED",
    "a\\nMETHOD:CANCEL",
    "a\u2028X-EVIL:1\u2029\x85b\x0bc\x0cd\x1ce",
    "a\";X=1:mailto:evil@x.example,b^nc^'d;e",
    "\x00\x1b[31m\u202ered",
    "é" * 200,
    "END:VCALENDAR",
    ";,\\:\"'^ \t ",
    "a\\",
)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2035, 12, 31)).map(
    lambda at: at.replace(second=0, microsecond=0)
)


def content(**changes: Any) -> Content:
    whole: dict[str, Any] = {
        "subject": "Follow-up",
        "starts_at": BEGINS,
        "ends_at": BEGINS + timedelta(hours=1),
        "zone": "Europe/Berlin",
        "join_url": "https://teams.example/l/meetup-join/19%3ax?context=%7b%22Tid%22%7d",
        "phone": "+14255550100",
        "conference_id": "77",
        "organizer": "Dana Lee",
        "organizer_address": "dana@contoso.example",
    }
    return Content(**whole | changes)


def written(told: Content, method: ics.Method = "REQUEST", name: str = "Ann", **changes: Any) -> str:
    one = Occasion("f00", 3, BEGINS, told, [(name, "ann@fabrikam.example")], **changes)
    return ics.calendar([one], method, ENGLISH, sender=SENDER).decode()


def by_vobject(text: str) -> Any:
    """Return the one calendar that vobject finds; it keeps zones of what it read before, which are taken away."""
    vobject.icalendar.__dict__["__tzidMap"].clear()
    (calendar,) = vobject.readComponents(text)
    return calendar


def by_icalendar(text: str) -> Any:
    (calendar,) = icalendar.Calendar.from_ical(text, multiple=True)
    return calendar


def shape(text: str) -> list[tuple[str, list[str]]]:
    """Return each component with the names of its properties, the zones' left out."""
    found = [
        (one.name, sorted(name for name, _ in one.property_items(recursive=False, sorted=False)))
        for one in by_icalendar(text).walk()
        if one.name in ("VCALENDAR", "VEVENT")
    ]
    return [(name, [one for one in names if one not in ("BEGIN", "END")]) for name, names in found]


def test_an_invitation_says_all_that_calendars_ask_for() -> None:
    text = written(content())
    calendar = by_icalendar(text)
    (event,) = calendar.walk("VEVENT")
    assert (calendar["METHOD"], calendar["VERSION"]) == ("REQUEST", "2.0")
    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == ("f00", 3, "CONFIRMED")
    assert event["ORGANIZER"] == "mailto:dana@contoso.example"
    assert (
        event["ORGANIZER"].params["SENT-BY"] == f"mailto:{SENDER}"
        and event["ORGANIZER"].params["CN"] == "Dana Lee"
    )
    asked = {
        "CN": "Ann",
        "ROLE": "REQ-PARTICIPANT",
        "PARTSTAT": "NEEDS-ACTION",
        "RSVP": "TRUE",
        "CUTYPE": "INDIVIDUAL",
    }
    assert event["ATTENDEE"] == "mailto:ann@fabrikam.example" and dict(event["ATTENDEE"].params) == asked
    assert event["URL"] == content().join_url and content().join_url in event["DESCRIPTION"]
    assert "+14255550100, conference 77" in event["DESCRIPTION"] and event["LOCATION"] == "Microsoft Teams"
    assert event["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert max(map(len, text.encode().split(b"\r\n"))) <= 75 and "\n" not in text.replace("\r\n", "")


def test_a_cancellation_says_so_and_shows_no_way_in() -> None:
    (event,) = by_icalendar(written(content(), "CANCEL", is_cancelled=True)).walk("VEVENT")
    assert event["STATUS"] == "CANCELLED" and "URL" not in event and "DESCRIPTION" not in event
    assert event["ATTENDEE"].params["RSVP"] == "FALSE"


def test_an_organiser_without_an_address_is_stood_for_by_the_sender() -> None:
    (event,) = by_icalendar(written(content(organizer_address=""))).walk("VEVENT")
    assert event["ORGANIZER"] == f"mailto:{SENDER}" and event["ORGANIZER"].params["CN"] == "Dana Lee"
    assert "SENT-BY" not in event["ORGANIZER"].params


@pytest.mark.parametrize("link", ["javascript:alert(1)", "http://teams.example/", "", "ftp://x"])
def test_what_is_no_safe_link_is_none(link: str) -> None:
    (event,) = by_icalendar(written(content(join_url=link))).walk("VEVENT")
    assert "URL" not in event and "Join" not in event["DESCRIPTION"]


@pytest.mark.control("E3")
@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("field", ["subject", "organizer", "phone", "conference_id", "join_url", "name"])
def test_hostile_words_stay_words(field: str, text: str) -> None:
    usual = written(content())
    url = {"join_url": f"https://teams.example/{text}"}
    changes = {} if field == "name" else url if field == "join_url" else {field: text}
    told = written(content(**changes), name=text if field == "name" else "Ann")
    assert shape(told) == shape(usual)
    for one in (by_vobject(told), by_vobject(usual)):
        assert [part.name for part in one.getChildren()].count("VEVENT") == 1
        assert {part.name for part in one.vevent.getChildren()} == PROPERTIES
        assert len(one.vevent.contents["attendee"]) == 1
    assert by_icalendar(told)["METHOD"] == "REQUEST" and "\r" not in told.replace("\r\n", "")


@pytest.mark.control("E3")
@given(st.text(max_size=80), st.text(max_size=80))
def test_any_words_are_read_back_as_they_were_cleaned(subject: str, name: str) -> None:
    told = written(content(subject=f"a{subject}", organizer=f"a{name}"))
    (event,) = by_icalendar(told).walk("VEVENT")
    clean, cn = ics.one_line(f"a{subject}"), ics.parameter(f"a{name}")
    assert str(event["SUMMARY"]) == clean == by_vobject(told).vevent.summary.value
    assert event["ORGANIZER"].params["CN"] == cn
    assert by_vobject(told).vevent.organizer.params["CN"] == [cn]
    assert shape(told) == shape(written(content()))


def test_an_address_that_is_none_is_left_out() -> None:
    one = Occasion("f00", 1, BEGINS, content(), [("Eve", "eve@x.example\r\nATTENDEE:mailto:b@x.example")])
    (event,) = by_icalendar(ics.calendar([one], "REQUEST", ENGLISH, sender=SENDER).decode()).walk("VEVENT")
    assert "ATTENDEE" not in event


@given(MOMENTS, st.integers(1, 24 * 60), st.sampled_from(sorted(ZONES)))
@example(datetime(2026, 10, 25, 0, 30), 60, "Europe/Berlin")
@example(datetime(2026, 10, 25, 1, 30), 60, "Europe/Berlin")  # half past two, for the second time
@example(datetime(2026, 3, 29, 0, 30), 60, "Europe/Berlin")
@example(datetime(2026, 11, 1, 5, 30), 90, "America/New_York")
@example(datetime(2026, 11, 1, 6, 30), 90, "America/New_York")
@example(datetime(2026, 4, 4, 15, 15), 30, "Australia/Lord_Howe")
@example(datetime(2026, 2, 20, 12), 60, "Africa/Casablanca")
@example(datetime(2026, 1, 20, 12), 60, "Europe/Dublin")
@example(datetime(2027, 3, 26, 12), 60, "Asia/Jerusalem")
def test_both_readers_find_the_instants_in_any_zone(begins: datetime, minutes: int, zone: str) -> None:
    start = begins.replace(tzinfo=UTC)
    end = start + timedelta(minutes=minutes)
    text = written(content(starts_at=start, ends_at=end, zone=zone))
    (event,) = by_icalendar(text).walk("VEVENT")
    assert (event.start.astimezone(UTC), event.end.astimezone(UTC)) == (start, end)
    read = by_vobject(text).vevent
    assert (read.dtstart.value.astimezone(UTC), read.dtend.value.astimezone(UTC)) == (start, end)


@given(st.sampled_from(sorted(ZONES)), MOMENTS)
def test_a_zone_is_described_as_it_is(name: str, at: datetime) -> None:
    """Compare what a program makes of the VTIMEZONE alone, knowing no zones itself, with what Python knows."""
    text = ics.zone_component(name, at.date() - ics.AROUND, at.date() + ics.AROUND).to_ical().decode()
    assert "RDATE" not in text
    zone: Any = tz.tzical(StringIO(text.replace("\r\n ", ""))).get(name)
    shown = at.replace(tzinfo=UTC).astimezone(ZoneInfo(name)).replace(fold=0)
    known = shown.utcoffset()
    if shown.astimezone(UTC).astimezone(ZoneInfo(name)).replace(fold=0) == shown:
        assert shown.replace(tzinfo=zone).utcoffset() == known


def test_usual_zones_are_told_by_rules() -> None:
    day = BEGINS.date()
    for name, rules in (
        ("Europe/Berlin", {"-1SU"}),
        ("America/New_York", {"2SU", "1SU"}),
        ("Australia/Sydney", {"1SU"}),
        ("Asia/Tokyo", set()),
        ("Asia/Jerusalem", {"-1SU"}),  # into summer on the Friday before a Sunday: those are listed
    ):
        made = ics.zone_component(name, day - ics.AROUND, day + ics.AROUND)
        found = {
            one["RRULE"].to_ical().decode().partition("BYDAY=")[2].partition(";")[0]
            for one in made.subcomponents
            if "RRULE" in one
        }
        assert found == rules, name


def test_a_rule_needs_years_that_tell_it() -> None:
    sundays = [datetime(2020 + n, 3, day, 2) for n, day in enumerate([29, 28, 27, 26, 31])]
    assert yearly_rule(sundays, 2024) == {"FREQ": "YEARLY", "BYMONTH": 3, "BYDAY": "-1SU"}
    assert yearly_rule(sundays[:4], 2023) is None
    assert yearly_rule(sundays, 2025) is None  # it has ended
    assert yearly_rule([*sundays[:4], datetime(2024, 3, 30, 2)], 2024) is None
    assert yearly_rule([one.replace(year=one.year + (n > 2)) for n, one in enumerate(sundays)], 2025) is None


def test_the_way_in_is_told_in_each_language() -> None:
    assert [ics.ways_in(content(), one)[1][0] for one in LANGUAGES.values()] == ["Dial in", "Einwahl"]
