"""Calls with several: how they begin, what their rosters tell, how they end (REFERENCE 3.1, 5.2, 5.4, 14.2)."""

from typing import Any

import pytest

from simulator.engine import actions as graph
from simulator.engine import roster_actions as roster
from simulator.engine import rosters

from .conftest import Desk
from .groups import CREATE, DELTA, group_of, joined_group, names, person_id
from .test_calls_follow_their_states import established, history, to_user
from .test_limits_and_permissions import refused, without


def test_a_group_call_is_told_as_states_and_then_as_whole_rosters_with_the_application_in_them(desk: Desk) -> None:
    call = joined_group(desk, "bianca.rossi", "farah.aziz")
    assert desk.news(call) == [
        ("updated", "establishing"),
        ("updated", "established"),
        ("updated", "audio active"),
        ("updated", "roster of 1"),
        ("updated", "roster of 2"),
        ("updated", "roster of 3"),
    ]
    own = desk.rosters(call)[-1][0]
    assert (own["id"], own["info"]["identity"]["application"]["id"]) == (call.my_participant_id, desk.app.app_id)
    assert sorted(names(desk.rosters(call)[-1])) == ["Bianca Rossi", "Farah Aziz", "commsportal"]
    assert [stream["label"] for stream in own["mediaStreams"]] == ["main-audio"]


def test_a_group_call_has_neither_chat_nor_meeting(desk: Desk) -> None:
    call = joined_group(desk)
    assert (call.chat_info, call.meeting_info) == (None, None)


def test_who_does_not_pick_up_is_not_in_the_roster_and_the_others_are(desk: Desk) -> None:
    desk.person("farah.aziz").behaviour = "decline"
    call = group_of(desk, "bianca.rossi", "farah.aziz")
    desk.pass_time(seconds=8)
    assert call.state == "established"
    assert sorted(names(desk.rosters(call)[-1])) == ["Bianca Rossi", "commsportal"]


def test_a_group_call_that_nobody_joins_ends(desk: Desk) -> None:
    for upn in ("bianca.rossi", "farah.aziz"):
        desk.person(upn).behaviour = "busy"
    call = group_of(desk, "bianca.rossi", "farah.aziz")
    desk.pass_time(seconds=5)
    assert call.result and (call.result.code, call.result.subcode) == (200, 5013)
    assert not desk.engine.conferences


def test_a_group_call_that_everybody_left_ends(desk: Desk) -> None:
    call = joined_group(desk)
    assert call.conference
    rosters.everybody_leaves(desk.engine, call.conference)
    desk.pass_time(seconds=1)
    assert call.result and (call.result.code, call.result.subcode) == (200, 5002)
    assert desk.news(call)[-1] == ("deleted", "terminated")
    assert not desk.engine.conferences


def test_a_group_goes_on_without_the_application_and_then_goes_home(desk: Desk) -> None:
    call = joined_group(desk)
    assert call.conference
    graph.delete(desk.engine, desk.app, call)
    desk.pass_time(seconds=5)
    assert len(call.conference.people) == 2
    assert desk.news(call)[-2:] == [("updated", "terminating"), ("deleted", "terminated")]
    desk.pass_time(minutes=2)
    assert not call.conference.people and not desk.engine.conferences


def test_six_users_are_too_many_and_a_telephone_is_none_of_them(desk: Desk) -> None:
    six = [to_user(person) for person in list(desk.app.tenant.people)[:6]]
    assert refused(graph.create, desk.engine, desk.app, {**CREATE, "targets": six}) == (400, "BadRequest")
    assert graph.create(desk.engine, desk.app, {**CREATE, "targets": six[:5]}).conference
    phone = [*six[:1], {"identity": {"phone": {"id": "+442079460101"}}}]
    assert refused(graph.create, desk.engine, desk.app, {**CREATE, "targets": phone}) == (400, "BadRequest")


def test_a_group_call_counts_once_against_the_quota(desk: Desk) -> None:
    before = desk.engine.created
    joined_group(desk)
    assert desk.engine.created == before + 1


# Changes instead of the whole


def changes(data: Any) -> tuple[int, list[tuple[str, int, str]]]:
    """Return a delta as its number, and of each entry the name, its number and why it left."""
    (kind, number) = data["@odata.type"], data["sequenceNumber"]
    assert kind == "#microsoft.graph.deltaParticipants"
    entries = data["participants"]
    whys = [(entry.get("removedState") or {}).get("reason", "") for entry in entries]
    return number, [
        (name, entry["rosterSequenceNumber"], why)
        for name, entry, why in zip(names(entries), entries, whys, strict=True)
    ]


def test_who_asks_for_changes_gets_the_whole_list_first_and_then_numbered_changes(desk: Desk) -> None:
    call = joined_group(desk, callOptions=DELTA)
    first, *later = desk.rosters(call)
    assert names(first) == ["commsportal"]
    numbers = [changes(delta)[0] for delta in later]
    assert numbers == sorted(set(numbers)) and len(later) == 2
    assert call.conference
    gone = call.conference.people[0]
    roster.person_leaves(desk.engine, call.conference, gone)
    number, entries = changes(desk.rosters(call)[-1])
    assert entries == [(gone.party.name, number, "left")]


