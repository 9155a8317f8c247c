"""The first call after a start: processes have just begun, everything is cold, and Microsoft's 15 seconds run."""

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from audit.models import Entry
from calls import commands
from calls.models import Call
from directory.models import User
from routing.models import Line
from tests.calls.simulation import ROOT, Simulation, wait_for
from tests.calls.test_with_simulator import call_of, ended
from tests.webhooks.processes import Process, Server, environment

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    """Return a simulator of which the portal has never heard."""
    running = Simulation(tmp_path_factory.mktemp("simulation"))
    yield running
    running.stop()


@pytest.fixture
def rita(simulation: Simulation) -> User:
    """Return Rita of Contoso, who has all its lines."""
    tenant = simulation.connection["tenant"]
    found = next(one for one in simulation.ask("GET", "people") if one["name"].startswith("Rita"))
    names = {"name": found["name"], "tenant_id": tenant, "oid": found["id"]}
    receptionist = User.objects.create_user("rita", roles=["receptionist"], **names)
    for told in json.loads((ROOT / "simulator/data/contoso.json").read_text())["lines"]:
        Line.objects.create(tenant_id=tenant, **told).staff.set([receptionist])
    return receptionist


def surroundings(simulation: Simulation, folder: Path) -> dict[str, str]:
    """Return the environment in which the portal's processes find the simulator."""
    told = simulation.connection
    login = told["authority"].rsplit("/", 1)[0]
    return environment(
        folder,
        PORT=str(simulation.web_port),
        GRAPH_URL=told["graph"],
        GRAPH_LOGIN_URL=login,
        GRAPH_CA_FILE=told["ca"],
        GRAPH_TENANT_ID=told["tenant"],
        GRAPH_CLIENT_ID=told["client_id"],
        GRAPH_CLIENT_SECRET=told["client_secret"],
        CALLBACK_OPENID_URLS=f"{login}/v1/.well-known/OpenIdConfiguration",
        CALLBACK_URL=f"{simulation.portal_url}/webhooks/graph/calls",
    )


@pytest.fixture
def started(simulation: Simulation, rita: User, tmp_path: Path) -> Iterator[Server]:
    """Return the web at the moment when it first accepts, beside a worker that has only just been started."""
    environ, port = surroundings(simulation, tmp_path), simulation.web_port
    listen = ["-m", "uvicorn", "commsportal.asgi:application", "--host", "localhost", "--port", str(port)]
    web = Server(listen, environ, tmp_path / "web", port)
    at_work = Process(["manage.py", "worker"], environ, tmp_path / "worker")
    web.wait_until(lambda: accepts(port))
    yield web
    for process in (at_work, web):
        process.end(signal.SIGKILL)


def accepts(port: int) -> bool:
    """Tell whether somebody listens."""
    with suppress(OSError), socket.create_connection(("localhost", port), 1):
        return True
    return False


@pytest.mark.case(8)
@pytest.mark.case(23)
@pytest.mark.parametrize("legacy_first", [0, 1])
def test_it_is_taken_in_time(simulation: Simulation, rita: User, started: Server, legacy_first: int) -> None:
    simulation.ask("PUT", "faults", {"legacy_first": legacy_first})
    graph_id = simulation.ring("main")
    commands.redirect(call_of(graph_id).pk, rita)
    assert ended(graph_id).outcome == "taken", started.output()
    told = simulation.ask("GET", f"calls/{graph_id}")
    assert (told["state"], "redirecting" in [entry["state"] for entry in told["history"]]) == ("terminated", True)
    assert Call.objects.count() == Entry.objects.filter(kind="call.incoming").count() == 1


@pytest.mark.case(23)
def test_when_nobody_decides_the_fallback_is_in_time(simulation: Simulation, started: Server) -> None:
    graph_id = simulation.ring("clinic")
    assert ended(graph_id).outcome == "fallback", started.output()
    wait_for(lambda: simulation.ask("GET", f"calls/{graph_id}")["state"] == "terminated", "end at Graph")
