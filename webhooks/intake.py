"""Where Microsoft's notifications come in: an ASGI application in front of Django.

Who sends is settled from the headers before a byte of the body is read. 202 says that the notification is
committed, nothing less. What it means is the worker's business.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any

from prometheus_client import Counter, Gauge

from commsportal import plain, queues, tracing
from commsportal.clock import now
from commsportal.eager import Begun
from graph import conf
from graph.signatures import BadToken, Claims, ForeignTenant, NoKeys, Verifier
from webhooks import bodies
from webhooks.storage import Row
from webhooks.writer import CAPACITY, Writer

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Coroutine[Any, Any, Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_SECONDS = 5.0
MOST_IN_FLIGHT = 500
MOST_DISCARDED = 8 * 1024 * 1024  # of a body that is too long, so that its sender gets to read the 413
MESSAGE_KEY_LENGTH, SCENARIO_LENGTH, QUERY_LENGTH = 80, 64, 500
GONE = 499  # counted, never sent

ANSWERS = Counter("portal_intake_answers", "Answers to notifications", ["status"])
NOTHING = Counter("portal_intake_nothing_stored", "Signed notifications without content", ["why"])
IN_FLIGHT = Gauge("portal_intake_in_flight", "Notifications being received or written")

logger = logging.getLogger(__name__)


class Refused(Exception):
    """The request is answered by `status` and by nothing else."""

    def __init__(self, status: int, why: str, unread: bool = False) -> None:
        super().__init__(why)
        self.status = status
        self.unread = unread  # the body was not read: the connection is of no further use


class Intake:
    """The ASGI application."""

    def __init__(self, verifier: Verifier | None = None, writer: Writer | None = None) -> None:
        self.given_verifier = verifier
        self.writer = writer or Writer()
        self.in_flight = 0
        self.complaints = Complaints()
        IN_FLIGHT.set_function(lambda: self.in_flight)

    async def start(self) -> None:
        """Connect to the database before the first notification comes."""
        await self.writer.store([])

    def stop(self) -> None:
        """Write what waits."""
        self.writer.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        self.in_flight += 1
        try:
            status, unread = await self._status(scope, receive), False
        except Refused as refusal:
            status, unread = refusal.status, refusal.unread
            self.complaints.note(refusal)
        finally:
            self.in_flight -= 1
        _count(status)
        if status != GONE:
            await send(_start(status, unread))
            await send(_END)

    async def _status(self, scope: Scope, receive: Receive) -> int:
        if scope["method"] != "POST":
            raise Refused(405, "method", unread=True)
        headers = dict(scope["headers"])
        claims = self._verify(scope["headers"], headers)
        if headers.get(b"content-encoding", b"identity").strip().lower() not in (b"", b"identity"):
            raise Refused(415, "encoded body", unread=True)
        if self.in_flight > MOST_IN_FLIGHT:
            raise Refused(503, "too many notifications at once", unread=True)
        raw = await _read(headers, receive)
        if raw is None:
            return GONE
        rows = _rows(scope, headers, claims, raw)
        if not rows:
            return 202
        return (await self.writer.store(rows)).value

    def _verify(self, pairs: list[tuple[bytes, bytes]], headers: dict[bytes, bytes]) -> Claims:
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer" or sum(name == b"authorization" for name, _ in pairs) > 1:
            raise Refused(401, "no bearer token", unread=True)
        try:
            verifier = self.given_verifier or _configured_verifier()
            return verifier.verify(token.strip().decode("latin-1"))
        except BadToken as reason:
            raise Refused(401, str(reason), unread=True) from None
        except ForeignTenant as reason:
            raise Refused(403, str(reason), unread=True) from None
        except NoKeys as reason:
            raise Refused(503, str(reason), unread=True) from None


async def _read(headers: dict[bytes, bytes], receive: Receive) -> bytes | None:
    """Return the whole body, None when the sender has gone."""
    length = headers.get(b"content-length", b"")
    if length.isdigit() and len(length) < 12 and int(length) > MOST_DISCARDED:
        raise Refused(413, "body too long", unread=True)
    first = Begun(receive())
    if first.is_done and _is_all(first.result):
        return first.result.get("body", b"")  # type: ignore[no-any-return]
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read_parts(first, receive)
    except TimeoutError:
        raise Refused(408, "body too slow", unread=True) from None


def _is_all(message: Message) -> bool:
    """Tell whether a message is a whole body of no more than the usual length, as most are."""
    is_last = message["type"] == "http.request" and not message.get("more_body", False)
    return is_last and len(message.get("body", b"")) <= bodies.LONGEST_BODY


async def _read_parts(first: Begun[Message], receive: Receive) -> bytes | None:
    kept, count = b"", 0
    message = first.result if first.is_done else await first.rest()
    while True:
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        count += len(part)
        if count <= bodies.LONGEST_BODY:
            kept = kept + part if kept else part
        if not message.get("more_body", False):
            break
        if count > MOST_DISCARDED:
            raise Refused(413, "body too long", unread=True)
        message = await receive()
    if count > bodies.LONGEST_BODY:
        raise Refused(413, "body too long")
    return kept


def _rows(scope: Scope, headers: dict[bytes, bytes], claims: Claims, raw: bytes) -> list[Row]:
    try:
        items = bodies.parse(raw, _charset(headers.get(b"content-type", b"")))
    except bodies.NothingToStore as reason:
        NOTHING.labels(str(reason)).inc()
        raise Refused(204, str(reason)) from None
    except bodies.TooLong as reason:
        raise Refused(413, str(reason)) from None
    except bodies.Malformed as reason:
        raise Refused(400, str(reason)) from None
    at, key = now(), message_key(headers, raw)
    scenario = _text(headers.get(b"scenario-id", b""), SCENARIO_LENGTH)
    query = _text(scope.get("query_string", b""), QUERY_LENGTH)
    return [
        Row(at, claims.tenant_id, key, index, item.call_key, item.is_ring, scenario, query, item.body)
        for index, item in enumerate(items)
    ]


def message_key(headers: dict[bytes, bytes], raw: bytes) -> str:
    """Return what makes a repetition of this POST recognisable: its message id, else a digest of the body."""
    given = _text(headers.get(b"x-microsoft-skype-message-id", b"").strip(), 1000)
    if 0 < len(given) <= MESSAGE_KEY_LENGTH:
        return given
    return "sha256:" + hashlib.sha256(given.encode() or raw).hexdigest()


def _text(value: bytes, length: int) -> str:
    return value.decode("latin-1").replace("\x00", "")[:length]


def _charset(content_type: bytes) -> str:
    _, found, rest = content_type.lower().partition(b"charset=")
    return rest.split(b";")[0].strip(b" \"'").decode("latin-1")[:40] if found else ""


class Complaints:
    """One line in the log a second, however many requests are refused."""

    def __init__(self) -> None:
        self.silent_until = 0.0
        self.unsaid = 0

    def note(self, refusal: Refused) -> None:
        """Log the refusal, or count it for the next line."""
        if refusal.status < 400:
            return
        at = time.monotonic()
        if at < self.silent_until:
            self.unsaid += 1
            return
        with tracing.about(request_id=tracing.new_id()):
            logger.warning("notification refused (%d, %s); %d more before", refusal.status, refusal, self.unsaid)
        self.silent_until, self.unsaid = at + 1.0, 0


_END: dict[str, Any] = {"type": "http.response.body", "body": b""}
_counters: dict[int, Any] = {}
_EXTRA = {401: [(b"www-authenticate", b"Bearer")], 405: [(b"allow", b"POST")], 503: [(b"retry-after", b"1")]}


def _count(status: int) -> None:
    counter = _counters.get(status)
    if counter is None:
        counter = _counters[status] = ANSWERS.labels(str(status))
    counter.inc()


def _start(status: int, unread: bool) -> dict[str, Any]:
    headers = [*plain.HEADERS] if status == 204 else [*plain.HEADERS, (b"content-length", b"0")]
    headers += _EXTRA.get(status, [])
    if unread:
        headers.append((b"connection", b"close"))
    return {"type": "http.response.start", "status": status, "headers": headers}


_verifier: Verifier | None = None


def _configured_verifier() -> Verifier:
    global _verifier
    if _verifier is None:
        _verifier = conf.verifier()
    return _verifier


application = Intake()
queues.register("notifications", MOST_IN_FLIGHT, lambda: application.in_flight)
queues.register("notifications to write", CAPACITY, application.writer.waiting)
