"""A log record tells which request, call, operation or delivery it is about."""

import asyncio
import logging
import uuid
from typing import Any

import orjson
import pytest
from django.http import HttpResponse
from django.test import Client

from audit.models import Entry
from calls.models import Operation
from commsportal import asgi, tracing, worker
from commsportal.logs import JsonFormatter
from tests.directory.world import World, make_world
from tests.people import api
from tests.webhooks.deliveries import make
from tests.webhooks.posting import post_now
from webhooks.intake import Intake

logger = logging.getLogger(__name__)


class Heard(logging.Handler):
    """Keeps each record as the portal would have written it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(JsonFormatter())
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(orjson.loads(self.format(record)))

    def find(self, text: str) -> dict[str, Any]:
        """Return the only line whose message begins with `text`."""
        (line,) = [line for line in self.lines if line["message"].startswith(text)]
        return line


@pytest.fixture
def heard() -> Any:
    """Listen to everything."""
    handler = Heard()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


def test_ids_end_with_what_they_are_about() -> None:
    with tracing.about(request_id="a"):
        with tracing.about(call_id="b", operation_id=None):
            assert tracing.ids() == {"request_id": "a", "call_id": "b"}
        tracing.note(call_id="c")
        assert tracing.ids() == {"request_id": "a", "call_id": "c"}
    assert tracing.ids() == {}


@pytest.fixture
def quick_hasher(settings: Any) -> None:
    """Hash passwords fast."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def world(db: None, quick_hasher: None) -> World:
    """Return one row of everything."""
    return make_world()


def test_a_request_names_itself_and_its_call(world: World, heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    ringing = world.call

    def chatty(*_: Any, **__: Any) -> HttpResponse:
        logger.warning("looked at")
        return HttpResponse()

    monkeypatch.setattr("calls.api.views.CallDetail.get", chatty)
    answer = api(world.users["rita"]).get(f"/api/v1/calls/{ringing.pk}/")
    line = heard.find("looked at")
    assert line["request_id"] == answer["X-Request-Id"] and uuid.UUID(line["request_id"])
    assert line["call_id"] == str(ringing.pk)
    assert Client().get("/healthz")["X-Request-Id"] != answer["X-Request-Id"]
    assert tracing.ids() == {}


def test_sockets_have_an_id_too(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(tracing.ids()["request_id"])

    served = asgi.Application()
    served.is_warm = True
    monkeypatch.setattr(asgi, "sockets", application)
    for _ in range(2):
        asyncio.run(served({"type": "websocket", "path": "/ws/console/"}, None, None))
    assert len(set(seen)) == 2 and all(uuid.UUID(one) for one in seen)


def test_a_refused_notification_has_one(heard: Heard) -> None:
    post_now(Intake(), b"{}", None)
    assert uuid.UUID(heard.find("notification refused")["request_id"])


def test_work_names_its_call_and_operation(world: World, heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    ringing, row = world.call, world.operation
    duties = {duty.name: duty for duty in worker.duties()}
    operations = duties["operations"]

    def broken(piece: Operation) -> None:
        raise RuntimeError("no")

    named = worker.Duty("x", 1, lambda free: [row][:free], broken, lambda: None, about=operations.about)
    monkeypatch.setattr(worker, "duties", lambda: [named])
    worker.run_pending(max_rounds=1)
    line = heard.find("x failed")
    assert (line["call_id"], line["operation_id"]) == (str(ringing.pk), str(row.pk))
    timer = ringing.timers.first()
    for name in ("clocks", "checks"):
        about = duties[name].about
        assert timer is not None and about is not None and about(timer)["call_id"] == ringing.pk


@pytest.mark.django_db(transaction=True)
def test_a_delivery_that_fails_is_named(heard: Heard) -> None:
    delivery = make("a", kind="of no handler")
    worker.run_pending()
    line = heard.find(f"delivery {delivery.pk} failed")
    assert line["delivery_id"] == str(delivery.pk)
    assert Entry.objects.filter(kind="delivery.dead").exists()
