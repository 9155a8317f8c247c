"""Before a meeting is scheduled one sees when people have time; Microsoft's part is the simulator's own engine."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from commsportal import pauses
from commsportal.crowds import Places
from commsportal.pauses import Urgency
from directory.models import Person, User
from graph import conf, errors
from graph.calendar_values import EventSettings, ZonedTime
from meetings import commands, free_busy
from meetings.models import OnlineMeeting, Organizer
from meetings.rules.plan import Guest, Plan
from tests.calls.in_process import Clock, OtherSide
from tests.directory.walk import browser_of
from tests.people import api, make_person

pytestmark = pytest.mark.django_db
PATH = "/api/v1/meetings/free-busy/"
FRIDAY = datetime(2026, 3, 27, 7, tzinfo=UTC)  # clocks in Berlin leap on the Sunday after it
BERLIN = "Europe/Berlin"


class Desk:
    """An organiser whom the simulator knows, and the manager who asks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, user: User) -> None:
        self.clock = Clock(FRIDAY)
        monkeypatch.setattr(timezone, "now", self.clock)
        self.other = OtherSide(self.clock)
        monkeypatch.setattr(conf, "client", self.other.client)
        self.people = {person.upn.split("@")[0]: person for person in self.other.tenant.people.values()}
        self.user = user
        self.know("max")
        found = self.people["max"]
        self.organizer = Organizer.objects.create(tenant_id=self.other.tenant.id, oid=found.id, name=found.name)
        self.organizer.staff.set([user])

    def know(self, name: str) -> Person:
        """Have the portal's directory know somebody of the simulator's."""
        one = self.people[name]
        return make_person(one.name, oid=one.id, tenant_id=self.other.tenant.id, mail=one.mail, upn=one.upn)

    def fill(self, name: str, start: datetime, minutes: int, show_as: str = "busy") -> None:
        """Put something into somebody's calendar."""
        times = [ZonedTime.at(at) for at in (start, start + timedelta(minutes=minutes))]
        event = EventSettings(subject="Elsewhere", start=times[0], end=times[1], show_as=show_as)
        self.other.client().calendars.create(self.people[name].id, event)

    def ask(self, *addresses: str, status: int = 200, **changes: Any) -> Any:
        """Ask for a meeting on the Friday from 10 to 11 in Berlin."""
        body = {
            "organizer": self.organizer.pk,
            "day": "2026-03-27",
            "begins": "10:00",
            "ends": "11:00",
            "zone": BERLIN,
            "attendees": [{"address": one} for one in addresses],
        }
        answer = api(self.user).post(PATH, body | changes, format="json")
        assert answer.status_code == status, answer.content
        return answer.json()


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, max_: User) -> Desk:
    return Desk(monkeypatch, max_)


def named(told: Any, name: str) -> Any:
    """Return the person of that name."""
    return next(one for one in told["people"] if name in (one["name"], one["address"]))


def test_each_persons_day_is_told_with_what_is_taken_of_it(desk: Desk) -> None:
    person = desk.know("bianca.rossi")
    desk.fill("bianca.rossi", FRIDAY.replace(hour=9, minute=30), 60)
    desk.fill("bianca.rossi", FRIDAY.replace(hour=14), 30, show_as="tentative")
    desk.fill("bianca.rossi", FRIDAY.replace(hour=15), 30, show_as="oof")
    desk.fill("bianca.rossi", FRIDAY.replace(hour=16), 30, show_as="workingElsewhere")
    desk.fill("bianca.rossi", FRIDAY.replace(hour=17), 30, show_as="free")
    told = desk.ask(person.mail)
    assert told["day"] == {"starts_at": "2026-03-27T00:00:00+01:00", "ends_at": "2026-03-28T00:00:00+01:00"}
    assert told["meeting"]["starts_at"] == "2026-03-27T10:00:00+01:00"
    assert [one["is_organizer"] for one in told["people"]] == [True, False]
    found = named(told, person.name)
    assert (found["is_known"], found["oid"], found["zone"]) == (True, person.oid, BERLIN)
    assert [(one["starts_at"][11:16], one["ends_at"][11:16], one["status"]) for one in found["busy"]] == [
        ("10:30", "11:30", "busy"),
        ("15:00", "15:30", "tentative"),
        ("16:00", "16:30", "oof"),
        ("17:00", "17:30", "elsewhere"),
    ]
    assert found["hours"] == [{"starts_at": "2026-03-27T08:00:00+01:00", "ends_at": "2026-03-27T17:00:00+01:00"}]
    assert (found["conflicts"], found["is_outside_hours"]) == (["busy"], False)
    assert (found["local_starts_at"], found["local_ends_at"]) == (
        "2026-03-27T10:00:00+01:00",
        "2026-03-27T11:00:00+01:00",
    )


