"""A caller is led into a meeting of their own, step by step, whatever is late, lost or refused on the way."""

from typing import Any

import pytest
from django.conf import settings

from audit import trail
from calls import bridging, cards, commands, timeline
from calls.api.serializers import calls_json
from calls.errors import BadTarget, NotNow
from calls.models import Call, Operation, Timer
from calls.rules.targets import Wanted
from calls.sending import TOKEN
from commsportal import worker
from commsportal.invariants import violations
from commsportal.models import Pause
from directory.models import User
from graph import errors
from routing.models import Line
from tests.calls.locking import watched_order
from tests.calls.service import Service, error, state, tell
from tests.calls.test_invitations import drain, ended
from tests.people import OIDS

DESK_ID = "0b070000-0000-4000-8000-000000000011"
CALLER_ID = "0b070000-0000-4000-8000-000000000012"
DESK = {"id": DESK_ID, "info": {"identity": {"user": {"id": OIDS["rita"], "displayName": "Rita"}}}}
CALLER = {"id": CALLER_ID, "info": {"identity": {"phone": {"id": "+14255550123"}}}}


@pytest.fixture
def bridged(main: Line) -> Line:
    """Return the main line, on which each call is led into a meeting in Max's or Omar's name."""
    main.mode, main.organizers = Line.Mode.BRIDGE, f"{OIDS['max']}\n{OIDS['omar']}"
    main.save()
    return main


@pytest.fixture
def answered(bridged: Line, ringing: Call, rita: User, service: Service) -> Call:
    """Return a call that rita has answered, while the bot enters the meeting."""
    commands.answer(ringing.pk, rita)
    worker.run_pending()
    establish(service, ringing)
    return ringing


def establish(service: Service, call: Call) -> None:
    """Have Graph tell that a call is established."""
    call.refresh_from_db()
    service.states[call.graph_id] = "established"
    tell(call.graph_id, "updated", state("established"))
    worker.run_pending()


def room_of(call: Call) -> Call:
    found = Call.objects.get(pk=call.pk).bridge
    assert found is not None
    return found


def asked(call: Call) -> list[tuple[str, str]]:
    rows = Operation.objects.filter(call=call).order_by("created_at", "priority")
    return [(row.kind, row.status) for row in rows]


def bridge_row(call: Call) -> Operation:
    return Operation.objects.filter(call=call, kind="bridge").latest("created_at")


def invitation(room: Call, part: str) -> Operation:
    return next(row for row in room.operations.filter(kind="invite") if row.parameters["part"] == part)


def card(call: Call) -> dict[str, Any]:
    shown: dict[str, Any] = cards.cards([call.pk])[call.pk].card
    return shown


def move(service: Service, call: Call) -> Call:
    """Go all the way: the receptionist comes, the caller is moved and the first call ends."""
    room = room_of(call)
    establish(service, room)
    ended(service, room, invitation(room, "desk"))
    ended(service, room, invitation(room, "caller"))
    service.states[call.graph_id] = "terminated"
    tell(call.graph_id, "deleted", state("terminated", code=200, subcode=7000))
    worker.run_pending()
    return room


def test_one_step_follows_the_other(answered: Call, service: Service) -> None:
    room = room_of(answered)
    assert asked(answered) == [("answer", "done"), ("bridge", "pending")]
    assert (room.state, room.direction, room.caller_phone) == ("establishing", "outgoing", "+14255550123")
    (made,), (placed,) = service.made("meeting"), service.made("create")
    assert made == {"externalId": str(room.pk), "subject": "main: +14255550123"}
    assert placed["chatInfo"]["threadId"] == "19:meeting_x@thread.v2" and not placed.get("targets")
    assert placed["meetingInfo"]["organizer"]["user"]["id"] in (OIDS["max"], OIDS["omar"])
    establish(service, room)
    (ring,) = service.made("invite")
    assert ring["participants"][0]["identity"]["user"]["id"] == OIDS["rita"]
    ended(service, room, invitation(room, "desk"))
    _, moved = service.made("invite")
    (party,) = moved["participants"]
    assert (party["identity"]["phone"]["id"], party["replacesCallId"]) == ("+14255550123", answered.graph_id)
    assert bridge_row(answered).status == "pending"
    ended(service, room, invitation(room, "caller"))
    assert bridge_row(answered).status == "done"


