"""daphne, with limits for bodies: `python -m commsportal.under_daphne`, with daphne's own arguments.

daphne calls an application when the whole body is there, and spools what is longer than 100 KB to a file. So the
application's own limits come too late for a body without an end; these come in time.
"""

import sys
from typing import Any, Final

import daphne.server  # type: ignore[import-untyped]
from daphne.cli import CommandLineInterface  # type: ignore[import-untyped]
from daphne.http_protocol import HTTPFactory, WebRequest  # type: ignore[import-untyped]
from twisted.internet import reactor as running

reactor: Any = running
MOST_BYTES: Final = 8 * 1024 * 1024 + 1024  # a little more than the application lets pass to refuse it by itself
BODY_SECONDS: Final = 5.0
END_OF_HEAD: Final = b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
TOO_LONG, TOO_SLOW = b"413 Content Too Large", b"408 Request Timeout"


class Request(WebRequest):  # type: ignore[misc]
    """A request whose body is cut off when it is too long or too slow."""

    def __init__(self, *arguments: Any, **names: Any) -> None:
        super().__init__(*arguments, **names)
        self._taken = 0
        self._limit: Any = None

    def gotLength(self, length: int | None) -> None:
        """Begin to take the body; `length` is None when it is not declared."""
        super().gotLength(length)
        self._limit = reactor.callLater(BODY_SECONDS, self._cut_off, TOO_SLOW)
        if length is not None and length > MOST_BYTES:
            self._cut_off(TOO_LONG)

    def handleContentChunk(self, data: bytes) -> None:
        """Take a part of the body."""
        self._taken += len(data)
        if self._taken > MOST_BYTES:
            self._cut_off(TOO_LONG)
        if self._limit is not None:
            super().handleContentChunk(data)

    def requestReceived(self, *request: bytes) -> None:
        """Go on with a request that is complete, unless it was cut off."""
        if self._forget_limit():
            super().requestReceived(*request)

    def connectionLost(self, reason: Any) -> None:
        """Forget a request whose sender has gone."""
        self._forget_limit()
        super().connectionLost(reason)

    def _cut_off(self, status: bytes) -> None:
        if self._forget_limit():
            self.channel.transport.write(b"HTTP/1.1 " + status + END_OF_HEAD)
            self.channel.loseConnection()

    def _forget_limit(self) -> bool:
        """Tell whether the body was still being taken."""
        limit, self._limit = self._limit, None
        if limit is not None and limit.active():
            limit.cancel()
        return limit is not None


class Factory(HTTPFactory):  # type: ignore[misc]
    """Makes each connection's requests of our kind."""

    def buildProtocol(self, address: Any) -> Any:
        """Return the protocol of a new connection."""
        protocol = super().buildProtocol(address)
        protocol.requestFactory = Request
        return protocol


def main(arguments: list[str]) -> None:
    """Serve by daphne until told to stop."""
    daphne.server.HTTPFactory = Factory  # its `Server` takes no other
    CommandLineInterface().run(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
