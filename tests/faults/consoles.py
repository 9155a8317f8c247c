"""Consoles by the thousand, and the server that they are connected to."""

import asyncio
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from tests.bench.clients import Socket, open_socket
from tests.faults.working import SOON
from tests.live.conftest import ROOT, wait_for


class Hears(Protocol):
    """Somebody at a console."""

    socket: Socket | None

    def hear(self, data: bytes) -> None:
        """Take what came."""


L = TypeVar("L", bound=Hears)


def allow_many_files() -> None:
    """Let this process and its servers have a connection for each console."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))


@contextmanager
def serving(port: int, environ: dict[str, str], application: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run an application of `tests.faults` under uvicorn until the end of the block."""
    app = ["-m", "uvicorn", f"tests.faults.{application}:application", "--log-level", "warning"]
    how = ["--ws-per-message-deflate", "false", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen([sys.executable, *app, *how], cwd=ROOT, env=environ)
    try:
        wait_for(port, process)
        yield process
    finally:
        process.kill()
        process.wait()


async def until(holds: Callable[[], Any]) -> None:
    """Wait until something holds.

    :raises TimeoutError: it does not come.
    """
    async with asyncio.timeout(SOON * 2):
        while not holds():
            await asyncio.sleep(0.05)


async def connect(port: int, keys: list[str], at_once: int, make: Callable[[], L]) -> list[L]:
    """Open a console for each key; who is refused comes again, as pages do."""
    room = asyncio.Semaphore(at_once)

    async def one(key: str) -> L:
        async with room:
            while True:
                made = make()
                try:
                    made.socket = await open_socket(port, key, made.hear)
                except OSError:
                    await asyncio.sleep(0.2)
                else:
                    return made

    return list(await asyncio.gather(*(one(key) for key in keys)))
