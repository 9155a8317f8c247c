"""How the portal's web process is started: the arguments, for the two servers that it works under."""

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


def uvicorn(host: str, port: int, trusted_proxies: list[str]) -> list[str]:
    """Return the module and arguments that serve the portal by uvicorn."""
    proxies = ["--proxy-headers", "--forwarded-allow-ips", ",".join(trusted_proxies)]
    return [
        *UVICORN,
        *(proxies if trusted_proxies else ["--no-proxy-headers"]),
        *("--host", host, "--port", str(port)),
        APPLICATION,
    ]


def daphne(host: str, port: int) -> list[str]:
    """Return the module and arguments that serve the portal by daphne."""
    return ["daphne", "-v", "0", "-b", host, "-p", str(port), APPLICATION]
