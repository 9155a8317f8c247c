"""Series are told by mail and read back by calendar programs: the same dates, whatever was moved or left out."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import vobject
from dateutil.rrule import rruleset, rrulestr
from hypothesis import given
from hypothesis import strategies as st

from directory.models import User
from graph.client import GraphClient
from meetings import commands, feeds, ics, letter_facts, occurrence_commands
from meetings.ics import Occasion
from meetings.models import Organizer
from meetings.rules import series_phrases
from meetings.rules.invitations import Content
from meetings.rules.patterns import Pattern, Range, Recurrence
from meetings.rules.phrases import ENGLISH
from meetings.rules.series import laid_out
from meetings.rules.times import Weekday, instant
from tests.meetings.invited import mail
from tests.meetings.mail_server import Mail, MailServer
from tests.meetings.series import MARCH, at, brought, dana, graph, service, weekly

__all__ = ["dana", "graph", "mail", "service"]

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kolkata"]
HALF = timedelta(minutes=30)
WORKDAYS = frozenset(Weekday(day) for day in range(5))


@st.composite
def patterns(draw: st.DrawFn, start: date) -> Pattern:
    """Make up a pattern that has something on `start`."""
    interval, weekday = draw(st.integers(1, 4)), Weekday(start.weekday())
    days = draw(st.frozensets(st.sampled_from(Weekday))) | {weekday}
    last = (start + timedelta(days=1)).month != start.month
    place = (start.day - 1) // 7
    index: Any = ("first", "second", "third", "fourth", "last")[place]
    absolute = draw(st.integers(start.day, 31)) if last else start.day
    return draw(
        st.sampled_from(
            [
                Pattern("daily", interval),
                Pattern("weekly", interval, days, draw(st.sampled_from(Weekday))),
                Pattern("absoluteMonthly", interval, day_of_month=absolute),
                Pattern("relativeMonthly", interval, frozenset({weekday}), index=index),
                Pattern("absoluteYearly", interval, day_of_month=start.day, month=start.month),
                Pattern("relativeYearly", interval, frozenset({weekday}), month=start.month, index=index),
            ]
        )
    )


@st.composite
def contents(draw: st.DrawFn) -> tuple[Content, set[tuple[datetime, datetime]]]:
    """Make up a series with some dates left out and some moved, and say when it is."""
    start = draw(st.dates(date(2025, 1, 1), date(2028, 12, 31)))
    zone = draw(st.sampled_from(ZONES))
    clock = draw(st.sampled_from([time(9), time(0), time(2, 30), time(23, 45)]))
    recurrence = Recurrence(draw(patterns(start)), Range(start, count=draw(st.integers(1, 12))))
    begins_at = instant(datetime.combine(start, clock), ZoneInfo(zone)).astimezone(ZoneInfo(zone))
    length = draw(st.sampled_from([HALF, timedelta(hours=8)]))
    found = laid_out(recurrence, begins_at.replace(tzinfo=None), length, ZoneInfo(zone))
    dates: dict[str, list[str] | None] = {}
    held = set()
    for one in found:
        fate = draw(st.sampled_from(["usual", "usual", "left out", "moved"]))
        begins, ends = one.start, one.end
        if fate == "left out":
            dates[one.day.isoformat()] = None
            continue
        if fate == "moved":
            begins, ends = begins + timedelta(hours=3), ends + timedelta(hours=4)
            dates[one.day.isoformat()] = [begins.isoformat(), ends.isoformat()]
        held.add((begins, ends))
    content = Content(
        "Rounds",
        found[0].start,
        found[0].end,
        zone,
        organizer="Dana Lee",
        organizer_address="dana@contoso.example",
        over_at=found[-1].end,
        recurrence=recurrence.to_graph(),
        dates=dates,
    )
    return content, held


def written(content: Content, **changes: Any) -> str:
    one = Occasion("f00", 3, at(MARCH), content, [("Ann", "ann@fabrikam.example")], **changes)
    return ics.calendar([one], "REQUEST", ENGLISH, sender="frontdesk@portal.example").decode()


def expanded(text: str) -> set[tuple[datetime, datetime]]:
    """Return when the meetings of a calendar are, as dateutil has it."""
    (calendar,) = icalendar.Calendar.from_ical(text, multiple=True)
    events = [one for one in calendar.subcomponents if one.name == "VEVENT"]
    (master,) = (one for one in events if "RECURRENCE-ID" not in one)
    others = {one["RECURRENCE-ID"].dt.astimezone(UTC): one for one in events if "RECURRENCE-ID" in one}
    begins, length = (
        master["DTSTART"].dt,
        master["DTEND"].dt.astimezone(UTC) - master["DTSTART"].dt.astimezone(UTC),
    )
    rules = rruleset()
    rules.rrule(rrulestr(master["RRULE"].to_ical().decode(), dtstart=begins))
    for part in master.get("EXDATE", []) if isinstance(master.get("EXDATE"), list) else [master.get("EXDATE")]:
        for day in part.dts if part else ():
            rules.exdate(day.dt)
    usual = {one.astimezone(UTC) for one in rules}
    assert set(others) <= usual  # each stands for a date that there is
    found = {(one, one + length) for one in usual - set(others)}
    moved = {(one["DTSTART"].dt.astimezone(UTC), one["DTEND"].dt.astimezone(UTC)) for one in others.values()}
    return found | moved


@given(contents())
def test_what_calendars_expand_is_what_takes_place(
    made: tuple[Content, set[tuple[datetime, datetime]]],
) -> None:
    content, held = made
    text = written(content)
    assert expanded(text) == held
    told = vobject.readOne(text)
    assert {one.uid.value for one in told.vevent_list} == {"f00"}
    assert {one.sequence.value for one in told.vevent_list} == {"3"}


def test_a_cancelled_series_is_cancelled_as_a_whole() -> None:
    plan = weekly()
    content = Content(
        "Rounds",
        plan.starts_at,
        plan.ends_at,
        plan.zone,
        recurrence=plan.recurrence and plan.recurrence.to_graph(),
    )
    told = vobject.readOne(written(content, is_cancelled=True))
    (event,) = told.vevent_list
    assert event.status.value == "CANCELLED" and not hasattr(event, "recurrence_id")


@pytest.mark.parametrize(
    ("pattern", "english", "german"),
    [
        (Pattern("daily"), "every day", "jeden Tag"),
        (Pattern("daily", 3), "every 3 days", "alle 3 Tage"),
        (Pattern("weekly", days=frozenset({Weekday.TUESDAY})), "every Tuesday", "jeden Dienstag"),
        (Pattern("weekly", days=WORKDAYS), "every weekday", "jeden Werktag"),
        (
            Pattern("weekly", 2, frozenset({Weekday.MONDAY, Weekday.FRIDAY, Weekday.SUNDAY})),
            "every 2 weeks on Monday, Friday and Sunday",
            "alle 2 Wochen am Montag, Freitag und Sonntag",
        ),
        (Pattern("absoluteMonthly", day_of_month=22), "every month on the 22nd", "jeden Monat am 22."),
        (
            Pattern("relativeMonthly", 2, frozenset({Weekday.FRIDAY}), index="last"),
            "every 2 months on the last Friday",
            "alle 2 Monate am letzten Freitag",
        ),
        (
            Pattern("absoluteYearly", day_of_month=24, month=12),
            "every year on 24 December",
            "jedes Jahr am 24. Dezember",
        ),
        (
            Pattern("relativeYearly", 1, frozenset({Weekday.MONDAY}), month=5),
            "every year on the first Monday of May",
            "jedes Jahr am ersten Montag im Mai",
        ),
    ],
)
def test_patterns_are_said_in_each_language(pattern: Pattern, english: str, german: str) -> None:
    assert series_phrases.said(pattern, series_phrases.ENGLISH) == english
    assert series_phrases.said(pattern, series_phrases.GERMAN) == german


def part(one: Mail, kind: str) -> str:
    found = one.message.get_body((kind,))
    assert found is not None
    return str(found.get_content())


def calendar_of(one: Mail) -> str:
    (found,) = (each for each in one.message.walk() if each.get_content_type() == "text/calendar")
    return bytes(found.get_payload(decode=True)).decode()  # type: ignore[arg-type]


@pytest.mark.django_db
@pytest.mark.case(49)
def test_who_is_invited_hears_of_the_series_and_of_each_change_of_a_date(
    dana: Organizer, max_: User, graph: GraphClient, mail: MailServer
) -> None:
    meeting = brought(commands.schedule(max_, dana.pk, weekly()))
    (first,) = mail.mails
    assert expanded(calendar_of(first)) == {(one.starts_at, one.ends_at) for one in meeting.occurrences.all()}
    said = part(first, "plain")
    assert f"When: every {MARCH:%A}, 09:00 to 09:30 (Europe/Berlin)" in said and "6 dates" in said
    second, third = (MARCH + timedelta(weeks=n) for n in (1, 2))
    later = at(second, 15)
    occurrence_commands.move(max_, meeting.pk, second, starts_at=later, ends_at=later + HALF, version=1)
    occurrence_commands.cancel(max_, meeting.pk, third, version=2, reason="Fair")
    brought(meeting)
    changed = mail.mails[-1]
    assert changed.message["Subject"] == "Changed: Rounds"
    held = meeting.occurrences.held()
    assert expanded(calendar_of(changed)) == {(one.starts_at, one.ends_at) for one in held}
    said = part(changed, "plain")
    assert (
        f"Not on: {third:%A} {third.day} {third:%B %Y}" in said and "15:00 to 15:30" in said and "5 dates" in said
    )
    assert expanded(feeds.one(meeting).decode()) == {(one.starts_at, one.ends_at) for one in held}
    commands.cancel(max_, meeting.pk, version=3, reason="Ward closed")
    brought(meeting)
    assert mail.mails[-1].message["Subject"] == "Cancelled: Rounds"


def test_a_receiver_elsewhere_reads_their_own_time() -> None:
    content = Content("Rounds", at(MARCH), at(MARCH) + HALF, "Europe/Berlin")
    said = dict(letter_facts.facts(content, "en", "America/New_York"))["When"]
    assert "(America/New_York, UTC-0" in said and "09:00 to 09:30 (Europe/Berlin" in said
    plan = weekly()
    series = Content(
        "Rounds",
        plan.starts_at,
        plan.ends_at,
        plan.zone,
        over_at=plan.ends_at + timedelta(weeks=6),
        recurrence=plan.recurrence and plan.recurrence.to_graph(),
    )
    assert "(America/New_York" in dict(letter_facts.facts(series, "en", "America/New_York"))["Next, in your time"]
    assert "Next, in your time" not in dict(letter_facts.facts(series, "en", "Europe/Berlin"))
