"""Asking people into a call (REFERENCE 5.5) and what an operation is (REFERENCE 8)."""

from typing import Any

import pytest

from simulator.engine import Call, GraphFault, Party, inviting, legs, media, operations
from simulator.engine import actions as graph
from simulator.engine import roster_actions as roster

from .conftest import Desk
from .groups import CREATE, escalated, group_of, joined_group, names
from .test_calls_follow_their_states import ANSWER, established, outgoing, to_user
from .test_limits_and_permissions import refused, without

PHONE = {"identity": {"phone": {"id": "+442079460123"}}}


def invite(desk: Desk, call: Call, *entries: dict[str, Any], **more: Any) -> Any:
    """Invite."""
    return inviting.invite(desk.engine, desk.app, call, {"participants": list(entries), **more})


def user(desk: Desk, upn: str) -> dict[str, Any]:
    """Return a person as somebody to invite."""
    return to_user(desk.person(upn).id)


def test_an_invitation_runs_until_it_is_taken_and_is_told_before_the_roster(desk: Desk) -> None:
    call = joined_group(desk)
    operation = invite(desk, call, user(desk, "carlos.mendes"), clientContext="ours")
    assert (operation.status, operations.read(call, operation.id.upper())["status"]) == ("running", "running")
    desk.pass_time(seconds=5)
    assert desk.news(call)[-2:] == [
        ("deleted", "inviteParticipantsOperation completed"),
        ("updated", "roster of 4"),
    ]
    (ended,) = desk.operations(call)
    assert (ended["id"], ended["clientContext"]) == (operation.id, "ours")
    assert ended["participants"][0]["participantId"] in [entry["id"] for entry in desk.rosters(call)[-1]]
    with pytest.raises(GraphFault) as over:
        operations.read(call, operation.id)
    assert over.value.status == 404


@pytest.mark.parametrize(("behaviour", "code"), [("decline", 603), ("busy", 486), ("ignore", 480)])
def test_an_invitation_that_is_not_taken_fails_its_operation(desk: Desk, behaviour: str, code: int) -> None:
    call = joined_group(desk)
    desk.person("carlos.mendes").behaviour = behaviour  # type: ignore[assignment]
    told = len(desk.rosters(call))
    invite(desk, call, user(desk, "carlos.mendes"))
    desk.pass_time(minutes=1)
    (ended,) = desk.operations(call)
    assert (ended["status"], ended["resultInfo"]["code"]) == ("failed", code)
    assert len(desk.rosters(call)) == told and call.state == "established"


def test_an_invitation_that_still_rings_is_taken_back_by_removing_it(desk: Desk) -> None:
    call = joined_group(desk)
    desk.person("carlos.mendes").behaviour = "ignore"
    operation = invite(desk, call, user(desk, "carlos.mendes"))
    assert roster.remove(desk.engine, desk.app, call, operation.members["participants"][0]["participantId"])
    (ended,) = desk.operations(call)
    assert (ended["status"], ended["resultInfo"]["code"]) == ("failed", 487)
    desk.pass_time(minutes=1)
    assert len(desk.operations(call)) == 1


def test_nothing_is_told_of_an_operation_whose_call_ended(desk: Desk) -> None:
    call = joined_group(desk)
    invite(desk, call, user(desk, "carlos.mendes"))
    media.send_tones(desk.engine, call, {"tones": ["tone1"] * 5})
    graph.delete(desk.engine, desk.app, call)
    desk.pass_time(minutes=1)
    assert desk.news(call)[-1] == ("deleted", "terminated") and not desk.operations(call)


def test_one_to_five_are_invited_and_several_only_where_there_is_a_chat(desk: Desk) -> None:
    call, entry = joined_group(desk), user(desk, "carlos.mendes")
    assert refused(invite, desk, call) == (400, "BadRequest")
    assert refused(invite, desk, call, *[entry] * 6) == (400, "BadRequest")
    assert refused(invite, desk, call, entry, entry) == (400, "BadRequest")
    several = escalated(desk)
    assert several.chat_info and invite(desk, several, entry, user(desk, "emeka.nwosu"))
    desk.pass_time(seconds=6)
    assert several.conference and len(several.conference.people) == 4


def test_of_several_one_refusal_fails_the_operation_and_the_others_are_in(desk: Desk) -> None:
    call = escalated(desk)
    desk.person("carlos.mendes").behaviour = "busy"
    invite(desk, call, user(desk, "carlos.mendes"), user(desk, "emeka.nwosu"))
    desk.pass_time(seconds=6)
    assert desk.operations(call)[-1]["status"] == "failed"
    assert call.conference and "Emeka Nwosu" in [found.party.name for found in call.conference.people]


def test_inviting_needs_its_right_a_state_and_a_short_context(desk: Desk) -> None:
    call, body = joined_group(desk), {"participants": [user(desk, "carlos.mendes")]}
    app = without(desk, "Calls.InitiateGroupCall.All")
    assert refused(inviting.invite, desk.engine, app, call, body) == (403, "7504")
    wordy = {**body, "clientContext": "x" * 257}
    assert refused(inviting.invite, desk.engine, desk.app, call, wordy) == (400, "BadRequest")
    fresh = group_of(desk, "bianca.rossi", "farah.aziz")
    assert refused(invite, desk, fresh, *body["participants"]) == (409, "Conflict")


# Taking somebody over from another call


