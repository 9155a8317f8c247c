"""Odd, partial and unknown notifications are told apart and never an error (cases 5 to 7)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.notifications import glance, parse_item
from graph.types import Call, Identity, Operation, Participant, Result
from graph.values import normalize_id

PLAIN = "57dab8b1-894c-409a-b240-bd8beae78896"
SHOUTED = "57DAB8B1894C409AB240BD8BEAE78896"
OPERATION = "0fe0623f-d628-42ed-b4bd-8ac290072cc5"


def item(url: str | None = f"/communications/calls/{PLAIN}", data: Any = None, **more: Any) -> dict[str, Any]:
    told = {"changeType": "updated", "resourceUrl": url, "resourceData": data} | more
    return {name: value for name, value in told.items() if value is not None}


@pytest.mark.case(7)
@pytest.mark.parametrize(
    "url",
    [
        f"/communications/calls/{PLAIN}",
        f"/app/calls/{PLAIN}",
        f"/communications/calls/{SHOUTED}",
        f"/app/calls/{SHOUTED}/",
        f"/Communications/Calls/{SHOUTED.lower()}",
        f"communications/calls/{PLAIN}",
        f"https://graph.microsoft.com/v1.0/communications/calls/{PLAIN}?x=1",
    ],
)
def test_a_call_is_known_by_any_spelling_of_its_address(url: str) -> None:
    found = parse_item(item(url, {"state": "established"}))
    assert (found.kind, found.call_id, found.change_type) == ("call", PLAIN, "updated")
    assert found.call is not None
    assert found.call.state == "established"


@pytest.mark.case(7)
def test_the_older_alias_of_the_address_is_enough() -> None:
    found = parse_item({"changeType": "Created", "resource": f"/app/calls/{SHOUTED}", "resourceData": {}})
    assert (found.kind, found.call_id, found.change_type) == ("call", PLAIN, "created")


@pytest.mark.case(7)
@pytest.mark.parametrize(
    "data", [{"id": SHOUTED}, {"@odata.id": f"/communications/calls/{SHOUTED}"}, {"@odata.id": f"calls/{PLAIN}/"}]
)
def test_without_an_address_the_entity_names_itself(data: dict[str, Any]) -> None:
    found = parse_item(item(None, {"@odata.type": "#microsoft.graph.call"} | data))
    assert (found.kind, found.call_id) == ("call", PLAIN)


@pytest.mark.case(6)
@pytest.mark.parametrize("data", [None, [], {}, "text", 7, [None], [[]]])
def test_missing_or_odd_data_leaves_a_call_without_a_state(data: Any) -> None:
    found = parse_item(item(data=data))
    assert (found.kind, found.call_id) == ("call", PLAIN)
    assert found.call == Call()


@pytest.mark.case(6)
def test_an_object_and_a_list_of_one_are_the_same_call() -> None:
    data = {"@odata.type": "#microsoft.graph.call", "state": "Terminated"}
    assert parse_item(item(data=data)).call == parse_item(item(data=[data])).call


@pytest.mark.case(6)
@pytest.mark.parametrize("state", ["unknownFutureValue", "ringing", "", None, 7, ["established"], "establishedd"])
def test_an_unknown_state_is_empty(state: Any) -> None:
    found = parse_item(item(data={"state": state})).call
    assert found is not None
    assert found.state == ""


@pytest.mark.parametrize("state", ["transferAccepted", "TransferAccepted", "TRANSFERACCEPTED"])
def test_states_are_read_in_any_case_and_told_in_camel_case(state: str) -> None:
    assert Call.from_graph({"state": state}).state == "transferAccepted"


@pytest.mark.case(6)
@pytest.mark.parametrize(
    "name", ["#microsoft.graph.somethingNew", "#microsoft.graph.contentSharingSession", "call.something"]
)
def test_an_unknown_type_is_other_and_keeps_its_call(name: str) -> None:
    found = parse_item(item(data={"@odata.type": name, "state": "terminated"}))
    assert (found.kind, found.call_id, found.call) == ("other", PLAIN, None)
    assert found.raw["resourceData"]["@odata.type"] == name


@pytest.mark.case(7)
def test_the_type_goes_before_the_address() -> None:
    roster = [{"@odata.type": "#microsoft.graph.participant", "id": None}]
    found = parse_item(item(f"/communications/calls/{PLAIN}/operations/participants", roster))
    assert (found.kind, found.operation_id) == ("participants", "")
    operation = {"@odata.type": "#microsoft.graph.inviteParticipantsOperation", "id": None, "status": "Completed"}
    found = parse_item(item(f"/communications/calls/{PLAIN}/operations/participants", operation))
    assert (found.kind, found.operation_id) == ("operation", "")
    assert found.operation == Operation(kind="inviteParticipantsOperation", status="completed")


def test_an_operation_ends_with_its_context_and_result() -> None:
    data = {
        "@odata.type": "#microsoft.graph.playPromptOperation",
        "id": OPERATION.upper(),
        "status": "completed",
        "clientContext": "17",
        "resultInfo": {"code": "200", "subCode": "0", "message": "done"},
    }
    found = parse_item(item(f"/app/calls/{SHOUTED}/operations/{OPERATION}", data, changeType="deleted"))
    assert (found.kind, found.call_id, found.operation_id) == ("operation", PLAIN, OPERATION)
    expected = Result(200, 0, "done")
    assert found.operation == Operation(OPERATION, "playPromptOperation", "completed", "17", expected)


def test_an_operation_without_data_is_known_by_its_address() -> None:
    found = parse_item(item(f"/communications/calls/{PLAIN}/operations/{OPERATION}"))
    assert (found.kind, found.operation_id) == ("operation", OPERATION)


@pytest.mark.case(35)
def test_a_roster_keeps_every_kind_of_participant() -> None:
    people = [
        {"id": SHOUTED, "info": {"identity": {"user": {"id": SHOUTED, "displayName": "Rita"}}}, "isMuted": True},
        {"id": None, "info": {"identity": {"user": None, "phone": {"id": "+1"}}}, "isInLobby": True},
        {"id": "p3", "info": {"identity": {"guest": {"displayName": "Visitor"}}}},
        {"id": "p4", "info": {"identity": {"encrypted": {"id": "c2VjcmV0"}}}},
        {"id": "p5", "info": {"identity": {"applicationInstance": {"id": "i"}, "application": {"id": "a"}}}},
        {"id": "p6", "info": {"identity": {"spoolUser": {"id": "s"}}}},
        {"id": "p7", "info": {"identity": {}}},
        {"id": "p8"},
    ]
    found = parse_item(item(f"/communications/calls/{PLAIN}/participants", people))
    assert found.kind == "participants"
    assert not found.is_delta
    assert found.participants is not None
    assert [person.identity and (person.identity.kind, person.identity.id) for person in found.participants] == [
        ("user", PLAIN),
        ("phone", "+1"),
        ("guest", ""),
        ("encrypted", "c2VjcmV0"),
        ("applicationInstance", "i"),
        ("spoolUser", "s"),
        None,
        None,
    ]
    assert [person.id for person in found.participants[:3]] == [PLAIN, "", "p3"]
    assert (found.participants[0].is_muted, found.participants[1].is_in_lobby) == (True, True)


def test_an_empty_roster_is_a_roster_and_a_missing_one_is_none() -> None:
    address = f"/communications/calls/{PLAIN}/participants"
    assert parse_item(item(address, [])).participants == []
    for data in (None, {}, "text"):
        found = parse_item(item(address, data))
        assert (found.kind, found.participants, found.call_id) == ("other", None, PLAIN)


@pytest.mark.parametrize("wrap", [lambda data: data, lambda data: [data]], ids=["object", "list"])
def test_a_change_of_the_roster_names_who_came_and_left(wrap: Any) -> None:
    delta = {
        "@odata.type": "#microsoft.graph.deltaParticipants",
        "sequenceNumber": 7,
        "participants": [
            {"id": "p1", "rosterSequenceNumber": 7},
            {"id": "p2", "removedState": {"reason": "left"}},
        ],
    }
    found = parse_item(item(f"/communications/calls/{PLAIN}/participants", wrap(delta)))
    assert (found.kind, found.is_delta, found.sequence) == ("participants", True, 7)
    assert found.participants == [Participant(id="p1", sequence=7), Participant(id="p2", is_removed=True)]


@pytest.mark.parametrize(
    ("info", "result"),
    [
        (
            {"code": 0, "subcode": 7015, "message": "GracefulTransferCompleted"},
            Result(0, 7015, "GracefulTransferCompleted"),
        ),
        ({"code": "0"}, Result(0, None)),
        ({"code": 500, "subCode": 7700}, Result(500, 7700)),
        ({"code": "x", "subcode": True}, None),
        ({"code": 2**31, "subcode": "9" * 5000}, None),
        ({}, None),
        (None, None),
        ("text", None),
    ],
)
def test_results_are_read_with_the_slips_of_the_pages(info: Any, result: Result | None) -> None:
    assert Call.from_graph({"resultInfo": info}).result == result


@pytest.mark.case(54)
def test_tones_are_not_kept_with_a_call() -> None:
    call = Call.from_graph({"state": "established", "toneInfo": {"sequenceId": 1, "tone": "tone7"}})
    assert call == Call(state="established")
    found = parse_item(item(data={"toneInfo": {"sequenceId": 1, "tone": "tone7"}}))
    assert "tone7" not in repr(found)


def test_text_from_strangers_fits_into_a_database() -> None:
    named = {"identity": {"user": {"id": "u", "displayName": "Ev\x00e \ud800"}}}
    assert Call.from_graph({"source": named}).source == Identity("user", "u", "Eve ?")


NO_GUIDS = ["../../me", "a b", "x" * 128, "a%2fb", "<script>", "ghost", "17", PLAIN + "0", PLAIN[:-1], "g" * 32]


@pytest.mark.control("W6")
@pytest.mark.parametrize("call", NO_GUIDS)
def test_a_call_is_known_by_a_guid_or_not_at_all(call: str) -> None:
    typed = {"@odata.type": "#microsoft.graph.call", "id": call}
    spoken = {"@odata.type": "#microsoft.graph.call", "@odata.id": f"/communications/calls/{call}"}
    for told in (item(None, typed), item(None, spoken), item(f"/app/calls/{call}", {"state": "incoming"})):
        found = parse_item(told)
        assert found.call_id == "" and (found.call is None or found.call.id == "")
        assert glance(told) == (found.kind, found.change_type, "")
    assert parse_item(item(data=typed)).call_id == PLAIN  # the address names it


def test_an_operation_is_known_by_a_guid_or_not_at_all() -> None:
    data = {"@odata.type": "#microsoft.graph.playPromptOperation", "id": "17"}
    assert parse_item(item(f"/app/calls/{PLAIN}/operations/17", data)).operation_id == ""
    assert parse_item(item(f"/app/calls/{PLAIN}/operations/{OPERATION.upper()}", data)).operation_id == OPERATION


@pytest.mark.control("W11")
def test_the_query_of_the_callback_is_handed_on_and_decides_nothing() -> None:
    hint = {"create": "17", "call": "other", "tenant": "other"}
    told, plain = (
        parse_item(item(data={"state": "established"}), hint),
        parse_item(item(data={"state": "established"})),
    )
    assert told.query == hint
    assert (told.kind, told.call_id, told.call) == (plain.kind, plain.call_id, plain.call)


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        (SHOUTED, PLAIN),
        (PLAIN.upper(), PLAIN),
        (PLAIN, PLAIN),
        ("", ""),
        ("+1234", "+1234"),
        (SHOUTED + "0", SHOUTED + "0"),
        ("G" * 32, "G" * 32),
    ],
)
def test_ids_have_one_spelling(value: str, spelled: str) -> None:
    assert normalize_id(value) == spelled


NAMES = st.sampled_from(
    [
        "@odata.type",
        "@odata.id",
        "changeType",
        "resource",
        "resourceUrl",
        "resourceData",
        "id",
        "state",
        "source",
        "targets",
        "identity",
        "user",
        "participants",
        "resultInfo",
        "code",
        "subcode",
        "mediaState",
        "info",
        "sequenceNumber",
        "status",
        "chatInfo",
    ]
)
VALUES = st.sampled_from(
    [
        "#microsoft.graph.call",
        "#microsoft.graph.participant",
        "#microsoft.graph.deltaParticipants",
        "#microsoft.graph.playPromptOperation",
        f"/app/calls/{PLAIN}/participants",
        f"/app/calls/{PLAIN}",
        "created",
    ]
)
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=6),
    max_leaves=25,
)


@pytest.mark.case(6)
@given(ODD, ODD)
def test_nothing_at_all_makes_it_raise(anything: Any, data: Any) -> None:
    for found in (parse_item(anything), parse_item(item(data=data)), parse_item(item(data, data))):
        assert glance(found.raw) == (found.kind, found.change_type, found.call_id)
        assert found.kind in ("call", "participants", "operation", "other")
        assert (found.call is not None) == (found.kind == "call")
        assert (found.participants is not None) == (found.kind == "participants")
        assert (found.operation is not None) == (found.kind == "operation")
