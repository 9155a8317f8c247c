"""The room of a meeting: the bot joins, those who are missing are rung, and everybody sees who is there."""

import uuid
from typing import Any

import pytest
from django.urls import reverse

from audit.models import Entry
from calls import commands
from calls.models import Call, Operation
from commsportal import worker
from directory.models import User
from meetings.models import OnlineMeeting
from rooms import seats
from routing.models import Line
from tests.calls.service import Service, state, tell
from tests.calls.test_group_calls import NO_ANSWER, establish, ring_of, roster
from tests.calls.test_invitations import CALLED_OFF, ended
from tests.clock import Clock
from tests.directory.walk import browser_of
from tests.people import OIDS, api, make_line
from tests.rooms.conftest import THREAD, make_meeting


def room(user: User, meeting: OnlineMeeting) -> dict[str, Any]:
    answer = api(user).get(reverse("api-room", args=[meeting.pk]))
    assert answer.status_code == 200, answer.json()
    return answer.json()


def ask(user: User, meeting: OnlineMeeting, what: str, **body: Any) -> Any:
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    return api(user).post(reverse(f"api-room-{what}", args=[meeting.pk]), body, format="json", headers=headers)


def states(told: dict[str, Any]) -> dict[str, str]:
    return {one["name"] or one["address"]: one["state"] for one in told["seats"]}


@pytest.fixture
def inside(meeting: OnlineMeeting, main: Line, rita: User, service: Service) -> Call:
    """Return the bot's call in the meeting, in which nobody else is."""
    assert ask(rita, meeting, "join", line=main.pk).status_code == 202
    worker.run_pending()
    call = Call.objects.get()
    establish(service, call)
    return call


def test_before_anybody_looks_nobody_is_known_to_be_there(meeting: OnlineMeeting, main: Line, rita: User) -> None:
    told = room(rita, meeting)
    assert (told["call"], told["elsewhere"], told["can_be_joined"]) == (None, False, True)
    assert told["lines"] == [{"id": main.pk, "name": "main"}]
    assert set(states(told).values()) == {"missing"} and len(told["seats"]) == 4


def test_the_bot_joins_and_those_missing_are_rung(
    meeting: OnlineMeeting, inside: Call, rita: User, service: Service
) -> None:
    (placed,) = service.made("create")
    assert placed["chatInfo"]["threadId"] == THREAD == inside.chat_id
    roster(service, inside, "max")
    told = room(rita, meeting)
    assert states(told) == {"Max": "in", "Omar": "missing", "Una": "missing", "guest@fabrikam.example": "missing"}
    assert [one["can_be_rung"] for one in told["seats"]] == [False, True, True, False]
    answer = ask(rita, meeting, "ring")
    assert answer.status_code == 202
    assert states(answer.json())["Omar"] == states(answer.json())["Una"] == "ringing"
    worker.run_pending()
    assert len(service.made("invite")) == 2
    roster(service, inside, "max", "omar")
    ended(service, inside, ring_of(inside, "omar"))
    ended(service, inside, ring_of(inside, "una"), "failed", resultInfo=NO_ANSWER)
    assert states(room(rita, meeting)) | {"guest@fabrikam.example": ""} == {
        "Max": "in",
        "Omar": "in",
        "Una": "no_answer",
        "guest@fabrikam.example": "",
    }
    roster(service, inside, "max")
    assert states(room(rita, meeting))["Omar"] == "left"


def test_who_declined_is_rung_again_only_by_name(
    meeting: OnlineMeeting, inside: Call, rita: User, service: Service
) -> None:
    roster(service, inside, "max", "omar")
    assert ask(rita, meeting, "ring", people=[OIDS["una"]]).status_code == 202
    worker.run_pending()
    ended(service, inside, ring_of(inside, "una"), "failed", resultInfo=CALLED_OFF)
    assert states(room(rita, meeting))["Una"] == "declined"
    refused = ask(rita, meeting, "ring")
    assert (refused.status_code, refused.json()["code"]) == (409, "nobody_missing")
    assert ask(rita, meeting, "ring", people=[OIDS["una"]]).status_code == 202
    assert Operation.objects.filter(kind="invite").count() == 2


def test_those_whom_nobody_has_rung_come_first(meeting: OnlineMeeting) -> None:
    attendee = meeting.attendees.first()
    assert attendee is not None
    told = [seats.Seat(attendee, state) for state in ("no_answer", "left", "missing", "busy", "declined")]  # type: ignore[arg-type]
    assert [one.state for one in seats.missing(told)] == ["missing", "no_answer", "busy"]


@pytest.mark.parametrize("who", ["max", "eve"])
def test_nobody_is_rung_who_is_there_or_not_invited(
    meeting: OnlineMeeting, inside: Call, rita: User, service: Service, who: str
) -> None:
    roster(service, inside, "max")
    refused = ask(rita, meeting, "ring", people=[OIDS["omar"], OIDS[who]])
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_target")
    assert not Operation.objects.filter(kind="invite").exists()


