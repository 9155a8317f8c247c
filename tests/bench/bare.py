"""The other side of the fan-out: `websockets.broadcast` and nothing else. `python -m tests.bench.bare PORT`."""

import asyncio
import json
import sys
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.http11 import Request, Response

SIZE = 900  # of a card
MARK = b"~"  # once in each message, so that a client counts messages by counting one byte
TEXT = json.dumps({"id": "00000000-0000-0000-0000-000000000001", "mark": "~", "more": "x" * SIZE}).encode()
MESSAGE = b'{"type":"changed","seq":1,"cards":[' + TEXT + b'],"gone":[]}'

connections: set[ServerConnection] = set()
tasks: set[asyncio.Task[None]] = set()


async def listen(connection: ServerConnection) -> None:
    """Keep a client until it goes."""
    connections.add(connection)
    try:
        await connection.wait_closed()
    finally:
        connections.discard(connection)


async def publish(count: int) -> None:
    """Send a message to all clients, `count` times."""
    for _ in range(count):
        broadcast(connections, MESSAGE, text=True)
        await asyncio.sleep(0)


def switch(connection: ServerConnection, request: Request) -> Response | None:
    """Answer `/publish` by publishing, everything else by a web socket."""
    address = urlsplit(request.path)
    if address.path != "/publish":
        return None
    task = asyncio.get_running_loop().create_task(publish(int(parse_qs(address.query)["count"][0])))
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return connection.respond(HTTPStatus.OK, "")


async def main(port: int) -> None:
    """Serve until stopped."""
    async with serve(listen, "127.0.0.1", port, compression=None, process_request=switch):
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