def test_whoever_is_outside_the_organisation_is_unknown_and_in_nobodys_way(desk: Desk) -> None:
    told = desk.ask("guest@fabrikam.example", "no address")
    found = named(told, "guest@fabrikam.example")
    assert (found["is_known"], found["zone"], found["hours"], found["busy"]) == (False, "", None, [])
    assert (found["local_starts_at"], found["conflicts"]) == (None, ["unknown"])
    assert named(told, "no address")["is_known"] is False
    assert told["suggestions"] and all(one["is_good"] for one in told["suggestions"])


@pytest.mark.parametrize(
    ("day", "local", "is_outside"),
    [("2026-03-27", "2026-03-27T05:00:00-04:00", True), ("2026-03-30", "2026-03-30T08:00:00-04:00", False)],
)
def test_local_times_and_hours_follow_the_clocks_of_each_zone(
    desk: Desk, day: str, local: str, is_outside: bool
) -> None:
    person = desk.know("adele.vance")
    begins = {"2026-03-27": ("10:00", "11:00"), "2026-03-30": ("14:00", "15:00")}[day]
    told = desk.ask(person.mail, day=day, begins=begins[0], ends=begins[1])
    found = named(told, person.name)
    assert (found["zone"], found["local_starts_at"]) == ("America/New_York", local)
    assert found["is_outside_hours"] is is_outside
    assert ("outside_hours" in found["conflicts"]) is is_outside


def test_a_meeting_as_long_after_the_clocks_leapt_is_an_hour_earlier_for_whoever_has_no_summer_time(
    desk: Desk,
) -> None:
    person = desk.know("wen.zhao")
    before, after = (desk.ask(person.mail, day=day) for day in ("2026-03-27", "2026-03-30"))
    times = [named(told, person.name)["local_starts_at"][11:16] for told in (before, after)]
    assert times == ["17:00", "16:00"]
    assert [named(told, person.name)["is_outside_hours"] for told in (before, after)] == [True, False]


def test_the_day_on_which_clocks_leap_has_23_hours(desk: Desk) -> None:
    day = desk.ask(day="2026-03-29")["day"]
    begins, ends = (datetime.fromisoformat(day[name]) for name in ("starts_at", "ends_at"))
    assert ends - begins == timedelta(hours=23)


def test_what_ends_before_it_begins_ends_the_next_day(desk: Desk) -> None:
    told = desk.ask(begins="23:00", ends="01:00")
    assert told["meeting"]["ends_at"] == told["day"]["ends_at"] == "2026-03-28T01:00:00+01:00"


def test_other_times_are_near_the_wanted_day_apart_within_hours_and_not_over(desk: Desk) -> None:
    person = desk.know("bianca.rossi")
    desk.fill("bianca.rossi", FRIDAY, 10 * 60)
    told = desk.ask(person.mail)["suggestions"]
    times = [datetime.fromisoformat(one["starts_at"]) for one in told]
    assert times == sorted(times) and len(told) == 6
    assert {one.date().isoformat() for one in times} == {"2026-03-30", "2026-03-31", "2026-04-01"}
    assert all(10 <= one.hour < 17 for one in times)  # the organiser begins at eight, UTC
    assert all(one["is_good"] and not one["conflicts"] for one in told)


def test_nothing_is_offered_that_is_over_and_not_what_is_wanted_already(desk: Desk) -> None:
    desk.clock.at = FRIDAY.replace(hour=10, minute=10)
    told = desk.ask(begins="12:00", ends="12:30")["suggestions"]
    assert told[0]["starts_at"] == "2026-03-27T11:30:00+01:00"
    assert all(one["starts_at"] != "2026-03-27T12:00:00+01:00" for one in told)


def test_where_nobody_is_free_the_least_bad_is_offered_with_what_speaks_against_it(desk: Desk) -> None:
    person = desk.know("bianca.rossi")
    desk.fill("bianca.rossi", FRIDAY - timedelta(days=3), 20 * 24 * 60)
    told = desk.ask(person.mail, "guest@fabrikam.example")
    place = told["people"].index(named(told, person.name))
    assert len(told["suggestions"]) == 3
    for one in told["suggestions"]:
        assert not one["is_good"] and {"person": place, "reason": "busy"} in one["conflicts"]
        assert [against["reason"] for against in one["conflicts"]].count("unknown") == 1


def test_zones_are_remembered_by_their_iana_names(desk: Desk) -> None:
    people = {name: desk.know(name) for name in ("bianca.rossi", "priya.raman", "rita")}
    desk.people["rita"].zone = "Customized Time Zone"
    desk.ask(*(one.mail for one in people.values()))
    kept = dict(Person.objects.values_list("name", "zone"))
    assert kept == {
        people["bianca.rossi"].name: BERLIN,
        people["priya.raman"].name: "Asia/Kolkata",
        people["rita"].name: "",
        desk.organizer.name: "UTC",
    }


def test_an_unknown_zone_leaves_local_time_and_hours_unknown(desk: Desk) -> None:
    desk.people["rita"].zone = "Customized Time Zone"
    person = desk.know("rita")
    found = named(desk.ask(person.mail), person.name)
    assert (found["is_known"], found["zone"], found["local_starts_at"], found["hours"]) == (True, "", None, None)


