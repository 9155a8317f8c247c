"""Signing in with Microsoft at the simulator as it runs in the demo: its page, its codes, its TLS, its keys."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from django.http import HttpResponse
from django.test import Client

from graph import conf
from tests.calls.simulation import Simulation

START, CALLBACK = "/sign-in/microsoft/", "/sign-in/microsoft/callback/"


@pytest.fixture(autouse=True)
def connected(simulation: Simulation, settings: Any) -> Iterator[None]:
    """Connect the portal to it as a deployment is."""
    told = simulation.connection
    settings.GRAPH_LOGIN_URL, settings.GRAPH_CA_FILE = told["authority"].rsplit("/", 1)[0], told["ca"]
    settings.GRAPH_TENANT_IDS = settings.SIGN_IN_TENANTS = [told["tenant"]]
    settings.GRAPH_CLIENT_ID, settings.GRAPH_CLIENT_SECRET = told["client_id"], told["client_secret"]
    verifier = conf.sign_in_verifier(told["tenant"])
    yield
    verifier.keys.stop()


def person(simulation: Simulation, name: str) -> dict[str, str]:
    """Return one of Contoso's people."""
    return next(one for one in simulation.ask("GET", "people") if one["name"].startswith(name))


def answer_of(visitor: Client, simulation: Simulation, choice: str, start: str = START) -> dict[str, str]:
    """Open Microsoft's page, follow a choice on it and return what comes back in the query."""
    address = visitor.get(start)["Location"]
    page = requests.get(address, verify=simulation.connection["ca"], timeout=60)
    assert page.status_code == 200 and f"person={choice}" in page.text
    chosen = requests.get(
        f"{address}&person={choice}", verify=simulation.connection["ca"], timeout=60, allow_redirects=False
    )
    where = urlsplit(chosen.headers["Location"])
    assert where.path == CALLBACK
    return dict(parse_qsl(where.query))


def come_back(visitor: Client, simulation: Simulation, name: str, start: str = START) -> HttpResponse:
    """Go the whole way as one of Contoso's people."""
    return visitor.get(CALLBACK, answer_of(visitor, simulation, person(simulation, name)["id"], start))
