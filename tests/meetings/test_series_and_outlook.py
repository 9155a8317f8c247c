"""Series changed here and in Outlook: nothing is taken for a change that is none, and nothing is lost."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from commsportal import worker
from commsportal.clock import now
from directory.models import User
from graph.calendar_values import EventSettings, ZonedTime
from graph.client import GraphClient
from graph.errors import AccessPolicyMissing, Forbidden, ServerFault
from graph.recurrence_values import PatternedRecurrence
from meetings import calendar_changes, commands, feeds, occurrence_commands, sending
from meetings.errors import BadPlan
from meetings.models import OnlineMeeting, Organizer
from meetings.rules.patterns import Pattern, Range, Recurrence
from meetings.rules.plan import Plan
from meetings.rules.times import Weekday
from tests.clock import Clock
from tests.directory.walk import browser_of
from tests.meetings.invited import mail
from tests.meetings.mail_server import MailServer
from tests.meetings.series import MARCH, YEAR, at, brought, dana, graph, service, weekly
from tests.meetings.test_series_at_microsoft import held, in_outlook, times, wanted

__all__ = ["dana", "graph", "held", "mail", "service"]

pytestmark = [pytest.mark.django_db, pytest.mark.case(49)]
WEEK, HALF = timedelta(weeks=1), timedelta(minutes=30)


def move(meeting: OnlineMeeting, user: User, day: Any, begins: datetime) -> None:
    meeting.refresh_from_db()
    occurrence_commands.move(
        user, meeting.pk, day, starts_at=begins, ends_at=begins + HALF, version=meeting.version
    )


def rewrite(graph: GraphClient, meeting: OnlineMeeting, kind: dict[str, Any], limits: dict[str, Any]) -> None:
    """Change a series as its organiser does it in Outlook; it begins when it did."""
    limits = {"startDate": MARCH.isoformat(), **limits}
    begins = ZonedTime(at(MARCH).replace(tzinfo=None), "Europe/Berlin")
    ends = ZonedTime((at(MARCH) + HALF).replace(tzinfo=None), "Europe/Berlin")
    recurrence = PatternedRecurrence.from_graph({"pattern": kind, "range": limits})
    settings = EventSettings(start=begins, end=ends, recurrence=recurrence)
    graph.calendars.update(meeting.organizer.oid, meeting.event_id, settings)


def test_a_series_is_shortened(dana: Organizer, max_: User, graph: GraphClient) -> None:
    meeting = brought(commands.schedule(max_, dana.pk, weekly(count=30)))
    commands.change(max_, meeting.pk, weekly(count=4), version=1)
    assert brought(meeting).theirs is None
    assert times(graph, meeting) == wanted(meeting) and len(wanted(meeting)) == 4


def test_a_series_that_was_made_longer_in_outlook_is_taken_over_whole(
    held: OnlineMeeting, max_: User, graph: GraphClient
) -> None:
    kind = {"type": "weekly", "interval": 1, "daysOfWeek": [f"{MARCH:%A}".lower()]}
    rewrite(graph, held, kind, {"type": "numbered", "numberOfOccurrences": 30})
    commands.change(max_, held.pk, weekly(subject="Ward rounds"), version=1)
    worker.run_pending()
    held.refresh_from_db()
    assert held.theirs is not None and held.theirs["dates"] == {}
    commands.resolve(max_, held.pk, keep="theirs", version=2)
    brought(held)
    assert len(times(graph, held)) == 30 and times(graph, held) == wanted(held)


def test_a_series_too_long_for_us_is_refused_and_can_be_overwritten(
    held: OnlineMeeting, max_: User, graph: GraphClient
) -> None:
    rewrite(graph, held, {"type": "daily", "interval": 1}, {"type": "endDate", "endDate": f"{YEAR + 9}-01-01"})
    commands.change(max_, held.pk, weekly(subject="Ward rounds"), version=1)
    worker.run_pending()
    held.refresh_from_db()
    assert held.theirs is not None and held.theirs["dates"] == {}
    with pytest.raises(BadPlan):
        commands.resolve(max_, held.pk, keep="theirs", version=2)
    commands.resolve(max_, held.pk, keep="ours", version=2)
    brought(held)
    assert times(graph, held) == wanted(held)


def test_the_last_of_a_series_with_long_pauses_is_cancelled_there_too(
    dana: Organizer, max_: User, graph: GraphClient
) -> None:
    quarterly = Recurrence(Pattern("absoluteMonthly", 3, day_of_month=MARCH.day), Range(MARCH, count=3))
    meeting = brought(commands.schedule(max_, dana.pk, weekly(recurrence=quarterly)))
    last = max(meeting.occurrences.values_list("day", flat=True))
    occurrence_commands.cancel(max_, meeting.pk, last, version=1)
    brought(meeting)
    assert times(graph, meeting) == wanted(meeting) and len(wanted(meeting)) == 2


def test_a_date_that_was_moved_up_and_is_over_is_no_conflict(
    held: OnlineMeeting, max_: User, graph: GraphClient, clock: Clock
) -> None:
    earlier = at(MARCH + WEEK + timedelta(days=1))
    move(held, max_, MARCH + 2 * WEEK, earlier)
    brought(held)
    clock.at = earlier + timedelta(days=3)
    commands.change(max_, held.pk, weekly(subject="Ward rounds"), version=2)
    assert brought(held).theirs is None


def test_dates_are_moved_past_what_was_cancelled_and_what_was_moved(
    held: OnlineMeeting, max_: User, graph: GraphClient
) -> None:
    fourth, fifth = MARCH + 3 * WEEK, MARCH + 4 * WEEK
    occurrence_commands.cancel(max_, held.pk, MARCH + WEEK, version=1)
    move(held, max_, MARCH, at(MARCH + WEEK + timedelta(days=1)))
    move(held, max_, fifth, at(fifth + timedelta(days=2)))
    move(held, max_, fourth, at(fifth + timedelta(days=1)))
    brought(held)
    assert times(graph, held) == wanted(held)
    occurrence_commands.cancel(max_, held.pk, MARCH + 5 * WEEK, version=held.version)
    brought(held)
    occurrence_commands.restore(max_, held.pk, MARCH + 5 * WEEK, version=held.version)
    brought(held)
    assert times(graph, held) == wanted(held) and len(wanted(held)) == 5


def test_what_was_moved_makes_way_for_a_new_pattern(held: OnlineMeeting, max_: User, graph: GraphClient) -> None:
    second, other = MARCH + WEEK, MARCH + timedelta(days=2)
    move(held, max_, second, at(second + timedelta(days=2)))
    brought(held)
    both = frozenset({Weekday(MARCH.weekday()), Weekday(other.weekday())})
    twice = Recurrence(Pattern("weekly", days=both), Range(MARCH, count=12))
    commands.change(max_, held.pk, weekly(recurrence=twice), version=2)
    brought(held)
    assert times(graph, held) == wanted(held) and len(set(wanted(held))) == 12


def test_a_postponed_date_is_not_lost_when_the_length_changes_and_a_cancelled_one_does_not_come_back(
    held: OnlineMeeting, max_: User, graph: GraphClient, clock: Clock
) -> None:
    postponed = at(MARCH + timedelta(days=3))
    move(held, max_, MARCH, postponed)
    held.refresh_from_db()
    occurrence_commands.cancel(max_, held.pk, MARCH + 2 * WEEK, version=held.version, reason="Fair")
    brought(held)
    clock.at = at(MARCH + timedelta(days=1))
    commands.change(max_, held.pk, weekly(ends_at=at(MARCH) + timedelta(minutes=45)), version=held.version)
    brought(held)
    assert held.occurrences.count() == 6 and postponed in wanted(held)
    cancelled = held.occurrences.get(day=MARCH + 2 * WEEK)
    assert (cancelled.state, cancelled.reason) == ("cancelled", "Fair")
    assert cancelled.ends_at - cancelled.starts_at == timedelta(minutes=45)


def test_the_last_date_that_is_left_is_cancelled_and_people_hear_of_it(
    dana: Organizer, max_: User, graph: GraphClient, mail: MailServer, clock: Clock
) -> None:
    meeting = brought(commands.schedule(max_, dana.pk, weekly(count=3)))
    clock.at = at(MARCH + WEEK) + timedelta(hours=5)
    occurrence_commands.cancel(max_, meeting.pk, MARCH + 2 * WEEK, version=1, reason="Fair")
    brought(meeting)
    assert [one.message["Subject"] for one in mail.mails] == ["Invitation: Rounds", "Changed: Rounds"]


@pytest.fixture
def looked(held: OnlineMeeting, graph: GraphClient, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Return what a look at the meeting changes at Microsoft."""
    asked: list[str] = []
    for name in ("update", "delete", "create"):
        whole = getattr(type(graph.calendars), name)

        def noted(self: Any, *given: Any, _name: str = name, _whole: Any = whole, **named: Any) -> Any:
            asked.append(_name)
            return _whole(self, *given, **named)

        monkeypatch.setattr(type(graph.calendars), name, noted)

    def look() -> list[str]:
        OnlineMeeting.objects.update(due_at=now())
        worker.run_pending()
        return asked

    return look


