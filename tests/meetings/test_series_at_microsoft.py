"""Series are brought to a real simulator as events, date by date, and what Outlook changes is never lost."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from audit.models import Entry
from commsportal import worker
from commsportal.clock import now
from directory.models import User
from graph.calendar_values import EventSettings, ZonedTime
from graph.client import GraphClient
from meetings import commands, events, facts, occurrence_commands
from meetings.errors import BadPlan
from meetings.models import OnlineMeeting, Organizer
from meetings.rules.patterns import Pattern, Range, Recurrence
from tests.clock import Clock
from tests.directory.walk import browser_of
from tests.meetings.series import BERLIN, MARCH, YEAR, at, brought, dana, graph, service, weekly
from tests.simulator.process import Running

__all__ = ["dana", "graph", "service"]

pytestmark = [pytest.mark.django_db, pytest.mark.case(49)]


@pytest.fixture
def held(dana: Organizer, max_: User, graph: GraphClient) -> OnlineMeeting:
    """Return a series that Microsoft has."""
    meeting = brought(commands.schedule(max_, dana.pk, weekly()))
    assert (meeting.sent, meeting.due_at) == (meeting.version, None)
    return meeting


def times(graph: GraphClient, meeting: OnlineMeeting) -> list[datetime]:
    """Return when the dates are that Microsoft has."""
    since = meeting.starts_at - timedelta(days=2)
    found = graph.calendars.instances(meeting.organizer.oid, meeting.event_id, since, since + timedelta(days=400))
    return [told for one in found if one.start and (told := one.start.instant())]


def wanted(meeting: OnlineMeeting) -> list[datetime]:
    return list(meeting.occurrences.held().order_by("starts_at").values_list("starts_at", flat=True))


def test_a_series_is_one_event_with_one_link_and_its_dates_keep_their_hour_when_clocks_change(
    held: OnlineMeeting, graph: GraphClient
) -> None:
    event = graph.calendars.get(held.organizer.oid, held.event_id)
    assert event.type == "seriesMaster" and event.attendees == ()
    assert event.online_meeting and event.online_meeting.join_url == held.join_url
    assert graph.meetings.get(held.organizer.oid, held.graph_id).lobby_scope == "organization"
    assert times(graph, held) == wanted(held) == [at(MARCH + timedelta(weeks=n)) for n in range(6)]
    assert len({one.astimezone(ZoneInfo("UTC")).hour for one in wanted(held)}) == 2


def test_a_night_shift_over_a_clock_change_ends_at_six_there_as_here(
    dana: Organizer, max_: User, graph: GraphClient
) -> None:
    change = date(YEAR, 3, 31) - timedelta(days=(date(YEAR, 3, 31).weekday() + 1) % 7)
    first = change - timedelta(days=2)
    nights = Recurrence(Pattern("daily"), Range(first, count=3))
    plan = weekly(first, starts_at=at(first, 22), ends_at=at(first + timedelta(days=1), 6), recurrence=nights)
    held = brought(commands.schedule(max_, dana.pk, plan))
    assert held.theirs is None and held.sent == held.version
    ours = [(row.starts_at, row.ends_at) for row in held.occurrences.order_by("starts_at")]
    assert [(ends - begins) / timedelta(hours=1) for begins, ends in ours] == [8, 7, 8]
    since = held.starts_at - timedelta(days=2)
    there = graph.calendars.instances(dana.oid, held.event_id, since, since + timedelta(days=30))
    assert [(one.start.instant(), one.end.instant()) for one in there if one.start and one.end] == ours
    assert {one.type for one in there} == {"occurrence"}  # nothing had to be moved


def test_one_date_is_moved_and_another_cancelled_and_the_others_stay(
    held: OnlineMeeting, graph: GraphClient, max_: User
) -> None:
    second, third = (MARCH + timedelta(weeks=n) for n in (1, 2))
    later = at(second + timedelta(days=1), 15)
    occurrence_commands.move(max_, held.pk, second, starts_at=later, ends_at=later + timedelta(hours=1), version=1)
    brought(held)
    occurrence_commands.cancel(max_, held.pk, third, version=2, reason="Fair")
    brought(held)
    assert times(graph, held) == wanted(held)
    assert len(wanted(held)) == 5 and later in wanted(held)
    moved, cancelled = Entry.objects.filter(kind__startswith="meeting.date_").order_by("seq")
    assert (moved.kind, moved.data["day"]) == ("meeting.date_moved", second.isoformat())
    assert cancelled.data["changes"]["reason"] == ["", "Fair"]


def test_what_was_cancelled_comes_back_and_what_was_moved_stays(
    held: OnlineMeeting, graph: GraphClient, max_: User
) -> None:
    second, third = (MARCH + timedelta(weeks=n) for n in (1, 2))
    later = at(second + timedelta(days=1), 15)
    occurrence_commands.cancel(max_, held.pk, third, version=1)
    occurrence_commands.move(max_, held.pk, second, starts_at=later, ends_at=later + timedelta(hours=1), version=2)
    brought(held)
    assert len(times(graph, held)) == 5
    occurrence_commands.restore(max_, held.pk, third, version=3)
    brought(held)
    assert times(graph, held) == wanted(held) and len(wanted(held)) == 6 and later in wanted(held)


def test_a_longer_series_keeps_what_was_moved(held: OnlineMeeting, graph: GraphClient, max_: User) -> None:
    second = MARCH + timedelta(weeks=1)
    later = at(second, 15)
    occurrence_commands.move(max_, held.pk, second, starts_at=later, ends_at=later + timedelta(hours=1), version=1)
    brought(held)
    commands.change(max_, held.pk, weekly(count=8), version=2)
    brought(held)
    assert times(graph, held) == wanted(held) and len(wanted(held)) == 8 and later in wanted(held)
    commands.change(max_, held.pk, weekly(count=8, starts_at=at(MARCH, 10), ends_at=at(MARCH, 11)), version=3)
    brought(held)
    assert times(graph, held) == wanted(held) == [at(MARCH + timedelta(weeks=n), 10) for n in range(8)]


def test_public_holidays_are_skipped_and_can_be_kept(dana: Organizer, max_: User, graph: GraphClient) -> None:
    christmas = date(YEAR, 12, 25)
    plan = weekly(christmas - timedelta(weeks=2), 4, holidays="DE")
    meeting = brought(commands.schedule(max_, dana.pk, plan))
    skipped = meeting.occurrences.get(day=christmas)
    assert (skipped.state, skipped.reason) == ("skipped", "Christmas Day")
    assert christmas not in {one.astimezone(BERLIN).date() for one in times(graph, meeting)}
    occurrence_commands.restore(max_, meeting.pk, christmas, version=1)
    brought(meeting)
    assert times(graph, meeting) == wanted(meeting) and at(christmas) in wanted(meeting)


def in_outlook(graph: GraphClient, meeting: OnlineMeeting, day: date, begins: datetime) -> None:
    """Move a date as its organiser does it in Outlook."""
    since = at(day) - timedelta(days=1)
    (one,) = graph.calendars.instances(meeting.organizer.oid, meeting.event_id, since, since + timedelta(days=2))
    ends = begins + timedelta(minutes=30)
    settings = EventSettings(start=ZonedTime.at(begins), end=ZonedTime.at(ends))
    graph.calendars.update(meeting.organizer.oid, one.id, settings)


def test_a_date_that_was_moved_in_outlook_is_shown_and_taken_over(
    held: OnlineMeeting, graph: GraphClient, max_: User
) -> None:
    second = MARCH + timedelta(weeks=1)
    in_outlook(graph, held, second, at(second, 14))
    commands.change(max_, held.pk, weekly(subject="Ward rounds"), version=1)
    worker.run_pending()
    held.refresh_from_db()
    assert held.theirs is not None and held.sent == 1
    assert list(held.theirs["dates"]) == [second.isoformat()]
    assert graph.calendars.get(held.organizer.oid, held.event_id).subject == "Rounds"
    shown = browser_of(max_).get(f"/meetings/{held.pk}/").content.decode()
    assert "Changed in Teams as well" in shown and "as the series has it" in shown
    assert f"{second:%d %b %Y} 14:00 to 14:30" in shown
    commands.resolve(max_, held.pk, keep="theirs", version=2)
    brought(held)
    assert held.occurrences.get(day=second).starts_at == at(second, 14) and held.subject == "Rounds"
    assert times(graph, held) == wanted(held)


def test_a_date_that_was_moved_in_outlook_is_overwritten_where_somebody_says_so(
    held: OnlineMeeting, graph: GraphClient, max_: User
) -> None:
    second = MARCH + timedelta(weeks=1)
    in_outlook(graph, held, second, at(second, 14))
    commands.change(max_, held.pk, weekly(subject="Ward rounds"), version=1)
    worker.run_pending()
    commands.resolve(max_, held.pk, keep="ours", version=2)
    brought(held)
    assert held.subject == "Ward rounds" and at(second) in times(graph, held)
    assert graph.calendars.get(held.organizer.oid, held.event_id).subject == "Ward rounds"


def test_a_date_of_today_is_brought_until_it_is_over_and_what_is_over_is_no_conflict(
    held: OnlineMeeting, graph: GraphClient, max_: User, clock: Clock
) -> None:
    second, third, fourth = (MARCH + timedelta(weeks=n) for n in (1, 2, 3))
    clock.at = at(second) - timedelta(hours=1)
    later = at(second, 20)
    half = timedelta(minutes=30)
    occurrence_commands.move(max_, held.pk, second, starts_at=later, ends_at=later + half, version=1)
    brought(held)
    assert later in times(graph, held)
    clock.at = later - timedelta(minutes=5)  # over by the pattern, and not where it was moved to
    occurrence_commands.move(max_, held.pk, second, starts_at=later + half, ends_at=later + 2 * half, version=2)
    brought(held)
    assert later + half in times(graph, held)
    clock.at = at(third) - timedelta(hours=1)
    occurrence_commands.cancel(max_, held.pk, third, version=3)
    brought(held)
    clock.at = at(fourth) - timedelta(hours=1)
    commands.change(max_, held.pk, replace(weekly(), subject="Ward rounds"), version=4)
    brought(held)
    assert held.theirs is None and held.subject == "Ward rounds" and times(graph, held) == wanted(held)
    with pytest.raises(BadPlan, match="over already"):
        occurrence_commands.cancel(max_, held.pk, second, version=5)


def test_a_cancelled_series_is_gone_from_the_calendar(held: OnlineMeeting, graph: GraphClient, max_: User) -> None:
    commands.cancel(max_, held.pk, version=1, reason="Ward closed")
    worker.run_pending()
    held.refresh_from_db()
    assert held.sent == held.version
    ids = {one.id for one in graph.calendars.view(held.organizer.oid, at(MARCH), at(MARCH) + timedelta(days=60))}
    assert held.event_id not in ids and not any(one.startswith(held.event_id.rstrip("=")) for one in ids)


def test_without_the_permission_the_remedy_names_it(
    dana: Organizer, max_: User, graph: GraphClient, service: Running
) -> None:
    before = service.get("/api/permissions")
    without = {app: [role for role in roles if not role.startswith("Calendars.")] for app, roles in before.items()}
    service.put("/api/permissions", without)
    try:
        meeting = commands.schedule(max_, dana.pk, weekly(subject="No calendar"))
        worker.run_pending()
    finally:
        service.put("/api/permissions", before)
    meeting.refresh_from_db()
    assert "Calendars.ReadWrite" in meeting.error_detail and meeting.due_at is not None
    commands.retry(max_, meeting.pk)
    brought(meeting)
    assert meeting.join_url


@pytest.mark.parametrize("step", ["create", "instances", "update", "delete"])
def test_a_worker_that_dies_at_any_request_leaves_nothing_double_and_nothing_undone(
    step: str, dana: Organizer, max_: User, graph: GraphClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    meeting = commands.schedule(max_, dana.pk, weekly(subject=f"Killed at {step}"))
    second, third = (MARCH + timedelta(weeks=n) for n in (1, 2))
    later = at(second, 15)
    occurrence_commands.move(
        max_, meeting.pk, second, starts_at=later, ends_at=later + timedelta(hours=1), version=1
    )
    occurrence_commands.cancel(max_, meeting.pk, third, version=2)
    whole = getattr(type(graph.calendars), step)

    def dies(*given: Any, **named: Any) -> Any:
        whole(graph.calendars, *given, **named)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(type(graph.calendars), step, lambda self, *given, **named: dies(*given, **named))
        leased = OnlineMeeting.objects.order_by("due_at").lease(1, 20)
        with pytest.raises(Killed):
            from meetings import sending

            sending.run(leased[0])
    OnlineMeeting.objects.update(lease=None, lease_until=None, due_at=now())
    brought(meeting)
    assert meeting.sent == meeting.version and meeting.theirs is None
    assert times(graph, meeting) == wanted(meeting)
    since = at(MARCH) - timedelta(days=1)
    found = graph.calendars.view(meeting.organizer.oid, since, since + timedelta(days=2))
    assert len([one for one in found if one.subject == meeting.subject]) == 1


def test_a_change_after_a_lost_answer_is_told_after_the_event_was_found(
    dana: Organizer, max_: User, graph: GraphClient
) -> None:
    meeting = commands.schedule(max_, dana.pk, weekly(subject="Lost"))
    loaded = OnlineMeeting.objects.select_related("organizer").get(pk=meeting.pk)

    def hold(**changes: Any) -> None:
        OnlineMeeting.objects.filter(pk=meeting.pk).update(**changes)
        for name, value in changes.items():
            setattr(loaded, name, value)

    made = events.make(graph, loaded, hold)
    commands.change(max_, meeting.pk, weekly(subject="Found"), version=1)
    brought(meeting)
    assert meeting.event_id == made.id
    assert graph.calendars.get(meeting.organizer.oid, made.id).subject == "Found"


YEARLY = Pattern("absoluteYearly", day_of_month=MARCH.day, month=3)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"recurrence": Recurrence(Pattern("daily"), Range(MARCH))}, "recurrence"),
        ({"recurrence": Recurrence(Pattern("daily"), Range(MARCH, count=401))}, "recurrence"),
        ({"recurrence": Recurrence(Pattern("daily"), Range(MARCH + timedelta(days=1), count=4))}, "recurrence"),
        (
            {"recurrence": Recurrence(Pattern("absoluteMonthly", day_of_month=1), Range(MARCH, count=4))},
            "recurrence",
        ),
        ({"recurrence": Recurrence(YEARLY, Range(MARCH, count=9))}, "recurrence"),
        ({"ends_at": at(MARCH) + timedelta(hours=25)}, "ends_at"),
        ({"on_calendar": False}, "on_calendar"),
        ({"holidays": "XX"}, "holidays"),
    ],
)
def test_series_that_cannot_be_are_refused_at_their_field(
    changes: dict[str, Any], field: str, dana: Organizer, max_: User
) -> None:
    with pytest.raises(BadPlan) as refused:
        commands.schedule(max_, dana.pk, weekly(**changes))
    assert set(refused.value.problems) == {field}
    assert not OnlineMeeting.objects.exists()


def test_a_meeting_becomes_no_series_once_microsoft_may_have_it(
    held: OnlineMeeting, graph: GraphClient, max_: User
) -> None:
    with pytest.raises(BadPlan) as refused:
        commands.change(max_, held.pk, replace(weekly(), recurrence=None), version=1)
    assert "recurrence" in refused.value.problems


def test_the_last_date_cannot_be_cancelled(dana: Organizer, max_: User, graph: GraphClient) -> None:
    meeting = commands.schedule(max_, dana.pk, weekly(count=2))
    occurrence_commands.cancel(max_, meeting.pk, MARCH, version=1)
    with pytest.raises(BadPlan, match="No date is left"):
        occurrence_commands.cancel(max_, meeting.pk, MARCH + timedelta(weeks=1), version=2)
    meeting.refresh_from_db()
    assert meeting.over_at == at(MARCH + timedelta(weeks=1)) + timedelta(minutes=30)
    assert facts.exceptions(meeting) == {MARCH.isoformat(): None}
