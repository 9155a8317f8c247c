"""The service that signs notifications, as far as the portal sees it: a key, two documents, tokens."""

import base64
import json
import time
from typing import Any, ClassVar

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from graph.signatures import Verifier
from tests.tokens import Mint

TENANT = "11111111-1111-4111-8111-111111111111"
OTHER_TENANT = "33333333-3333-4333-8333-333333333333"
AUDIENCE = "22222222-2222-4222-8222-222222222222"
ISSUER = "https://graph.microsoft.com"
HOST = "https://keys.example"


def base64url(number: int) -> str:
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    """Signs tokens and publishes its keys."""

    made: ClassVar[list[Verifier]] = []  # each with a thread that reads keys, until it is stopped

    def __init__(self, url: str = HOST, kid: str = "first") -> None:
        self.url = url
        self.kid = kid
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.other = rsa.generate_private_key(public_exponent=65537, key_size=2048)  # published nowhere
        self.fetched: list[str] = []
        self.is_down = False

    @property
    def openid_url(self) -> str:
        return f"{self.url}/openid"

    def documents(self) -> dict[str, dict[str, Any]]:
        numbers = self.key.public_key().public_numbers()
        key = {"kty": "RSA", "use": "sig", "kid": self.kid, "n": base64url(numbers.n), "e": base64url(numbers.e)}
        return {"/openid": {"issuer": ISSUER, "jwks_uri": f"{self.url}/keys"}, "/keys": {"keys": [key]}}

    def fetch(self, url: str) -> bytes:
        """Stand in for the network."""
        self.fetched.append(url)
        if self.is_down:
            raise ConnectionError("the host is down")
        return json.dumps(self.documents()[url.removeprefix(self.url)]).encode()

    def token(self, *, header: dict[str, Any] | None = None, drop: str = "", **changes: Any) -> str:
        """Sign a good token, with `changes` of its claims and without the claim `drop`."""
        at = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "tid": TENANT, "nbf": at - 60, "exp": at + 3600} | changes
        claims.pop(drop, None)
        return jwt.encode(claims, self.key, "RS256", headers={"kid": self.kid} | (header or {}))

    def mint(self) -> Mint:
        """Return who makes hostile tokens of this issuer's."""
        at = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "tid": TENANT, "nbf": at - 60, "exp": at + 3600}
        header = {"typ": "JWT", "alg": "RS256", "kid": self.kid}
        return Mint(header, claims, at, {"good": self.key, "stranger": self.other})

    def verifier(self) -> Verifier:
        """Return a verifier that knows this issuer, with warm keys unless it is down."""
        verifier = Verifier([self.openid_url], [ISSUER], AUDIENCE, [TENANT], 60, self.fetch)
        self.made.append(verifier)
        verifier.warm(0 if self.is_down else 60)
        return verifier
