"""Tokens for Graph: held in memory, renewed ahead of time by one thread (REFERENCE 15.1).

MSAL fetches them (`credentials`). What is held, for how long, and when to ask again is decided here, because MSAL
drops a token five minutes before its end whether or not a new one can be had.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from commsportal import elapsed
from graph.errors import PERMANENT_LOGIN_CODES, GraphError, NotSent

logger = logging.getLogger(__name__)

LONGEST_LEAD = 600.0
LONGEST_BACK_OFF = 60.0


@dataclass(frozen=True, repr=False)
class Token:
    """A bearer token and how long it lives, in seconds from when it was asked for."""

    value: str
    lifetime: float


@dataclass(frozen=True)
class TokenStatus:
    """What operators may know of a tenant's token."""

    tenant_id: str
    age: float | None
    expires_in: float | None
    last_error: str
    failures: int


@dataclass(frozen=True, repr=False)
class _Held:
    value: str
    since: float
    renew_at: float
    expires_at: float


class TokenSource:
    """Hold one tenant's token. Safe to share between threads; only one of them fetches at a time."""

    def __init__(
        self, tenant_id: str, fetch: Callable[[], Token], now: Callable[[], float] = elapsed.seconds
    ) -> None:
        self.tenant_id = tenant_id
        self._fetch = fetch
        self._now = now
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._error: GraphError | None = None
        self._failures = 0
        self._not_before = 0.0

    def bearer(self) -> str:
        """Return the token, to the very end of its life; fetch one when there is none.

        :raises NotSent: there is none to be had now; `retry_after` says when the next attempt is due.
        """
        held = self._held
        if held is None or self._now() >= held.expires_at:
            held = self._replace(lambda held: held is None or self._now() >= held.expires_at)
        return held.value

    def drop(self, token: str) -> None:
        """Forget a token that Graph refused, unless another has taken its place already."""
        with self._lock:
            if self._held is not None and self._held.value == token:
                self._held = None

    def renew_if_due(self) -> float:
        """Renew ahead of expiry; return the seconds until this is to be called again."""
        try:
            self._replace(lambda held: held is None or self._now() >= held.renew_at)
        except GraphError as error:
            logger.error("no token for tenant %s: %s", self.tenant_id, error)
        held, now = self._held, self._now()
        due = held.renew_at if held is not None else now
        return max(due - now, self._not_before - now, 0.05)

    def status(self) -> TokenStatus:
        """Tell age, remaining life and the last failure."""
        held, now = self._held, self._now()
        return TokenStatus(
            self.tenant_id,
            None if held is None else now - held.since,
            None if held is None else held.expires_at - now,
            "" if self._error is None else str(self._error),
            self._failures,
        )

    def _replace(self, is_due: Callable[[_Held | None], bool]) -> _Held:
        with self._lock:
            if self._held is None or is_due(self._held):
                self._fetch_one()
            if self._held is None:
                raise self._failure()
            return self._held

    def _fetch_one(self) -> None:
        asked_at = self._now()
        if asked_at < self._not_before:
            if self._held is not None and asked_at >= self._held.expires_at:
                self._held = None
            return
        try:
            token = self._fetch()
        except GraphError as error:
            self._back_off(error)
            return
        lead = min(LONGEST_LEAD, token.lifetime / 4)
        ends = asked_at + token.lifetime
        self._held = _Held(token.value, asked_at, ends - lead, ends)
        self._error, self._failures, self._not_before = None, 0, 0.0

    def _back_off(self, error: GraphError) -> None:
        now = self._now()
        self._error = error
        self._failures += 1
        wait = min(2.0 ** min(self._failures - 1, 10), LONGEST_BACK_OFF)
        if error.code in PERMANENT_LOGIN_CODES:
            wait = LONGEST_BACK_OFF
        self._not_before = now + max(wait, error.retry_after or 0.0)
        if self._held is not None and now >= self._held.expires_at:
            self._held = None
        logger.warning("token endpoint failed for tenant %s: %s", self.tenant_id, error)

    def _failure(self) -> NotSent:
        error = self._error
        return NotSent(
            "no token" if error is None else error.message,
            retryable=error is None or error.retryable,
            status=None if error is None else error.status,
            code="NoToken" if error is None else error.code,
            subcode=None if error is None else error.subcode,
            retry_after=max(self._not_before - self._now(), 0.0),
        )


class TokenKeeper:
    """Renew the tokens of all tenants ahead of expiry, in one thread."""

    def __init__(self) -> None:
        self._sources: list[TokenSource] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def keep(self, source: TokenSource) -> None:
        """Take a source into care; its first token is fetched at once."""
        with self._changed:
            self._sources.append(source)
            if self._thread is None or not self._thread.is_alive():
                self._stopped = False
                self._thread = threading.Thread(target=self._run, name="graph-tokens", daemon=True)
                self._thread.start()
            self._changed.notify()

    def sources(self) -> tuple[TokenSource, ...]:
        """Return the sources in care."""
        with self._changed:
            return tuple(self._sources)

    def stop(self) -> None:
        """End the thread; the sources stay usable."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped:
            sources = self.sources()
            delay = min((source.renew_if_due() for source in sources), default=LONGEST_BACK_OFF)
            with self._changed:
                if not self._stopped and len(self._sources) == len(sources):
                    self._changed.wait(min(delay, LONGEST_BACK_OFF))
