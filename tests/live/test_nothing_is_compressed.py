"""A socket is never compressed, whatever its client offers: a window for each, and a small frame that inflates."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from websockets.sync.client import connect

from commsportal import servers
from directory import tokens
from tests.live import world
from tests.live.conftest import ROOT, assert_ended_well, end, free_port, wait_for
from tests.live.console import WAIT_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)
Arguments = Callable[[int], list[str]]
NOWHERE = "https://127.0.0.1:9"  # signing keys have no part in this


@pytest.mark.control("S4")
@pytest.mark.parametrize(
    "arguments",
    [lambda port: servers.uvicorn("127.0.0.1", port, []), lambda port: servers.daphne("127.0.0.1", port)],
    ids=["uvicorn", "daphne"],
)
def test_an_offer_of_compression_is_not_taken(
    environment: dict[str, str], arguments: Arguments, tmp_path: Path
) -> None:
    headers = {"Authorization": f"Bearer {tokens.issue(world.person())}"}
    port = free_port()
    environ = environment | {"CALLBACK_OPENID_URLS": NOWHERE, "GRAPH_LOGIN_URL": NOWHERE}
    log = tmp_path / "server.log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", *arguments(port)]
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=output, stderr=output)
    try:
        wait_for(port, process)
        address = f"ws://127.0.0.1:{port}/ws/console/"
        offer = {"compression": "deflate", "open_timeout": WAIT_SECONDS, "proxy": None}
        with connect(address, additional_headers=headers, **offer) as socket:
            assert socket.protocol.extensions == [] and '"snapshot"' in str(socket.recv(timeout=WAIT_SECONDS))
    finally:
        status = end(process)
    assert_ended_well(
        status, log, Path(environ["DATA_DIR"]), {"the API token": headers["Authorization"].split()[1]}
    )