def test_one_bot_is_in_a_meeting(meeting: OnlineMeeting, inside: Call, main: Line, omar: User) -> None:
    refused = ask(omar, meeting, "join", line=main.pk)
    assert (refused.status_code, refused.json()["code"]) == (409, "already_inside")
    assert Call.objects.count() == 1


def test_after_it_left_it_may_join_again(
    meeting: OnlineMeeting, inside: Call, main: Line, rita: User, service: Service
) -> None:
    commands.hang_up(inside.pk, rita)
    worker.run_pending()
    tell(inside.graph_id, "deleted", state("terminated", code=200, subcode=7000))
    worker.run_pending()
    assert room(rita, meeting)["call"] is None
    assert ask(rita, meeting, "join", line=main.pk).status_code == 202
    assert Call.objects.count() == 2


def test_who_joined_is_on_record(meeting: OnlineMeeting, inside: Call) -> None:
    (entry,) = Entry.objects.filter(kind="meeting.bot_asked_in")
    assert entry.actor == "rita"
    assert entry.data == {"meeting": str(meeting.pk), "call": str(inside.pk)}


def test_without_the_bot_nobody_is_rung(meeting: OnlineMeeting, rita: User) -> None:
    refused = ask(rita, meeting, "ring")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_inside")


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"join_url": "", "thread_id": ""}, "not_held"), ({"state": "cancelled"}, "cancelled")],
)
def test_what_cannot_be_joined_is_not(
    main: Line, max_: User, rita: User, clock: Clock, changes: dict[str, str], code: str
) -> None:
    meeting = make_meeting(max_, [max_, rita], clock, **changes)
    refused = ask(rita, meeting, "join", line=main.pk)
    assert (refused.status_code, refused.json()["code"]) == (409, code)
    assert not room(rita, meeting)["can_be_joined"] and not Call.objects.exists()


def test_a_call_of_a_line_of_others_is_not_shown(
    meeting: OnlineMeeting, max_: User, omar: User, rita: User, service: Service
) -> None:
    clinic = make_line("clinic", [max_])
    assert ask(max_, meeting, "join", line=clinic.pk).status_code == 202
    worker.run_pending()
    call = Call.objects.get()
    establish(service, call)
    roster(service, call, "max")
    told = room(omar, meeting)
    assert (told["call"], told["elsewhere"]) == (None, True)
    assert set(states(told).values()) == {"missing"}
    assert ask(omar, meeting, "ring").json()["code"] == "not_inside"


def test_a_meeting_of_others_is_not_there(meeting: OnlineMeeting, eve: User, ada: User, main: Line) -> None:
    path = reverse("api-room", args=[meeting.pk])
    assert api(eve).get(path).status_code == 403
    assert api(ada).get(path).status_code == 200
    assert ask(ada, meeting, "join", line=main.pk).status_code == 403
    meeting.organizer.staff.clear()
    max_ = User.objects.get(username="max")
    assert api(max_).get(path).status_code == 404
    assert ask(max_, meeting, "join", line=main.pk).status_code == 404
    assert ask(max_, meeting, "ring").status_code == 404


def test_a_line_of_others_is_none(meeting: OnlineMeeting, max_: User, rita: User) -> None:
    clinic = make_line("clinic", [max_])
    assert ask(rita, meeting, "join", line=clinic.pk).json()["code"] == "no_line"


def test_whoever_is_on_two_devices_is_in(meeting: OnlineMeeting, inside: Call, service: Service) -> None:
    roster(service, inside, "max")
    here = inside.participants.get(identity_id=OIDS["max"])
    here.pk, here.graph_id, here.is_in_lobby = None, str(uuid.uuid4()), True
    here.save(force_insert=True)
    assert [one.state for one in seats.of(meeting, inside)][:1] == ["in"]


def test_the_page_and_the_code_lead_into_the_meeting(meeting: OnlineMeeting, rita: User) -> None:
    client = browser_of(rita)
    page = client.get(reverse("room", args=[meeting.pk]))
    assert page.status_code == 200 and reverse("api-room", args=[meeting.pk]) in page.content.decode()
    code = client.get(reverse("room-code", args=[meeting.pk]))
    assert code["Content-Type"] == "image/svg+xml" and "no-store" in code["Cache-Control"]
    assert code.content.startswith(b"<svg") and b"script" not in code.content
    meeting.state = "cancelled"
    meeting.save()
    assert client.get(reverse("room-code", args=[meeting.pk])).status_code == 404


def test_the_queries_of_a_room_do_not_rise_with_who_is_invited(
    meeting: OnlineMeeting, inside: Call, rita: User, django_assert_max_num_queries: Any
) -> None:
    client = api(rita)
    with django_assert_max_num_queries(16):
        assert client.get(reverse("api-room", args=[meeting.pk])).status_code == 200
