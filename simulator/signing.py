"""Signing keys: one ring for the directory's tokens, another for the notification service (REFERENCE 15)."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from simulator.config import write_private

CALLBACK_ISSUER = "https://graph.microsoft.com"
CALLBACK_LIFE = timedelta(minutes=65)
CALLBACK_REUSE = timedelta(minutes=5)
KEYS_PUBLISHED = 3


class KeyRing:
    """Hold a few RSA keys, the newest of which signs; all of them are published."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.keys: list[tuple[str, rsa.RSAPrivateKey]] = []
        if file.exists():
            self.keys = [load(pem) for pem in json.loads(file.read_text())]
        else:
            self.rotate()

    def rotate(self) -> str:
        """Put a new key in front, keep the two before it, and return its id."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.keys = [(key_id(key), key), *self.keys][:KEYS_PUBLISHED]
        write_private(self.file, json.dumps([dump(key) for _, key in self.keys]).encode())
        return self.keys[0][0]

    def sign(self, claims: dict[str, Any]) -> str:
        """Return the claims as a signed token."""
        kid, key = self.keys[0]
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid})

    def verify(self, token: str, audience: str | list[str]) -> dict[str, Any]:
        """Return the claims of a token of ours.

        :raises jwt.PyJWTError: if it is none, or no longer.
        """
        kid = jwt.get_unverified_header(token).get("kid")
        key = dict(self.keys).get(str(kid))
        if key is None:
            raise jwt.InvalidTokenError("unknown key")
        return jwt.decode(token, key.public_key(), algorithms=["RS256"], audience=audience)

    def jwks(self) -> dict[str, Any]:
        """Return the public halves."""
        return {"keys": [public(kid, key) for kid, key in self.keys]}


def key_id(key: rsa.RSAPrivateKey) -> str:
    """Derive a key's id from the key."""
    return sha256(str(key.public_key().public_numbers().n).encode()).hexdigest()[:27]


def load(pem: str) -> tuple[str, rsa.RSAPrivateKey]:
    """Read one key."""
    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("a signing key is an RSA key")
    return key_id(key), key


def dump(key: rsa.RSAPrivateKey) -> str:
    """Write one key."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def public(kid: str, key: rsa.RSAPrivateKey) -> dict[str, Any]:
    """Return one key as JWKS shows it; `alg` is usually absent there (REFERENCE 24.4)."""
    members = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {"kty": "RSA", "use": "sig", "kid": kid, "n": members["n"], "e": members["e"]}


class CallbackSigner:
    """Make the bearer tokens of notifications; one is used for five minutes, as the service does."""

    def __init__(self, ring: KeyRing, now: Callable[[], datetime]) -> None:
        self.ring = ring
        self.now = now
        self._made: dict[tuple[str, str, str], tuple[datetime, str]] = {}

    def token(self, tenant_id: str, audience: str) -> str:
        """Return a token for a tenant's notifications to an application."""
        wanted = (tenant_id, audience, self.ring.keys[0][0])
        made = self._made.get(wanted)
        if made is None or self.now() - made[0] > CALLBACK_REUSE:
            made = self._made[wanted] = (self.now(), self.ring.sign(self.claims(tenant_id, audience)))
        return made[1]

    def claims(self, tenant_id: str, audience: str) -> dict[str, Any]:
        """Return the claims of REFERENCE 15.2."""
        now = self.now()
        return {
            "iss": CALLBACK_ISSUER,
            "aud": audience,
            "tid": tenant_id,
            "nbf": int((now - CALLBACK_REUSE).timestamp()),
            "iat": int(now.timestamp()),
            "exp": int((now + CALLBACK_LIFE).timestamp()),
        }