def test_the_meeting_stands_for_the_call_everywhere(answered: Call, service: Service, rita: User) -> None:
    room = move(service, answered)
    answered.refresh_from_db()
    assert (answered.state, answered.outcome, answered.handled_by) == ("terminated", "answered", rita)
    assert (card(answered)["lane"], card(answered)["bridge"]) == ("aside", str(room.pk))
    shown = card(room)
    assert (shown["lane"], shown["bridge_of"]) == ("live", str(answered.pk))
    assert shown["caller"] == {"name": "", "phone": "+14255550123", "user": None}
    assert shown["handled_by"]["username"] == "rita"
    assert sorted((one["is_caller"], one["to"]) for one in shown["invitations"]) == [
        (False, "Rita"),
        (True, "+14255550123"),
    ]
    assert calls_json([answered])[0]["mode"] == "bridge"
    titles = [one["title"] for one in timeline.of(answered)]
    assert [title for title in titles if "ridging" in title or "meeting" in title] == [
        "Bridging to Rita requested",
        "Led into a meeting",
        "Bridging to Rita done",
    ]
    assert violations() == [] and trail.verify() is None


def test_the_same_call_is_held_in_the_same_name_and_calls_in_turn(bridged: Line) -> None:
    calls = [Call().pk for _ in range(64)]
    assert {bridged.organizers_for(key)[0] for key in calls} == {OIDS["max"], OIDS["omar"]}
    assert {frozenset(bridged.organizers_for(key)) for key in calls} == {frozenset({OIDS["max"], OIDS["omar"]})}
    assert [bridged.organizers_for(key) for key in calls] == [bridged.organizers_for(key) for key in calls]
    assert Line().organizers_for(calls[0]) == []


@pytest.mark.parametrize("fault", [errors.OutcomeUnknown("no answer"), errors.ServerFault("broken", status=500)])
def test_a_meeting_without_an_answer_is_asked_for_again_and_entered_once(
    bridged: Line, ringing: Call, rita: User, service: Service, clock: Any, fault: Exception
) -> None:
    service.fail("meeting", fault)
    commands.answer(ringing.pk, rita)
    worker.run_pending()
    establish(service, ringing)
    assert len(service.made("meeting")) == 1 and service.made("create") == []
    drain(clock, 4)
    assert len(service.made("meeting")) == 2 and len(service.made("create")) == 1
    assert len({one["externalId"] for one in service.made("meeting")}) == 1
    assert room_of(ringing).graph_id