def test_a_caller_is_moved_in_from_the_call_they_are_in(desk: Desk) -> None:
    call, waiting = joined_group(desk), established(desk)
    caller = {"identity": {"phone": {"id": waiting.caller.id}}, "replacesCallId": waiting.id}
    assert refused(invite, desk, call, caller) == (400, "BadRequest"), (
        "a group without an instance calls no numbers"
    )
    call = escalated(desk)
    operation = invite(desk, call, caller, user(desk, "emeka.nwosu"))
    assert len(operation.members["participants"]) == 1, "only the first entry is read"
    desk.pass_time(seconds=2)
    assert desk.news(waiting)[-2:] == [("updated", "terminating"), ("deleted", "terminated")]
    assert waiting.leg == "" and "resultInfo" not in desk.items(waiting)[-1]["resourceData"]
    assert desk.operations(call)[-1]["status"] == "completed"
    assert call.conference and waiting.caller.id in [found.party.id for found in call.conference.people]


def test_a_caller_who_hung_up_meanwhile_is_not_moved(desk: Desk) -> None:
    call, waiting = escalated(desk), established(desk)
    invite(desk, call, {"identity": {"phone": {"id": waiting.caller.id}}, "replacesCallId": waiting.id})
    legs.hang_up(desk.engine, waiting)
    desk.pass_time(seconds=2)
    ended = desk.operations(call)[-1]
    assert (ended["status"], ended["resultInfo"]["code"]) == ("failed", 487)
    assert desk.news(waiting)[-1] == ("deleted", "terminated")


def test_only_an_own_established_call_with_the_same_person_is_replaced(desk: Desk) -> None:
    call, waiting, ringing = escalated(desk), established(desk), desk.ring()
    phone = {"identity": {"phone": {"id": waiting.caller.id}}}
    for wrong in ("nonsense", call.id, ringing.id):
        assert refused(invite, desk, call, {**phone, "replacesCallId": wrong}) == (400, "BadRequest")
    other = {**user(desk, "emeka.nwosu"), "replacesCallId": waiting.id}
    assert refused(invite, desk, call, other) == (400, "BadRequest")
    assert call.state == waiting.state == "established"


# Telephones (REFERENCE 18.2)


def test_who_was_called_at_a_line_invites_telephones(desk: Desk) -> None:
    call = established(desk)
    invite(desk, call, PHONE)
    desk.pass_time(seconds=6)
    assert call.conference and len(call.conference.people) == 2


def test_a_group_calls_telephones_from_a_resource_account_alone(desk: Desk) -> None:
    assert refused(invite, desk, joined_group(desk), PHONE) == (400, "BadRequest")
    line = desk.engine.directory.line("main")
    assert line
    source = {"identity": {"applicationInstance": {"id": line[1].instance_id}}}
    assert invite(desk, joined_group(desk, source=source), PHONE)


def test_a_call_between_two_invites_telephones_whoever_began_it(desk: Desk) -> None:
    call = outgoing(desk, desk.person("bianca.rossi").id)
    desk.pass_time(seconds=5)
    assert invite(desk, call, PHONE)


# The application is invited


def test_a_line_of_ours_is_invited_as_a_call_into_the_group(desk: Desk) -> None:
    call, line = joined_group(desk), desk.engine.directory.line("clinic")
    assert line and call.conference
    invite(desk, call, {"identity": {"applicationInstance": {"id": line[1].instance_id}}})
    offer = list(desk.engine.calls.values())[-1]
    data = desk.items(offer)[0]["resourceData"]
    assert data["chatInfo"]["threadId"] == call.conference.thread_id
    assert data["meetingInfo"]["@odata.type"] == "#microsoft.graph.tokenMeetingInfo"
    app = without(desk, "Calls.JoinGroupCall.All")
    assert refused(graph.answer, desk.engine, app, offer, ANSWER) == (403, "7504")
    assert graph.answer(desk.engine, desk.app, offer, ANSWER)
    desk.pass_time(seconds=1)
    assert desk.operations(call)[-1]["status"] == "completed"
    assert (
        names(desk.rosters(offer)[-1]).count("commsportal")
        == 2
        == names(desk.rosters(call)[-1]).count("commsportal")
    )


def test_an_invitation_that_the_application_rejects_fails(desk: Desk) -> None:
    call, line = joined_group(desk), desk.engine.directory.line("clinic")
    assert line
    invite(desk, call, {"identity": {"applicationInstance": {"id": line[1].instance_id}}})
    offer = list(desk.engine.calls.values())[-1]
    graph.reject(desk.engine, desk.app, offer, {"reason": "busy"})
    assert desk.operations(call)[-1]["resultInfo"]["code"] == 486
    assert call.state == "established"


def test_a_token_from_an_invitation_leads_back_in_for_a_day(desk: Desk) -> None:
    call = joined_group(desk)
    assert call.conference
    offer = inviting.ring_line(desk.engine, call.conference, "clinic", by=Party("user", "x", "Somebody"))
    body = {**CREATE, "meetingInfo": offer.meeting_info}
    again = graph.create(desk.engine, desk.app, body)
    desk.pass_time(seconds=1)
    assert again.state == "established" and again.conference is call.conference
    graph.keep_alive(desk.engine, call)
    desk.pass_time(hours=24)
    late = graph.create(desk.engine, desk.app, body)
    desk.pass_time(seconds=1)
    assert late.result and (late.result.code, late.result.subcode) == (400, 8526)
    assert refused(invite, desk, again, PHONE)[0] == 404
