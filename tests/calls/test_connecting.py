"""A caller is connected with whoever another call of ours has reached: a transfer after asking."""

from collections.abc import Callable

import pytest

from calls import commands
from calls.errors import CallNotFound, NotNow
from calls.models import Call, Operation
from calls.rules.targets import Wanted
from commsportal import worker
from directory.models import User
from routing.models import Line
from tests.calls.service import Service, tell
from tests.clock import Clock
from tests.people import OIDS, api, tenant_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def reached(main: Line, rita: User, service: Service) -> Call:
    """Return a call of two to omar, who has picked up."""
    row = commands.create(main, Wanted("user", OIDS["omar"]), rita)
    worker.run_pending()
    call = Call.objects.get(pk=row.call_id)
    service.states[call.graph_id] = "established"
    tell(call.graph_id, "updated", {"state": "established"})
    worker.run_pending()
    call.refresh_from_db()
    assert call.state == "established"
    return call


def test_the_transfer_names_the_call_that_it_replaces(
    live: Call, reached: Call, rita: User, service: Service
) -> None:
    row = commands.connect(live.pk, rita, to=reached.pk)
    worker.run_pending()
    (asked,) = service.made("transfer")
    target = asked["transferTarget"]
    assert target["replacesCallId"] == reached.graph_id and "transferee" not in asked
    assert target["identity"]["user"]["id"] == OIDS["omar"]
    for state in ("transferring", "transferAccepted"):
        tell(live.graph_id, "updated", {"state": state})
    tell(live.graph_id, "deleted", {"state": "terminated", "terminationReason": "AppTransferred"})
    service.states[live.graph_id] = service.states[reached.graph_id] = "terminated"
    tell(reached.graph_id, "deleted", {"state": "terminated"})
    worker.run_pending()
    row.refresh_from_db()
    assert row.status == "done" and Call.objects.get(pk=live.pk).outcome == "transferred"
    assert Call.objects.get(pk=reached.pk).state == "terminated"


def test_whoever_does_not_take_it_leaves_both_calls_as_they_were(
    live: Call, reached: Call, rita: User, service: Service
) -> None:
    row = commands.connect(live.pk, rita, to=reached.pk)
    worker.run_pending()
    tell(live.graph_id, "updated", {"state": "transferring"})
    failure = {"code": 500, "subcode": 7700, "message": "no"}
    tell(live.graph_id, "updated", {"state": "established", "resultInfo": failure})
    worker.run_pending()
    row.refresh_from_db()
    assert (row.status, row.error_subcode) == ("failed", 7700)
    assert {call.state for call in Call.objects.all()} == {"established"}


def test_what_is_no_such_call_is_refused(
    live: Call, reached: Call, rita: User, another: Callable[[], Call]
) -> None:
    for other in (live, another()):
        with pytest.raises(NotNow, match="another call of two was placed to"):
            commands.connect(live.pk, rita, to=other.pk)
    Call.objects.filter(pk=reached.pk).update(state="establishing")
    with pytest.raises(NotNow, match="The other call is establishing"):
        commands.connect(live.pk, rita, to=reached.pk)


def test_a_call_that_somebody_else_has_is_theirs(live: Call, reached: Call, rita: User, omar: User) -> None:
    commands.claim(reached.pk, omar)
    with pytest.raises(NotNow) as refused:
        commands.connect(live.pk, rita, to=reached.pk)
    assert refused.value.code == "claimed"


def test_a_call_that_one_does_not_see_is_none(
    live: Call, reached: Call, omar: User, clinic: Line, clock: Clock
) -> None:
    Call.objects.filter(pk=reached.pk).update(line=clinic)
    clock.forward(60)  # rita's claim is over
    with pytest.raises(CallNotFound):
        commands.connect(live.pk, omar, to=reached.pk)


def test_one_is_called_through_the_api_and_a_caller_connected(
    live: Call, main: Line, rita: User, service: Service
) -> None:
    body = {"line": main.pk, "targets": [{"kind": "user", "id": OIDS["max"].upper()}]}
    refused = api(rita).post("/api/v1/calls/", body, format="json")
    assert refused.status_code == 422 and "nobody in the directory" in refused.json()["detail"]
    body["targets"] = [{"kind": "me"}]
    placed = api(rita).post("/api/v1/calls/", body, format="json")
    assert placed.status_code == 202 and placed.json()["direction"] == "outgoing"
    worker.run_pending()
    (asked,) = service.made("create")
    assert asked["targets"][0]["identity"]["user"]["id"] == rita.oid and rita.tenant_id == tenant_id()
    early = api(rita).post(f"/api/v1/calls/{live.pk}/connect/", {"call": placed.json()["id"]}, format="json")
    assert early.status_code == 409 and "establishing" in early.json()["detail"]
    assert Operation.objects.filter(kind="transfer").count() == 0


def test_two_callers_are_not_connected_with_the_same_at_once(
    live: Call, reached: Call, rita: User, another: Callable[[], Call]
) -> None:
    commands.connect(live.pk, rita, to=reached.pk)
    with pytest.raises(NotNow, match="Another caller is being connected"):
        commands.connect(another().pk, rita, to=reached.pk)
