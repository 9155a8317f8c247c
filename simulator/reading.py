"""Reading what strangers send: what cannot be read is told apart from what can, and nothing crashes."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest

LOOPBACK = ("localhost", "127.0.0.1", "::1")
DIGITS = 9
KEYED = re.compile(r"(\w+)\('((?:[^']|'')*)'\)")


def parse_json(body: bytes) -> Any:
    """Return what a JSON text says.

    :raises ValueError: if it is none; nesting without end counts as none.
    """
    try:
        return json.loads(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def whole_number(text: str) -> int | None:
    """Return a number written in a few plain digits, or nothing."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else None


def web_address(url: object) -> tuple[str, str]:
    """Return scheme and host of an absolute http or https address, both empty if it is none."""
    if not isinstance(url, str) or not (url.isascii() and url.isprintable()) or " " in url:
        return "", ""
    try:
        parts = urlsplit(url)
        wellformed = parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:
        return "", ""
    host = parts.hostname or ""
    fits = all(0 < len(label) < 64 for label in host.split("."))
    return (parts.scheme, host) if wellformed and fits and len(host) < 254 else ("", "")


def is_loopback(url: object) -> bool:
    """Tell whether an address is one of this machine."""
    return web_address(url)[1] in LOOPBACK


def options_of(request: HttpRequest) -> dict[str, str]:
    """Return the query options of a request; their names are case-insensitive, and `$` before them is optional."""
    options = {name.lower(): value for name, value in request.GET.items() if isinstance(value, str)}
    return {name if name.startswith("$") else f"${name}": value for name, value in options.items()}


def segments_of(path: str) -> list[str]:
    """Return a path's segments; `calls('id')` is another spelling of `calls/id`."""
    found: list[str] = []
    for segment in filter(None, path.split("/")):
        keyed = KEYED.fullmatch(segment)
        found += [keyed[1], keyed[2].replace("''", "'")] if keyed else [segment]
    return found