def test_a_look_changes_nothing(held: OnlineMeeting, looked: Callable[[], list[str]]) -> None:
    assert looked() == []
    held.refresh_from_db()
    assert held.due_at is None


def test_news_that_come_while_a_meeting_is_brought_are_not_lost(
    held: OnlineMeeting, max_: User, graph: GraphClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, woken = type(graph.meetings).get, now() + calendar_changes.SETTLING

    def get(self: Any, *given: Any) -> Any:
        OnlineMeeting.objects.filter(pk=held.pk).update(due_at=woken)
        return whole(self, *given)

    commands.change(max_, held.pk, weekly(camera=False), version=1)
    with monkeypatch.context() as patched:
        patched.setattr(type(graph.meetings), "get", get)
        (leased,) = OnlineMeeting.objects.order_by("due_at").lease(1, 20)
        sending.run(leased)
    held.refresh_from_db()
    assert held.sent == 2 and held.due_at == woken


def test_what_lies_below_a_second_is_cut(dana: Organizer, max_: User, graph: GraphClient) -> None:
    odd = timedelta(microseconds=123456)
    meeting = commands.schedule(max_, dana.pk, weekly(starts_at=at(MARCH) + odd, ends_at=at(MARCH) + HALF + odd))
    move(brought(meeting), max_, MARCH + WEEK, at(MARCH + WEEK, 14) + odd)
    brought(meeting)
    assert meeting.starts_at == at(MARCH) and times(graph, meeting) == wanted(meeting)


def test_the_hour_that_comes_twice_is_meant_as_it_is_said(dana: Organizer, max_: User, graph: GraphClient) -> None:
    october = (datetime(YEAR, 10, day, tzinfo=UTC) for day in range(25, 32))
    (last_sunday,) = (day for day in october if day.weekday() == Weekday.SUNDAY)
    second = last_sunday.replace(hour=1, minute=30)
    plan = Plan("Night", second, second + HALF, "Europe/Berlin", on_calendar=True)
    meeting = brought(commands.schedule(max_, dana.pk, plan))
    event = graph.calendars.get(meeting.organizer.oid, meeting.event_id)
    assert event.start and event.start.instant() == second
    series = Recurrence(Pattern("daily"), Range(last_sunday.date(), count=2))
    with pytest.raises(BadPlan, match="twice"):
        commands.schedule(max_, dana.pk, replace(plan, recurrence=series))


def test_no_date_is_moved_out_of_the_world_or_out_of_the_past(
    held: OnlineMeeting, max_: User, clock: Clock
) -> None:
    last = MARCH + 5 * WEEK
    with pytest.raises(BadPlan, match="five years"):
        move(held, max_, last, datetime(9999, 12, 31, 9, tzinfo=UTC))
    assert b"BEGIN:VEVENT" in feeds.feed(max_)
    clock.at = at(MARCH + timedelta(days=2))
    with pytest.raises(BadPlan, match="over already"):
        move(held, max_, MARCH, at(MARCH + timedelta(days=4)))


def test_a_date_without_length_in_outlook_is_shown_and_not_taken_over(
    held: OnlineMeeting, max_: User, graph: GraphClient
) -> None:
    begins = at(MARCH + WEEK, 14)
    since = at(MARCH + WEEK) - timedelta(days=1)
    (one,) = graph.calendars.instances(held.organizer.oid, held.event_id, since, since + timedelta(days=2))
    empty = EventSettings(start=ZonedTime.at(begins), end=ZonedTime.at(begins))
    graph.calendars.update(held.organizer.oid, one.id, empty)
    commands.change(max_, held.pk, weekly(camera=False), version=1)
    worker.run_pending()
    assert browser_of(max_).get(f"/meetings/{held.pk}/").status_code == 200
    with pytest.raises(BadPlan, match="no length"):
        commands.resolve(max_, held.pk, keep="theirs", version=2)


def test_what_is_changed_in_outlook_before_the_options_were_told_is_not_overwritten(
    dana: Organizer, max_: User, graph: GraphClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: Any, **named: Any) -> None:
        raise AccessPolicyMissing(Forbidden("no policy", status=403), remedy="Grant it.", permission="")

    meeting = commands.schedule(max_, dana.pk, weekly())
    with monkeypatch.context() as patched:
        patched.setattr(type(graph.meetings), "find", refuse)
        worker.run_pending()
    meeting.refresh_from_db()
    assert meeting.event_id and meeting.sent == 0
    in_outlook(graph, meeting, MARCH + WEEK, at(MARCH + WEEK, 14))
    OnlineMeeting.objects.update(due_at=now())
    worker.run_pending()
    meeting.refresh_from_db()
    assert meeting.theirs is not None and list(meeting.theirs["dates"]) == [(MARCH + WEEK).isoformat()]


def test_what_is_kept_of_failed_attempts_does_not_grow(
    held: OnlineMeeting, max_: User, graph: GraphClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: Any, **named: Any) -> None:
        raise ServerFault("away", status=503)

    occurrence_commands.cancel(max_, held.pk, MARCH + WEEK, version=1)
    monkeypatch.setattr(type(graph.calendars), "delete", fail)
    kept = set()
    for _ in range(3):
        OnlineMeeting.objects.update(lease=None, lease_until=None, due_at=now())
        (leased,) = OnlineMeeting.objects.order_by("due_at").lease(1, 20)
        sending.run(leased)
        held.refresh_from_db()
        kept.add(len(held.known or ()))
    assert len(kept) == 1


def test_only_one_date_is_left_and_it_is_moved_up(dana: Organizer, max_: User, graph: GraphClient) -> None:
    meeting = brought(commands.schedule(max_, dana.pk, weekly(count=2)))
    occurrence_commands.cancel(max_, meeting.pk, MARCH + WEEK, version=1)
    move(meeting, max_, MARCH, at(MARCH - timedelta(days=1)))
    brought(meeting)
    assert wanted(meeting) == [at(MARCH - timedelta(days=1))] == times(graph, meeting)


def test_feeds_take_as_many_queries_for_many_series(
    dana: Organizer, max_: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(6):
        commands.schedule(max_, dana.pk, weekly(subject=f"Rounds {number}"))
    OnlineMeeting.objects.update(join_url="https://teams.example/x")
    with django_assert_max_num_queries(6):
        assert feeds.feed(max_) is not None


def test_a_series_is_put_into_another_zone(held: OnlineMeeting, max_: User, graph: GraphClient) -> None:
    """Africa/Lagos has Berlin's time in winter, and no other in summer."""
    commands.change(max_, held.pk, weekly(zone="Africa/Lagos"), version=1)
    assert brought(held).theirs is None
    assert times(graph, held) == wanted(held) and len(wanted(held)) == 6
    assert len({one.astimezone(UTC).hour for one in wanted(held)}) == 1


def test_a_series_that_is_one_meeting_in_outlook_is_not_taken_over(
    held: OnlineMeeting, max_: User, graph: GraphClient
) -> None:
    held.theirs = {
        "subject": "Once",
        "starts_at": at(MARCH).isoformat(),
        "ends_at": (at(MARCH) + HALF).isoformat(),
    }
    held.theirs |= {"recurrence": None, "clock": "", "zone": "Europe/Berlin", "dates": {}}
    held.save()
    with pytest.raises(BadPlan, match="held once"):
        commands.resolve(max_, held.pk, keep="theirs", version=1)


def test_a_meeting_that_became_a_series_in_outlook_says_so(
    dana: Organizer, max_: User, graph: GraphClient
) -> None:
    meeting = brought(commands.schedule(max_, dana.pk, replace(weekly(), recurrence=None)))
    kind = {"type": "weekly", "interval": 1, "daysOfWeek": [f"{MARCH:%A}".lower()]}
    rewrite(graph, meeting, kind, {"type": "numbered", "numberOfOccurrences": 3})
    commands.change(max_, meeting.pk, replace(weekly(camera=False), recurrence=None), version=1)
    worker.run_pending()
    commands.resolve(max_, meeting.pk, keep="ours", version=2)
    worker.run_pending()
    meeting.refresh_from_db()
    assert (meeting.error_title, meeting.due_at) == ("It is a series in Outlook", None)


def test_an_online_meeting_that_was_taken_out_in_outlook_is_told(
    held: OnlineMeeting, max_: User, graph: GraphClient
) -> None:
    graph.calendars.update(held.organizer.oid, held.event_id, EventSettings(body="Nothing"))
    OnlineMeeting.objects.update(due_at=now())
    worker.run_pending()
    held.refresh_from_db()
    assert (held.error_title, held.due_at) == ("Its online meeting is gone", None)


def test_a_postponed_date_does_not_outlive_its_pattern(
    held: OnlineMeeting, max_: User, graph: GraphClient, clock: Clock
) -> None:
    move(held, max_, MARCH, at(MARCH + timedelta(days=3)))
    brought(held)
    clock.at = at(MARCH + timedelta(days=1))
    other = MARCH + timedelta(days=1)
    commands.change(max_, held.pk, weekly(other), version=held.version)
    brought(held)
    assert [one for one in wanted(held) if one > clock.at] == [one for one in times(graph, held) if one > clock.at]


def test_what_is_cancelled_while_a_conflict_is_found_is_still_deleted(
    held: OnlineMeeting, max_: User, graph: GraphClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_outlook(graph, held, MARCH + WEEK, at(MARCH + WEEK, 14))
    commands.change(max_, held.pk, weekly(camera=False), version=1)
    whole = type(graph.calendars).instances

    def instances(self: Any, *given: Any) -> Any:
        monkeypatch.undo()
        monkeypatch.setattr("graph.conf.client", lambda tenant="": graph)
        commands.cancel(max_, held.pk, version=2)
        return whole(self, *given)

    monkeypatch.setattr(type(graph.calendars), "instances", instances)
    (leased,) = OnlineMeeting.objects.order_by("due_at").lease(1, 20)
    sending.run(leased)
    held.refresh_from_db()
    assert held.sent == 1 and held.theirs is None
    worker.run_pending()
    held.refresh_from_db()
    assert held.sent == held.version
    since = at(MARCH) - timedelta(days=1)
    found = graph.calendars.view(held.organizer.oid, since, since + timedelta(days=60))
    assert not any(one.series_master_id == held.event_id for one in found)
