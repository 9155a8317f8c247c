"""A socket is never compressed, whatever its client offers: a window for each, and a small frame that inflates."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from websockets.sync.client import connect

from commsportal import servers
from directory import tokens
from tests.live import world
from tests.live.conftest import ROOT, free_port, wait_for

pytestmark = pytest.mark.django_db(transaction=True)
Arguments = Callable[[int], list[str]]
NOWHERE = "https://127.0.0.1:9"  # signing keys have no part in this


@pytest.mark.control("S4")
@pytest.mark.parametrize(
    "arguments",
    [lambda port: servers.uvicorn("127.0.0.1", port, []), lambda port: servers.daphne("127.0.0.1", port)],
    ids=["uvicorn", "daphne"],
)
def test_an_offer_of_compression_is_not_taken(environment: dict[str, str], arguments: Arguments) -> None:
    headers = {"Authorization": f"Bearer {tokens.issue(world.person())}"}
    port = free_port()
    environ = environment | {"CALLBACK_OPENID_URLS": NOWHERE, "GRAPH_LOGIN_URL": NOWHERE}
    process = subprocess.Popen([sys.executable, "-m", *arguments(port)], cwd=ROOT, env=environ)
    try:
        wait_for(port, process)
        address = f"ws://127.0.0.1:{port}/ws/console/"
        with connect(address, additional_headers=headers, compression="deflate", proxy=None) as socket:
            assert socket.protocol.extensions == [] and '"snapshot"' in str(socket.recv(timeout=30))
    finally:
        process.terminate()
        process.wait()
