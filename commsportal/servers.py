"""How the portal's web process is started: its socket, and the arguments for the two servers it works under."""

import socket

UVICORN = (
    "uvicorn",
    "--timeout-graceful-shutdown",
    "3",  # a browser that does not read must not hold a stop up
    "--timeout-keep-alive",
    "65",  # longer than proxies keep theirs, so that they never use one that just closed
    "--no-access-log",
    "--no-server-header",
    "--log-level",
    "warning",
    "--ws-max-size",
    "4096",
    "--ws-per-message-deflate",
    "false",
)
APPLICATION = "commsportal.asgi:application"
BACKLOG = 2048
PATIENCE = "30"  # when all consoles return at once the last waits; daphne's 5 s would send it back into the queue


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket for web processes to inherit, one after the other.

    It stays while a web process is started anew: who calls meanwhile waits a moment and is not refused, since
    Microsoft may not call twice.

    :raises OSError: when the address is not ours to take.
    """
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    listener = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    # Connections inherit it; uvicorn takes an inherited socket for a Unix one and would not set it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def uvicorn(host: str, port: int, trusted_proxies: list[str]) -> list[str]:
    """Return the module and arguments that serve the portal by uvicorn."""
    return _uvicorn(["--host", host, "--port", str(port)], trusted_proxies)


def uvicorn_on(listener: socket.socket, trusted_proxies: list[str]) -> list[str]:
    """Return the module and arguments that serve the portal by uvicorn on an inherited socket."""
    return _uvicorn(["--fd", str(listener.fileno())], trusted_proxies)


def _uvicorn(where: list[str], trusted_proxies: list[str]) -> list[str]:
    proxies = ["--proxy-headers", "--forwarded-allow-ips", ",".join(trusted_proxies)]
    return [
        *UVICORN,
        *(proxies if trusted_proxies else ["--no-proxy-headers"]),
        *where,
        APPLICATION,
    ]


def daphne(host: str, port: int) -> list[str]:
    """Return the module and arguments that serve the portal by daphne."""
    patient = ("--websocket_connect_timeout", PATIENCE)
    return ["commsportal.under_daphne", "-v", "0", *patient, "-b", host, "-p", str(port), APPLICATION]
