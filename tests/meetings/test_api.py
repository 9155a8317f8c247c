"""Meetings over HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from commsportal import worker
from commsportal.clock import now
from directory.models import User
from meetings.models import OnlineMeeting, Organizer
from tests.calls.service import error
from tests.clock import Clock
from tests.meetings.conftest import Meetings, make_organizer
from tests.people import api, make_person

pytestmark = pytest.mark.django_db


def body(organizer: Organizer, **changes: Any) -> dict[str, Any]:
    begins = now().replace(microsecond=0) + timedelta(days=1)
    whole = {
        "organizer": organizer.pk,
        "subject": "Follow-up",
        "starts_at": begins.isoformat(),
        "ends_at": (begins + timedelta(minutes=30)).isoformat(),
        "zone": "Europe/Berlin",
    }
    return whole | changes


def post(user: User | None, path: str, told: object) -> Any:
    return api(user).post(f"/api/v1/meetings/{path}", told, format="json")


def test_a_meeting_is_asked_for_read_changed_and_cancelled(
    dana: Organizer, max_: User, rita: User, microsoft: Meetings, clock: Clock
) -> None:
    ivo = make_person("Ivo Cruz", upn="ivo@contoso.example")
    people = [{"oid": ivo.oid.upper(), "role": "presenter"}, {"address": "guest@fabrikam.example"}]
    made = post(max_, "", body(dana, attendees=people))
    assert made.status_code == 202 and made.json()["is_held"] is False
    worker.run_pending()
    path = f"/api/v1/meetings/{made.json()['id']}/"
    told = api(rita).get(path).json()
    assert told["is_held"] and told["join_url"].startswith("https://teams.example/") and told["problem"] is None
    assert told["organizer"] == {"id": dana.pk, "name": "Dana Lee", "oid": dana.oid}
    assert [(one["name"], one["role"]) for one in told["attendees"]] == [
        ("Ivo Cruz", "presenter"),
        ("", "attendee"),
    ]
    assert told["dial_in"]["conference_id"] == "77" and "aB3xyz" not in str(told)
    changed = api(max_).put(path, body(dana, subject="Moved", version=1), format="json")
    assert changed.status_code == 400 and list(changed.json()["errors"]) == ["organizer"]  # it keeps its own
    whole = {name: value for name, value in body(dana, subject="Moved").items() if name != "organizer"}
    changed = api(max_).put(path, whole | {"version": 1}, format="json")
    assert (changed.status_code, changed.json()["version"], changed.json()["attendees"]) == (202, 2, [])
    stale = api(max_).put(path, whole | {"version": 1}, format="json")
    assert (stale.status_code, stale.json()["code"], stale.json()["version"]) == (409, "changed", 2)
    gone = post(max_, f"{made.json()['id']}/cancel/", {"version": 2, "reason": "ill"})
    assert (gone.status_code, gone.json()["state"], gone.json()["cancel_reason"]) == (202, "cancelled", "ill")


def test_the_same_key_makes_one_meeting(dana: Organizer, max_: User, microsoft: Meetings) -> None:
    told = body(dana)
    for _ in range(2):
        answer = api(max_).post("/api/v1/meetings/", told, format="json", HTTP_IDEMPOTENCY_KEY="once")
        assert answer.status_code == 202
    assert OnlineMeeting.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"starts_at": "2030-01-01T10:00:00"}, 400, "starts_at"),
        ({"starts_at": "tomorrow"}, 400, "starts_at"),
        ({"starts_at": "0001-01-01T00:00:00+14:00"}, 400, "starts_at"),
        ({"starts_at": 7}, 400, "starts_at"),
        ({"attendees": [{"oid": "x"}]}, 400, "attendees"),
        ({"attendees": [{}]}, 422, "attendees"),
        ({"attendees": "ivo"}, 400, "attendees"),
        ({"lobby": "garden"}, 400, "lobby"),
        ({"state": "cancelled"}, 400, "state"),
        ({"zone": "Nowhere"}, 422, "zone"),
        ({"ends_at": "2001-01-01T00:00:00Z"}, 422, "ends_at"),
        ({"attendees": [{"address": "nobody"}]}, 422, "attendees"),
    ],
)
def test_what_cannot_be_names_the_field(
    dana: Organizer, max_: User, changes: dict[str, Any], status: int, field: str
) -> None:
    answer = post(max_, "", body(dana, **changes))
    assert (answer.status_code, list(answer.json()["errors"])) == (status, [field])
    assert not OnlineMeeting.objects.exists()


def test_only_the_staff_of_an_organiser_see_the_meetings(
    dana: Organizer, max_: User, rita: User, omar: User, una: User, microsoft: Meetings
) -> None:
    made = post(max_, "", body(dana)).json()["id"]
    for user, status, count in ((rita, 200, 1), (una, 200, 1), (omar, 404, 0)):
        assert api(user).get(f"/api/v1/meetings/{made}/").status_code == status
        assert len(api(user).get("/api/v1/meetings/").json()["results"]) == count
        assert len(api(user).get("/api/v1/organizers/").json()["results"]) == count
    assert post(rita, f"{made}/cancel/", {"version": 1}).status_code == 403
    assert post(max_, "", body(make_organizer("Wei Chen"))).status_code == 422


def test_a_list_is_narrowed_and_paged_with_few_queries(
    dana: Organizer, max_: User, microsoft: Meetings, django_assert_max_num_queries: Any
) -> None:
    wei = make_organizer("Wei Chen", max_)
    begins = now().replace(microsecond=0) + timedelta(days=1)
    for n in range(12):
        times = {"starts_at": begins + timedelta(hours=n), "ends_at": begins + timedelta(hours=n, minutes=30)}
        told = {name: at.isoformat() for name, at in times.items()}
        people = [{"address": f"a{m}@fabrikam.example"} for m in range(3)]
        assert post(max_, "", body(wei if n % 3 else dana, attendees=people, **told)).status_code == 202
    client = api(max_)
    with django_assert_max_num_queries(12):
        page = client.get("/api/v1/meetings/?limit=5").json()
    assert len(page["results"]) == 5 and page["results"][0]["starts_at"] > page["results"][4]["starts_at"]
    rest = client.get(f"/api/v1/meetings/?limit=50&cursor={page['next']}").json()
    assert len(rest["results"]) == 7 and rest["next"] is None
    assert len(client.get(f"/api/v1/meetings/?organizer={dana.pk}").json()["results"]) == 4
    window = {
        "since": (begins + timedelta(hours=2, minutes=15)).isoformat(),
        "before": (begins + timedelta(hours=5)).isoformat(),
    }
    assert len(client.get("/api/v1/meetings/", window).json()["results"]) == 3
    assert client.get("/api/v1/meetings/?since=today").status_code == 400


def test_what_stands_in_the_way_is_told_and_tried_again(
    dana: Organizer, max_: User, microsoft: Meetings, clock: Clock
) -> None:
    microsoft.fail("POST", error(400, "BadRequest", "no such thing"))
    made = post(max_, "", body(dana)).json()["id"]
    worker.run_pending()
    problem = api(max_).get(f"/api/v1/meetings/{made}/").json()["problem"]
    assert (
        problem["title"] == "Microsoft refused" and problem["again_at"] is None and problem["code"] == "BadRequest"
    )
    assert post(max_, f"{made}/retry/", {}).status_code == 202
    worker.run_pending()
    again = post(max_, f"{made}/retry/", {})
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_do")
    nothing = post(max_, f"{made}/resolve/", {"version": 1, "keep": "ours"})
    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_to_do")
