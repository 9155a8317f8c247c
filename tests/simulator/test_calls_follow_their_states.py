"""The engine's calls go through the states of REFERENCE 13 and tell what REFERENCE 14 shows."""

from collections import Counter
from functools import partial

import pytest

from simulator.engine import Call, GraphFault, Party, legs
from simulator.engine import actions as graph

from .conftest import Desk

MEDIA = {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"}
ANSWER = {"acceptedModalities": ["audio"], "mediaConfig": MEDIA, "callbackUri": "https://portal.example/calls"}
ESTABLISHED = [
    ("created", "incoming"),
    ("updated", "establishing"),
    ("updated", "established"),
    ("updated", "audio active"),
]


def to_user(person_id: str) -> dict[str, object]:
    """Return a person as a target."""
    return {"identity": {"user": {"id": person_id}}}


def history(call: Call) -> list[tuple[str, str]]:
    """Return a call's states and who brought it there."""
    return [(entry.state, entry.by) for entry in call.history]


def established(desk: Desk) -> Call:
    """Return a call that the application has answered."""
    call = desk.ring()
    graph.answer(desk.engine, desk.app, call, ANSWER)
    desk.pass_time(seconds=1)
    return call


def outgoing(desk: Desk, person_id: str) -> Call:
    """Return a call that the application made."""
    body = {
        "@odata.type": "#microsoft.graph.call",
        "callbackUri": "https://portal.example/calls",
        "targets": [to_user(person_id)],
        "requestedModalities": ["audio"],
        "mediaConfig": MEDIA,
    }
    return graph.create(desk.engine, desk.app, body)


def test_an_incoming_call_names_line_caller_and_tenant(desk: Desk) -> None:
    call = desk.ring("clinic", Party("phone", "+442079460101"))
    data = desk.told[0].body["value"][0]["resourceData"]
    line = desk.engine.directory.line("clinic")
    assert line
    assert data["source"]["identity"]["phone"]["id"] == "+442079460101"
    assert data["targets"][0]["identity"]["applicationInstance"]["id"] == line[1].instance_id
    assert (data["id"], data["tenantId"], data["direction"]) == (call.id, desk.app.tenant.id, "incoming")
    assert data["callbackUri"] == desk.told[0].uri == desk.engine.webhook


def test_an_answered_call_is_established_and_told_to_the_new_address(desk: Desk) -> None:
    call = established(desk)
    assert desk.news(call) == ESTABLISHED
    assert {told.uri for told in desk.told[1:]} == {"https://portal.example/calls"}
    assert history(call) == [
        ("incoming", "caller"),
        ("establishing", "application"),
        ("established", "service"),
    ]


@pytest.mark.parametrize(("reason", "result"), [("busy", (486, 0)), ("none", (603, 0)), ("forbidden", (603, 0))])
def test_a_rejected_call_ends_without_a_state(desk: Desk, reason: str, result: tuple[int, int]) -> None:
    call = desk.ring()
    graph.reject(desk.engine, desk.app, call, {"reason": reason})
    assert desk.news(call) == [("created", "incoming"), ("deleted", "")]
    assert call.result and (call.result.code, call.result.subcode) == result


def test_a_redirected_caller_talks_to_somebody_until_one_hangs_up(desk: Desk) -> None:
    call, bianca = desk.ring(), desk.person("bianca.rossi")
    graph.redirect(desk.engine, desk.app, call, {"targets": [to_user(bianca.id)]})
    assert desk.news(call) == [("created", "incoming"), ("deleted", "terminated")]
    farewell = desk.told[-1].body["value"][0]["resourceData"]
    assert farewell["targets"][0]["identity"]["user"]["id"] == bianca.id
    assert farewell["source"]["identity"]["phone"]["id"] == "+442079460101"
    desk.pass_time(seconds=5)
    assert (call.state, call.leg) == ("terminated", "talking")
    assert history(call)[-1] == ("talking", "Bianca Rossi")
    desk.pass_time(minutes=2)
    assert (history(call)[-1][0], call.is_quiet) == ("ended", True)
    assert len(desk.told) == 2


def test_of_several_targets_the_first_to_pick_up_wins(desk: Desk) -> None:
    call, carlos, emeka = desk.ring(), desk.person("carlos.mendes"), desk.person("emeka.nwosu")
    carlos.behaviour = "busy"
    graph.redirect(desk.engine, desk.app, call, {"targets": [to_user(carlos.id), to_user(emeka.id)]})
    desk.pass_time(seconds=5)
    assert [leg.party.name for leg in call.legs[1:]] == ["Emeka Nwosu"]


@pytest.mark.parametrize("behaviour", ["decline", "busy", "ignore"])
def test_a_redirected_caller_whom_nobody_takes_is_let_go(desk: Desk, behaviour: str) -> None:
    call, bianca = desk.ring(), desk.person("bianca.rossi")
    bianca.behaviour = behaviour  # type: ignore[assignment]
    graph.redirect(desk.engine, desk.app, call, {"targets": [to_user(bianca.id)], "timeout": 15})
    desk.pass_time(seconds=15)
    assert history(call)[-2:] == [("ringing", "service"), ("ended", "service")]


def test_voicemail_takes_every_caller(desk: Desk) -> None:
    call, bianca = desk.ring(), desk.person("bianca.rossi")
    bianca.behaviour = "ignore"
    target = {**to_user(bianca.id), "endpointType": "voicemail"}
    graph.redirect(desk.engine, desk.app, call, {"targets": [target]})
    desk.pass_time(seconds=2)
    assert history(call)[-1] == ("talking", "Voicemail of Bianca Rossi")


def test_a_call_redirected_to_another_line_rings_there_in_the_same_chain(desk: Desk) -> None:
    call, line = desk.ring("main"), desk.engine.directory.line("sales")
    assert line
    target = {"identity": {"applicationInstance": {"id": line[1].instance_id}}}
    graph.redirect(desk.engine, desk.app, call, {"targets": [target]})
    again = list(desk.engine.calls.values())[-1]
    assert (again.line, again.state, again.chain_id) == ("sales", "incoming", call.chain_id)
    assert again.id != call.id


def test_a_blind_transfer_ends_with_7015(desk: Desk) -> None:
    call = established(desk)
    graph.transfer(desk.engine, desk.app, call, {"transferTarget": to_user(desk.person("farah.aziz").id)})
    desk.pass_time(seconds=5)
    assert desk.news(call)[4:] == [
        ("updated", "transferring"),
        ("updated", "transferAccepted"),
        ("updated", "audio inactive"),
        ("deleted", "terminated"),
    ]
    assert call.result and (call.result.code, call.result.subcode) == (0, 7015)
    assert (call.leg, history(call)[-1]) == ("talking", ("talking", "Farah Aziz"))


def test_a_failed_transfer_falls_back_to_established(desk: Desk) -> None:
    call, farah = established(desk), desk.person("farah.aziz")
    farah.behaviour = "decline"
    graph.transfer(desk.engine, desk.app, call, {"transferTarget": to_user(farah.id)})
    desk.pass_time(seconds=5)
    assert desk.news(call)[4:] == [("updated", "transferring"), ("updated", "established")]
    info = desk.told[-1].body["value"][0]["resourceData"]["resultInfo"]
    assert (info["code"], info["subcode"], call.state) == (500, 7000, "established")


def test_a_caller_who_hangs_up_during_a_transfer_ends_it(desk: Desk) -> None:
    call = established(desk)
    graph.transfer(desk.engine, desk.app, call, {"transferTarget": to_user(desk.person("farah.aziz").id)})
    assert legs.hang_up(desk.engine, call)
    desk.pass_time(minutes=1)
    assert desk.news(call)[-1] == ("deleted", "terminated")
    assert history(call)[-1] == ("terminated", "caller")


def test_hanging_up_goes_through_terminating(desk: Desk) -> None:
    call = established(desk)
    assert graph.delete(desk.engine, desk.app, call)
    assert not graph.delete(desk.engine, desk.app, call)
    desk.pass_time(seconds=1)
    assert desk.news(call)[4:] == [("updated", "terminating"), ("deleted", "terminated")]
    assert call.result and (call.result.code, call.result.subcode) == (200, 7000)


@pytest.mark.parametrize(
    ("behaviour", "result"), [("decline", (603, 0)), ("busy", (486, 0)), ("ignore", (480, 0))]
)
def test_a_called_person_may_not_want_to(desk: Desk, behaviour: str, result: tuple[int, int]) -> None:
    bianca = desk.person("bianca.rossi")
    bianca.behaviour = behaviour  # type: ignore[assignment]
    call = outgoing(desk, bianca.id)
    desk.pass_time(minutes=1)
    assert desk.news(call) == [("updated", "establishing"), ("deleted", "terminated")]
    assert call.result and (call.result.code, call.result.subcode) == result


def test_a_called_person_picks_up_and_hangs_up(desk: Desk) -> None:
    call = outgoing(desk, desk.person("bianca.rossi").id)
    desk.pass_time(seconds=5)
    legs.hang_up(desk.engine, call)
    assert history(call) == [
        ("establishing", "application"),
        ("established", "callee"),
        ("terminated", "callee"),
    ]
    assert call.result and (call.result.code, call.result.subcode) == (200, 4521)


def test_a_telephone_that_hangs_up_says_so_in_its_own_number(desk: Desk) -> None:
    call = established(desk)
    legs.hang_up(desk.engine, call)
    assert call.result and (call.result.code, call.result.subcode) == (200, 560000)


def test_what_cannot_be_routed_fails(desk: Desk) -> None:
    call = established(desk)
    nowhere = {"identity": {"application": {"id": "00000000-0000-0000-0000-00000000dead"}}}
    graph.transfer(desk.engine, desk.app, call, {"transferTarget": nowhere})
    desk.pass_time(seconds=1)
    assert desk.news(call)[4:] == [("updated", "transferring"), ("updated", "established")]
    info = desk.told[-1].body["value"][0]["resourceData"]["resultInfo"]
    assert (info["code"], info["subcode"]) == (500, 7000)


def test_somebody_unknown_has_no_endpoints(desk: Desk) -> None:
    call = outgoing(desk, "00000000-0000-0000-0000-00000000dead")
    desk.pass_time(seconds=1)
    assert call.result and (call.result.code, call.result.subcode) == (480, 10037)


def test_a_caller_who_gives_up_ends_the_offer(desk: Desk) -> None:
    call = desk.ring()
    legs.hang_up(desk.engine, call)
    assert desk.news(call) == [("created", "incoming"), ("deleted", "terminated")]
    assert call.result and (call.result.code, call.result.subcode) == (487, 0)
    assert not legs.hang_up(desk.engine, call)


def test_nobody_deciding_ends_the_call_after_fifteen_seconds(desk: Desk) -> None:
    call = desk.ring()
    desk.pass_time(seconds=14.9)
    assert call.state == "incoming"
    desk.pass_time(seconds=0.1)
    assert call.result and (call.result.code, call.result.subcode) == (408, 10057)
    with pytest.raises(GraphFault) as late:
        graph.own_call(desk.engine, desk.app, call.id)
    assert (late.value.status, late.value.code) == (404, "8522")


def test_the_fifteen_seconds_run_from_the_delivery(desk: Desk) -> None:
    call = desk.ring()
    desk.pass_time(seconds=10)
    desk.engine.delivered(call.id)
    desk.pass_time(seconds=14.9)
    assert call.state == "incoming"
    desk.pass_time(seconds=0.1)
    assert call.state == "terminated"


def test_a_call_without_keep_alive_ends_after_forty_five_minutes(desk: Desk) -> None:
    call = established(desk)
    desk.pass_time(minutes=40)
    graph.keep_alive(desk.engine, call)
    desk.pass_time(minutes=44)
    assert call.state == "established"
    desk.pass_time(minutes=1)
    assert call.result and (call.result.code, call.result.subcode) == (408, 8537)


def test_ended_calls_are_forgotten_after_two_hours(desk: Desk) -> None:
    old = desk.ring()
    desk.pass_time(hours=3)
    legs.hang_up(desk.engine, desk.ring())
    assert desk.engine.find(old.id) is None


def test_an_id_is_known_in_both_spellings(desk: Desk) -> None:
    call = desk.ring()
    assert desk.engine.find(call.id.replace("-", "").upper()) is call


def test_another_tenants_application_does_not_see_the_call(desk: Desk) -> None:
    stranger = graph.Application(desk.app.tenant, "another-application", desk.app.roles)
    with pytest.raises(GraphFault) as fault:
        graph.own_call(desk.engine, stranger, desk.ring().id)
    assert fault.value.status == 404


def test_keeping_a_call_alive_again_and_again_takes_no_more_room(desk: Desk) -> None:
    call = established(desk)
    for _ in range(50):
        desk.pass_time(minutes=15)
        assert graph.keep_alive(desk.engine, call) is False
    assert (call.state, len(desk.engine.timers)) == ("established", 1)
    desk.pass_time(minutes=45)
    assert call.result and call.result.subcode == 8537


def test_what_is_due_can_be_done_bit_by_bit(desk: Desk) -> None:
    done: list[int] = []
    for number in range(5):
        desk.engine.after(0, partial(done.append, number))
    desk.engine.advance(2)
    assert done == [0, 1]
    desk.engine.advance()
    assert done == [0, 1, 2, 3, 4]


def test_most_people_pick_up_and_some_do_not(desk: Desk) -> None:
    told = Counter(person.behaviour for person in desk.app.tenant.people.values())
    assert told == {"answer": 27, "busy": 1, "decline": 1, "ignore": 1}
    assert {person.behaviour for person in desk.app.tenant.people.values() if person.app_roles} == {"answer"}
