"""Keys and tokens as the calling service makes them, and ways to spoil them."""

from __future__ import annotations

import base64
import functools
import json
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

DOCUMENTS = ("https://aps.example/v1/openid", "https://bots.example/v1/openid")
KEYS = {DOCUMENTS[0]: "https://aps.example/v1/keys", DOCUMENTS[1]: "https://bots.example/v1/keys"}
ISSUERS = ("https://graph.microsoft.com", "https://api.botframework.com")
AUDIENCE = "f2f0a1de-52c5-4a60-9c1c-1b9d1f6a7a01"
TENANT = "b3f1c7de-0f5c-4c0e-9d2a-5a4d2f7c8e10"
NOW = 1_790_000_000

JSON = dict[str, Any]


class Clock:
    def __init__(self) -> None:
        self.time = float(NOW)

    def __call__(self) -> float:
        return self.time


@functools.cache
def key(number: int, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return one of a few keys, made once per run."""
    return rsa.generate_private_key(65537, bits)


def b64(data: bytes | str | JSON) -> str:
    raw = json.dumps(data).encode() if isinstance(data, dict) else data
    raw = raw.encode() if isinstance(raw, str) else raw
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def number64(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def jwk(private: rsa.RSAPrivateKey, kid: str, /, **changes: Any) -> JSON:
    numbers = private.public_key().public_numbers()
    entry = {"kty": "RSA", "use": "sig", "kid": kid, "n": number64(numbers.n), "e": number64(numbers.e)}
    return {name: value for name, value in (entry | changes).items() if value is not None}


def claims(**changes: Any) -> JSON:
    told = {"iss": ISSUERS[0], "aud": AUDIENCE, "tid": TENANT, "nbf": NOW - 60, "exp": NOW + 3900}
    return {name: value for name, value in (told | changes).items() if value is not ...}


def header(**changes: Any) -> JSON:
    told = {"typ": "JWT", "alg": "RS256", "kid": "k1"}
    return {name: value for name, value in (told | changes).items() if value is not ...}


def sign(signed: str, private: rsa.RSAPrivateKey | None = None) -> str:
    signature = (private or key(1)).sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{b64(signature)}"


def token(
    head: JSON | str | None = None, body: JSON | str | None = None, by: rsa.RSAPrivateKey | None = None
) -> str:
    """Return a signed token, good unless something else is asked for."""
    return sign(f"{b64(head or header())}.{b64(body or claims())}", by)


class Web:
    """The documents of the calling services, and who looked at them."""

    def __init__(self) -> None:
        self.documents: dict[str, bytes | Exception] = {}
        self.asked: list[str] = []
        for number, url in enumerate(DOCUMENTS, 1):
            self.put(url, {"issuer": ISSUERS[0], "jwks_uri": KEYS[url]})
            self.put(KEYS[url], {"keys": [jwk(key(number), f"k{number}")]})

    def put(self, url: str, document: JSON | bytes | Exception) -> None:
        self.documents[url] = json.dumps(document).encode() if isinstance(document, dict) else document

    def __call__(self, url: str) -> bytes:
        self.asked.append(url)
        document = self.documents[url]
        if isinstance(document, Exception):
            raise document
        return document
