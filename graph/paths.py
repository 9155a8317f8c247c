"""Paths below Graph's base: every id in them is checked, and stays one segment (O3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from graph.errors import Refused

CALL = "/communications/calls/{call}"

_GUID = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
_LONGEST_NAME = 256
_LONGEST_EVENT = 512  # an occurrence is named by its series and itself
# Of a group of audio routing clients choose the id; those of meetings, of their reports and of events are opaque.
_NAMES = {"user", "group", "meeting", "report", "event"}


def path(template: str, ids: Mapping[str, str]) -> str:
    """Fill ids into a path.

    Ids are GUIDs; a member named `user` may also be a principal name; `group`, `meeting`, `report` and `event` are
    any name.

    :raises Refused: an id is not of its documented form; nothing was sent.
    """
    return template.format(**{name: _segment(name, value) for name, value in ids.items()})


def _segment(name: str, value: str) -> str:
    if name not in _NAMES and not _GUID.fullmatch(value):
        raise Refused(f"this is not the id of a {name}", code="InvalidId")
    # `.` and `..` survive every encoding and are folded away on the way: they can be no name.
    longest = _LONGEST_EVENT if name == "event" else _LONGEST_NAME
    if not 0 < len(value) <= longest or not value.isprintable() or not value.strip("."):
        raise Refused(f"this is neither id nor name of a {name}", code="InvalidId")
    return quote(value, safe="@")
