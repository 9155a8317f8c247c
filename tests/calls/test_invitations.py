"""People are rung into an answered call; what comes of it tells Graph's own operation."""

from typing import Any

import pytest

from calls import cards, commands, timeline
from calls.api.serializers import calls_json
from calls.errors import BadTarget, NotNow
from calls.models import Call, Operation
from calls.rules.targets import Wanted
from commsportal import worker
from directory.models import User
from graph import errors
from tests.calls.service import Service, error, state, tell
from tests.people import OIDS, api

CALLED_OFF = {"code": 603, "subcode": 0, "message": "The callee declined."}


def invite(call: Call, user: User, *whom: str) -> Operation:
    """Invite people; return the first operation."""
    wanted = [Wanted("user", OIDS[one]) for one in whom]
    return commands.invite(call.pk, user, wanted=wanted)[0]


def ended(service: Service, call: Call, row: Operation, status: str = "completed", **members: Any) -> None:
    """Have Graph tell the end of its operation, which is gone by then."""
    row.refresh_from_db()
    service.operations.pop(row.graph_id, None)
    kind = {"@odata.type": "#microsoft.graph.inviteParticipantsOperation"}
    told = kind | {"id": row.graph_id, "status": status, "clientContext": str(row.pk)} | members
    tell(call.graph_id, "deleted", told, part=f"/operations/{row.graph_id}")
    worker.run_pending()


def shown(call: Call) -> dict[str, Any]:
    card: dict[str, Any] = cards.cards([call.pk])[call.pk].card
    return card


def statuses(call: Call) -> list[str]:
    return [one["status"] for one in shown(call)["invitations"]]


def drain(clock: Any, seconds: float) -> None:
    for _ in range(20):
        worker.run_pending()
        clock.forward(seconds / 20)
    worker.run_pending()


def test_who_is_invited_is_rung_and_joins(live: Call, rita: User, service: Service) -> None:
    row = invite(live, rita, "omar")
    worker.run_pending()
    (asked,) = service.made("invite")
    assert [one["identity"]["user"]["id"] for one in asked["participants"]] == [OIDS["omar"]]
    assert asked["clientContext"] == str(row.pk)
    assert statuses(live) == ["pending"]
    ended(service, live, row)
    assert statuses(live) == ["done"]
    assert shown(live)["invitations"][0]["to"] == shown(live)["handled_to"]
    words = [one["title"] for one in timeline.of(live)]
    assert words[-3:] == [
        f"Invitation to {shown(live)['handled_to']} requested",
        f"Invitation to {shown(live)['handled_to']} accepted by Microsoft",
        f"Invitation to {shown(live)['handled_to']} done",
    ]


@pytest.mark.case(29)
def test_more_than_microsoft_takes_at_once_are_rung_each_for_themselves(
    live: Call, rita: User, service: Service
) -> None:
    wanted = [Wanted("user", f"cccccccc-0000-4000-8000-{n:012d}") for n in range(7)]
    rows = commands.invite(live.pk, rita, wanted=wanted)
    service.fail("invite", error(412, "8583", "Precondition failed."))
    worker.run_pending()
    asked = service.made("invite")
    assert [len(one["participants"]) for one in asked] == [1] * 7
    assert {one["participants"][0]["identity"]["user"]["id"] for one in asked} == {one.id for one in wanted}
    refused = Operation.objects.get(kind="invite", status="failed")
    others = [row for row in rows if row.pk != refused.pk]
    for row in others[:2]:
        ended(service, live, row)
    ended(service, live, others[2], "failed", resultInfo=CALLED_OFF)
    by_name = {one["to"]: one["status"] for one in shown(live)["invitations"]}
    assert sorted(by_name.values()) == ["done", "done", "failed", "failed", "pending", "pending", "pending"]
    assert by_name[refused.parameters["to"]] == by_name[others[2].parameters["to"]] == "failed"
    assert "Precondition failed." in refused.error_detail


def test_the_api_names_the_operation_of_each(live: Call, rita: User) -> None:
    targets = [{"kind": "user", "id": OIDS[name]} for name in ("omar", "max")]
    answer = api(rita).post(f"/api/v1/calls/{live.pk}/invite/", {"targets": targets}, format="json")
    told = answer.json()
    assert answer.status_code == 202 and [one["kind"] for one in told["operations"]] == ["invite"] * 2
    assert {key: told[key] for key in ("id", "kind", "status", "to", "error")} == told["operations"][0]


def test_who_does_not_come_is_named_and_the_call_goes_on(live: Call, rita: User, service: Service) -> None:
    row = invite(live, rita, "omar")
    worker.run_pending()
    ended(service, live, row, "failed", resultInfo=CALLED_OFF)
    (one,) = shown(live)["invitations"]
    assert (one["status"], one["error"]["title"]) == ("failed", "Nobody came")
    assert "declined" in one["error"]["detail"] and "603/0" in one["error"]["detail"]
    assert shown(live)["state"] == "established"


