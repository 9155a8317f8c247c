"""Seal what has to be kept and read again: AES-256-GCM under a key for each purpose, derived from the secret key.

What is sealed is bound to where it stands: copied elsewhere it does not open. A former secret key still opens
while it is listed (`SECRET_KEY_FALLBACKS`); sealing is by the present one.
"""

import base64
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12  # random, as it may be under 2^32 times by one key


def seal(text: str, purpose: str, place: str) -> str:
    """Return `text` so that only `unseal` of the same purpose and place reads it."""
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(_key(settings.SECRET_KEY, purpose)).encrypt(nonce, text.encode(), place.encode())
    return base64.urlsafe_b64encode(nonce + sealed).decode()


def unseal(sealed: str, purpose: str, place: str) -> str | None:
    """Return what was sealed; None when it was altered, for another purpose or place, or by a key that is gone."""
    try:
        whole = base64.b64decode(sealed, altchars=b"-_", validate=True)
    except ValueError:
        return None
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            key = AESGCM(_key(secret, purpose))
            return key.decrypt(whole[:NONCE_BYTES], whole[NONCE_BYTES:], place.encode()).decode()
        except (InvalidTag, ValueError):  # the latter: too short to be anything sealed
            continue
    return None


def _key(secret: str, purpose: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"commsportal {purpose}".encode()).derive(secret.encode())
