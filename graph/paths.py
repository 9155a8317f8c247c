"""Paths below Graph's base: every id in them is checked, and stays one segment (O3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from graph.errors import Refused

_GUID = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
_LONGEST_NAME = 256


def path(template: str, ids: Mapping[str, str]) -> str:
    """Fill ids into a path; a member named `user` may also be a principal name.

    :raises Refused: an id is not of its documented form; nothing was sent.
    """
    return template.format(**{name: _segment(name, value) for name, value in ids.items()})


def _segment(name: str, value: str) -> str:
    if name != "user" and not _GUID.fullmatch(value):
        raise Refused(f"this is not the id of a {name}", code="InvalidId")
    # `.` and `..` survive every encoding and are folded away on the way: they can be no name.
    if not 0 < len(value) <= _LONGEST_NAME or not value.isprintable() or not value.strip("."):
        raise Refused(f"this is neither id nor name of a {name}", code="InvalidId")
    return quote(value, safe="@")