@pytest.mark.case(29)
def test_an_end_that_says_completed_with_a_failure_is_one(live: Call, rita: User, service: Service) -> None:
    row = invite(live, rita, "omar")
    worker.run_pending()
    ended(service, live, row, resultInfo=CALLED_OFF)
    assert statuses(live) == ["failed"]


def test_the_end_is_known_by_our_context_before_the_answer_is(live: Call, rita: User, service: Service) -> None:
    row = invite(live, rita, "omar")
    told = {"@odata.type": "#microsoft.graph.inviteParticipantsOperation", "status": "completed"}

    def tell_first() -> None:
        tell(live.graph_id, "deleted", told | {"clientContext": str(row.pk)}, part=f"/operations/{row.pk}")

    service.fail("invite", tell_first)
    worker.run_pending()
    worker.run_pending()
    assert statuses(live) == ["done"]


def test_the_end_is_known_by_graphs_id_where_the_context_is_missing(
    live: Call, rita: User, service: Service
) -> None:
    row = invite(live, rita, "omar")
    worker.run_pending()
    ended(service, live, row, clientContext=None)
    assert statuses(live) == ["done"]


@pytest.mark.control("W6")
def test_nobody_is_said_to_have_joined_who_was_never_asked(live: Call, rita: User, service: Service) -> None:
    service.fail("invite", errors.NotSent("no connection", retryable=True))
    row = invite(live, rita, "omar")
    worker.run_pending()
    ended(service, live, row)
    assert statuses(live) == ["pending"]


def test_an_end_that_is_never_told_is_asked_for(live: Call, rita: User, service: Service, clock: Any) -> None:
    row = invite(live, rita, "omar")
    worker.run_pending()
    row.refresh_from_db()
    drain(clock, 25)
    assert service.made("operation") and statuses(live) == ["pending"]  # they are rung for longer
    service.operations[row.graph_id]["status"] = "completed"
    drain(clock, 25)
    assert statuses(live) == ["done"]


def test_an_end_that_nobody_can_tell_is_unknown(live: Call, rita: User, service: Service, clock: Any) -> None:
    row = invite(live, rita, "omar")
    worker.run_pending()
    service.operations.clear()
    drain(clock, 70)
    assert statuses(live) == ["unknown"]
    ended(service, live, row)
    assert statuses(live) == ["done"]  # told late, and believed


@pytest.mark.control("R3")
@pytest.mark.parametrize("fault", [errors.OutcomeUnknown("no answer came"), error(503, "Busy")])
def test_an_invitation_without_an_answer_is_never_repeated(
    live: Call, rita: User, service: Service, clock: Any, fault: Any
) -> None:
    service.fail("invite", fault)
    invite(live, rita, "omar")
    drain(clock, 90)
    assert len(service.made("invite")) == 1
    assert statuses(live) == ["unknown"]


def test_a_missing_permission_is_named(live: Call, rita: User, service: Service) -> None:
    service.fail("invite", error(403, "7504"))
    invite(live, rita, "omar")
    worker.run_pending()
    (one,) = shown(live)["invitations"]
    assert "Calls.InitiateGroupCall.All" in one["error"]["detail"]


def test_everything_else_may_be_asked_while_somebody_is_rung(live: Call, rita: User, service: Service) -> None:
    invite(live, rita, "omar")
    invite(live, rita, "max")
    commands.transfer(live.pk, rita, wanted=Wanted("user", OIDS["ada"]))
    worker.run_pending()
    assert len(service.made("invite")) == 2 and len(service.made("transfer")) == 1
    assert shown(live)["operation"]["kind"] == "transfer"


def test_nobody_is_rung_twice_at_once(live: Call, rita: User) -> None:
    invite(live, rita, "omar")
    with pytest.raises(BadTarget, match="being rung already"):
        invite(live, rita, "max", "omar")


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ([], "1 to 25"),
        ([Wanted("user", f"cccccccc-0000-4000-8000-{n:012d}") for n in range(26)], "1 to 25"),
        ([Wanted("voicemail", OIDS["omar"])], "voicemail"),
        ([Wanted("user", OIDS["omar"])] * 2, "once"),
    ],
)
def test_what_graph_would_not_take_is_refused_with_what_to_do(
    live: Call, rita: User, wanted: list[Wanted], why: str
) -> None:
    with pytest.raises(BadTarget, match=why):
        commands.invite(live.pk, rita, wanted=wanted)
    assert not Operation.objects.filter(kind="invite").exists()