def test_how_changes_are_wrapped_and_what_comes_first_are_choices(desk: Desk) -> None:
    desk.faults.merge({"delta_roster": "array", "delta_full_first": False})
    call = joined_group(desk, callOptions=DELTA)
    for told in desk.rosters(call):
        assert len(told) == 1 and told[0]["@odata.type"] == "#microsoft.graph.deltaParticipants"


# In the call


def test_muting_oneself_is_over_at_once_and_told_by_a_roster(desk: Desk) -> None:
    call = joined_group(desk)
    muted = roster.mute_self(desk.engine, call, {"clientContext": "ours"})
    assert (muted.kind, muted.status, muted.context) == ("muteParticipantOperation", "completed", "ours")
    assert desk.rosters(call)[-1][0]["isMuted"] is True
    assert desk.rosters(call)[-1][0]["mediaStreams"][0]["serverMuted"] is True
    unmuted = roster.unmute_self(desk.engine, call, {})
    assert (unmuted.kind, unmuted.status) == ("unmuteParticipantOperation", "completed")
    assert desk.rosters(call)[-1][0]["isMuted"] is False
    assert not desk.operations(call)


def test_somebody_is_muted_and_unmutes_themselves(desk: Desk) -> None:
    call = joined_group(desk)
    bianca = person_id(call, "Bianca Rossi")
    roster.mute(desk.engine, call, bianca.upper().replace("-", ""), {})
    entry = roster.get_one(desk.engine, call, bianca)
    assert entry["isMuted"] and entry["mediaStreams"][0]["serverMuted"]
    assert call.conference
    roster.person_changes(desk.engine, call.conference, call.conference.participants[bianca], {"muted": False})
    entry = next(one for one in desk.rosters(call)[-1] if one["id"] == bianca)
    assert not entry["isMuted"] and not entry["mediaStreams"][0]["serverMuted"]


def test_muting_is_for_groups_and_for_those_in_them(desk: Desk) -> None:
    peer = established(desk)
    assert refused(roster.mute_self, desk.engine, peer, {}) == (400, "BadRequest")
    desk.faults.merge({"inferred_subcodes": True})
    assert refused(roster.mute_self, desk.engine, peer, {}) == (400, "8548")
    assert refused(roster.mute, desk.engine, joined_group(desk), "nobody", {}) == (404, "8522")
    assert refused(roster.mute_self, desk.engine, group_of(desk, "bianca.rossi", "farah.aziz"), {})[0] == 409


def test_somebody_removed_is_gone_and_the_roster_follows(desk: Desk) -> None:
    call = joined_group(desk)
    assert roster.remove(desk.engine, desk.app, call, person_id(call, "Farah Aziz"))
    assert sorted(names(desk.rosters(call)[-1])) == ["Bianca Rossi", "commsportal"]


def test_whether_a_roster_follows_a_removal_is_a_choice(desk: Desk) -> None:
    call = joined_group(desk)
    desk.faults.merge({"roster_after_removal": False})
    before = len(desk.rosters(call))
    roster.remove(desk.engine, desk.app, call, person_id(call, "Farah Aziz"))
    assert len(desk.rosters(call)) == before
    assert len(roster.list_all(desk.engine, call)) == 2


def test_removing_needs_the_right_and_the_tenants_setting(desk: Desk) -> None:
    call = joined_group(desk)
    farah = person_id(call, "Farah Aziz")
    app = without(desk, "Calls.JoinGroupCall.All")
    assert refused(roster.remove, desk.engine, app, call, farah) == (403, "7504")
    desk.app.tenant.removes_participants = False
    assert refused(roster.remove, desk.engine, desk.app, call, farah) == (403, "7505")
    desk.app.tenant.removes_participants = True
    assert refused(roster.remove, desk.engine, desk.app, call, "nobody") == (404, "8522")


def test_without_any_calling_right_everybody_in_a_roster_is_encrypted(desk: Desk) -> None:
    call = joined_group(desk)
    desk.app.tenant.roles.clear()
    roster.mute_self(desk.engine, call, {})
    told = desk.rosters(call)[-1]
    assert all("encrypted" in entry["info"]["identity"] for entry in told) and len(told) == 3


def test_what_a_call_between_two_answers_to_who_is_in_it_is_a_choice(desk: Desk) -> None:
    call = established(desk)
    assert roster.list_all(desk.engine, call) == []
    desk.faults.merge({"peer_roster": "both"})
    ids = [entry["id"] for entry in roster.list_all(desk.engine, call)]
    assert len(ids) == 2 and ids[0] == call.my_participant_id


def test_the_history_of_a_group_is_that_of_the_applications_leg(desk: Desk) -> None:
    call = joined_group(desk)
    assert history(call) == [("establishing", "application"), ("established", "service")]


@pytest.mark.parametrize("reorder", [0, 1])
def test_the_roster_comes_after_established(desk: Desk, reorder: int) -> None:
    desk.faults.merge({"reorder": reorder})
    told = [what for _, what in desk.news(joined_group(desk))]
    assert told.index("roster of 1") > told.index("established")
