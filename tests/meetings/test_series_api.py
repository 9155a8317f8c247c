"""Series over HTTP: scheduled in Graph's words, listed date by date, one date changed, and looked at before."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from directory.models import User
from meetings import commands, drafts
from meetings.models import OnlineMeeting, Organizer
from meetings.rules.plan import Plan
from tests.meetings.conftest import make_organizer
from tests.meetings.series import MARCH, YEAR, at, weekly
from tests.people import api

pytestmark = pytest.mark.django_db
PATH = "/api/v1/meetings/"
WEEK = timedelta(weeks=1)
DAY = MARCH.strftime("%A").lower()


def recurrence(pattern: dict[str, Any] | None = None, **limits: Any) -> dict[str, Any]:
    """Return six weeks from the Tuesday in March on, in Graph's words, or something else."""
    numbered = {"type": "numbered", "startDate": MARCH.isoformat(), "numberOfOccurrences": 6}
    usual = {"type": "weekly", "interval": 1, "daysOfWeek": [DAY]}
    return {"pattern": usual | (pattern or {}), "range": limits or numbered}


def body(organizer: Organizer, **changes: Any) -> dict[str, Any]:
    whole = {
        "organizer": organizer.pk,
        "subject": "Rounds",
        "starts_at": at(MARCH).isoformat(),
        "ends_at": (at(MARCH) + timedelta(minutes=30)).isoformat(),
        "zone": "Europe/Berlin",
        "on_calendar": True,
        "recurrence": recurrence(),
    }
    return whole | changes


def ask(user: User | None, path: str, told: object, method: str = "post") -> Any:
    return getattr(api(user), method)(f"{PATH}{path}", told, format="json")


def moved(day: date, hour: int, **changes: Any) -> dict[str, Any]:
    """Return what asks for a date to be at another hour of that day."""
    times = {"starts_at": at(day, hour).isoformat(), "ends_at": (at(day, hour) + timedelta(hours=1)).isoformat()}
    return times | {"version": 1} | changes


@pytest.fixture
def held(dana: Organizer, max_: User) -> OnlineMeeting:
    """Return a series of six Tuesdays."""
    return commands.schedule(max_, dana.pk, weekly())


def listed(user: User, path: str) -> list[dict[str, Any]]:
    answer = api(user).get(path)
    assert answer.status_code == 200
    return list(answer.json()["results"])


def test_a_series_is_scheduled_in_graphs_words(dana: Organizer, max_: User, rita: User) -> None:
    made = ask(max_, "", body(dana))
    assert made.status_code == 202
    told = api(rita).get(f"{PATH}{made.json()['id']}/").json()
    assert told["on_calendar"] is True and told["recurrence"]["pattern"]["daysOfWeek"] == [DAY]
    assert told["recurrence"]["range"]["numberOfOccurrences"] == 6
    assert datetime.fromisoformat(told["over_at"]) == at(MARCH + 5 * WEEK) + timedelta(minutes=30)
    dates = listed(rita, f"{PATH}{made.json()['id']}/occurrences/")
    assert [one["day"] for one in dates] == [(MARCH + n * WEEK).isoformat() for n in reversed(range(6))]
    assert {(one["state"], one["is_series"], one["is_moved"], one["subject"]) for one in dates} == {
        ("scheduled", True, False, "Rounds")
    }


@pytest.mark.parametrize(
    "pattern",
    [
        {"type": "daily", "interval": 2},
        {"type": "absoluteMonthly", "dayOfMonth": MARCH.day},
        {"type": "relativeMonthly", "index": "third"},
        {"type": "absoluteYearly", "dayOfMonth": MARCH.day, "month": 3},
        {"type": "relativeYearly", "index": "third", "month": 3},
    ],
)
def test_each_pattern_of_graph_makes_its_dates(pattern: dict[str, Any], dana: Organizer, max_: User) -> None:
    numbered = {"type": "numbered", "startDate": MARCH.isoformat(), "numberOfOccurrences": 3}
    made = ask(max_, "", body(dana, recurrence=recurrence(pattern, **numbered)))
    assert made.status_code == 202 and made.json()["recurrence"]["pattern"]["type"] == pattern["type"]
    dates = listed(max_, f"{PATH}{made.json()['id']}/occurrences/")
    assert len(dates) == 3 and dates[-1]["day"] == MARCH.isoformat()


