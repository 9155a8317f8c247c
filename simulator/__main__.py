"""Run the simulator: `python -m simulator`."""

import asyncio
import logging.config
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

os.environ["DJANGO_SETTINGS_MODULE"] = "simulator.settings"  # whatever the portal beside it uses

KEEP_ALIVE_SECONDS = 75  # a client that is busy every minute shakes hands once


class Server(uvicorn.Server):
    """A server that leaves signals to the process, which has two of them."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


def servers() -> list[Server]:
    """Build the plain and the TLS server."""
    from simulator.asgi import application
    from simulator.world import world

    config = world().config
    common = {"host": "127.0.0.1", "lifespan": "off", "proxy_headers": False, "log_config": None}
    common |= {"server_header": False, "timeout_graceful_shutdown": 2, "access_log": False}
    common |= {"timeout_keep_alive": KEEP_ALIVE_SECONDS}
    files = {
        "ssl_certfile": str(config.folder / "server.pem"),
        "ssl_keyfile": str(config.folder / "server-key.pem"),
    }
    plain = uvicorn.Config(application, port=config.port, **common)  # type: ignore[arg-type]
    secure = uvicorn.Config(application, port=config.tls_port, **common, **files)  # type: ignore[arg-type]
    return [Server(plain), Server(secure)]


async def announce(running: list[Server]) -> None:
    """Say so once both ports listen; the supervisor waits for this line."""
    from simulator.world import world

    while not all(server.started for server in running):
        await asyncio.sleep(0.01)
    here = world()
    here.ready = True
    print(f"simulator ready {here.config.plain_url} {here.config.tls_url}", flush=True)


async def main() -> None:
    """Serve until told to stop."""
    from simulator import scenarios
    from simulator.world import world

    here, running = world(), servers()
    stop_all(running)
    scenarios.start(here)
    around = [asyncio.create_task(here.run()), asyncio.create_task(announce(running))]
    try:
        await asyncio.gather(*(server.serve() for server in running))
    finally:
        for task in around:
            task.cancel()
        here.delivery.stop()
        here.changes.stop()


def stop_all(running: list[Server]) -> None:
    """Have SIGTERM and Ctrl-C stop both servers."""

    def stop() -> None:
        for server in running:
            server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)


if __name__ == "__main__":
    from simulator import settings

    logging.config.dictConfig(settings.LOGGING)
    asyncio.run(main())
    logging.shutdown()
    # A thread may still wait for a callback that does not answer, and nobody shall wait for the thread.
    os._exit(0)
