"""A network between the portal and PostgreSQL: it slows down, it breaks, it heals."""

import socket
import threading
from collections.abc import Iterator

import pytest
from django.db import connection


class Network:
    """A proxy on loopback. While it is `held` nothing passes; while it is `broken` nobody connects."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.flows = threading.Event()
        self.flows.set()
        self.is_broken = False
        self.ends: list[socket.socket] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stall(self) -> None:
        """Let nothing pass; connections stand."""
        self.flows.clear()

    def go_on(self) -> None:
        """Let everything pass, also what waited."""
        self.flows.set()

    def break_down(self) -> None:
        """End all connections and take no new ones."""
        self.is_broken = True
        for end in self.ends:
            _shut(end)
        self.ends.clear()

    def heal(self) -> None:
        """Take connections again."""
        self.is_broken = False

    def close(self) -> None:
        """End it."""
        self.go_on()
        self.break_down()
        _shut(self.listener)
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if self.is_broken:
                near.close()
                continue
            far = socket.create_connection(self.target)
            self.ends += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                self.flows.wait()
                sink.sendall(data)
        except OSError:
            pass
        _shut(source)
        _shut(sink)


def _shut(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


@pytest.fixture
def network() -> Iterator[Network]:
    """Return a network to the tests' PostgreSQL; nothing uses it yet."""
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: set DATABASE_URL")
    known = connection.settings_dict
    made = Network(known["HOST"] or "127.0.0.1", int(known["PORT"] or 5432))
    yield made
    made.close()
