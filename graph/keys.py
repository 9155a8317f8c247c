"""Signing keys of the services that call us: read beside the requests, never on their way (REFERENCE 15.2)."""

from __future__ import annotations

import base64
import binascii
import json
import logging
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

from commsportal import elapsed
from graph.transport import LARGEST_DOCUMENT, origin

logger = logging.getLogger(__name__)

FRESH_SECONDS = 24 * 3600.0
WINDOW_SECONDS = 60.0
MOST_KEYS = 100
RSA_BITS = range(2048, 8193)
LONGEST_KID = 256

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")

Fetch = Callable[[str], bytes]


def unbase64url(value: str) -> bytes:
    """Decode base64url without padding, in its one canonical spelling.

    :raises ValueError: anything else, such as stray characters that the standard library would skip.
    """
    if not _BASE64URL.fullmatch(value):
        raise ValueError("not base64url")
    try:
        data = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except binascii.Error as reason:
        raise ValueError("not base64url") from reason
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != value:
        raise ValueError("not canonical base64url")
    return data


def strict_object(text: bytes) -> dict[str, Any]:
    """Read a JSON object in which no name occurs twice.

    :raises ValueError: anything else.
    """
    try:
        value = json.loads(text.decode(), object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError as reason:
        raise ValueError("nested too deep") from reason
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def read_keys(document: bytes) -> dict[str, RSAPublicKey]:
    """Read the usable keys of a JWKS by their id; what is not an RSA signing key of 2048 bits or more is left out.

    :raises ValueError: not a key document, or none of its keys is usable.
    """
    entries = strict_object(document).get("keys")
    if not isinstance(entries, list):
        raise ValueError("a key document has a list `keys`")
    keys: dict[str, RSAPublicKey] = {}
    for entry in entries[:MOST_KEYS]:
        kid = entry.get("kid") if isinstance(entry, dict) else None
        key = _read_key(entry) if isinstance(kid, str) and 0 < len(kid) <= LONGEST_KID else None
        if key is not None:
            keys.setdefault(str(kid), key)
    if not keys:
        raise ValueError("the document holds no usable key")
    return keys


def _read_key(entry: dict[str, Any]) -> RSAPublicKey | None:
    told = (entry.get("kty"), entry.get("use"), entry.get("alg", "RS256"))
    if told != ("RSA", "sig", "RS256") or "d" in entry:
        return None
    try:
        n, e = (int.from_bytes(unbase64url(str(entry.get(name, ""))), "big") for name in ("n", "e"))
        if n.bit_length() not in RSA_BITS or not n & 1 or e not in range(3, 2**32, 2):
            return None
        return RSAPublicNumbers(e, n).public_key()
    except ValueError:
        return None


@dataclass
class _Document:
    url: str
    keys: dict[str, RSAPublicKey] = field(default_factory=dict)
    fetched_at: float | None = None
    tried_at: float | None = None
    asked_at: float | None = None  # when an unknown key id last made us look
    is_wanted: bool = True
    failures: int = 0

    def due_in(self, now: float) -> float:
        """Return the seconds until this document is to be read (again)."""
        if self.fetched_at is None or self.failures:
            pause = min(0.5 * 2.0 ** min(self.failures, 10), WINDOW_SECONDS)
            return 0.0 if self.tried_at is None else self.tried_at + pause - now
        return 0.0 if self.is_wanted else self.fetched_at + FRESH_SECONDS - now


class KeyRing:
    """The union of the keys that the configured documents name; a failing document leaves its last good keys.

    Reading happens in one background thread, so it is single-flight by construction.
    """

    def __init__(
        self, openid_urls: Sequence[str], fetch: Fetch, now: Callable[[], float] = elapsed.seconds
    ) -> None:
        self._origins = {origin(url) for url in openid_urls}
        if None in self._origins or not openid_urls:
            raise ValueError("OpenID documents are named by https addresses")
        self._documents = [_Document(url) for url in openid_urls]
        self._fetch = fetch
        self._now = now
        self._keys: dict[str, RSAPublicKey] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopped = False
        self.last_error = ""

    def get(self, kid: str) -> RSAPublicKey | None:
        """Look a key up; costs a dictionary access."""
        return self._keys.get(kid)

    def is_complete(self) -> bool:
        """Tell whether there are keys, and every document has been tried."""
        return bool(self._keys) and self.is_tried()

    def is_tried(self) -> bool:
        """Tell whether every document has been tried, whatever came of it."""
        return all(document.tried_at is not None for document in self._documents)

    def start(self) -> None:
        """See that the thread runs; returns at once."""
        with self._changed:
            if self._thread is None or not self._thread.is_alive():
                self._stopped = False
                self._thread = threading.Thread(target=self._run, name="graph-keys", daemon=True)
                self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait until there are keys; tell whether there are."""
        with self._changed:
            return self._changed.wait_for(self.is_complete, seconds) or bool(self._keys)

    def wait_tried(self, seconds: float) -> None:
        """Wait until every document has been tried."""
        with self._changed:
            self._changed.wait_for(self.is_tried, seconds)

    def ask(self) -> None:
        """Have the documents read again for an unknown key id: each at most once per window."""
        now = self._now()
        with self._changed:
            for document in self._documents:
                if document.asked_at is None or now >= document.asked_at + WINDOW_SECONDS:
                    document.asked_at, document.is_wanted = now, True
            self._changed.notify_all()
        self.start()

    def stop(self) -> None:
        """End the thread; the keys stay."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def refresh(self) -> float:
        """Read the documents that are due; return the seconds until the next is."""
        for document in self._documents:
            if document.due_in(self._now()) <= 0:
                self._read(document)
        return min(document.due_in(self._now()) for document in self._documents)

    def status(self) -> list[dict[str, Any]]:
        """Tell of each document how many keys it gave, their age in seconds and how often reading failed."""
        now = self._now()
        return [
            {
                "url": document.url,
                "keys": len(document.keys),
                "age": None if document.fetched_at is None else now - document.fetched_at,
                "failures": document.failures,
            }
            for document in self._documents
        ]

    def _run(self) -> None:
        while not self._stopped:
            delay = self.refresh()
            with self._changed:
                self._changed.notify_all()
                if not self._stopped and not self._has_wish():
                    self._changed.wait(max(0.0, min(delay, WINDOW_SECONDS)))

    def _has_wish(self) -> bool:
        return any(document.due_in(self._now()) <= 0 for document in self._documents)

    def _read(self, document: _Document) -> None:
        document.is_wanted = False
        try:
            keys = read_keys(self._get(self._key_address(document.url)))
        except Exception as reason:  # whatever goes wrong out there, the thread and the last good keys stay
            document.failures += 1
            self.last_error = f"{document.url}: {reason}"
            logger.error("signing keys cannot be read: %s", self.last_error)
        else:
            document.keys, document.fetched_at, document.failures = keys, self._now(), 0
            self._keys = self._union()
        document.tried_at = self._now()

    def _key_address(self, url: str) -> str:
        address = strict_object(self._get(url)).get("jwks_uri")
        # The keys live where the document does: a poisoned document must not name a host of its own.
        if not isinstance(address, str) or origin(address) not in self._origins:
            raise ValueError("jwks_uri names no configured host")
        return address

    def _get(self, url: str) -> bytes:
        document = self._fetch(url)
        if len(document) > LARGEST_DOCUMENT:
            raise ValueError("the document is too long")
        return document

    def _union(self) -> dict[str, RSAPublicKey]:
        keys: dict[str, RSAPublicKey] = {}
        for document in self._documents:
            for kid, key in document.keys.items():
                keys.setdefault(kid, key)
        return keys


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name occurs twice")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
