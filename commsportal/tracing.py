"""What a log record is about: ids of the request, call, operation or delivery that is being worked on."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_ids: ContextVar[Mapping[str, str]] = ContextVar("commsportal_ids")
_NOTHING: Mapping[str, str] = {}


def ids() -> Mapping[str, str]:
    """Return the ids by name, such as `request_id` or `call_id`."""
    return _ids.get(_NOTHING)


def new_id() -> str:
    """Return a random id, 32 hexadecimal digits."""
    return uuid.uuid4().hex


@contextmanager
def about(**known: object) -> Iterator[None]:
    """Add ids for the length of a block; those that are None are left out."""
    before = _ids.set(_with(known))
    try:
        yield
    finally:
        _ids.reset(before)


def note(**known: object) -> None:
    """Add ids for the rest of the block that `about` has opened."""
    _ids.set(_with(known))


def _with(known: Mapping[str, object]) -> Mapping[str, str]:
    return {**ids(), **{name: str(value) for name, value in known.items() if value is not None}}
