"""/healthz, /readyz and /metrics: what they say and to whom."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.db import DatabaseError
from django.test import Client
from pytest_django import Settings

from commsportal import health
from commsportal.clock import now
from commsportal.models import Beat

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _cold_graph_is_no_matter(settings: Settings) -> None:
    settings.GRAPH_TENANT_IDS = []


def beat(age: float = 0) -> None:
    Beat.objects.create(name="worker 1", kind="worker", at=now() - timedelta(seconds=age))


class Simulator(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def simulator(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Simulator]]:
    monkeypatch.setattr(health, "SIMULATOR_SECONDS", 60.0)  # it is here, however slow the machine
    server = HTTPServer(("127.0.0.1", 0), Simulator)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    settings.SIMULATOR_URL = f"http://127.0.0.1:{server.server_address[1]}"
    Simulator.status = 200
    yield Simulator
    server.shutdown()
    server.server_close()


def test_alive_needs_nothing(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_needs_a_worker(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert list(answer.json()["missing"]) == ["worker"]
    beat()
    assert client.get("/readyz").status_code == 200


def test_an_old_sign_of_life_does_not_count(client: Client) -> None:
    beat(age=7)
    assert client.get("/readyz").status_code == 503


def test_ready_needs_the_simulator_that_it_is_tied_to(client: Client, simulator: type[Simulator]) -> None:
    beat()
    assert client.get("/readyz").status_code == 200
    simulator.status = 500
    assert list(client.get("/readyz").json()["missing"]) == ["simulator"]


def test_a_simulator_that_is_away_is_named(client: Client, settings: Settings) -> None:
    beat()
    settings.SIMULATOR_URL = "http://127.0.0.1:1"
    assert list(client.get("/readyz").json()["missing"]) == ["simulator"]


def test_a_tenant_needs_token_and_keys(client: Client, settings: Settings) -> None:
    beat()
    settings.GRAPH_TENANT_IDS = ["99999999-9999-4999-8999-999999999999"]
    missing = client.get("/readyz").json()["missing"]
    assert "no token for tenant 99999999" in missing["graph"]
    assert "no signing keys" in missing["graph"]


def test_a_database_that_is_away_is_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> str:
        raise DatabaseError("away")

    beat()
    monkeypatch.setattr(health, "database", away)
    answer = client.get("/readyz")
    assert (answer.status_code, list(answer.json()["missing"])) == (503, ["database"])


@pytest.mark.control("P6")
@pytest.mark.parametrize("headers", [{"X-Forwarded-For": "1.2.3.4"}, {"Forwarded": "for=1.2.3.4"}])
def test_strangers_learn_nothing_but_yes_or_no(client: Client, headers: dict[str, str]) -> None:
    assert client.get("/readyz", headers=headers).json() == {"status": "not ready"}
    assert client.get("/readyz", REMOTE_ADDR="203.0.113.5").json() == {"status": "not ready"}
    beat()
    assert client.get("/readyz", headers=headers).json() == {"status": "ready"}
    assert client.get("/healthz", headers=headers).json() == {"status": "ok"}
    assert client.get("/metrics", headers=headers).status_code == 403
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.5").status_code == 403


@pytest.mark.control("P6")
def test_figures_are_told_to_this_machine_and_to_the_token(client: Client, settings: Settings) -> None:
    assert client.get("/metrics").status_code == 200
    settings.DEPLOYMENT = "production"
    assert client.get("/metrics").status_code == 403
    settings.METRICS_TOKEN = "secret"
    good, bad = ({"Authorization": f"Bearer {token}"} for token in ("secret", "wrong"))
    assert client.get("/metrics", headers=good, REMOTE_ADDR="203.0.113.5").status_code == 200
    assert client.get("/metrics", headers=bad, REMOTE_ADDR="203.0.113.5").status_code == 403


@pytest.mark.case(53)
def test_figures_tell_how_work_stands(client: Client) -> None:
    from tests.webhooks.deliveries import make
    from webhooks import intake  # as the web process does: its counters are made on import

    beat()
    make("a", received_at=now() - timedelta(seconds=100))
    make("b", status="dead", error="x", due_at=None)
    text = client.get("/metrics").content.decode()
    figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(figures['portal_due_rows{kind="webhooks.delivery"}']) == 1
    assert float(figures['portal_oldest_due_seconds{kind="webhooks.delivery"}']) >= 100
    assert float(figures['portal_deliveries{status="pending"}']) == 1
    assert float(figures['portal_deliveries{status="dead"}']) == 1
    assert float(figures['portal_apply_lag_seconds{of="oldest waiting"}']) >= 100
    assert intake.ANSWERS.describe()[0].name in text
