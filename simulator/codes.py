"""Codes and refresh tokens: what stands behind the random names that the token service gives out."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from simulator.errors import TokenError
from simulator.people import Person, Tenant
from simulator.world import utc_now

CODE_LIFE = timedelta(minutes=10)
CODES_KEPT = 1_000


@dataclass(frozen=True)
class Code:
    """Remember what a code or refresh token stands for."""

    tenant_id: str
    person_id: str
    redirect_uri: str
    scope: str
    nonce: str
    challenge: str
    expires: datetime
    used: bool = False
    is_refresh: bool = False

    @classmethod
    def of(cls, tenant: Tenant, person: Person, asked: dict[str, str]) -> Self:
        """Remember one answer of the sign-in page."""
        return cls(
            tenant_id=tenant.id,
            person_id=person.id,
            redirect_uri=asked.get("redirect_uri", ""),
            scope=asked.get("scope", ""),
            nonce=asked.get("nonce", ""),
            challenge=asked.get("code_challenge", ""),
            expires=utc_now() + CODE_LIFE,
        )


class Codes:
    """Keep codes until they are used or too old; their number is bounded."""

    def __init__(self) -> None:
        self._codes: dict[str, Code] = {}

    def issue(self, code: Code) -> str:
        """Return a new random name for what it stands for."""
        while len(self._codes) >= CODES_KEPT:
            self._codes.pop(next(iter(self._codes)))
        name = secrets.token_urlsafe(32)
        self._codes[name] = code
        return name

    def refresh(self, name: str, tenant: Tenant) -> Code:
        """Return what a refresh token stands for: its use gives out another one and does not end it.

        :raises TokenError: if it is none, was revoked or is another tenant's.
        """
        code = self._codes.get(name)
        if code is None or not code.is_refresh:
            raise TokenError(400, "invalid_grant", 70000, "The provided grant is invalid, revoked or malformed.")
        self._check_tenant(code, tenant)
        return code

    def revoke(self, person_id: str) -> int:
        """Forget all refresh tokens of somebody and return how many there were."""
        theirs = [n for n, code in self._codes.items() if code.is_refresh and code.person_id == person_id]
        for name in theirs:
            del self._codes[name]
        return len(theirs)

    def redeem(self, name: str, tenant: Tenant) -> Code:
        """Return what a code stands for; it is good once.

        :raises TokenError: if it is unknown, used, too old or another tenant's.
        """
        code = self._codes.get(name)
        if code is None or code.is_refresh or code.expires < utc_now():
            raise TokenError(400, "invalid_grant", 70008, "The code or refresh token has expired.")
        self._check_tenant(code, tenant)
        if code.used:
            raise TokenError(400, "invalid_grant", 54005, "The code was already redeemed.")
        self._codes[name] = replace(code, used=True)
        return code

    def _check_tenant(self, code: Code, tenant: Tenant) -> None:
        if code.tenant_id != tenant.id:
            raise TokenError(400, "invalid_grant", 700005, "The code was issued for another tenant.")


_codes = Codes()


def codes() -> Codes:
    """Return the codes of this process."""
    return _codes