END = {"type": "endDate", "startDate": MARCH.isoformat()}


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"recurrence": recurrence(type="noEnd", startDate=MARCH.isoformat())}, 400, "recurrence"),
        ({"recurrence": recurrence({"interval": 0})}, 400, "recurrence"),
        ({"recurrence": recurrence({"interval": "1"})}, 400, "recurrence"),
        ({"recurrence": recurrence({"interval": 100})}, 400, "recurrence"),
        ({"recurrence": recurrence({"daysOfWeek": ["someday"]})}, 400, "recurrence"),
        ({"recurrence": recurrence({"daysOfWeek": []})}, 400, "recurrence"),
        ({"recurrence": recurrence({"type": "hourly"})}, 400, "recurrence"),
        ({"recurrence": recurrence({"colour": "red"})}, 400, "recurrence"),
        ({"recurrence": recurrence(**END)}, 400, "recurrence"),
        ({"recurrence": recurrence(**END, endDate=(MARCH - WEEK).isoformat())}, 400, "recurrence"),
        (
            {"recurrence": recurrence(type="numbered", startDate=MARCH.isoformat(), numberOfOccurrences=401)},
            400,
            "recurrence",
        ),
        ({"recurrence": {"pattern": {}}}, 400, "recurrence"),
        ({"recurrence": "weekly"}, 400, "recurrence"),
        (
            {
                "recurrence": recurrence(
                    {"type": "daily"}, **END, endDate=(MARCH + timedelta(days=400)).isoformat()
                )
            },
            422,
            "recurrence",
        ),
        (
            {
                "recurrence": recurrence(
                    type="numbered", startDate=(MARCH + timedelta(days=1)).isoformat(), numberOfOccurrences=3
                )
            },
            422,
            "recurrence",
        ),
        ({"recurrence": recurrence(**END, endDate=f"{YEAR + 6}-01-01")}, 422, "recurrence"),
        ({"on_calendar": False}, 422, "on_calendar"),
        ({"passcode": False}, 422, "passcode"),
        ({"holidays": "Atlantis"}, 422, "holidays"),
        ({"zone": "Nowhere"}, 422, "zone"),
        ({"ends_at": at(MARCH).isoformat()}, 422, "ends_at"),
    ],
)
def test_a_series_that_cannot_be_names_the_field(
    changes: dict[str, Any], status: int, field: str, dana: Organizer, max_: User
) -> None:
    for path in ("", "preview/"):
        answer = ask(max_, path, body(dana, **changes))
        assert (answer.status_code, list(answer.json()["errors"])) == (status, [field]), path
    assert not OnlineMeeting.objects.exists()


def test_the_most_dates_are_four_hundred(dana: Organizer, max_: User) -> None:
    told = recurrence({"type": "daily"}, **END, endDate=(MARCH + timedelta(days=399)).isoformat())
    made = ask(max_, "", body(dana, recurrence=told))
    assert made.status_code == 202
    assert OnlineMeeting.objects.get().occurrences.count() == 400


