"""Calls go by the scenario id that Microsoft gave them, which its support asks for."""

import uuid
from typing import Any

import pytest

from calls import commands
from calls.models import Call
from commsportal import worker
from directory.models import User
from graph import conf
from routing.models import Line
from tests.calls.service import Service, incoming
from tests.people import api
from tests.webhooks.issuer import Issuer
from tests.webhooks.notifications import body, item, new_call
from tests.webhooks.posting import post_now
from webhooks.intake import Intake

SCENARIO = "0e1bd0f4-9f0c-4c8e-8c86-5a1d3ad7bd1e"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    made = Service()
    monkeypatch.setattr(conf, "client", made.client)
    return made


def rung(intake: Intake, issuer: Issuer, service: Service, *headers: tuple[str, str], **facts: Any) -> Call:
    """Return a call that was announced by a POST with those headers."""
    call_id = new_call()
    service.states[call_id] = "incoming"
    told = {"@odata.type": "#microsoft.graph.call", "id": call_id} | incoming()
    post_now(intake, body(item(call_id, **({"resourceData": told} | facts))), issuer.token(), *headers)
    worker.run_pending()
    return Call.objects.get(graph_id=call_id)


@pytest.mark.parametrize("spelled", [SCENARIO, SCENARIO.upper(), SCENARIO.replace("-", "")])
def test_a_call_keeps_it_in_the_api_and_in_every_request_of_ours(
    intake: Intake, issuer: Issuer, service: Service, main: Line, rita: User, spelled: str
) -> None:
    call = rung(intake, issuer, service, ("Scenario-Id", spelled))
    assert api(rita).get(f"/api/v1/calls/{call.pk}/").json()["scenario_id"] == SCENARIO
    commands.redirect(call.pk, rita)
    worker.run_pending()
    assert [name for name, _, _ in service.requests] == ["get", "redirect"]
    assert [sent["Scenario-Id"] for sent in service.headers] == [SCENARIO] * 2


def test_so_does_one_that_is_first_heard_of_later(
    intake: Intake, issuer: Issuer, service: Service, main: Line
) -> None:
    call = rung(intake, issuer, service, ("Scenario-Id", SCENARIO), changeType="updated")
    assert call.adopted and str(call.scenario_id) == SCENARIO


@pytest.mark.parametrize("headers", [[], [("Scenario-Id", "no guid")], [("Scenario-Id", "")]])
def test_where_none_is_told_the_call_gets_one_of_ours(
    intake: Intake, issuer: Issuer, service: Service, main: Line, headers: list[tuple[str, str]]
) -> None:
    call = rung(intake, issuer, service, *headers)
    assert isinstance(call.scenario_id, uuid.UUID) and call.scenario_id != uuid.UUID(SCENARIO)
    assert service.headers[0]["Scenario-Id"] == str(call.scenario_id)
