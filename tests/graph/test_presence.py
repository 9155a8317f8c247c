"""Presence is asked for many at once, and read whatever its words (REFERENCE 10)."""

from __future__ import annotations

import uuid

from graph.client import GraphClient
from graph.presence import ASKED_AT_ONCE, Presence
from simulator import schema
from tests.graph.fake_service import FakeService, Reply

MANY = "/v1.0/communications/getPresencesByUserId"
RITA = "112f7296-5fa4-42ca-bae8-6a692b15d4b8"


def test_many_are_asked_for_in_as_few_requests_as_graph_allows(service: FakeService, graph: GraphClient) -> None:
    people = [str(uuid.UUID(int=number)) for number in range(ASKED_AT_ONCE + 1)]
    service.on(
        "POST",
        MANY,
        Reply(200, {"value": [{"id": people[0].upper(), "availability": "Busy", "activity": "InACall"}]}),
        Reply(200, {"value": [{"id": people[-1], "availability": "Available", "activity": "Available"}]}),
    )
    first, last = graph.presences.of(people)
    assert first == Presence(people[0], "Busy", "InACall")
    assert last.user_id == people[-1]
    assert [seen.json["ids"] for seen in service.seen] == [people[:-1], people[-1:]]
    schema.require("cloudCommunications.getPresencesByUserId.request", service.seen[0].json)


def test_nobody_is_asked_for_without_a_request(service: FakeService, graph: GraphClient) -> None:
    assert list(graph.presences.of([])) == []
    assert service.seen == []


def test_one_is_read_whether_or_not_the_answer_is_a_list_of_one(service: FakeService, graph: GraphClient) -> None:
    away = {"id": RITA, "availability": "Away", "activity": "BeRightBack"}
    service.on("GET", f"/v1.0/communications/presences/{RITA}", Reply(200, away), Reply(200, {"value": [away]}))
    assert graph.presences.get(RITA) == graph.presences.get(RITA) == Presence(RITA, "Away", "BeRightBack")


def test_out_of_office_and_its_message_are_read() -> None:
    settings = {"isOutOfOffice": True, "message": "Back on Monday"}
    found = Presence.from_graph({"id": RITA, "availability": "Away", "outOfOfficeSettings": settings})
    assert (found.is_out_of_office, found.message) == (True, "Back on Monday")
    assert Presence.from_graph({"id": RITA, "activity": "OutOfOffice"}).is_out_of_office


def test_a_status_message_is_read_and_odd_content_left_out() -> None:
    status = {"message": {"content": "In the lab", "contentType": "text"}}
    assert Presence.from_graph({"id": RITA, "statusMessage": status}).message == "In the lab"
    assert Presence.from_graph({"id": None, "availability": 7, "statusMessage": "no"}) == Presence("")
    assert Presence.from_graph(None) == Presence("")
