"""Headers of the answers given in front of Django: to notifications, too long bodies and refused sockets."""

from typing import Final

from django.conf import settings

_HSTS: Final = f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains".encode()

HEADERS: Final[list[tuple[bytes, bytes]]] = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    *([(b"strict-transport-security", _HSTS)] if settings.HTTPS else []),
]
