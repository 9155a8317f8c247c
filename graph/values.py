"""Single values of Graph's JSON, read tolerantly: these readers leave out and never raise (REFERENCE 1, 16.2)."""

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

_HEX = re.compile(r"[0-9a-f]{32}")
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def normalize_id(value: str) -> str:
    """Spell a GUID the one way we compare: lower case with dashes; leave anything else as it is.

    Notifications print the same id with and without dashes, in either case.
    """
    if not value or _GUID.fullmatch(value):
        return value
    digits = value.replace("-", "").lower()
    if not _HEX.fullmatch(digits):
        return value
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def guid(value: str) -> str:
    """Return a GUID as `normalize_id` spells it, and nothing for what is none (REFERENCE 1 Ids)."""
    if _GUID.fullmatch(value):
        return value
    spelled = normalize_id(value)
    return spelled if _GUID.fullmatch(spelled) else ""


def text(value: object) -> str:
    """Read a string that a database can hold: no NUL, no lone surrogate."""
    if not isinstance(value, str):
        return ""
    if value.isascii():
        return value.replace("\x00", "")
    return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def mapping(value: object) -> dict[str, Any]:
    """Read an object; anything else is an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: object) -> list[dict[str, Any]]:
    """Read a list of objects, or one object that stands for such a list."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


def integer(value: object) -> int | None:
    """Read an Int32 that may be written as a string (REFERENCE 16.2)."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,10}", value.strip()):
        value = int(value)
    if type(value) is not int or not -(2**31) <= value < 2**31:
        return None
    return value


def flag(value: object) -> bool | None:
    """Read a switch; None when it was not told."""
    return value if isinstance(value, bool) else None


def instant(value: object) -> datetime | None:
    """Read a dateTimeOffset in UTC, to the microsecond; one without an offset could be any time, and is none."""
    try:
        at = datetime.fromisoformat(text(value))
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def word(value: object, known: Collection[str]) -> str:
    """Read an enumeration member in any case; an unknown one is empty."""
    if not isinstance(value, str):
        return ""
    if value in known:
        return value
    wanted = text(value).lower()
    return next((member for member in known if member.lower() == wanted), "")


def member(value: object, known: Collection[str]) -> str:
    """Read an enumeration member in any case; an unknown one is kept as it was told."""
    return word(value, known) or text(value)


def odata_type(value: Mapping[str, Any]) -> str:
    """Read `@odata.type` without its namespace: `#microsoft.graph.call` is `call`."""
    return text(value.get("@odata.type")).rpartition(".")[2].lstrip("#")


def entity_id(value: Mapping[str, Any]) -> str:
    """Read the id of an entity, from `@odata.id` when `id` itself was left out."""
    own = text(value.get("id"))
    return normalize_id(own or text(value.get("@odata.id")).rstrip("/").rpartition("/")[2])
