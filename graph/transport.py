"""One bounded HTTPS exchange: the only place of this project that opens a connection to Microsoft.

Bounds: connect 3 s, any read 10 s, the whole exchange 20 s, a size for each answer. No redirects, no cookies, and
nothing from the environment: `REQUESTS_CA_BUNDLE`, proxies and netrc are not ours to obey.
"""

from __future__ import annotations

import json
import math
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import SplitResult, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from graph.errors import GraphError, NotSent, OutcomeUnknown, request_id

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
WHOLE_SECONDS = 20.0
LARGEST_ANSWER = 8 * 1024 * 1024
LARGEST_DOCUMENT = 256 * 1024

# Called after each exchange: method, path template, status (0: no answer), seconds.
Observer = Callable[[str, str, int, float], None]


class _Exchange(threading.local):
    """What this thread's exchange may still take, and whether a byte of it has left."""

    deadline = 0.0
    leave_by = math.inf
    has_left = False

    def begin(self, seconds: float) -> None:
        self.deadline = time.monotonic() + seconds
        self.has_left = False

    def patience(self) -> float:
        """Return how long one read may wait; a server that drips must not outlive the whole.

        :raises TimeoutError: when the exchange has used its time up.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the exchange took too long")
        return min(left, READ_SECONDS)

    def leave(self) -> None:
        """Note that bytes leave now.

        :raises TimeoutError: when it is too late for the first of them.
        """
        if not self.has_left and time.monotonic() >= self.leave_by:
            raise TimeoutError("it was too late to send this")
        self.has_left = True


_exchange = _Exchange()


@contextmanager
def leaving_within(seconds: float) -> Iterator[None]:
    """Let no exchange of this thread begin to leave later than `seconds` from now: it is then `NotSent`.

    Judged where the first byte is handed over, so that a process that was stopped at any point before is late too.
    """
    _exchange.leave_by = time.monotonic() + seconds
    try:
        yield
    finally:
        _exchange.leave_by = math.inf


class _WatchedSocket(ssl.SSLSocket):
    """Note when a request starts to leave and end reads at the deadline.

    Only this is proof that nothing was sent: exceptions of the layers above look the same before and after.
    """

    def send(self, data: Any, flags: int = 0) -> int:
        _exchange.leave()
        return super().send(data, flags)

    def sendall(self, data: Any, flags: int = 0) -> None:
        _exchange.leave()
        super().sendall(data, flags)

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        self.settimeout(_exchange.patience())
        return super().recv_into(buffer, nbytes, flags)


class _WatchedAdapter(HTTPAdapter):
    """Connect through watched sockets; certificates are checked as `verify` of the session says."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.sslsocket_class = _WatchedSocket
        super().init_poolmanager(*args, ssl_context=context, **kwargs)


@dataclass(frozen=True)
class Answer:
    """A whole answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def request_id(self) -> str:
        """Return the id by which Microsoft's support finds the request."""
        return request_id(self.headers)

    def entity(self, *, repeatable: bool = False) -> dict[str, Any]:
        """Read the body as a JSON object.

        :raises OutcomeUnknown: it is none: what was asked was done, and said unreadably.
        """
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            return value
        raise OutcomeUnknown(
            "the answer is not a JSON object",
            retryable=repeatable,
            status=self.status,
            code="Unreadable",
            request_id=self.request_id,
        )


class Wire:
    """Exchange requests and answers over HTTPS, one kept-alive session per thread."""

    def __init__(self, ca_file: str = "", *, whole_seconds: float = WHOLE_SECONDS) -> None:
        self._verify: bool | str = ca_file or True
        self._whole_seconds = whole_seconds
        self._local = threading.local()

    def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        repeatable: bool = False,
        limit: int = LARGEST_ANSWER,
    ) -> Answer:
        """Send one request and read its whole answer.

        :param repeatable: a second execution would change nothing, so an unknown outcome may be asked again.
        :raises NotSent: no byte of the request left this machine.
        :raises OutcomeUnknown: it left, and no whole answer came back.
        """
        if origin(url) is None:
            raise NotSent("only https addresses are asked", code="InsecureAddress")
        _exchange.begin(self._whole_seconds)
        try:
            response = self._session().request(
                method,
                url,
                headers=headers,
                data=body,
                stream=True,
                allow_redirects=False,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
            )
            with response:
                return Answer(response.status_code, _lower(response.headers), _read(response, limit))
        except (requests.RequestException, HTTPError, OSError, ValueError) as reason:
            raise _failure(reason, repeatable) from reason

    def document(self, url: str) -> bytes:
        """Read a small public document, such as signing keys.

        :raises GraphError: when it cannot be had, is too long or is not answered with 200.
        """
        answer = self.exchange("GET", url, repeatable=True, limit=LARGEST_DOCUMENT)
        if answer.status != 200:
            raise OutcomeUnknown(f"{url} answered {answer.status}", retryable=True, status=answer.status)
        return answer.body

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = _new_session(self._verify)
        return session


def origin(url: str) -> tuple[str, int] | None:
    """Return host and port of an https address; None for any other address, or one with credentials in it."""
    parts = _split(url)
    if parts is None or parts.scheme != "https" or not parts.hostname or "@" in parts.netloc:
        return None
    try:
        return parts.hostname.lower(), 443 if parts.port is None else parts.port
    except ValueError:  # a port that is none
        return None


def _split(url: str) -> SplitResult | None:
    # Two readers of one address may differ about blanks and backslashes: no such address is read at all.
    if not url.isascii() or any(character <= " " or character in "\\\x7f" for character in url):
        return None
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _new_session(verify: bool | str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.verify = verify
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    # Identity: a compressed answer could be small on the wire and endless in memory.
    session.headers.update({"User-Agent": "commsportal", "Accept-Encoding": "identity"})
    session.mount("https://", _WatchedAdapter())
    session.adapters.pop("http://")
    return session


def _read(response: requests.Response, limit: int) -> bytes:
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ValueError("the answer is compressed although that was not asked for")
    body = bytearray()
    # Read to the end even when the first part is all: only then is a truncated answer noticed.
    while part := response.raw.read(64 * 1024, decode_content=False):
        body += part
        if len(body) > limit:
            raise ValueError(f"the answer is longer than {limit} bytes")
    return bytes(body)


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _failure(reason: Exception, repeatable: bool) -> GraphError:
    if not _exchange.has_left:
        return NotSent(f"no connection: {reason}", retryable=True, code="NotSent")
    return OutcomeUnknown(f"no answer: {reason}", retryable=repeatable, code="OutcomeUnknown")
