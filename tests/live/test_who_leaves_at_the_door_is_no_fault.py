"""A console that goes away before it is let in, as many do while a server is slow, is nothing to report."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from directory import tokens
from tests import leftovers
from tests.live import world
from tests.live.conftest import COMMANDS, serving
from tests.live.console import Console

pytestmark = pytest.mark.django_db(transaction=True)
HANDSHAKE = (
    "GET /ws/console/ HTTP/1.1\r\nHost: {server}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{credential}\r\n"
)
STRANGERS = 5


@contextmanager
def held_still(environment: dict[str, str]) -> Iterator[None]:
    """Have the server do nothing for the length of a block."""
    (pid,) = leftovers.of(Path(environment["DATA_DIR"]))
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.control("I15")
@pytest.mark.control("R4")
@pytest.mark.parametrize("kind", COMMANDS)
def test_who_is_gone_when_the_server_looks_is_let_go_without_a_word(
    environment: dict[str, str], kind: str
) -> None:
    user = world.person()
    ours = f"Authorization: Bearer {tokens.issue(user)}\r\n"
    with serving(kind, environment) as server:
        with Console(server, user) as console:
            console.next("snapshot")
        host, port = server.split(":")
        with held_still(environment):
            for credential in (ours, "") * STRANGERS:
                with socket.create_connection((host, int(port))) as gone:
                    gone.sendall(HANDSHAKE.format(server=server, credential=credential).encode())
        with Console(server, user) as console:
            console.next("snapshot")
    # That the server has logged no error is seen at its end.
