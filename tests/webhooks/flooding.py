"""Senders that mean no good: connections by the hundred, bodies without an end, bodies that drip."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from tests.webhooks.posting import PATH

GONE = (ConnectionError, asyncio.IncompleteReadError)


@dataclass
class Sender:
    """One connection: what it was answered, 0 when it was only closed."""

    port: int
    status: int = 0
    reader: asyncio.StreamReader = field(init=False)
    writer: asyncio.StreamWriter = field(init=False)

    async def begin(self, *headers: str) -> None:
        """Connect and send the head of a POST."""
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = [f"POST {PATH} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *headers, "", ""]
        self.writer.write("\r\n".join(head).encode())

    async def send(self, part: bytes) -> bool:
        """Send a part of the body; tell whether the other side still takes any."""
        try:
            self.writer.write(part)
            await self.writer.drain()
        except GONE:
            return False
        return not (self.writer.is_closing() or self.reader.at_eof() or self.reader._buffer)  # type: ignore[attr-defined]

    async def end(self) -> int:
        """Wait for the answer and for the end of the connection."""
        with suppress(*GONE):
            answer = await self.reader.read(64)
            self.status = int(answer[9:12] or 0)
            while await self.reader.read(65536):
                continue
        self.writer.close()
        with suppress(*GONE):
            await self.writer.wait_closed()
        return self.status


async def refused(port: int, headers: Iterator[tuple[str, ...]], body: bytes, at_once: int) -> list[int]:
    """POST `body` once for each of `headers`; return what was answered."""
    statuses: list[int] = []

    async def post_some() -> None:
        for given in headers:
            sender = Sender(port)
            await sender.begin(f"Content-Length: {len(body)}", *given)
            await sender.send(body)
            statuses.append(await sender.end())

    await asyncio.gather(*(post_some() for _ in range(at_once)))
    return statuses
