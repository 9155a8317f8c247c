"""Who may speak to our webhook: the token that comes with each notification (REFERENCE 15.2)."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from commsportal import elapsed
from graph.keys import LONGEST_KID, Fetch, KeyRing, strict_object, unbase64url

LONGEST_TOKEN = 8 * 1024
LARGEST_SKEW = 300
MOST_VERDICTS = 2048
LATEST_TIME = 2**40

_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
# Members of the header that would change what is verified, or by which key. `x5t` only repeats the key id.
_FORBIDDEN = frozenset({"crit", "b64", "jku", "jwk", "x5u", "x5c", "zip", "enc"})


class SignatureError(Exception):
    """The caller is not shown to be who may call."""


class BadToken(SignatureError):
    """The token is forged, broken, expired or not for us: 401."""


class ForeignTenant(SignatureError):
    """The token is good and its tenant is not ours: 403."""

    def __init__(self, tenant_id: str) -> None:
        super().__init__("the tenant is not allowed")
        self.tenant_id = tenant_id


class NoKeys(SignatureError):
    """There are no keys yet to judge by: 503."""


@dataclass(frozen=True)
class Claims:
    """What a good token says. `values` holds every claim."""

    tenant_id: str
    issuer: str
    expires_at: int
    not_before: int
    values: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)


@dataclass(frozen=True)
class _Verdict:
    claims: Claims
    kid: str
    key: RSAPublicKey


class Verifier:
    """Verify tokens; safe to share between threads, and never waits for the network."""

    def __init__(
        self,
        openid_urls: Sequence[str],
        issuers: Collection[str],
        audience: str,
        tenants: Collection[str],
        skew: int,
        fetch: Fetch,
        now: Callable[[], float] = time.time,
        passed: Callable[[], float] = elapsed.seconds,
    ) -> None:
        """Prepare; no connection is made before `warm` or the first token.

        :param openid_urls: https addresses of OpenID documents; their keys are united.
        :param tenants: tenant ids whose tokens are let in, compared exactly.
        :param skew: seconds that clocks may differ, 300 at most.
        :param fetch: reads one https document without following redirects.
        """
        if not audience or not issuers or not tenants:
            raise ValueError("tokens are checked against an audience, issuers and tenants")
        self._issuers = frozenset(issuers)
        self._audience = audience
        self._tenants = frozenset(tenants)
        self._skew = max(0, min(skew, LARGEST_SKEW))
        self._now = now
        self._verdicts: dict[bytes, _Verdict] = {}
        self._lock = threading.Lock()
        self.keys = KeyRing(openid_urls, fetch, passed)

    def warm(self, wait: float = 0.0) -> bool:
        """Start reading keys in the background; tell whether there are any after `wait` seconds."""
        self.keys.start()
        return self.keys.wait(wait)

    def verify(self, token: str) -> Claims:
        """Verify a token's signature, issuer, audience, times and tenant.

        A verdict is remembered by the digest of the whole token; time and tenant are checked every time.

        :raises BadToken: for 401.
        :raises ForeignTenant: for 403.
        :raises NoKeys: for 503; reading them has begun.
        """
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        verdict = self._verdicts.get(digest)
        if verdict is None or self.keys.get(verdict.kid) is not verdict.key:
            verdict = self._judge(token)
            self._check_time(verdict.claims)
            self._check_tenant(verdict.claims)
            self._remember(digest, verdict)
            return verdict.claims
        self._check_time(verdict.claims)
        self._check_tenant(verdict.claims)
        return verdict.claims

    def _judge(self, token: str) -> _Verdict:
        if len(token) > LONGEST_TOKEN or not _SHAPE.fullmatch(token):
            raise BadToken("not a token")
        signed, _, signature = token.rpartition(".")
        header, _, payload = signed.partition(".")
        try:
            kid = _key_id(strict_object(unbase64url(header)))
            key = self._key(kid)
            # RS256 is fixed here: neither header nor settings choose an algorithm.
            key.verify(unbase64url(signature), signed.encode("ascii"), PKCS1v15(), SHA256())
            return _Verdict(self._read(strict_object(unbase64url(payload))), kid, key)
        except InvalidSignature as reason:
            raise BadToken("the signature does not match") from reason
        except ValueError as reason:
            raise BadToken(f"broken token: {reason}") from reason

    def _key(self, kid: str) -> RSAPublicKey:
        key = self.keys.get(kid)
        if key is not None:
            return key
        if not self.keys.is_complete():
            self.keys.start()
            raise NoKeys(f"no signing keys yet: {self.keys.last_error or 'being read'}")
        self.keys.ask()
        raise BadToken("unknown key")

    def _read(self, claims: dict[str, Any]) -> Claims:
        issuer, tenant = _text(claims, "iss"), _text(claims, "tid")
        if issuer not in self._issuers:
            raise BadToken("wrong issuer")
        if _text(claims, "aud") != self._audience:
            raise BadToken("wrong audience")
        return Claims(tenant, issuer, _time(claims, "exp"), _time(claims, "nbf"), claims)

    def _check_time(self, claims: Claims) -> None:
        now = self._now()
        if now >= claims.expires_at + self._skew:
            raise BadToken("the token has expired")
        if now < claims.not_before - self._skew:
            raise BadToken("the token is not valid yet")

    def _check_tenant(self, claims: Claims) -> None:
        if claims.tenant_id not in self._tenants:
            raise ForeignTenant(claims.tenant_id)

    def _remember(self, digest: bytes, verdict: _Verdict) -> None:
        with self._lock:
            if len(self._verdicts) >= MOST_VERDICTS:
                self._forget()
            self._verdicts[digest] = verdict

    def _forget(self) -> None:
        """Drop what has expired, and the oldest half if that was not enough."""
        now = self._now()
        live = {d: v for d, v in self._verdicts.items() if now < v.claims.expires_at + self._skew}
        if len(live) >= MOST_VERDICTS:
            live = dict(list(live.items())[MOST_VERDICTS // 2 :])
        self._verdicts = live


def _key_id(header: dict[str, Any]) -> str:
    if header.get("alg") != "RS256":
        raise BadToken("the algorithm is not RS256")
    if not _FORBIDDEN.isdisjoint(header):
        raise BadToken("the header asks for more than a key id")
    kind, kid = header.get("typ", "JWT"), header.get("kid")
    if not isinstance(kind, str) or kind.upper() != "JWT":
        raise BadToken("not a JWT")
    if not isinstance(kid, str) or not 0 < len(kid) <= LONGEST_KID:
        raise BadToken("no key id")
    return kid


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise BadToken(f"no {name}")
    return value


def _time(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    if type(value) is not int or not 0 <= value < LATEST_TIME:
        raise BadToken(f"no {name}")
    return value
