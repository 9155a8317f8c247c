"""Bodies with something wrong: a good notification or request, spoilt once to four times."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1e308,
    2**63,
    10**400,
    "",
    "\0",
    "\ud800",
    "x" * 5000,
    "<script>window.ran=1</script>",
    "../../../etc/passwd",
    "#microsoft.graph.nothing",
    "0001-01-01T00:00:00Z",
    "99999-01-01",
    [],
    {},
    [None],
    {"id": {"id": {}}},
)
PIECES = (
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\\ud800",
    b"\\u0000",
    b"}",
    b"[" * 70,
    b'"',
    b"," * 9,
    b"1e999",
    b"\xc3",
)


def whole(value: Any, chance: random.Random) -> bytes:
    """Return `value` as JSON with one to four things wrong in it, as a document or as bytes."""
    spoilt = copy.deepcopy(value)
    for _ in range(chance.randrange(4)):
        spoilt = chance.choice(DOCUMENT)(spoilt, chance)
    body = json.dumps(spoilt, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    if spoilt == value or chance.random() < 0.3:
        body = chance.choice(BYTES)(body, chance)
    return body


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each place in a document as what holds it and its key there."""
    for key, part in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(part, dict | list):
            yield from _places(part)


def _changed(change: Callable[[Any, Any, random.Random], None]) -> Callable[[Any, random.Random], Any]:
    def mutate(value: Any, chance: random.Random) -> Any:
        places = list(_places(value)) if isinstance(value, dict | list) else []
        if places:
            change(*chance.choice(places), chance)
        return value

    return mutate


def _replace(holder: Any, key: Any, chance: random.Random) -> None:
    holder[key] = copy.deepcopy(chance.choice(ODD))


def _remove(holder: Any, key: Any, chance: random.Random) -> None:
    del holder[key]


def _wrap(holder: Any, key: Any, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 2, 70))):
        holder[key] = chance.choice(([holder[key]], {"value": holder[key]}))


def _repeat(holder: Any, key: Any, chance: random.Random) -> None:
    holder[key] = [copy.deepcopy(holder[key]) for _ in range(chance.choice((2, 3, 40)))]


def _exchange(value: Any, chance: random.Random) -> Any:
    places = list(_places(value)) if isinstance(value, dict | list) else []
    if places:
        (one, key), (other, name) = chance.choice(places), chance.choice(places)
        one[key], other[name] = copy.deepcopy(other[name]), copy.deepcopy(one[key])
    return value


def _cut(body: bytes, chance: random.Random) -> bytes:
    return body[: chance.randrange(len(body) + 1)]


def _flip(body: bytes, chance: random.Random) -> bytes:
    spoilt = bytearray(body)
    for _ in range(chance.randint(1, 5)):
        spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


def _insert(body: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(body) + 1)
    return body[:at] + chance.choice(PIECES) + body[at:]


def _double(body: bytes, chance: random.Random) -> bytes:
    start, end = sorted(chance.randrange(len(body) + 1) for _ in range(2))
    return body[:end] + body[start:]


def _encode(body: bytes, chance: random.Random) -> bytes:
    return body.decode("utf-8", "replace").encode(
        chance.choice(("utf-16", "utf-16-be", "utf-32", "utf-7", "cp037")), "replace"
    )


DOCUMENT = (*map(_changed, (_replace, _remove, _wrap, _repeat)), _exchange)
BYTES = (_cut, _flip, _insert, _double, _encode)
