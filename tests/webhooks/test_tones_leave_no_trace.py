"""Which keys a caller presses may steer a call and is never kept, shown or logged (REFERENCE 21)."""

import logging
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from django.apps import apps
from django.test import Client

from calls import cards
from calls.models import Call
from commsportal import worker
from directory.models import User
from graph import conf
from routing.models import Line
from tests.calls.service import Service, incoming
from tests.people import api
from tests.webhooks.issuer import OTHER_TENANT, Issuer
from tests.webhooks.notifications import body, item, new_call
from tests.webhooks.posting import post_now
from webhooks.intake import Intake
from webhooks.models import Delivery

CANARY = "73519canary"
PRESSED = ("tone7", "tone3", CANARY, "tone9")


@pytest.fixture
def heard(
    intake: Intake, issuer: Issuer, main: Line, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Call:
    """Return a call in which keys were pressed; one report of that was applied by itself, one is dead."""
    caplog.set_level(logging.DEBUG)
    service, call = Service(), new_call()
    monkeypatch.setattr(conf, "client", service.client)
    service.states[call] = "established"
    token = issuer.token()
    rung = item(call, resourceData={"@odata.type": "#microsoft.graph.call", "id": call} | incoming())
    assert post_now(intake, body(rung, item(call, "established", "updated")), token).status == 202
    for number, tone in enumerate(PRESSED, start=1):
        assert post_now(intake, body(pressed(call, number, tone)), token).status == 202
    unlike = item(call, "established", "updated", resourceData={"sequenceId": 7, "tone": CANARY})
    assert post_now(intake, body(unlike), token).status == 202
    forged = pressed(call, 5, CANARY, tenantId=OTHER_TENANT)
    assert post_now(intake, body(forged, pressed(call, 6, CANARY) | {"note": "\0"}), token).status == 202
    worker.run_pending()
    assert sorted(set(Delivery.objects.values_list("status", flat=True))) == ["applied", "dead"]
    return Call.objects.get(graph_id=call)


def pressed(call: str, number: int, tone: str, **facts: Any) -> dict[str, Any]:
    """Return the item by which Graph tells of a pressed key (REFERENCE 14.2)."""
    info = {"@odata.type": "#microsoft.graph.toneInfo", "sequenceId": number, "tone": tone}
    data = {"@odata.type": "#microsoft.graph.call", "state": "established", "toneInfo": info} | facts
    return item(call, "established", "updated", resourceData=data)


def assert_silent(text: str) -> None:
    assert [tone for tone in PRESSED if tone in text] == []


def everything_stored() -> Iterator[str]:
    """Return every value of every row."""
    for model in apps.get_models():
        for row in model._default_manager.values_list():
            yield repr(row)


@pytest.mark.control("P3")
@pytest.mark.case(54)
def test_nothing_stored_tells_the_keys_but_each_press_is_there(heard: Call) -> None:
    assert_silent("\n".join(everything_stored()))
    rows = [orjson.loads(row.body)["resourceData"] for row in Delivery.objects.order_by("pk")]
    told = [data["toneInfo"] for data in rows if "toneInfo" in data]
    assert told == [{"sequenceId": number} for number in range(1, 7)]


@pytest.mark.case(54)
def test_no_page_shows_them(heard: Call, ada: User, rita: User, settings: Any) -> None:
    browser = Client(HTTP_HOST=f"localhost:{settings.PORT}")
    browser.force_login(ada)
    rows = Delivery.objects.values_list("pk", flat=True)
    entries = apps.get_model("audit", "Entry").objects.values_list("pk", flat=True)
    addresses = ["/admin/webhooks/delivery/", "/admin/audit/entry/", "/admin/calls/call/", "/calls/"]
    addresses += [
        f"/admin/webhooks/delivery/{pk}/{page}/" for pk in rows for page in ("change", "body", "history")
    ]
    addresses += [f"/admin/audit/entry/{pk}/change/" for pk in entries]
    addresses += [f"/admin/calls/call/{heard.pk}/change/", f"/calls/{heard.pk}/"]
    for address in addresses:
        page = browser.get(address)
        assert page.status_code == 200, address
        assert_silent(page.content.decode())


@pytest.mark.control("P3")
@pytest.mark.case(54)
def test_neither_api_nor_console_nor_figures_nor_logs_tell_them(
    heard: Call, rita: User, client: Client, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    reader = api(rita)
    for path in ("calls/", f"calls/{heard.pk}/", f"calls/{heard.pk}/timeline/", "calls/?q=73519"):
        answer = reader.get(f"/api/v1/{path}")
        assert answer.status_code == 200
        assert_silent(answer.content.decode())
    assert_silent(str(cards.cards([heard.pk])[heard.pk].card))
    figures = client.get("/metrics")
    assert figures.status_code == 200
    assert_silent(figures.content.decode())
    logged = caplog.get_records("setup") + caplog.get_records("call")
    assert any("another tenant" in record.getMessage() for record in logged)
    said = capfd.readouterr()
    assert_silent("\n".join(map(caplog.handler.format, logged)) + said.out + said.err)