def test_a_call_that_rings_takes_no_guests(ringing: Call, rita: User) -> None:
    with pytest.raises(NotNow, match="incoming"):
        invite(ringing, rita, "omar")


def test_whoever_else_holds_the_call_decides_who_comes(live: Call, rita: User, omar: User) -> None:
    with pytest.raises(NotNow, match="has this call"):
        invite(live, omar, "max")


def caller(call: Call, pid: str = "5b1f0d8e-0000-4000-8000-000000000001") -> dict[str, Any]:
    return {"id": pid, "info": {"identity": {"phone": {"id": call.caller_id}}}}


def test_the_caller_is_named_when_one_of_several_is_transferred(live: Call, rita: User, service: Service) -> None:
    row = invite(live, rita, "omar")
    worker.run_pending()
    ended(service, live, row)
    live.refresh_from_db()
    guest = {"id": "5b1f0d8e-0000-4000-8000-000000000002", "info": {"identity": {"user": {"id": OIDS["omar"]}}}}
    service.participants[live.graph_id] = [guest, caller(live)]
    commands.transfer(live.pk, rita, wanted=Wanted("user", OIDS["max"]))
    worker.run_pending()
    (asked,) = service.made("transfer")
    assert asked["transferee"]["participantId"] == caller(live)["id"]


def test_a_caller_who_is_not_there_is_not_transferred(live: Call, rita: User, service: Service) -> None:
    row = invite(live, rita, "omar")
    worker.run_pending()
    ended(service, live, row)
    transfer = commands.transfer(live.pk, rita, wanted=Wanted("user", OIDS["max"]))
    worker.run_pending()
    transfer.refresh_from_db()
    assert (transfer.status, service.made("transfer")) == ("failed", [])
    assert "caller is not among" in transfer.error_detail


def over(call: Call, service: Service, *, code: int = 200) -> None:
    service.states[call.graph_id] = "terminated"
    tell(call.graph_id, "deleted", state("terminated", code, 7000))
    worker.run_pending()


def test_the_caller_stays_with_the_guest_when_the_bot_leaves(live: Call, rita: User, service: Service) -> None:
    row = invite(live, rita, "omar")
    worker.run_pending()
    ended(service, live, row)
    commands.hang_up(live.pk, rita)
    worker.run_pending()
    over(live, service)
    live.refresh_from_db()
    assert (live.outcome, live.handled_to) == ("transferred", shown(live)["invitations"][0]["to"])


def test_a_guest_whom_no_roster_shows_yet_stays_with_the_caller_too(
    live: Call, rita: User, service: Service
) -> None:
    row = invite(live, rita, "omar")
    worker.run_pending()
    tell(live.graph_id, "updated", [caller(live)], part="/participants")  # while omar is rung
    worker.run_pending()
    ended(service, live, row)
    commands.hang_up(live.pk, rita)
    worker.run_pending()
    over(live, service)
    live.refresh_from_db()
    assert live.outcome == "transferred"


def test_a_guest_who_has_left_does_not_stay_with_the_caller(live: Call, rita: User, service: Service) -> None:
    row = invite(live, rita, "omar")
    worker.run_pending()
    ended(service, live, row)
    guest = {"id": "5b1f0d8e-0000-4000-8000-000000000002", "info": {"identity": {"user": {"id": OIDS["omar"]}}}}
    for people in ([caller(live), guest], [caller(live)]):
        tell(live.graph_id, "updated", people, part="/participants")
        worker.run_pending()
    commands.hang_up(live.pk, rita)
    worker.run_pending()
    over(live, service)
    live.refresh_from_db()
    assert live.outcome == "hung_up"


@pytest.mark.parametrize(("answered", "status"), [(True, "unknown"), (False, "failed")])
def test_a_call_that_ends_while_somebody_is_rung_was_still_answered(
    live: Call, rita: User, service: Service, answered: bool, status: str
) -> None:
    if not answered:
        service.fail("invite", errors.NotSent("no connection", retryable=True))
    invite(live, rita, "omar")
    worker.run_pending()
    over(live, service)
    live.refresh_from_db()
    assert (live.outcome, statuses(live)) == ("answered", [status])
    assert shown(live)["lane"] == "handled"


def test_an_empty_roster_says_why_it_is_empty(live: Call, rita: User, service: Service) -> None:
    assert calls_json([Call.objects.get(pk=live.pk)])[0]["roster"] == "none"
    row = invite(live, rita, "omar")
    worker.run_pending()
    ended(service, live, row)
    assert calls_json([Call.objects.get(pk=live.pk)])[0]["roster"] == "unavailable"
    tell(live.graph_id, "updated", [caller(live)], part="/participants")
    worker.run_pending()
    assert calls_json([Call.objects.get(pk=live.pk)])[0]["roster"] == "known"
