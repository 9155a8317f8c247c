"""What a body of the API asks for is what Graph is asked for, under the claim that the person believes to hold."""

from typing import Any

import pytest

from calls.models import Call, Operation
from commsportal import worker
from directory.models import User
from tests.calls.service import Service
from tests.people import OIDS, api

PERSON = {"kind": "user", "id": OIDS["omar"]}
BODIES: dict[str, dict[str, Any]] = {"transfer": {"target": PERSON}}
DECISIONS = ("answer", "reject", "redirect")
MOVES = ("transfer", "hang-up")


@pytest.fixture
def live(live: Call, clock: Any) -> Call:
    """Return an answered call that nobody has claimed any more."""
    clock.forward(3.1)
    worker.run_pending()
    return live


def ask(user: User, call: Call, action: str, **more: Any) -> Any:
    """Ask for something over HTTP."""
    return api(user).post(f"/api/v1/calls/{call.pk}/{action}/", BODIES.get(action, {}) | more, "json")


def call_for(action: str, request: pytest.FixtureRequest) -> Call:
    """Return a call that allows the action: one that rings, or one that is answered."""
    found: Call = request.getfixturevalue("live" if action in MOVES else "ringing")
    return found


@pytest.mark.parametrize("action", [*DECISIONS, *MOVES])
def test_every_action_answers_202_with_its_operation_pending_and_claims_the_call(
    rita: User, action: str, request: pytest.FixtureRequest, clock: Any
) -> None:
    call = call_for(action, request)
    answer = ask(rita, call, action)
    row = Operation.objects.latest("created_at")
    assert answer.status_code == 202
    to = row.parameters.get("to", "")
    told = {"id": str(row.pk), "kind": action, "status": "pending", "to": to, "error": None}
    assert answer.json() == told
    call.refresh_from_db()
    assert (call.claim_owner, call.claim_fence) == (rita, row.fence)


@pytest.mark.control("Z5")
@pytest.mark.parametrize("action", [*DECISIONS, *MOVES, "release"])
def test_every_action_is_refused_under_an_older_claim_and_done_under_the_present_one_or_none(
    rita: User, action: str, request: pytest.FixtureRequest, clock: Any
) -> None:
    call = call_for(action, request)
    older = ask(rita, call, "claim").json()["claim"]["fence"]
    clock.forward(4.1)
    present = ask(rita, call, "claim").json()["claim"]["fence"]
    before = Operation.objects.count()
    refused = ask(rita, call, action, fence=older)
    assert (refused.status_code, refused.json()["code"]) == (409, "stale_claim")
    assert Operation.objects.count() == before
    fence = {"fence": present} if action in ("answer", "transfer", "release") else {}
    assert ask(rita, call, action, **fence).status_code in (200, 202)


TARGETS = {
    "me": ({"kind": "me"}, "user", OIDS["rita"]),
    "user": (PERSON, "user", OIDS["omar"]),
    "phone": ({"kind": "phone", "id": "+14255550100"}, "phone", "+14255550100"),
    "application": ({"kind": "application", "id": OIDS["una"]}, "application", OIDS["una"]),
    "voicemail": ({"kind": "voicemail", "id": OIDS["max"]}, "user", OIDS["max"]),
}


@pytest.mark.parametrize("kind", TARGETS)
def test_each_kind_of_target_and_the_length_of_its_ring_reach_graph(
    ringing: Call, rita: User, service: Service, kind: str
) -> None:
    wanted, member, id_ = TARGETS[kind]
    assert ask(rita, ringing, "redirect", targets=[wanted], timeout=15).status_code == 202
    worker.run_pending()
    (body,) = service.made("redirect")
    (target,) = body["targets"]
    assert (target["identity"][member]["id"], body["timeout"]) == (id_, 15)
    assert (target.get("endpointType") == "voicemail") == (kind == "voicemail")


def test_twenty_five_targets_ring_at_once(ringing: Call, rita: User, service: Service) -> None:
    ids = [f"cccccccc-0000-4000-8000-{n:012d}" for n in range(25)]
    targets = [{"kind": "user", "id": id_} for id_ in ids]
    assert ask(rita, ringing, "redirect", targets=targets, timeout=90).status_code == 202
    worker.run_pending()
    (body,) = service.made("redirect")
    assert [one["identity"]["user"]["id"] for one in body["targets"]] == ids


@pytest.mark.parametrize("kind", TARGETS)
def test_a_transfer_goes_to_the_one_target_that_is_named(
    live: Call, rita: User, service: Service, clock: Any, kind: str
) -> None:
    wanted, member, id_ = TARGETS[kind]
    assert ask(rita, live, "transfer", target=wanted).status_code == 202
    worker.run_pending()
    (body,) = service.made("transfer")
    assert body["transferTarget"]["identity"][member]["id"] == id_


@pytest.mark.parametrize("reason", ["none", "busy", "forbidden"])
def test_a_rejection_gives_the_reason_that_was_chosen(
    ringing: Call, rita: User, service: Service, reason: str
) -> None:
    assert ask(rita, ringing, "reject", reason=reason).status_code == 202
    worker.run_pending()
    assert [body["reason"] for body in service.made("reject")] == [reason]


@pytest.mark.parametrize("linked", [{"oid": ""}, {"tenant_id": "99999999-9999-4999-8999-999999999999"}])
def test_who_is_not_linked_in_the_calls_tenant_transfers_to_somebody_else(
    live: Call, rita: User, clock: Any, linked: dict[str, str]
) -> None:
    User.objects.filter(pk=rita.pk).update(**linked)
    refused = ask(rita, live, "transfer", target={"kind": "me"})
    assert refused.status_code == 422 and "Sign in with Microsoft" in refused.json()["detail"]
    assert ask(rita, live, "transfer", target=PERSON).status_code == 202