def test_an_entry_without_an_answer_is_not_repeated_and_the_callback_tells(
    bridged: Line, ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    service.fail("create", errors.OutcomeUnknown("no answer"))
    commands.answer(ringing.pk, rita)
    worker.run_pending()
    establish(service, ringing)
    room = room_of(ringing)
    drain(clock, 10)
    assert room.graph_id == "" and len(service.made("create")) == 1
    graph_id = "0b070000-0000-4000-8000-00000000abcd"
    service.states[graph_id] = "established"
    row = Operation.objects.get(call=room, kind="join")
    tell(graph_id, "updated", state("established"), query=f"{TOKEN}={row.token}")
    drain(clock, 1)
    row.refresh_from_db()
    assert (room_of(ringing).graph_id, row.status) == (graph_id, "done")
    assert len(service.made("invite")) == 1 and len(service.made("create")) == 1


def test_an_entry_that_is_never_heard_of_leaves_the_caller_here(
    bridged: Line, ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    service.fail("create", errors.OutcomeUnknown("no answer"))
    commands.answer(ringing.pk, rita)
    worker.run_pending()
    establish(service, ringing)
    room = room_of(ringing)
    drain(clock, 90)
    row = bridge_row(ringing)
    assert (row.status, row.error_title) == ("failed", "The meeting could not be held")
    assert "bridge the call again" in row.error_detail
    assert (card(ringing)["lane"], card(ringing)["bridge"], card(room)["lane"]) == ("live", None, "aside")
    assert len(service.made("create")) == 1


def test_without_a_right_to_hold_meetings_the_remedy_is_told(
    bridged: Line, ringing: Call, rita: User, service: Service
) -> None:
    service.fail("meeting", error(403, "Forbidden", "No application access policy found."))
    commands.answer(ringing.pk, rita)
    worker.run_pending()
    establish(service, ringing)
    detail = bridge_row(ringing).error_detail
    assert "Grant-CsApplicationAccessPolicy" in detail and "OnlineMeetings.ReadWrite.All" in detail
    assert service.made("create") == [] and card(ringing)["lane"] == "live"


def test_who_does_not_come_leaves_the_caller_here_and_may_try_again(
    answered: Call, service: Service, rita: User
) -> None:
    room = room_of(answered)
    establish(service, room)
    result = {"code": 603, "subcode": 0, "message": "Declined."}
    ended(service, room, invitation(room, "desk"), status="failed", resultInfo=result)
    row = bridge_row(answered)
    assert (row.status, row.error_title) == ("failed", "Nobody took the call in Teams")
    assert "Declined." in row.error_detail
    assert ("hang-up", "pending") in asked(room) or service.states[room.graph_id] == "terminated"
    assert len(service.made("invite")) == 1  # the caller stays where they are
    commands.bridge(answered.pk, rita)
    worker.run_pending()
    again = room_of(answered)
    assert again.pk != room.pk and len({one["externalId"] for one in service.made("meeting")}) == 2


def test_a_caller_who_cannot_be_moved_stays(answered: Call, service: Service) -> None:
    room = room_of(answered)
    establish(service, room)
    service.fail("invite", error(400, "7500", "No."))
    ended(service, room, invitation(room, "desk"))
    row = bridge_row(answered)
    assert (row.status, row.error_title) == ("failed", "The caller could not be moved into the meeting")
    assert card(answered)["lane"] == "live"


def test_a_caller_who_hangs_up_first_ends_the_meeting(answered: Call, service: Service, clock: Any) -> None:
    room = room_of(answered)
    service.states[answered.graph_id] = "terminated"
    tell(answered.graph_id, "deleted", state("terminated", code=200))
    drain(clock, 10)
    row = bridge_row(answered)
    assert (row.status, row.error_title) == ("failed", "The call ended first")
    assert service.states[room.graph_id] == "terminated" and service.made("invite") == []
    answered.refresh_from_db()
    assert (answered.outcome, card(answered)["lane"]) == ("abandoned", "missed")  # the bot is nobody


def begin(call: Call, user: User, service: Service) -> None:
    commands.answer(call.pk, user)
    worker.run_pending()
    establish(service, call)


@pytest.mark.parametrize(
    "fault",
    [errors.NotSent("no connection", retryable=True), error(429, "TooManyRequests", **{"retry-after": "40"})],
)
def test_a_meeting_that_cannot_be_asked_for_leaves_the_caller_here(
    bridged: Line, ringing: Call, rita: User, service: Service, clock: Any, fault: Any
) -> None:
    service.fail("meeting", *[fault] * 200)
    begin(ringing, rita, service)
    drain(clock, 60)
    row, room = bridge_row(ringing), Call.objects.get(direction="outgoing")
    assert (row.status, row.error_title, room.state) == ("failed", "The meeting could not be held", "terminated")
    assert (card(ringing)["lane"], card(room)["lane"]) == ("live", "aside")
    assert service.made("create") == [] and violations() == []


def test_an_organiser_who_has_held_too_many_is_followed_by_the_next(
    bridged: Line, ringing: Call, rita: User, service: Service
) -> None:
    service.fail("meeting", error(429, "TooManyRequests", **{"retry-after": "3600"}))
    begin(ringing, rita, service)
    (placed,) = service.made("create")
    second = bridged.organizers_for(room_of(ringing).pk)[1]
    assert placed["meetingInfo"]["organizer"]["user"]["id"] == second
    assert not Pause.objects.exists()


def test_a_meeting_without_a_name_is_hung_up_when_it_has_one_and_the_call_at_once(
    bridged: Line, ringing: Call, rita: User, service: Service, clock: Any
) -> None:
    service.fail("create", errors.OutcomeUnknown("no answer"))
    begin(ringing, rita, service)
    room = room_of(ringing)
    commands.hang_up(room.pk, rita)
    drain(clock, 12)
    assert (bridge_row(ringing).error_title, service.states[ringing.graph_id]) == ("Hung up", "terminated")
    graph_id = "0b070000-0000-4000-8000-00000000abce"
    service.states[graph_id] = "established"
    token = Operation.objects.get(call=room, kind="join").token
    tell(graph_id, "updated", state("established"), query=f"{TOKEN}={token}")
    drain(clock, 5)
    assert service.states[graph_id] == "terminated" and service.made("invite") == []


def test_whoever_s_answer_worked_is_rung(
    bridged: Line, ringing: Call, rita: User, omar: User, service: Service, clock: Any
) -> None:
    service.fail("answer", error(400, "8523", "No."))
    commands.answer(ringing.pk, rita)
    worker.run_pending()
    commands.release(ringing.pk, rita)
    clock.forward(1)
    begin(ringing, omar, service)
    assert bridge_row(ringing).requested_by == omar and room_of(ringing).handled_by == omar


def test_a_meeting_that_is_alive_after_all_is_left(answered: Call, service: Service, clock: Any) -> None:
    room = room_of(answered)
    establish(service, room)
    tell(room.graph_id, "deleted", state("terminated", code=200))  # which is not so
    worker.run_pending()
    assert bridge_row(answered).status == "failed"
    drain(clock, 5)
    assert service.states[room.graph_id] == "terminated"
    assert (card(answered)["lane"], card(room)["lane"]) == ("live", "aside")


def test_a_meeting_for_which_nobody_waits_is_left(answered: Call, service: Service) -> None:
    room = room_of(answered)
    Call.objects.filter(pk=answered.pk).update(bridge=None)
    over = {"status": "failed", "due_at": None, "settled_at": answered.received_at}
    Operation.objects.filter(call=answered, kind="bridge").update(**over)
    with watched_order() as wrong:
        establish(service, room)
    assert service.states[room.graph_id] == "terminated" and wrong == []


def test_a_claim_goes_along_into_the_meeting(answered: Call, rita: User, omar: User, service: Service) -> None:
    room = room_of(answered)
    assert card(room)["claim"]["owner"] == "rita"
    establish(service, room)
    with pytest.raises(NotNow, match="has this call"):
        commands.hang_up(room.pk, omar)
    commands.release(room.pk, rita)
    commands.hang_up(room.pk, omar)
    worker.run_pending()
    assert Operation.objects.get(call=answered, kind="hang-up").requested_by == omar


def test_a_caller_whom_the_roster_shows_was_moved(answered: Call, service: Service, clock: Any) -> None:
    room = room_of(answered)
    establish(service, room)
    ended(service, room, invitation(room, "desk"))
    service.operations.clear()
    bot = {"id": OIDS["ada"], "info": {"identity": {"application": {"id": settings.GRAPH_CLIENT_ID}}}}
    tell(room.graph_id, "updated", [bot, DESK, CALLER], part="/participants")
    service.participants[room.graph_id] = [bot, DESK, CALLER]
    drain(clock, 60)
    assert bridge_row(answered).status == invitation(room, "caller").status == "done"
    service.states[room.graph_id] = "terminated"
    tell(room.graph_id, "deleted", state("terminated", code=200))
    worker.run_pending()
    room.refresh_from_db()
    assert (room.outcome, card(room)["lane"]) == ("answered", "handled")


def test_the_news_that_the_bot_is_in_may_be_lost(answered: Call, service: Service, clock: Any) -> None:
    room = room_of(answered)
    service.states[room.graph_id] = "established"
    drain(clock, 2 * bridging.LOOK_AGAIN.total_seconds())
    assert invitation(room, "desk").sends == 1


def test_a_call_into_which_somebody_was_asked_is_not_bridged(answered: Call, rita: User, service: Service) -> None:
    room = room_of(answered)
    establish(service, room)
    ended(service, room, invitation(room, "desk"), status="failed")
    commands.invite(answered.pk, rita, wanted=[Wanted("user", OIDS["max"])])
    with pytest.raises(NotNow, match=r"one of several already\. Invite yourself"):
        commands.bridge(answered.pk, rita)


def test_a_ringing_call_is_answered_and_bridged_by_one_command(
    bridged: Line, ringing: Call, rita: User, service: Service
) -> None:
    bridged.mode = Line.Mode.DIRECT
    bridged.save()
    assert commands.bridge(ringing.pk, rita).kind == "answer"
    with pytest.raises(NotNow, match="Asked already: answer"):
        commands.bridge(ringing.pk, rita)
    worker.run_pending()
    establish(service, ringing)
    assert room_of(ringing).state == "establishing"


def test_lost_news_are_found_by_looking_again(answered: Call, service: Service, clock: Any) -> None:
    room = room_of(answered)
    Timer.objects.filter(kind="bridge").delete()
    establish(service, room)
    Operation.objects.filter(call=room, kind="invite").update(status="done", due_at=None, settled_at=clock())
    clock.forward(bridging.LOOK_AGAIN.total_seconds())
    worker.run_pending()
    assert invitation(room, "caller").sends == 1


def test_nothing_else_is_asked_of_a_caller_on_the_way(answered: Call, rita: User) -> None:
    with pytest.raises(NotNow, match="Asked already: bridge"):
        commands.bridge(answered.pk, rita)
    assert commands.hang_up(answered.pk, rita).kind == "hang-up"


def test_whoever_has_no_microsoft_account_cannot_answer_on_a_bridging_line(
    bridged: Line, ringing: Call, rita: User, service: Service
) -> None:
    User.objects.filter(pk=rita.pk).update(oid="")
    rita.refresh_from_db()
    with pytest.raises(BadTarget, match="not linked to a Microsoft account"):
        commands.answer(ringing.pk, rita)
    assert service.made("answer") == []


def test_a_caller_whom_microsoft_cannot_move_is_only_answered(bridged: Line, rita: User, service: Service) -> None:
    guest = {"identity": {"guest": {"id": "0b070000-0000-4000-8000-0000000000aa", "displayName": "Weber"}}}
    graph_id = service.ring("main", source=guest)
    worker.run_pending()
    call = Call.objects.get(graph_id=graph_id)
    commands.answer(call.pk, rita)
    worker.run_pending()
    establish(service, call)
    assert asked(call) == [("answer", "done")]
    with pytest.raises(NotNow, match="only people and telephones"):
        commands.bridge(call.pk, rita)


@pytest.mark.parametrize(
    "source", [{"guest": {"id": "0b070000-0000-4000-8000-0000000000aa"}}, {"phone": {"displayName": "withheld"}}]
)
def test_a_caller_whom_microsoft_cannot_move_is_taken_by_redirect(
    bridged: Line, rita: User, service: Service, source: dict[str, Any]
) -> None:
    graph_id = service.ring("main", source={"identity": source})
    worker.run_pending()
    assert card(Call.objects.get(graph_id=graph_id))["mode"] == "direct"


def test_a_line_without_an_organiser_bridges_nobody(live: Call, rita: User) -> None:
    with pytest.raises(NotNow, match=r"nobody in whose name.*An administrator enters an organiser"):
        commands.bridge(live.pk, rita)


def test_a_meeting_is_not_led_into_another(answered: Call, rita: User, service: Service) -> None:
    room = move(service, answered)
    with pytest.raises(NotNow, match="one of several already"):
        commands.bridge(room.pk, rita)


def test_a_colleague_comes_into_the_meeting_and_the_receptionist_again(
    answered: Call, rita: User, service: Service
) -> None:
    room = move(service, answered)
    commands.invite(room.pk, rita, wanted=[Wanted("me")])
    worker.run_pending()
    assert service.made("invite")[-1]["participants"][0]["identity"]["user"]["id"] == OIDS["rita"]


@pytest.mark.case(34)
def test_with_a_hundred_calls_at_once_no_meeting_begins_and_everything_else_goes_on(
    bridged: Line, ringing: Call, rita: User, omar: User, max_: User, service: Service, clock: Any
) -> None:
    lasting = another_call(rita, service)
    service.fail("create", *[error(429, "TooManyRequests", **{"retry-after": "10"})] * 9)
    commands.answer(ringing.pk, rita)
    worker.run_pending()
    establish(service, ringing)
    service.requests.clear()
    commands.transfer(lasting.pk, rita, wanted=Wanted("user", max_.oid))
    commands.answer(ring(service).pk, omar)
    worker.run_pending()
    assert [name for name, _, _ in service.requests if name in ("transfer", "answer")] == ["transfer", "answer"]
    drain(clock, 40)
    row = bridge_row(ringing)
    assert (row.status, row.error_title) == ("failed", "The meeting could not be held")
    assert card(ringing)["lane"] == "live"
    commands.transfer(ringing.pk, rita, wanted=Wanted("user", max_.oid))
    worker.run_pending()
    assert ("transfer", ringing.graph_id) in [(name, call) for name, call, _ in service.requests]


def ring(service: Service) -> Call:
    graph_id = service.ring("main")
    worker.run_pending()
    return Call.objects.get(graph_id=graph_id)


def another_call(user: User, service: Service) -> Call:
    """Return a call of two that the bot has answered, on the same line, that no meeting is for."""
    Line.objects.update(mode=Line.Mode.DIRECT)
    call = ring(service)
    commands.answer(call.pk, user)
    worker.run_pending()
    establish(service, call)
    Line.objects.update(mode=Line.Mode.BRIDGE)
    return call