def test_dates_are_paged_and_narrowed_with_few_queries(
    held: OnlineMeeting, dana: Organizer, max_: User, django_assert_max_num_queries: Any
) -> None:
    wei = make_organizer("Wei Chen", max_)
    other = commands.schedule(max_, wei.pk, weekly(subject="Handover", count=3))
    client, path, seen = api(max_), "/api/v1/occurrences/?limit=4", []
    cursor = ""
    for _page in range(4):
        with django_assert_max_num_queries(8):
            page = client.get(f"{path}{cursor}").json()
        seen += [(one["meeting"], one["day"]) for one in page["results"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(seen) == len(set(seen)) == 9
    assert seen == sorted(seen, key=lambda one: one[1], reverse=True)
    of_wei = listed(max_, f"/api/v1/occurrences/?organizer={wei.pk}")
    assert {one["meeting"] for one in of_wei} == {str(other.pk)} and len(of_wei) == 3
    window = {"since": at(MARCH + WEEK, 9).isoformat(), "before": at(MARCH + 3 * WEEK, 9).isoformat()}
    found = api(max_).get(f"{PATH}{held.pk}/occurrences/").json()
    assert len(found["results"]) == 6
    within = api(max_).get("/api/v1/occurrences/", window | {"organizer": dana.pk}).json()["results"]
    assert [one["day"] for one in within] == [(MARCH + n * WEEK).isoformat() for n in (2, 1)]
    for odd in ("organizer=x", "since=yesterday", "before=", "cursor=x"):
        assert client.get(f"/api/v1/occurrences/?{odd}").status_code == 400, odd


def test_what_was_read_is_sent_back_without_a_new_version_and_a_longer_series_keeps_what_was_moved(
    dana: Organizer, max_: User
) -> None:
    made = ask(max_, "", body(dana, holidays="DE")).json()
    path, second = f"{made['id']}/", MARCH + WEEK
    names = ("subject", "starts_at", "ends_at", "zone", "on_calendar", "recurrence", "holidays", "version")
    whole = {name: made[name] for name in names}
    same = ask(max_, path, whole, "put")
    assert (same.status_code, same.json()["version"]) == (202, 1)
    moving = ask(max_, f"{path}occurrences/{second}/", moved(second, 14), "put").json()
    whole["recurrence"]["range"]["numberOfOccurrences"] = 8
    longer = ask(max_, path, whole | {"version": moving["version"]}, "put")
    assert (longer.status_code, longer.json()["version"]) == (202, 3)
    dates = {one["day"]: one for one in listed(max_, f"{PATH}{path}occurrences/")}
    assert len(dates) == 8 and dates[str(second)]["is_moved"]


def test_a_series_under_way_is_among_what_is_not_over(held: OnlineMeeting, max_: User) -> None:
    for weeks, count in ((3, 1), (5, 1), (6, 0)):
        since = (at(MARCH + weeks * WEEK) + timedelta(minutes=10)).isoformat()
        assert len(api(max_).get(PATH, {"since": since}).json()["results"]) == count, weeks


def test_a_date_is_moved_cancelled_and_restored(held: OnlineMeeting, max_: User) -> None:
    second, third = MARCH + WEEK, MARCH + 2 * WEEK
    path = f"{held.pk}/occurrences/{second}/"
    answer = ask(max_, path, moved(second, 14), "put")
    assert (answer.status_code, answer.json()["version"]) == (202, 2)
    gone = ask(max_, f"{held.pk}/occurrences/{third}/cancel/", {"version": 2, "reason": "Ward closed"})
    assert (gone.status_code, gone.json()["version"], gone.json()["state"]) == (202, 3, "scheduled")
    dates = {one["day"]: one for one in listed(max_, f"{PATH}{held.pk}/occurrences/")}
    assert dates[str(second)]["is_moved"]
    assert datetime.fromisoformat(dates[str(second)]["starts_at"]) == at(second, 14)
    assert (dates[str(third)]["state"], dates[str(third)]["reason"]) == ("cancelled", "Ward closed")
    for version, day in ((3, second), (4, third)):
        back = ask(max_, f"{held.pk}/occurrences/{day}/restore/", {"version": version})
        assert (back.status_code, back.json()["version"]) == (202, version + 1)
    dates = {one["day"]: one for one in listed(max_, f"{PATH}{held.pk}/occurrences/")}
    assert {(one["state"], one["is_moved"], one["reason"]) for one in dates.values()} == {("scheduled", False, "")}


def test_a_date_is_changed_only_as_it_was_looked_at(held: OnlineMeeting, max_: User) -> None:
    day = f"{held.pk}/occurrences/{MARCH}/"
    assert ask(max_, day, moved(MARCH, 14), "put").status_code == 202
    for path, told, method in (
        (day, moved(MARCH, 15), "put"),
        (f"{day}cancel/", {"version": 1}, "post"),
        (f"{day}restore/", {"version": 1}, "post"),
    ):
        stale = ask(max_, path, told, method)
        assert (stale.status_code, stale.json()["code"], stale.json()["version"]) == (409, "changed", 2)
    again = ask(max_, day, moved(MARCH, 14, version=2), "put")
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_do")
    commands.cancel(max_, held.pk, version=2)
    over = ask(max_, f"{day}restore/", {"version": 3})
    assert (over.status_code, over.json()["code"]) == (409, "cancelled")
    assert {one["state"] for one in listed(max_, f"{PATH}{held.pk}/occurrences/")} == {"cancelled"}


def test_what_cannot_be_of_a_date_names_the_field(held: OnlineMeeting, max_: User) -> None:
    day = f"{held.pk}/occurrences/{MARCH}/"
    begins = at(MARCH).isoformat()
    for told, status, field in (
        (moved(MARCH + WEEK, 9), 422, "starts_at"),
        (moved(MARCH, 9, ends_at=begins), 422, "starts_at"),
        (moved(MARCH, 9, ends_at=at(MARCH + timedelta(days=2)).isoformat()), 422, "starts_at"),
        (moved(date(2020, 1, 7), 9), 422, "starts_at"),
        (moved(MARCH, 9, starts_at="tomorrow"), 400, "starts_at"),
        (moved(MARCH, 9, version="1"), 400, "version"),
        (moved(MARCH, 9, state="cancelled"), 400, "state"),
    ):
        answer = ask(max_, day, told, "put")
        assert (answer.status_code, list(answer.json()["errors"])) == (status, [field]), told
    reason = ask(max_, f"{day}cancel/", {"version": 1, "reason": "a\nb"})
    assert (reason.status_code, list(reason.json()["errors"])) == (422, ["reason"])
    held.refresh_from_db()
    assert held.version == 1


def test_a_day_a_meeting_and_a_draft_that_are_none_of_mine_are_not_found(
    held: OnlineMeeting, dana: Organizer, max_: User
) -> None:
    once = commands.schedule(max_, dana.pk, Plan("Once", at(MARCH), at(MARCH, 10), "Europe/Berlin"))
    draft = drafts.save(max_, dana.pk, weekly(subject="Later"))
    theirs = commands.schedule(max_, dana.pk, weekly(subject="Theirs"))
    theirs.organizer = make_organizer("Wei Chen")
    theirs.save()
    day = MARCH.isoformat()
    for path, status in (
        (f"{held.pk}/occurrences/{MARCH + timedelta(days=1)}/", 404),
        (f"{held.pk}/occurrences/someday/", 404),
        (f"{once.pk}/occurrences/{day}/", 404),
        (f"{theirs.pk}/occurrences/{day}/", 404),
        (f"00000000-0000-4000-8000-000000000000/occurrences/{day}/", 404),
        (f"{draft.pk}/occurrences/{day}/", 409),
    ):
        assert ask(max_, path, moved(MARCH, 14), "put").status_code == status, path
        assert ask(max_, f"{path}cancel/", {"version": 1}).status_code == status, path
        assert ask(max_, f"{path}restore/", {"version": 1}).status_code == status, path
    for hidden in (draft, theirs):
        assert api(max_).get(f"{PATH}{hidden.pk}/occurrences/").status_code == 404
    assert {one["subject"] for one in listed(max_, "/api/v1/occurrences/")} == {"Rounds", "Once"}


def test_who_sees_and_who_may(
    held: OnlineMeeting, dana: Organizer, rita: User, omar: User, una: User, eve: User
) -> None:
    path = f"{PATH}{held.pk}/occurrences/"
    for user, status, count in ((rita, 200, 6), (una, 200, 6), (omar, 404, 0)):
        assert api(user).get(path).status_code == status
        assert len(listed(user, "/api/v1/occurrences/")) == count
    assert api(eve).get(path).status_code == 403 and api(None).get(path).status_code == 401
    day = f"{held.pk}/occurrences/{MARCH}/"
    for user in (rita, omar, una):
        assert ask(user, day, moved(MARCH, 14), "put").status_code == 403
        assert ask(user, f"{day}cancel/", {"version": 1}).status_code == 403
        assert ask(user, f"{day}restore/", {"version": 1}).status_code == 403
        assert ask(user, "preview/", body(dana)).status_code == 403
    held.refresh_from_db()
    assert held.version == 1


def test_a_preview_says_words_dates_and_requests_and_keeps_nothing(dana: Organizer, max_: User) -> None:
    first = date(YEAR, 12, 23)  # two days before Christmas
    daily = {"type": "numbered", "startDate": first.isoformat(), "numberOfOccurrences": 5}
    times = {"starts_at": at(first).isoformat(), "ends_at": (at(first) + timedelta(minutes=30)).isoformat()}
    told = body(dana, holidays="DE", recurrence=recurrence({"type": "daily"}, **daily), **times)
    shown = ask(max_, "preview/", told)
    assert shown.status_code == 200
    found = shown.json()
    assert found["words"].startswith("Every day: 3 dates, the last on 27 December")
    days = {one["day"]: one["holiday"] for one in found["dates"]}
    assert [day for day, holiday in days.items() if holiday] == [f"{YEAR}-12-25", f"{YEAR}-12-26"]
    assert len(days) == 5 and "Christmas Day" in found["words"]
    event, options = found["requests"]
    assert event["request"] == f"POST /users/{dana.oid}/events"
    assert event["body"]["recurrence"]["pattern"]["type"] == "daily" and event["body"]["isOnlineMeeting"] is True
    assert options["request"].startswith(f"PATCH /users/{dana.oid}/onlineMeetings/")
    assert not OnlineMeeting.objects.exists()
    once = ask(max_, "preview/", body(dana, recurrence=None, on_calendar=False)).json()
    assert once["words"] == "" and len(once["dates"]) == 1
    assert once["requests"][0]["request"].endswith("/onlineMeetings/createOrGet")
    refused = ask(max_, "preview/", body(make_organizer("Wei Chen")))
    assert (refused.status_code, refused.json()["code"]) == (422, "no_organizer")


@pytest.mark.parametrize(
    ("begins", "ends"), [("02:15:00+01:00", "03:00:00+01:00"), ("01:30:00+02:00", "02:30:00+01:00")]
)
def test_no_series_begins_or_ends_at_a_time_that_clocks_show_again(
    begins: str, ends: str, dana: Organizer, max_: User
) -> None:
    change = date(YEAR, 10, 31) - timedelta(days=(date(YEAR, 10, 31).weekday() + 1) % 7)
    daily = {
        "pattern": {"type": "daily", "interval": 1},
        "range": {"type": "numbered", "startDate": change.isoformat(), "numberOfOccurrences": 3},
    }
    told = body(dana, starts_at=f"{change}T{begins}", ends_at=f"{change}T{ends}", recurrence=daily)
    answer = ask(max_, "", told)
    assert answer.status_code == 422
    assert "Clocks show that time twice on the first day" in answer.content.decode()
    assert not OnlineMeeting.objects.exists()
