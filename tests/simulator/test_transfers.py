"""Transfers after asking, and out of a group: both endings (REFERENCE 5.1)."""

from typing import Any

import pytest

from simulator.engine import Call, legs
from simulator.engine import actions as graph

from .conftest import Desk
from .groups import joined_group, names, person_id
from .test_calls_follow_their_states import established, history, outgoing, to_user
from .test_limits_and_permissions import refused


def consulted(desk: Desk, upn: str = "farah.aziz") -> tuple[Call, Call]:
    """Return a caller's call, and one with whom the application asks first."""
    call = established(desk)
    other = outgoing(desk, desk.person(upn).id)
    desk.pass_time(seconds=5)
    assert call.state == other.state == "established"
    return call, other


def transfer(desk: Desk, call: Call, upn: str, **more: Any) -> None:
    """Transfer."""
    replaces = {"replacesCallId": more.pop("replaces")} if "replaces" in more else {}
    target = {**to_user(desk.person(upn).id), **replaces}
    graph.transfer(desk.engine, desk.app, call, {"transferTarget": target, **more})


def test_after_asking_both_calls_end_and_the_two_talk(desk: Desk) -> None:
    call, other = consulted(desk)
    transfer(desk, call, "farah.aziz", replaces=other.id.upper().replace("-", ""))
    desk.pass_time(seconds=1)
    assert desk.news(call)[-4:] == [
        ("updated", "transferring"),
        ("updated", "transferAccepted"),
        ("updated", "audio inactive"),
        ("deleted", "terminated"),
    ]
    end = desk.items(call)[-1]["resourceData"]
    assert end["terminationReason"] == "AppTransferred" and "resultInfo" not in end
    assert desk.news(other)[-2:] == [("updated", "terminating"), ("deleted", "terminated")]
    assert (call.leg, history(call)[-1]) == ("talking", ("talking", "Farah Aziz"))
    assert [leg.party.name for leg in call.legs][1] == "Farah Aziz"


@pytest.mark.parametrize("how", ["nonsense", "over", "somebody else", "does not want it", "the same call"])
def test_what_goes_wrong_after_asking_brings_the_call_back(desk: Desk, how: str) -> None:
    call, other = consulted(desk)
    target, replaces = "farah.aziz", other.id
    if how == "over":
        legs.hang_up(desk.engine, other)
    elif how == "does not want it":
        desk.person("farah.aziz").behaviour = "decline"
    elif how == "somebody else":
        target = "bianca.rossi"
    else:
        replaces = call.id if how == "the same call" else "replacesCallId-value"
    transfer(desk, call, target, replaces=replaces)
    desk.pass_time(seconds=1)
    assert desk.news(call)[-2:] == [("updated", "transferring"), ("updated", "established")]
    info = desk.items(call)[-1]["resourceData"]["resultInfo"]
    assert (info["code"], info["subcode"], call.state) == (500, 7700, "established")
    assert other.state == ("terminated" if how == "over" else "established")


def test_a_caller_who_hangs_up_meanwhile_ends_it(desk: Desk) -> None:
    call, other = consulted(desk)
    transfer(desk, call, "farah.aziz", replaces=other.id)
    legs.hang_up(desk.engine, call)
    desk.pass_time(seconds=5)
    assert desk.news(call)[-1] == ("deleted", "terminated") and history(call)[-1] == ("terminated", "caller")
    assert other.state == "established"


# Out of a group


@pytest.mark.parametrize("by", ["participantId", "identity"])
def test_somebody_is_transferred_out_of_a_group(desk: Desk, by: str) -> None:
    call = joined_group(desk)
    assert call.conference
    bianca = person_id(call, "Bianca Rossi")
    identity = {"user": {"id": desk.person("bianca.rossi").id}}
    transferee = {"identity": identity} | ({"participantId": bianca} if by == "participantId" else {})
    transfer(desk, call, "carlos.mendes", transferee=transferee)
    desk.pass_time(seconds=5)
    assert [what for _, what in desk.news(call)][-4:] == [
        "transferring",
        "transferAccepted",
        "audio inactive",
        "terminated",
    ]
    assert call.result and (call.result.code, call.result.subcode) == (0, 7015)
    assert [leg.party.name for leg in call.legs] == ["Bianca Rossi", "Carlos Mendes"]
    assert [found.party.name for found in call.conference.people] == ["Farah Aziz"]


def test_a_transfer_out_of_a_group_that_fails_leaves_it_as_it_was(desk: Desk) -> None:
    call = joined_group(desk)
    desk.person("carlos.mendes").behaviour = "busy"
    transfer(
        desk, call, "carlos.mendes", transferee={"participantId": person_id(call, "Bianca Rossi"), "identity": {}}
    )
    desk.pass_time(seconds=5)
    info = desk.items(call)[-1]["resourceData"]["resultInfo"]
    assert (info["code"], info["subcode"]) == (500, 7000)
    assert call.conference and len(call.conference.people) == 2
    graph.delete(desk.engine, desk.app, call)


def test_out_of_a_group_somebody_in_it_is_named(desk: Desk) -> None:
    call = joined_group(desk)
    body = {"transferTarget": to_user(desk.person("carlos.mendes").id)}
    assert refused(graph.transfer, desk.engine, desk.app, call, body) == (400, "BadRequest")
    body["transferee"] = {"participantId": "nobody", "identity": {}}
    assert refused(graph.transfer, desk.engine, desk.app, call, body) == (400, "BadRequest")
    assert names(desk.rosters(call)[-1]) and call.state == "established"


def test_only_a_resource_account_transfers_to_telephones(desk: Desk) -> None:
    phone = {"transferTarget": {"identity": {"phone": {"id": "+442079460123"}}}}
    _, other = consulted(desk)
    assert refused(graph.transfer, desk.engine, desk.app, other, phone) == (400, "BadRequest")
    assert graph.transfer(desk.engine, desk.app, established(desk), phone)
