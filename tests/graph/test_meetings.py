"""A meeting for one call is made once, whoever asks again, and says where it is joined (REFERENCE 9.2)."""

from __future__ import annotations

import pytest

from graph import meetings
from graph.client import GraphClient
from graph.errors import Forbidden, OutcomeUnknown, Refused
from graph.joining import OrganizedMeeting
from simulator import schema
from tests.graph.fake_service import FakeService, Reply

ADA = "112f7296-5fa4-42ca-bae8-6a692b15d4b8"
PATH = f"/v1.0/users/{ADA}/onlineMeetings/createOrGet"
THREAD = "19:meeting_Q29uc3VsdGF0aW9u@thread.v2"
MADE = {
    "@odata.type": "#microsoft.graph.onlineMeeting",
    "id": "MSo1N2Y5ZGFjYy03MWJmLTQ3",
    "subject": "main: Weber",
    "joinWebUrl": "https://teams.microsoft.com/l/meetup-join/x",
    "chatInfo": {"threadId": THREAD, "messageId": "0", "replyChainMessageId": None},
}


@pytest.mark.parametrize("status", [200, 201])
def test_a_meeting_is_made_or_found_and_says_where_it_is(
    service: FakeService, graph: GraphClient, status: int
) -> None:
    service.on("POST", PATH, Reply(status, MADE))
    meeting = graph.meetings.create_or_get(ADA, "call-1", subject="main: Weber")
    assert (meeting.id, meeting.subject, meeting.join_url) == (MADE["id"], "main: Weber", MADE["joinWebUrl"])
    assert meeting.of(ADA, graph.tenant_id) == OrganizedMeeting(ADA, THREAD, graph.tenant_id)
    (asked,) = service.seen
    assert asked.json == {"externalId": "call-1", "subject": "main: Weber"}
    schema.require("onlineMeeting.createOrGet.request", asked.json)


def test_without_a_subject_none_is_sent(service: FakeService, graph: GraphClient) -> None:
    service.on("POST", PATH, Reply(201, MADE))
    graph.meetings.create_or_get(ADA, "call-1")
    assert service.seen[0].json == {"externalId": "call-1"}


def test_who_may_not_organise_is_told_by_the_permission(service: FakeService, graph: GraphClient) -> None:
    service.on("POST", PATH, Reply(403, {"error": {"code": "Forbidden", "message": "no access policy"}}))
    with pytest.raises(Forbidden) as caught:
        graph.meetings.create_or_get(ADA, "call-1")
    assert caught.value.permission == meetings.WRITE


@pytest.mark.parametrize("status", [400, 401, 404])
def test_an_organiser_who_cannot_is_refused_in_whatever_answer(
    service: FakeService, graph: GraphClient, status: int
) -> None:
    refusal = Reply(status, {"error": {"code": "NotFound", "message": "no such user"}})
    service.on("POST", PATH, refusal, refusal)
    with pytest.raises(Refused, match="no such user") as caught:
        graph.meetings.create_or_get(ADA, "call-1")
    assert (caught.value.permission, caught.value.status) == (meetings.WRITE, status)


@pytest.mark.parametrize(
    "body", [{}, {"id": "1"}, {"id": "1", "chatInfo": None}, {"id": "1", "chatInfo": {"threadId": 7}}]
)
def test_a_meeting_that_cannot_be_joined_is_no_success(
    service: FakeService, graph: GraphClient, body: dict[str, object]
) -> None:
    service.on("POST", PATH, Reply(201, body))
    with pytest.raises(OutcomeUnknown, match="without a chat"):
        graph.meetings.create_or_get(ADA, "call-1")
