"""Hostile tokens as `tests/data/hostile_tokens.json` describes them: what is changed of a good one, and how.

An entry changes one `part` of a token: its header, its claims, its signature, or the finished text. Entries that
change different parts can be combined. `$ISSUER`, `$AUDIENCE`, `$TENANT`, `$KID` and `$MODULUS` stand for the good
token's own; {"$at": 60} is a minute from now, and {"$repeat": ["k", 300]} three hundred letters.
"""

import base64
import hashlib
import hmac
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

Entry = dict[str, Any]
CORPUS: list[Entry] = json.loads((Path(__file__).parent / "data/hostile_tokens.json").read_text())
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
HASHES = {"SHA1": hashes.SHA1(), "SHA256": hashes.SHA256(), "SHA384": hashes.SHA384(), "SHA512": hashes.SHA512()}
Key = rsa.RSAPrivateKey


@dataclass(frozen=True)
class Mint:
    """Who makes tokens: a good token's header and claims, the key it is signed by, and two others."""

    header: dict[str, Any]
    claims: dict[str, Any]
    now: int
    keys: Mapping[str, Key]  # `good`, `stranger`, and perhaps `other service`

    def token(self, *entries: Entry) -> str:
        """Return a token, good but for what `entries` change."""
        header, claims = (self._part(name, entries) for name in ("header", "claims"))
        signed = f"{header}.{claims}"
        made = f"{signed}.{self._signature(signed, entries)}"
        for entry in entries:
            for change in entry.get("text", ()):
                made = _spoil(made, *(self._value(value) for value in change))
        return made

    def _part(self, name: str, entries: tuple[Entry, ...]) -> str:
        values = dict(self.header if name == "header" else self.claims)
        text, tail, coding = None, "", "utf-8"
        for entry in (one for one in entries if one["part"] == name):
            values |= {key: self._value(value) for key, value in entry.get("set", {}).items()}
            values = {key: value for key, value in values.items() if key not in entry.get("drop", ())}
            text, tail = entry.get("instead", text), self._value(entry.get("tail", tail))
            coding = entry.get("coding", coding)
        text = json.dumps(values)[:-1] + tail + "}" if text is None else str(self._value(text))
        return _b64(text.encode(coding))

    def _signature(self, signed: str, entries: tuple[Entry, ...]) -> str:
        how: Entry = next((entry["sign"] for entry in entries if "sign" in entry), {})
        key, data = self.keys[how.get("key", "good")], signed.encode()
        if "secret" in how:
            return _b64(hmac.new(self._secret(how["secret"]), data, hashlib.sha256).digest())
        if how.get("hash") == "none":
            return ""
        scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if how.get("pss") else padding.PKCS1v15()
        return _b64(key.sign(data, scheme, HASHES[how.get("hash", "SHA256")]))

    def _secret(self, kind: str) -> bytes:
        if kind == "modulus":
            return self._modulus().encode()
        public, form = self.keys["good"].public_key(), serialization.PublicFormat.SubjectPublicKeyInfo
        coding = {"pem": serialization.Encoding.PEM, "der": serialization.Encoding.DER}.get(kind)
        return public.public_bytes(coding, form) if coding else b""

    def _modulus(self) -> str:
        number = self.keys["good"].public_key().public_numbers().n
        return _b64(number.to_bytes((number.bit_length() + 7) // 8, "big"))

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            for name, known in self._names().items():
                value = value.replace(name, known)
            return value
        if isinstance(value, list):
            return [self._value(one) for one in value]
        if isinstance(value, dict):
            return _special(value, self.now) or {self._value(key): self._value(one) for key, one in value.items()}
        return value

    def _names(self) -> dict[str, str]:
        names = {"$ISSUER": "iss", "$AUDIENCE": "aud", "$TENANT": "tid"}
        known = {name: str(self.claims[claim]) for name, claim in names.items()}
        return known | {"$KID": str(self.header["kid"]), "$MODULUS": self._modulus()}


def _special(value: dict[str, Any], now: int) -> Any:
    match value:
        case {"$at": seconds}:
            return now + seconds
        case {"$at as": [kind, seconds]}:
            return {"text": str, "float": float, "list": lambda at: [at]}[kind](now + seconds)
        case {"$repeat": [text, count]}:
            return text * count
        case {"$power": digits}:
            return 10**digits
    return None


def _spoil(token: str, how: str, *what: Any) -> str:
    parts = token.split(".")
    if how == "flip":
        part, at = what
        letter = "B" if parts[part][at] == "A" else "A"
        parts[part] = parts[part][:at] + letter + parts[part][at + 1 :]
        return ".".join(parts)
    if how == "keep":
        return ".".join(parts[: what[0]])
    if how == "claims":  # others, put in after signing
        return ".".join([parts[0], _b64(json.dumps(what[0]).encode()), *parts[2:]])
    if how == "respell":  # only the unused bits of the last letter: the same bytes to a lenient decoder
        return token[:-1] + ALPHABET[(ALPHABET.index(token[-1]) + 1) % 64]
    if how == "cut":
        return token[: -what[0]]
    if how == "double":
        return token + parts[what[0]]
    if how == "replace":
        return token.replace(what[0], what[1])
    return {"append": token + what[0], "whole": what[0]}[how]


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def expected(*entries: Entry) -> int:
    """Return what a token with all these changes is answered: it is bad before it is foreign."""
    return max((entry["expected"] for entry in entries), key=lambda status: status == 401)


def pairs() -> Iterator[tuple[Entry, Entry]]:
    """Yield the entries that can be combined two by two: their parts differ, and the text stays a token."""
    whole = [entry for entry in CORPUS if entry["part"] != "text"]
    yield from (pair for pair in itertools.combinations(whole, 2) if pair[0]["part"] != pair[1]["part"])
