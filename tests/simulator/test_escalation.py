"""A call between two becomes one of several: who may, and what is told (REFERENCE 18.1)."""

import pytest

from simulator.engine import Party, escalation, inviting, legs
from simulator.engine import actions as graph
from simulator.engine import roster_actions as roster

from .conftest import Desk
from .groups import escalated
from .test_calls_follow_their_states import ANSWER, established, history, to_user
from .test_limits_and_permissions import refused, without


def party(desk: Desk, upn: str) -> Party:
    """Return a person as somebody whom the other side adds."""
    person = desk.person(upn)
    return Party("user", person.id, person.name, desk.app.tenant.id)


def test_after_an_escalation_by_the_application_no_roster_is_told(desk: Desk) -> None:
    call = escalated(desk)
    assert call.conference and len(call.conference.people) == 2
    assert desk.rosters(call) == []
    assert desk.operations(call)[-1]["status"] == "completed"
    assert len(roster.list_all(desk.engine, call)) == 3, "asked for, it is there"
    assert ("escalated", "service") in history(call)


def test_escalating_needs_the_right_for_groups(desk: Desk) -> None:
    call, body = established(desk), {"participants": [to_user(desk.person("bianca.rossi").id)]}
    app = without(desk, "Calls.InitiateGroupCall.All")
    assert refused(inviting.invite, desk.engine, app, call, body) == (403, "7504")
    assert call.conference is None


@pytest.mark.parametrize("right", ["Calls.JoinGroupCall.All", "Calls.JoinGroupCallAsGuest.All"])
def test_the_application_stays_when_somebody_else_escalates_and_it_may_join_groups(desk: Desk, right: str) -> None:
    desk.app.tenant.roles = {"Calls.Initiate.All", right}
    call = established(desk)
    assert escalation.by_other_side(desk.engine, call, party(desk, "bianca.rossi"))
    desk.pass_time(seconds=5)
    assert call.state == "established" and call.conference and len(call.conference.people) == 2
    data = desk.items(call)[-1]["resourceData"]
    assert data["state"] == "established" and data["chatInfo"]["threadId"] == call.conference.thread_id
    assert desk.rosters(call) == []
    assert not escalation.by_other_side(desk.engine, call, party(desk, "farah.aziz"))


def test_the_application_is_dropped_when_somebody_else_escalates_and_it_may_not_join_groups(desk: Desk) -> None:
    desk.app.tenant.roles = {"Calls.Initiate.All"}
    call = established(desk)
    escalation.by_other_side(desk.engine, call, party(desk, "bianca.rossi"))
    assert desk.news(call)[-1] == ("deleted", "terminated")
    assert call.result and (call.result.code, call.result.subcode) == (200, 5000)
    desk.pass_time(seconds=5)
    assert call.conference and len(call.conference.people) == 2, "the others talk on"
    desk.pass_time(minutes=2)
    assert not desk.engine.conferences


def test_a_hidden_application_is_in_no_roster(desk: Desk) -> None:
    call = desk.ring()
    options = {"@odata.type": "#microsoft.graph.incomingCallOptions", "hideBotAfterEscalation": True}
    graph.answer(desk.engine, desk.app, call, {**ANSWER, "callOptions": options})
    desk.pass_time(seconds=1)
    escalation.by_other_side(desk.engine, call, party(desk, "bianca.rossi"))
    desk.pass_time(seconds=5)
    assert call.my_participant_id not in [entry["id"] for entry in roster.list_all(desk.engine, call)]


def test_an_escalated_call_ends_when_everybody_hangs_up(desk: Desk) -> None:
    call = escalated(desk)
    assert legs.hang_up(desk.engine, call)
    desk.pass_time(seconds=1)
    assert call.result and call.result.subcode == 5002


def test_the_caller_may_leave_and_the_colleague_stays(desk: Desk) -> None:
    call = escalated(desk)
    assert call.conference
    caller = call.conference.of(call.remote)
    assert caller
    roster.person_leaves(desk.engine, call.conference, caller)
    desk.pass_time(seconds=5)
    assert call.state == "established" and [one.party.name for one in call.conference.people] == ["Bianca Rossi"]
