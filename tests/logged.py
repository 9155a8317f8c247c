"""What processes have written: which of it nobody expects (I15), and which of it is secret (I13)."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import orjson

Line = tuple[str, str]  # level, empty for what is no record, and the whole line
SIGNS = (
    "was never awaited",
    "Task exception was never retrieved",
    "Task was destroyed",
    "Exception in thread",
    "Exception ignored in",
    "Fatal Python error",
)
NOT_READY = "Service Unavailable: /readyz"  # its answer while a process starts, which Django logs as an error

# asyncio's words, through Django, for a request whose client has gone before its answer: who asks whether a start
# is over, for example, does not wait longer than 3 s.
GAVE_UP = (
    r'"logger":"asyncio","message":"Future exception was never retrieved'
    r'\\nfuture: <Future finished exception=CancelledError\(\)>"'
)
# What a portal says that has no Microsoft to talk to.
WITHOUT_MICROSOFT = (
    r'"logger":"graph\.auth","message":"no token for tenant ',
    r'"logger":"graph\.keys","message":"signing keys cannot be read: ',
)


def read_log(lines: Iterable[str]) -> Iterator[Line]:
    """Yield (level, line) of JSON lines, and other lines without a level, as the interpreter's last words.

    A line that is cut off is what a killed process was writing.
    """
    for line in lines:
        if line.startswith("{"):
            yield _level(line), line.rstrip("\n")
        elif line.strip():
            yield "", line.rstrip("\n")


def _level(line: str) -> str:
    try:
        return str(orjson.loads(line)["level"])
    except orjson.JSONDecodeError:
        return ""


def unexpected(lines: Iterable[Line], expected: Sequence[str] = ()) -> Iterator[str]:
    """I15: no error but those that the run provokes, no coroutine that nobody awaits, no thread that dies.

    :param expected: patterns of lines that the run is meant to write.
    """
    allowed = [re.compile(pattern) for pattern in (*expected, NOT_READY, GAVE_UP)]
    for level, line in lines:
        is_bad = (
            level in ("ERROR", "CRITICAL") or any(sign in line for sign in SIGNS) or line.startswith("Traceback")
        )
        if is_bad and not any(pattern.search(line) for pattern in allowed):
            yield f"I15: {line[:2000]}"


def told(lines: Iterable[Line], secrets: Mapping[str, str]) -> Iterator[str]:
    """I13: no secret is in a log."""
    kept = {name: value for name, value in secrets.items() if value}
    for _, line in lines:
        yield from (f"I13: {name} is in a log" for name, value in kept.items() if value in line)
