"""A call as the API and the consoles tell it: who calls, who is in it, whose it is, how and when it ended."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from calls import cards
from calls.api.serializers import CallSerializer
from calls.live.tail import encoded
from calls.models import Call
from commsportal import worker
from directory.models import User
from routing.models import Line
from tests.calls.service import Service, state, tell
from tests.people import OIDS, api

CARD = {"id", "graph_id", "state", "line", "caller", "deadline", "claim", "operation", "version"}
COLLEAGUE = {"identity": {"user": {"id": OIDS["una"].upper(), "displayName": "Una Brennan"}}}


def shown(reader: User, call: Call) -> dict[str, Any]:
    found: dict[str, Any] = api(reader).get(f"/api/v1/calls/{call.pk}/").json()
    return found


def participant(id_: str, kind: str, name: str) -> dict[str, Any]:
    identity = {kind: {"id": f"id of {name}", "displayName": name}}
    return {"@odata.type": "#microsoft.graph.participant", "id": id_, "info": {"identity": identity}}


def test_a_console_is_sent_the_whole_card(ringing: Call) -> None:
    card = cards.cards([ringing.pk])[ringing.pk].card
    assert card.keys() >= CARD
    (sent,), _ = encoded([ringing.pk])
    assert all(f'"{name}":'.encode() in sent.text for name in CARD)


def test_claiming_and_releasing_answer_with_the_whole_call(ringing: Call, rita: User, clock: Any) -> None:
    for action in ("claim", "release"):
        answer = api(rita).post(f"/api/v1/calls/{ringing.pk}/{action}/", {}, "json")
        assert answer.status_code == 200 and answer.json() == shown(rita, ringing)
        assert set(answer.json()) == set(CallSerializer().fields)


def test_a_claim_names_its_owner_its_end_and_its_number(ringing: Call, rita: User, clock: Any) -> None:
    api(rita).post(f"/api/v1/calls/{ringing.pk}/claim/", {}, "json")
    claim = shown(rita, ringing)["claim"]
    until = datetime.fromisoformat(claim.pop("until"))
    assert claim == {"owner": "rita", "name": "Rita", "fence": 1}
    assert until - clock() == timedelta(seconds=4)


@pytest.mark.parametrize("seconds", [3, 12, 14])
def test_the_deadline_is_an_instant_so_many_seconds_after_receipt(
    service: Service, main: Line, rita: User, clock: Any, settings: Any, seconds: int
) -> None:
    settings.RING_DECISION_SECONDS = seconds
    graph_id = service.ring("main")
    worker.run_pending()
    told = shown(rita, Call.objects.get(graph_id=graph_id))
    received, deadline = (datetime.fromisoformat(told[name]) for name in ("received_at", "deadline"))
    assert (deadline - received, deadline.utcoffset()) == (timedelta(seconds=seconds), timedelta(0))
    clock.forward(seconds - 0.1)
    worker.run_pending()
    assert service.made("redirect") == []
    clock.forward(0.2)
    worker.run_pending()
    assert len(service.made("redirect")) == 1


def test_a_colleague_who_calls_is_named_with_graphs_id_and_found_by_name(
    service: Service, main: Line, rita: User, clock: Any
) -> None:
    service.ring("main")
    graph_id = service.ring("main", source=COLLEAGUE)
    worker.run_pending()
    call = Call.objects.get(graph_id=graph_id)
    assert shown(rita, call)["caller"] == {"name": "Una Brennan", "phone": "", "user": OIDS["una"]}
    (found,) = api(rita).get("/api/v1/calls/", {"q": "BRENN"}).json()["results"]
    assert found["id"] == str(call.pk)


def test_a_call_tells_who_is_and_was_in_it(ringing: Call, rita: User, clock: Any) -> None:
    both = [participant("p1", "user", "Ann"), participant("p2", "phone", "Bob")]
    tell(ringing.graph_id, "updated", both, part="/participants")
    worker.run_pending()
    clock.forward(1)
    tell(ringing.graph_id, "updated", both[:1], part="/participants")
    worker.run_pending()
    told = shown(rita, ringing)["participants"]
    assert [(one["id"], one["kind"], one["name"]) for one in told] == [
        ("p1", "user", "Ann"),
        ("p2", "phone", "Bob"),
    ]
    assert told[0]["left_at"] is None
    assert datetime.fromisoformat(told[1]["left_at"]) == clock()
    assert set(told[0]) == set(CallSerializer().fields["participants"].child.fields)


def test_a_call_tells_when_and_with_what_it_ended(ringing: Call, rita: User, service: Service, clock: Any) -> None:
    received = clock()
    clock.forward(2)
    tell(ringing.graph_id, "updated", state("established"))
    worker.run_pending()
    established = clock()
    clock.forward(3)
    service.states[ringing.graph_id] = "terminated"
    tell(ringing.graph_id, "deleted", state("terminated", 200, 4521, "the caller hung up"))
    worker.run_pending()
    told = shown(rita, ringing)
    assert told["result"] == {"code": 200, "subcode": 4521, "message": "the caller hung up"}
    instants = [datetime.fromisoformat(told[name]) for name in ("received_at", "established_at", "ended_at")]
    assert instants == [received, established, clock()]
    assert (told["state"], told["deadline"], told["claim"]) == ("terminated", None, None)
