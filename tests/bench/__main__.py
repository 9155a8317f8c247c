"""`python -m tests.bench [intake] [ring] [fanout] [search] [calendar]`: all of them without a name."""

import os
import sys
from collections.abc import Awaitable, Callable

import uvloop

from tests.bench import calendar, fanout, intake, ring, search
from tests.bench.report import say

PARTS: dict[str, Callable[[], Awaitable[None]]] = {
    "intake": intake.measure,
    "ring": ring.measure,
    "fanout": fanout.measure,
    "search": search.measure,
    "calendar": calendar.measure,
}


async def main(names: list[str]) -> None:
    """Measure the named parts."""
    for name in names:
        await PARTS[name]()
        say()


if __name__ == "__main__":
    unknown = set(sys.argv[1:]) - set(PARTS)
    if unknown:
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    say(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; rates are per second, both sides in this run")
    uvloop.run(main(sys.argv[1:] or list(PARTS)))
