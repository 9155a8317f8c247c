"""Clients that cost little: raw HTTP connections that post, raw web sockets that count."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Self

from tests.bench.bare import MARK

SEEN = b'{"type":"seen","seq":0}'
FRAME = bytes([0x81, 0x80 | len(SEEN), 0, 0, 0, 0]) + SEEN  # a masked text frame whose mask is zero


@dataclass
class Posted:
    """What became of a load of requests."""

    seconds: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        """Return how many were answered 202."""
        return self.statuses.get(202, 0)

    @property
    def rate(self) -> float:
        """Return how many were accepted in a second."""
        return self.accepted / self.seconds


class Poster(asyncio.Protocol):
    """Posts the next request as soon as the one before is answered."""

    def __init__(self, requests: Iterator[bytes], posted: Posted, done: asyncio.Future[None]) -> None:
        self.requests, self.posted, self.done = requests, posted, done
        self.buffer, self.at = b"", 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = transport
        self.post()

    def post(self) -> None:
        """Send the next request, if there is one."""
        request = next(self.requests, None)
        if request is None:
            self.transport.close()
            return
        self.at = time.perf_counter()
        self.transport.write(request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """Take an answer, which has no body."""
        self.buffer += data
        if b"\r\n\r\n" in self.buffer:
            status = int(self.buffer[9:12])
            self.posted.statuses[status] = self.posted.statuses.get(status, 0) + 1
            self.posted.latencies.append(time.perf_counter() - self.at)
            self.buffer = b""
            self.post()

    def connection_lost(self, error: Exception | None) -> None:
        """Tell that this connection is done."""
        if not self.done.done():
            self.done.set_result(None)


async def post_all(port: int, requests: Iterator[bytes], connections: int) -> Posted:
    """Post all requests over some connections; return what became of them."""
    loop, posted = asyncio.get_running_loop(), Posted()
    ends = [loop.create_future() for _ in range(connections)]
    began = time.perf_counter()
    for end in ends:
        await loop.create_connection(lambda end=end: Poster(requests, posted, end), "127.0.0.1", port)
    await asyncio.gather(*ends)
    posted.seconds = time.perf_counter() - began
    return posted


class Socket(asyncio.Protocol):
    """A console: answers heartbeats and hands what comes to `hear`."""

    def __init__(self, handshake: bytes, hear: Callable[[bytes], None], opened: asyncio.Future[Self]) -> None:
        self.handshake, self.hear, self.opened = handshake, hear, opened
        self.is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the web socket."""
        self.transport = transport
        transport.write(self.handshake)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """Take whatever came."""
        if not self.is_open:
            if not data.startswith(b"HTTP/1.1 101"):
                self.opened.set_exception(ConnectionError(data[:60].decode("latin-1")))
                return
            self.is_open = True
            self.opened.set_result(self)
        self.hear(data)
        if b'"heartbeat"' in data:
            self.transport.write(FRAME)  # type: ignore[attr-defined]

    def connection_lost(self, error: Exception | None) -> None:
        """Notice the end."""
        self.is_open = False
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("closed"))


async def open_socket(port: int, token: str, hear: Callable[[bytes], None], path: str = "/ws/console/") -> Socket:
    """Open one console."""
    loop = asyncio.get_running_loop()
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        f"Authorization: Bearer {token}",
    ]
    handshake = ("\r\n".join(lines) + "\r\n\r\n").encode()
    opened: asyncio.Future[Socket] = loop.create_future()
    await loop.create_connection(lambda: Socket(handshake, hear, opened), "127.0.0.1", port)
    return await asyncio.wait_for(opened, 30)


class Crowd:
    """Many consoles; some of them read nothing after the handshake."""

    def __init__(self) -> None:
        self.sockets: list[Socket] = []
        self.stalled: list[Socket] = []
        self.heard = 0
        self.expected = 0
        self.all_heard = asyncio.Event()

    async def open(self, port: int, tokens: list[str], count: int, stalled: int = 0) -> None:
        """Open `count` consoles, twenty at a time."""
        for start in range(0, count, 20):
            wanted = [tokens[number % len(tokens)] for number in range(start, min(count, start + 20))]
            self.sockets += await asyncio.gather(*(open_socket(port, token, self.hear) for token in wanted))
        for _ in range(stalled):
            socket = self.sockets.pop()
            socket.transport.pause_reading()  # type: ignore[attr-defined]
            self.stalled.append(socket)

    def hear(self, data: bytes) -> None:
        """Count the messages in what came."""
        self.heard += data.count(MARK)
        if self.heard >= self.expected:
            self.all_heard.set()

    async def hear_all(self, messages: int, publish: Callable[[], object], wait: float = 60) -> float:
        """Publish, and return the seconds until everybody who reads has heard `messages`."""
        self.heard, self.expected = 0, messages * len(self.sockets)
        self.all_heard.clear()
        began = time.perf_counter()
        publish()
        await asyncio.wait_for(self.all_heard.wait(), wait)
        return time.perf_counter() - began

    def close(self) -> None:
        """Close all."""
        for socket in [*self.sockets, *self.stalled]:
            socket.transport.abort()  # type: ignore[attr-defined]
