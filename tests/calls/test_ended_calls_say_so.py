"""Whatever is asked of a call that is over: the person is told so, and the portal learns it if it did not know."""

from typing import Any

import pytest

from calls import cards
from calls.models import Call, Operation
from commsportal import worker
from directory.models import User
from graph import errors
from tests.calls.service import Service, error, state, tell
from tests.people import OIDS, api

BODIES = {"transfer": {"target": {"kind": "user", "id": OIDS["omar"]}}}
ACTIONS = ["answer", "reject", "redirect", "transfer", "hang-up"]


def ask(user: User, call: Call, action: str) -> Any:
    return api(user).post(f"/api/v1/calls/{call.pk}/{action}/", BODIES.get(action, {}), "json")


def card(call: Call) -> dict[str, Any]:
    return cards.cards([call.pk])[call.pk].card


@pytest.mark.case(24)
@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_on_a_call_that_ended_unheard_says_so_and_ends_it_here(
    rita: User, service: Service, clock: Any, action: str, request: pytest.FixtureRequest
) -> None:
    call: Call = request.getfixturevalue("live" if action in ("transfer", "hang-up") else "ringing")
    service.states[call.graph_id] = "terminated"
    row = Operation.objects.get(pk=ask(rita, call, action).json()["id"])
    worker.run_pending()
    row.refresh_from_db()
    shown = card(call)
    assert (shown["state"], shown["claim"]) == ("terminated", None)
    if action == "hang-up":
        assert row.status == "done"  # which is what was wanted
    else:
        assert (row.status, row.error_title) == ("failed", "The call has already ended")
        assert shown["operation"]["error"]["title"] == row.error_title


@pytest.mark.case(24)
@pytest.mark.parametrize("action", ["claim", "release", *ACTIONS])
def test_an_action_on_a_call_that_is_known_to_be_over_is_refused_with_that_reason(
    ringing: Call, rita: User, service: Service, clock: Any, action: str
) -> None:
    service.states[ringing.graph_id] = "terminated"
    tell(ringing.graph_id, "deleted", state("terminated", 200, 4521))
    worker.run_pending()
    service.requests.clear()
    refused = ask(rita, ringing, action)
    assert (refused.status_code, refused.json()["code"]) == (409, "call_over")
    assert "already ended" in refused.json()["detail"]
    worker.run_pending()
    assert service.requests == [] and not Operation.objects.exists()


@pytest.mark.control("R3")
@pytest.mark.parametrize("kind", ["answer", "reject", "redirect"])
def test_a_repeat_that_finds_the_call_gone_does_not_tell_whether_the_first_request_worked(
    ringing: Call, rita: User, service: Service, clock: Any, kind: str
) -> None:
    def work_late() -> Any:
        service.states[ringing.graph_id] = "terminated"
        return error(404, "8522")

    service.fail(kind, errors.OutcomeUnknown("no answer came"), work_late)
    row = Operation.objects.get(pk=ask(rita, ringing, kind).json()["id"])
    for _ in range(3):
        worker.run_pending()
        clock.forward(1)
    row.refresh_from_db()
    assert (row.status, len(service.made(kind))) == ("unknown", 2)
    assert "over" in row.error_detail and card(ringing)["lane"] == "missed"
