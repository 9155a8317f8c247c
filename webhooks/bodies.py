"""Read the body of a notification: what may be in it is decided here, before anything is stored."""

import re
from codecs import BOM_UTF8
from typing import Any, NamedTuple

import orjson

from graph.notifications import glance

LONGEST_BODY = 256 * 1024
DEEPEST = 64
MOST_ITEMS = 1000
LONGEST_CALL_KEY = 64

# Looked for in what is about to be stored, where each has one spelling only.
_NUL = b"\\u0000"
_TONES = b'"tone'
_TONE = re.compile(rb'"tone(?:Info)?":(?!null)')

_PASSCODE = b'"passcode":"'

# An escaped backslash and a proper pair are matched first, so that what is left is a half pair.
_SURROGATES = re.compile(
    r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
_HALF_PAIR_LENGTH = 6


class Malformed(ValueError):
    """The body is not a notification: 400."""


class TooLong(ValueError):
    """There is more of it than any notification has: 413."""


class NothingToStore(ValueError):
    """An empty body, or an object without `value`, which is what the legacy format looks like: 204."""


class Item(NamedTuple):
    """One item of `value[]`, ready to be stored."""

    call_key: str
    is_ring: bool
    body: str


def parse(raw: bytes, charset: str = "") -> list[Item]:
    """Return the items of a notification's body.

    :raises NothingToStore, Malformed, TooLong: when there are none.
    """
    if not raw.strip().removeprefix(BOM_UTF8).strip():
        raise NothingToStore("empty")
    document = _load(raw, charset)
    if not isinstance(document, dict):
        raise Malformed("not an object")
    if "value" not in document:
        raise NothingToStore("legacy")
    values = document["value"]
    if not isinstance(values, list):
        raise Malformed("value is not a list")
    if len(values) > MOST_ITEMS:
        raise TooLong("too many items")
    return [_item(value) for value in values]


def _item(value: Any) -> Item:
    kind, change_type, call_id = glance(value)
    is_ring = kind == "call" and change_type == "created"
    body = orjson.dumps(value)
    if _NUL in body:
        body = orjson.dumps(_without_nul(value))
    if _TONES in body and _TONE.search(body):
        body = orjson.dumps(_without_tones(orjson.loads(body)))
    if _PASSCODE in body:
        body = orjson.dumps(_without_passcodes(orjson.loads(body)))
    return Item(call_id[:LONGEST_CALL_KEY], is_ring, body.decode())


def _load(raw: bytes, charset: str) -> Any:
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        document = _load_tolerantly(raw, charset)
    # Only what holds more brackets than the limit can be deeper than the limit.
    if raw.count(b"[") + raw.count(b"{") > DEEPEST and _is_too_deep(document):
        raise Malformed("nested too deeply")
    return document


def _load_tolerantly(raw: bytes, charset: str) -> Any:
    """Read what says or keeps its charset wrongly, or holds half a surrogate pair."""
    text = _SURROGATES.sub(_mend, _decode(raw, charset))
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as reason:
        raise Malformed(f"not JSON: {reason.msg}") from reason


def _decode(raw: bytes, charset: str) -> str:
    """Decode as UTF-8, then as the header says, then somehow."""
    for name in ("utf-8-sig", "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else charset):
        try:
            return raw.decode(name or "windows-1252")
        except (UnicodeError, LookupError):
            continue
    return raw.decode("utf-8", "replace")


def _mend(found: re.Match[str]) -> str:
    text = found.group()
    return r"\ufffd" if len(text) == _HALF_PAIR_LENGTH else text


def _is_too_deep(document: Any) -> bool:
    level, depth = [document], 0
    while level and depth <= DEEPEST:
        depth += 1
        level = [part for value in level for part in _parts(value) if isinstance(part, (dict, list))]
    return depth > DEEPEST


def _parts(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value


def _without_nul(value: Any) -> Any:
    """Replace NUL, which PostgreSQL's text cannot hold, wherever a string has it."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, list):
        return [_without_nul(part) for part in value]
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(part) for key, part in value.items()}
    return value


def _without_tones(value: Any) -> Any:
    """Keep that a key was pressed, and in which turn, but not which key: tones are never stored (REFERENCE 21)."""
    if isinstance(value, list):
        return [_without_tones(part) for part in value]
    if isinstance(value, dict):
        return {key: _member_without_tone(key, part) for key, part in value.items()}
    return value


def _member_without_tone(key: str, value: Any) -> Any:
    if key == "tone":  # of a report in another shape than Microsoft documents
        return None
    return _untold(value) if key == "toneInfo" else _without_tones(value)


def _without_passcodes(value: Any) -> Any:
    """Keep no passcode of a meeting, which Microsoft repeats to whoever joins by it (REFERENCE 3.2)."""
    if isinstance(value, list):
        return [_without_passcodes(part) for part in value]
    if isinstance(value, dict):
        return {
            key: None if key == "passcode" and isinstance(part, str) else _without_passcodes(part)
            for key, part in value.items()
        }
    return value


def _untold(tone: Any) -> dict[str, int] | None:
    if tone is None:
        return None
    number = tone.get("sequenceId") if isinstance(tone, dict) else None
    return {"sequenceId": number} if type(number) is int else {}