def test_of_whose_calendar_nothing_is_told_the_zone_told_last_counts(desk: Desk) -> None:
    person = make_person(
        "Gone Away", tenant_id=desk.other.tenant.id, mail="gone@contoso.example", zone="Asia/Tokyo"
    )
    found = named(desk.ask(person.mail), person.name)
    assert (found["is_known"], found["local_starts_at"]) == (False, "2026-03-27T18:00:00+09:00")
    person.refresh_from_db()
    assert person.zone == "Asia/Tokyo"


def test_at_most_so_many_are_asked_about_and_the_others_counted(desk: Desk) -> None:
    told = desk.ask(*(f"guest{n}@fabrikam.example" for n in range(free_busy.MOST + 3)))
    assert (len(told["people"]), told["left_off"]) == (free_busy.MOST, 4)


def test_somebody_named_twice_or_in_two_ways_is_one(desk: Desk) -> None:
    person = desk.know("rita")
    told = desk.ask(person.mail, person.mail.upper(), "max@contoso.example", "x@y.example", "X@y.example")
    assert [one["name"] or one["address"] for one in told["people"]] == [
        desk.organizer.name,
        person.name,
        "x@y.example",
    ]


def test_a_missing_permission_is_said_with_its_remedy(desk: Desk) -> None:
    desk.other.app = type(desk.other.app)(
        desk.other.tenant, desk.other.tenant.client_id, frozenset({"OnlineMeetings.ReadWrite.All"})
    )
    told = desk.ask(status=409)
    assert told["code"] == "calendars_not_told" and told["graph_code"] == "ErrorAccessDenied"
    assert told["title"] == "Microsoft does not let the portal read calendars"
    assert f"Calendars.Read in tenant {desk.other.tenant.id}" in told["detail"] and "consent" in told["detail"]


@pytest.mark.parametrize(
    ("fault", "title"),
    [
        (errors.Throttled("slow down", status=429, retry_after=17.0), "takes no more requests"),
        (errors.NotFound("no mailbox", status=404), "has no mailbox"),
        (errors.OutcomeUnknown("read timed out"), "did not tell who has time"),
        (errors.NotSent("no connection", retryable=True), "did not tell who has time"),
        (errors.Unauthorized("bad token", status=401), "does not accept the portal's credentials"),
    ],
)
def test_whatever_goes_wrong_is_said(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, fault: errors.GraphError, title: str
) -> None:
    def fail(*args: object, **rest: object) -> None:
        raise fault

    monkeypatch.setattr(desk.other, "exchange", fail)
    told = desk.ask(status=409)
    assert title in told["title"] and told["detail"]
    assert ("17 s" in told["detail"]) is isinstance(fault, errors.Throttled)


def test_while_microsoft_has_the_portal_wait_it_is_not_asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses.note(desk.other.tenant.id, Urgency.LIST, 30, "others")
    monkeypatch.setattr(desk.other, "exchange", None)
    assert "30 s" in desk.ask(status=409)["detail"]


def test_a_slow_microsoft_takes_few_of_the_places_that_callers_are_decided_from(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(free_busy, "PLACES", Places(at_once=1, waiting=0, seconds=0))
    with free_busy.PLACES.one():
        assert desk.ask(status=409)["graph_code"] == "crowded"
    desk.ask()


def test_nobody_is_asked_in_the_name_of_somebody_elses_organiser(desk: Desk, ada: User, rita: User) -> None:
    desk.organizer.staff.set([rita, ada])
    assert desk.ask(status=422)["code"] == "no_organizer"
    for user in (rita, ada):
        desk.user = user
        desk.ask(status=403)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"day": "2026-03-26"}, "ends_at"),
        ({"day": "2036-03-26"}, "starts_at"),
        ({"day": "0001-01-01"}, "day"),
        ({"day": "9999-12-31"}, "day"),
    ],
)
def test_a_time_that_cannot_be_is_refused(desk: Desk, changes: dict[str, str], field: str) -> None:
    told = desk.ask(status=422, **changes)
    assert told["code"] == "bad_plan" and list(told["errors"]) == [field]


def test_looking_schedules_nothing(desk: Desk) -> None:
    desk.ask("guest@fabrikam.example")
    assert not OnlineMeeting.objects.exists()


def test_the_forms_of_new_and_of_old_meetings_show_it(desk: Desk) -> None:
    start = FRIDAY + timedelta(days=1)
    plan = Plan("Follow-up", start, start + timedelta(hours=1), BERLIN, attendees=(Guest(address="a@b.example"),))
    made = commands.schedule(desk.user, desk.organizer.pk, plan)
    for path in ("/meetings/new/", f"/meetings/{made.pk}/edit/"):
        page = browser_of(desk.user).get(path).content.decode()
        assert 'data-part="free-busy" data-most="500"' in page and "js/free-busy.js" in page
        assert 'data-add="search"' in page and "style=" not in page
